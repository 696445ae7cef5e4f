"""Blocks in, the axial slices of a chest in polar view out: how far from its middle lung, ribs and wall lie on each ray.

From the middle of the chest 120 rays go out in each slice; an array (z, ray) in millimetres says for each how far out something
is. Ribs cross a slice here and there, so the inside of the cage is told by those a rib's distance up and down. A chest is much
the same on both sides: what one lung does not show is told by the other, mirrored.
"""

from __future__ import annotations

import numpy as np

from .coarse import Coarse
from .parameters import LungAnatomy

CAGE_RAYS = 5  # of 120: the widest hole of a rib that is thinner than a block here and there
DENT_RAYS = 13  # of 120: as wide as a dent that a membrane can span
DENT_RIM = 2  # rays and blocks around a dent that are drawn in with it
MOST_WAY = 0.8  # of the way out a ball brings the hull over a dent in the wall; beside spine and heart less
MEMBRANE_STEPS = 100  # of relaxation: enough for the widest dent


class Rays:
    """Polar view of the axial slices: which ray and how far out each block lies.

    ray          int (y, x), number of the ray
    away_mm      float32 (y, x), distance from the chest's middle
    spacing_mm   sides of a block, (z, y, x)
    anatomy      lengths of the adult
    """

    COUNT = 120

    def __init__(self, centre_yx: tuple[float, float], shape: tuple[int, int, int], spacing_mm: tuple[float, float, float],
                 anatomy: LungAnatomy):  # fmt: skip
        self.spacing_mm, self.anatomy = spacing_mm, anatomy
        y = (np.arange(shape[1]) - centre_yx[0])[:, None] * spacing_mm[1]
        x = (np.arange(shape[2]) - centre_yx[1])[None] * spacing_mm[2]
        self.away_mm = np.hypot(y, x).astype(np.float32)
        self.ray = (np.floor((np.arctan2(y, x) / (2 * np.pi) + 0.5) * self.COUNT) % self.COUNT).astype(int)

    @property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the rays to the right and to the left, from back to front: a third back, a third flank, a third front."""
        quarter = self.COUNT // 4
        return np.arange(-quarter, quarter) % self.COUNT, np.arange(quarter, 3 * quarter)[::-1]

    @classmethod
    def around(cls, coarse: Coarse, hull: np.ndarray, midline: float, anatomy: LungAnatomy) -> Rays:
        """Rays from the middle of the chest: the midline, and half-way between front and back of the lungs."""
        from ..kernels.profiles import count_along

        rows = np.flatnonzero(count_along(hull).y)
        return cls(((rows[0] + rows[-1]) / 2, midline), hull.shape, coarse.spacing_mm, anatomy)

    def last(self, mask: np.ndarray) -> np.ndarray:
        """float32 (z, ray): distance of the outermost block of the mask, 0 where there is none."""
        from ..kernels.rays import last_on_rays

        return last_on_rays(mask, self.ray, self.away_mm, self.COUNT)

    def first_beyond(self, mask: np.ndarray, from_mm: np.ndarray) -> np.ndarray:
        """float32 (z, ray): distance of the first block of the mask farther out than `from_mm`, infinite where there is none."""
        from ..kernels.rays import first_on_rays

        return first_on_rays(mask, self.ray, self.away_mm, from_mm)

    def cage(self, bone_mm: np.ndarray) -> np.ndarray:
        """float (z, ray): the inside of the cage, from the nearest rib within a rib's distance; infinite where there is none."""
        from scipy.ndimage import minimum_filter

        return minimum_filter(bone_mm, self.window, mode=("nearest", "wrap")) - self.spacing_mm[2]

    def deepened(self, cage_mm: np.ndarray) -> np.ndarray:
        """The cage with the gutters beside the spine, which the nearest rib of some rays fills with the ribs' heads."""
        from scipy.ndimage import maximum_filter

        farthest = maximum_filter(np.where(np.isfinite(cage_mm), cage_mm, -np.inf), (1, CAGE_RAYS), mode=("nearest", "wrap"))
        return np.where(np.isfinite(farthest), farthest, np.inf)

    def around_places(self, places: np.ndarray) -> np.ndarray:
        """bool (z, ray): the places and what lies a rib's distance around them."""
        from scipy.ndimage import maximum_filter

        height, width = self.window
        return maximum_filter(places, (height, 2 * width + 1), mode=("nearest", "wrap"))

    @property
    def window(self) -> tuple[int, int]:
        """How many slices and rays hold a rib at any place of the cage, and close the holes of one."""
        return 2 * max(1, round(self.anatomy.rib_pitch_mm / self.spacing_mm[0])) + 1, CAGE_RAYS

    def mirrored(self, away_mm: np.ndarray) -> np.ndarray:
        """The same (z, ray) of the patient seen in a mirror."""
        return away_mm[:, (3 * self.COUNT // 2 - 1 - np.arange(self.COUNT)) % self.COUNT]

    def airless_lobe(self, lung_mm: np.ndarray, first_mm: np.ndarray, wall_mm: np.ndarray) -> np.ndarray:
        """float (z, ray): from how far out a lobe without air reaches to the wall, told by the other lung; 0 where there is none.

        lung_mm, first_mm   distance of the outermost and the innermost block of the hull
        wall_mm             how far out the wall can be

        Where the one lung reaches its flank and the other, in the same slice, has nothing before its own, a lobe is full,
        if so over a palm's breadth, and if there is lung below it: what lies below a lung may be a raised dome. Only the
        flank decides: before the heart lung may always be missing.
        """
        from scipy.ndimage import label

        area_cm2 = wall_mm * (2 * np.pi / self.COUNT) * self.spacing_mm[0] / 100.0
        whole = self.mirrored(lung_mm) > MOST_WAY * wall_mm
        missing = whole & (lung_mm < self.anatomy.inner_share * wall_mm)
        from_mm = self.mirrored(first_mm)
        # The right lung's inner border, mirrored, runs through the heart.
        _, left = self.sides
        from_mm[:, left] = np.maximum(from_mm[:, left], self.anatomy.inner_share * wall_mm[:, left])
        from_mm[~whole] = 0
        lobe_mm = np.zeros_like(from_mm)
        for side in self.sides:
            seen = np.flatnonzero((lung_mm > self.anatomy.inner_share * wall_mm)[:, side].any(axis=1))
            pieces, count = label(missing[:, side] & (np.arange(len(missing)) > seen.min(initial=len(missing)))[:, None])
            for k in range(1, count + 1):
                at_flank = (pieces == k) & (np.arange(side.size) // (side.size // 3) == 1)
                if (at_flank * area_cm2[:, side]).sum() >= self.anatomy.palm_cm2:
                    full = (pieces == k) | at_flank.any(axis=1)[:, None]
                    front = side[side.size // 2 :]  # where there is lung in front, what lies behind it there is heart
                    full[:, side.size // 2 :] &= lung_mm[:, front] < MOST_WAY * wall_mm[:, front]
                    lobe_mm[:, side] = np.where(full, from_mm[:, side], lobe_mm[:, side])
        return lobe_mm

    def behind_lung(self, lung_mm: np.ndarray, wall_mm: np.ndarray) -> np.ndarray:
        """bool (z, ray): the back half of a side where its flank, in front of that, is lung up to the ribs, and the other's back.

        The recess behind a dome is deeper than that beside it, so what lies there is no dome.
        """
        here = np.zeros(lung_mm.shape, bool)
        for side in self.sides:
            back, front = np.split(side, 2)
            flank = front[: side.size // 6]
            at_wall = lung_mm[:, flank] > MOST_WAY * wall_mm[:, flank]
            here[:, back] = at_wall.mean(axis=1)[:, None] > 0.5
        return here & (self.mirrored(lung_mm) > MOST_WAY * wall_mm)

    def barrel(self, lung_mm: np.ndarray) -> np.ndarray:
        """float (z, ray): how far out the chest wall can be, judged by both lungs, one mirrored, and a barrel's shape.

        Beside the lungs' tops lie shoulders with no rib before them; without this they would count as gap.
        """
        from scipy.ndimage import grey_closing, maximum_filter

        mirrored, step_mm = self.mirrored(lung_mm), self.spacing_mm[0]
        near = (2 * max(1, round(self.anatomy.peak_mm / step_mm)) + 1, 5)
        widest = maximum_filter(np.maximum(lung_mm, mirrored), near, mode=("nearest", "wrap"))
        # Nothing beyond the scan's ends, or the last slices would count as a valley between lung and more lung.
        valleys = grey_closing(widest, (2 * max(1, round(self.anatomy.valley_mm / step_mm)) + 1, 1), mode="constant", cval=0.0)
        return np.maximum(widest, valleys)

    def bridged(self, hull_mm: np.ndarray, lung_mm: np.ndarray, filled: np.ndarray) -> np.ndarray:
        """float (z, ray): how far out the hull would reach without the dents in the outside of the lungs that it fills.

        A chest is round, and what bridges a dent is neither the chord on which a ball rests nor an arc at one height. So in
        units of the ellipse round the lungs the wall goes on from the dent's edges as a membrane spanned over it. A flank
        is flatter than that ellipse, so what is no dent is left where the lung is.
        """
        from scipy.ndimage import binary_dilation, grey_closing

        step_z, _, step_x = self.spacing_mm
        unit_mm = self.ellipse(lung_mm)
        out = lung_mm / unit_mm
        window = (2 * max(1, round(self.anatomy.dent_mm / step_z)) + 1, DENT_RAYS)
        # nothing beyond the scan's ends, or the last slices of a lung that grows narrower would count as a dent
        round_about = np.pad(out, ((0, 0), (DENT_RAYS, DENT_RAYS)), mode="wrap")
        closed = grey_closing(round_about, window, mode="constant", cval=0.0)[:, DENT_RAYS:-DENT_RAYS]
        dent = filled & ((closed - out) * unit_mm > step_x)
        if not dent.any():
            return hull_mm
        # the rim of a dent is drawn in a little, and a membrane would begin there
        round_about = np.pad(dent, ((0, 0), (DENT_RIM, DENT_RIM)), mode="wrap")
        dent = binary_dilation(round_about, np.ones((3, 3), bool), iterations=DENT_RIM)[:, DENT_RIM:-DENT_RIM]
        spanned = np.where(dent, closed, out)
        for _ in range(MEMBRANE_STEPS):
            beside = np.roll(spanned, 1, 1) + np.roll(spanned, -1, 1)
            along = np.concatenate([spanned[:1], spanned[:-1]]) + np.concatenate([spanned[1:], spanned[-1:]])
            spanned = np.where(dent, np.maximum((beside + along) / 4, out), out)
        # a block is in the dent if its middle nearly is
        wall_mm = spanned * unit_mm + step_x / 2
        return np.where(dent & (hull_mm > MOST_WAY * wall_mm), np.maximum(hull_mm, wall_mm), hull_mm)

    def ellipse(self, lung_mm: np.ndarray) -> np.ndarray:
        """float (ray): distance of the ellipse that is as wide and as deep as the lungs, in mm."""
        angle = (np.arange(self.COUNT) + 0.5) / self.COUNT * 2 * np.pi - np.pi
        farthest = lung_mm.max(axis=0)
        wide, deep = (farthest * abs(np.cos(angle))).max(), (farthest * abs(np.sin(angle))).max()
        return 1.0 / np.hypot(np.cos(angle) / max(wide, 1.0), np.sin(angle) / max(deep, 1.0))

    def within(self, from_mm: np.ndarray, to_mm: np.ndarray) -> np.ndarray:
        """uint8 (z, y, x): blocks between two distances (z, ray)."""
        from ..kernels.rays import between_on_rays

        return between_on_rays(self.ray, self.away_mm, from_mm, to_mm)
