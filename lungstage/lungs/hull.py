"""Lungs in, hull out: what the lungs would fill without disease, each side labelled.

Three steps, each for its own disease. A ball of `hull_mm` rolled over each lung from outside closes the bays that tumour,
collapse and a swollen hilum leave; the heart is flatter than the ball and stays out. Between lung and ribs fluid and
pleural tumour are added where the gap is wider than a pleura. A lung or a lobe without air is told by the other lung,
mirrored: an upper one by lung below it, a lower one by lung before it, for a dome that has risen leaves none in front.
The dome of the diaphragm bounds all of it from below, except for fluid.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import Coarse, box_of, box_slices
from .parameters import LungParameters
from .sides import AIRLESS, BONE_HU

FAT_HU = -30  # below it is fat, which is never disease
RIB_MM = 15.0  # up or down from any place on the cage there is a rib no farther away than this
DEEP_BAY = 3.0  # times a pleura's gap: a bay deeper than that is no dent that a membrane can span
GROOVE_MM = 50.0  # from head to foot: what fills a groove of the mediastinum over a longer way is no tumour, but heart or arch
GROOVE_THICK_MM = 6.0  # half the thickness of what fills a groove; thinner are vessels
CAGE_RAYS = 5  # of 120: the widest hole of a rib that is thinner than a block here and there
DOME_MM = 25.0  # half the width of what may stand on a dome without being one
LEAST_ML = 10.0  # a smaller gap is a muscle, a rib's cartilage or noise
VALLEY_MM = 60.0  # half the height of a place at the wall that is narrower than the lungs above and below it
PEAK_MM = 4.0  # how far above its highest lung a chest wall may still be as wide
DENT_MM = 30.0  # half the height of a dent that a tumour on the wall leaves; taller ones are narrower than
DENT_RAYS = 13  # so many rays of 120
DENT_RIM = 2  # rays and blocks around a dent that are drawn in with it
MOST_WAY = 0.8  # of the way out a ball brings the hull over a dent in the wall; beside spine and heart less
MEMBRANE_STEPS = 100  # of relaxation: enough for the widest dent
RIGHT_DOME_MM = 10.0  # the right dome stands so much higher than the left, for the liver
PALM_CM2 = 30.0  # of the flank without lung are an airless lobe; tops of different height leave less
INNER_SHARE = 0.4  # lung nearer to the middle of the chest than this share of the way to the ribs is beside the spine


def close_hull(
    coarse: Coarse, sides: np.ndarray, lumen: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """uint8 labels on the blocks, RIGHT or LEFT: lungs, and what disease has taken from them.

    sides     uint8 labels of the lungs with their vessels; lumen and tissue uint8; midline an index along x
    """
    hull = sides.copy()
    for side in (RIGHT, LEFT):
        bays = close_bays(coarse, (sides == side).view(np.uint8), numbers.hull_mm)
        hull |= bays * (hull == 0) * np.uint8(side)
    hull = with_grooves(coarse, hull, sides)
    hull = with_pleural_gap(coarse, hull, sides, tissue, midline, numbers)
    hull = mirror_missing(coarse, hull, sides, tissue, midline)
    hull[lumen != 0] = 0
    return hull


def with_grooves(coarse: Coarse, hull: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """The hull with what fills the groove between spine and heart, or another that runs from head to foot, over a short way.

    A ball in the mediastinum reaches into such a groove from inside, however narrow it is on the lung's side. But of one side
    there is lung in it a little above and a little below. Strands between two lungs are vessels.
    """
    from ..kernels.morphology import open_mm

    steps = max(1, round(GROOVE_MM / coarse.spacing_mm[0]))
    grooved = hull.copy()
    for side in (RIGHT, LEFT):
        if not (sides == side).any():
            continue
        box = box_slices(*box_of(sides == side, 0))
        groove = close_columns(sides[box] == side, steps)
        groove &= (hull[box] == 0) & (coarse.mean[box] > FAT_HU) & (coarse.mean[box] < BONE_HU)
        thick = open_mm(groove | (hull[box] == side), coarse.spacing_mm, GROOVE_THICK_MM)
        grooved[box] |= (thick.view(bool) & groove) * np.uint8(side)
    return grooved


def close_columns(mask: np.ndarray, steps: int) -> np.ndarray:
    """bool (z, y, x): blocks with some of the mask above and below, no farther than `steps` apart."""
    z = np.arange(len(mask), dtype=np.int32)[:, None, None]
    below = np.maximum.accumulate(np.where(mask, z, -steps - 1), axis=0)
    above = np.minimum.accumulate(np.where(mask, z, len(mask) + steps)[::-1], axis=0)[::-1]
    return above - below <= steps


def with_pleural_gap(
    coarse: Coarse, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """The hull with fluid and pleural tumour; looked for in the slices of the lungs and a little beyond."""
    from ..kernels.profiles import count_along

    used = np.flatnonzero(count_along(hull).z)
    if not used.size:
        return hull
    margin = int(np.ceil((PEAK_MM + 3 * numbers.pleura_mm) / coarse.spacing_mm[0])) + 1
    part = slice(max(0, used[0] - margin), used[-1] + 1 + margin)
    chest = replace(coarse, mean=coarse.mean[part], outside=coarse.outside[part])
    gap = pleural_gap(chest, hull[part], sides[part], tissue[part], midline, numbers)
    if gap.any():
        filled = hull.copy()
        filled[part] |= gap * (hull[part] == 0) * by_side(hull.shape, midline)
        filled[part] = close_seams(chest, filled[part], numbers)
        return filled
    return hull


def close_seams(coarse: Coarse, hull: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """The hull with the half-dark layer between lung and fluid closed."""
    from ..kernels.morphology import close_mm

    closed = hull.copy()
    for side in (RIGHT, LEFT):
        seam = close_mm(hull == side, coarse.spacing_mm, numbers.pleura_mm / 2)
        closed |= seam * ((closed == 0) & (coarse.mean < BONE_HU)) * np.uint8(side)
    return closed


def close_bays(coarse: Coarse, lung: np.ndarray, radius_mm: float) -> np.ndarray:
    """uint8: the lung closed by a ball and its cavities filled, down to the dome of the diaphragm."""
    from ..kernels.components import fill_holes
    from ..kernels.morphology import close_mm

    closed = np.zeros(lung.shape, np.uint8)
    if lung.any():
        box = box_slices(*box_of(lung, 1))
        filled = fill_holes(close_mm(lung[box], coarse.spacing_mm, radius_mm))
        closed[box] = filled & above_dome(coarse, lung[box])
    return closed


def above_dome(coarse: Coarse, lung: np.ndarray) -> np.ndarray:
    """bool: blocks not below the lung's base.

    The base is the lowest lung of each column; what stands up from it more narrowly than a dome, such as a tumour on the
    diaphragm, is levelled first. Columns without lung are bounded by nothing.
    """
    from ..kernels.relief import lowest_of_columns, open_relief

    height = lung.shape[0]
    # Beyond the lung's outline the base counts as high, or opening would lower it all along its rim.
    base = lowest_of_columns(lung)
    reach_y, reach_x = (max(1, round(DOME_MM / s)) for s in coarse.spacing_mm[1:])
    level = np.where(base < height, np.minimum(base, open_relief(base, reach_y, reach_x)), -height)
    return np.arange(height, dtype=np.int32)[:, None, None] >= level


def by_side(shape: tuple[int, int, int], midline: float) -> np.ndarray:
    """uint8 labels (1, 1, x): RIGHT up to the midline, LEFT beyond."""
    return np.where(np.arange(shape[2]) < midline, RIGHT, LEFT).astype(np.uint8)[None, None]


def pleural_gap(
    coarse: Coarse, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """uint8: soft tissue and fluid between the outside of the lungs and the inside of the ribs where that gap is too wide, and
    lobes without air.

    In each slice rays go out from the middle of the chest. Ribs cross a slice here and there; the inside of the cage is
    the nearest rib within a rib's distance along the body. From a gap fluid is followed to where no ray through lung leads.
    """
    from ..kernels.morphology import grow_mm

    rays = Rays.around(coarse, hull, midline)
    lung_mm = rays.last(hull)
    bone = (coarse.mean > BONE_HU) & (tissue != 0)
    bone_mm = rays.first_beyond(bone, lung_mm)
    barrel_mm = rays.barrel(lung_mm, coarse.spacing_mm[0])
    mirrored_mm = rays.mirrored(lung_mm)
    soft = (coarse.mean > FAT_HU) & (coarse.mean < BONE_HU) & (hull == 0)
    fluid = fluid_blocks(coarse, numbers) & (hull == 0)
    cage_mm, deep_mm = cage_where_told(
        coarse, rays, lung_mm, rays.cage(bone_mm, coarse.spacing_mm), barrel_mm, soft, fluid, numbers
    )
    wide = is_wide(lung_mm, cage_mm, numbers)
    bay_mm = lung_mm - rays.last(sides)
    at_wall = bay_mm > numbers.pleura_mm / 2
    # Where a lung is not seen, what is bone nearer to the middle than the other lung's flank is of spine and mediastinum.
    rib_mm = rays.first_beyond(bone, np.maximum(lung_mm, MOST_WAY * mirrored_mm))
    flank_mm = np.minimum(rays.deepened(rays.cage(rib_mm, coarse.spacing_mm)), barrel_mm)
    flank_mm = np.minimum(np.maximum(flank_mm, mirrored_mm), rib_mm)
    first_mm = rays.first_beyond(hull != 0, np.zeros_like(lung_mm))
    lobe_mm = rays.airless_lobe(lung_mm, first_mm, flank_mm, coarse.spacing_mm[0])
    if not (wide.any() or at_wall.any() or lobe_mm.any()):
        return np.zeros(hull.shape, np.uint8)
    above = np.zeros(hull.shape, bool)
    for side, half in halves(midline, hull.shape[2]):
        above[:, :, half] = above_dome(coarse, (hull == side).view(np.uint8))[:, :, half]
    hollow = (coarse.mean < numbers.air_hu) & (hull == 0)  # a hole in what fills the bay
    behind = rays.behind_lung(lung_mm, cage_mm) & (cage_mm - lung_mm > numbers.pleura_mm)
    gap = rays.within(lung_mm, np.where(wide, cage_mm, 0.0)) & soft & (above | fluid)
    gap |= rays.within(np.maximum(lung_mm, rays.mirrored(first_mm)), np.where(behind, cage_mm, 0.0)) & soft
    gap = without_thin_and_small(coarse, gap, numbers)
    # What already fills a bay at the wall goes on to where the wall is, however thin the rest is: the ball rests on chords.
    # A membrane spans what is not too deep, and reaches a little beyond the bay; what is deep goes on to the ribs.
    wall_mm = np.minimum(rays.bridged(lung_mm, rays.last(sides), at_wall, coarse.spacing_mm), bone_mm)
    spanned = (wall_mm > lung_mm) & (bay_mm < DEEP_BAY * numbers.pleura_mm)
    to_mm = np.where(at_wall, np.where(spanned, wall_mm, np.maximum(wall_mm, deep_mm)), np.where(bay_mm > 0, wall_mm, 0.0))
    rim = rays.within(lung_mm, to_mm) & (soft | hollow) & above
    if gap.any():
        gap |= follow_fluid(coarse, gap, fluid & rays.within(np.zeros_like(cage_mm), cage_mm), fluid, numbers)
        # Beside a rib blocks hold some of it, and are no fluid by their surroundings.
        last = rays.within(MOST_WAY * cage_mm, np.maximum(cage_mm, flank_mm) + coarse.spacing_mm[2] / 2)
        gap |= grow_mm(gap, coarse.spacing_mm, 1.1 * max(coarse.spacing_mm)) & last & soft
    # The front of a chest is gristle and muscle, which no bone tells apart: no farther out than the other lung.
    far_mm = np.minimum(mirrored_mm + coarse.spacing_mm[2] / 2, rib_mm)
    lobe = rays.within(lobe_mm, np.where(lobe_mm > 0, far_mm, 0.0)) & soft & above_other_dome(coarse, above, midline)
    return gap | rim | lobe


def is_wide(lung_mm: np.ndarray, cage_mm: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """bool (z, ray): where more than a pleura lies between lung and cage, and the lung is not one beside the spine."""
    return (cage_mm - lung_mm > numbers.pleura_mm) & (lung_mm > INNER_SHARE * cage_mm)


def cage_where_told(
    coarse: Coarse, rays: Rays, lung_mm: np.ndarray, cage_mm: np.ndarray, barrel_mm: np.ndarray, soft: np.ndarray,
    fluid: np.ndarray, numbers: LungParameters,
) -> np.ndarray:  # fmt: skip
    """float (z, ray): the inside of the cage, no farther out than a barrel; 0 where no rib tells it.

    soft, fluid   bool, blocks beside the hull of such density

    Where something lies between lung and ribs for certain, and where it is fluid, the gutters beside the spine are parts of the
    cage; elsewhere it is fat and muscle that fill them, in front and behind.
    """
    near_mm, deep_mm = (np.where(np.isfinite(mm), np.minimum(mm, barrel_mm), 0.0) for mm in (cage_mm, rays.deepened(cage_mm)))
    sure = rays.within(lung_mm, np.where(is_wide(lung_mm, near_mm, numbers), near_mm, 0.0)) & soft
    sure |= rays.within(lung_mm, np.where(is_wide(lung_mm, deep_mm, numbers), deep_mm, 0.0)) & fluid
    told = rays.last(without_thin_and_small(coarse, sure, numbers)) > 0
    return np.where(rays.around_places(told, coarse.spacing_mm), deep_mm, near_mm), deep_mm


def above_other_dome(coarse: Coarse, above: np.ndarray, midline: float) -> np.ndarray:
    """bool: blocks above the dome of the other side, mirrored, for a lung without air has none of its own.

    above   bool, blocks above the dome of their own side
    """
    mirrored = mirror_of(above, midline, True)
    lift = min(round(RIGHT_DOME_MM / coarse.spacing_mm[0]), len(above))
    (_, right), _ = halves(midline, above.shape[2])
    mirrored[lift:, :, right] = mirrored[: len(above) - lift, :, right]
    return mirrored


def mirror_of(mask: np.ndarray, midline: float, beyond: bool) -> np.ndarray:
    """bool (z, y, x): the mask of the patient seen in a mirror; `beyond` where that lies outside the picture."""
    column = np.rint(2 * midline - np.arange(mask.shape[2])).astype(int)
    seen = (column >= 0) & (column < mask.shape[2])
    mirrored = np.full(mask.shape, beyond)
    mirrored[:, :, seen] = mask[:, :, column[seen]]
    return mirrored


def halves(midline: float, width: int) -> tuple[tuple[int, slice], tuple[int, slice]]:
    """Each side with its columns, as `by_side` has them."""
    middle = min(max(int(np.ceil(midline)), 0), width)
    return (RIGHT, slice(0, middle)), (LEFT, slice(middle, width))


def fluid_blocks(coarse: Coarse, numbers: LungParameters) -> np.ndarray:
    """bool: blocks whose surroundings have the density of pleural fluid; smoothed, or noise would make liver of it."""
    from ..kernels.statistics import sum_around

    low_hu, high_hu = numbers.fluid_hu
    around = sum_around(coarse.mean)
    return (around > 27 * low_hu) & (around < 27 * high_hu)


def without_thin_and_small(coarse: Coarse, gap: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: what is as thick as a normal pleura's gap, in pieces that are worth a look."""
    from ..kernels.components import choose_pieces, find_pieces
    from ..kernels.morphology import open_mm

    pieces = find_pieces(open_mm(gap, coarse.spacing_mm, numbers.pleura_mm / 2))
    large = pieces.sizes * coarse.voxel_ml >= LEAST_ML
    large[0] = False
    return choose_pieces(pieces.labels, large.view(np.uint8))


def follow_fluid(coarse: Coarse, gap: np.ndarray, fluid: np.ndarray, bulge: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: fluid inside the cage that hangs together with the gap; layers thinner than the gap (fat beside muscle) do not.

    fluid    uint8, blocks of fluid inside the cage; bulge  bool, of fluid anywhere beside the hull
    """
    from ..kernels.components import touching_components
    from ..kernels.morphology import close_mm, grow_mm, open_mm

    pools = open_mm(fluid, coarse.spacing_mm, numbers.pleura_mm / 2)
    pools = touching_components(pools, grow_mm(gap, coarse.spacing_mm, 1.1 * max(coarse.spacing_mm))) | gap
    # Between two ribs fluid bulges a little past the cage, and noise leaves pinholes.
    pools |= grow_mm(pools, coarse.spacing_mm, numbers.pleura_mm) & bulge
    return close_mm(pools, coarse.spacing_mm, numbers.pleura_mm / 2)


class Rays:
    """Polar view of the axial slices: which ray and how far out each block lies.

    ray        int (y, x), number of the ray
    away_mm    float32 (y, x), distance from the chest's middle
    """

    COUNT = 120

    def __init__(self, centre_yx: tuple[float, float], shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]):
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
    def around(cls, coarse: Coarse, hull: np.ndarray, midline: float) -> Rays:
        """Rays from the middle of the chest: the midline, and half-way between front and back of the lungs."""
        from ..kernels.profiles import count_along

        rows = np.flatnonzero(count_along(hull).y)
        return cls(((rows[0] + rows[-1]) / 2, midline), hull.shape, coarse.spacing_mm)

    def last(self, mask: np.ndarray) -> np.ndarray:
        """float32 (z, ray): distance of the outermost block of the mask, 0 where there is none."""
        from ..kernels.rays import last_on_rays

        return last_on_rays(mask, self.ray, self.away_mm, self.COUNT)

    def first_beyond(self, mask: np.ndarray, from_mm: np.ndarray) -> np.ndarray:
        """float32 (z, ray): distance of the first block of the mask farther out than `from_mm`, infinite where there is none."""
        from ..kernels.rays import first_on_rays

        return first_on_rays(mask, self.ray, self.away_mm, from_mm)

    def cage(self, bone_mm: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
        """float (z, ray): the inside of the cage, from the nearest rib within a rib's distance; infinite where there is none."""
        from scipy.ndimage import minimum_filter

        return minimum_filter(bone_mm, self.window(spacing_mm), mode=("nearest", "wrap")) - spacing_mm[2]

    def deepened(self, cage_mm: np.ndarray) -> np.ndarray:
        """The cage with the gutters beside the spine, which the nearest rib of some rays fills with the ribs' heads."""
        from scipy.ndimage import maximum_filter

        farthest = maximum_filter(np.where(np.isfinite(cage_mm), cage_mm, -np.inf), (1, CAGE_RAYS), mode=("nearest", "wrap"))
        return np.where(np.isfinite(farthest), farthest, np.inf)

    def around_places(self, places: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
        """bool (z, ray): the places and what lies a rib's distance around them."""
        from scipy.ndimage import maximum_filter

        height, width = self.window(spacing_mm)
        return maximum_filter(places, (height, 2 * width + 1), mode=("nearest", "wrap"))

    def window(self, spacing_mm: tuple[float, float, float]) -> tuple[int, int]:
        """How many slices and rays hold a rib at any place of the cage, and close the holes of one."""
        return 2 * max(1, round(RIB_MM / spacing_mm[0])) + 1, CAGE_RAYS

    def mirrored(self, away_mm: np.ndarray) -> np.ndarray:
        """The same (z, ray) of the patient seen in a mirror."""
        return away_mm[:, (3 * self.COUNT // 2 - 1 - np.arange(self.COUNT)) % self.COUNT]

    def airless_lobe(self, lung_mm: np.ndarray, first_mm: np.ndarray, wall_mm: np.ndarray, step_mm: float) -> np.ndarray:
        """float (z, ray): from how far out a lobe without air reaches to the wall, told by the other lung; 0 where there is none.

        lung_mm, first_mm   distance of the outermost and the innermost block of the hull
        wall_mm             how far out the wall can be

        Where the one lung reaches its flank and the other, in the same slice, has nothing before its own, a lobe is full,
        if so over a palm's breadth, and if there is lung below it: what lies below a lung may be a raised dome. Only the
        flank decides: before the heart lung may always be missing.
        """
        from scipy.ndimage import label

        area_cm2 = wall_mm * (2 * np.pi / self.COUNT) * step_mm / 100.0
        whole = self.mirrored(lung_mm) > MOST_WAY * wall_mm
        missing = whole & (lung_mm < INNER_SHARE * wall_mm)
        from_mm = self.mirrored(first_mm)
        # The right lung's inner border, mirrored, runs through the heart.
        _, left = self.sides
        from_mm[:, left] = np.maximum(from_mm[:, left], INNER_SHARE * wall_mm[:, left])
        from_mm[~whole] = 0
        lobe_mm = np.zeros_like(from_mm)
        for side in self.sides:
            seen = np.flatnonzero((lung_mm > INNER_SHARE * wall_mm)[:, side].any(axis=1))
            pieces, count = label(missing[:, side] & (np.arange(len(missing)) > seen.min(initial=len(missing)))[:, None])
            for k in range(1, count + 1):
                at_flank = (pieces == k) & (np.arange(side.size) // (side.size // 3) == 1)
                if (at_flank * area_cm2[:, side]).sum() >= PALM_CM2:
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

    def barrel(self, lung_mm: np.ndarray, step_mm: float) -> np.ndarray:
        """float (z, ray): how far out the chest wall can be, judged by both lungs, one mirrored, and a barrel's shape.

        Beside the lungs' tops lie shoulders with no rib before them; without this they would count as gap.
        """
        from scipy.ndimage import grey_closing, maximum_filter

        mirrored = self.mirrored(lung_mm)
        near = (2 * max(1, round(PEAK_MM / step_mm)) + 1, 5)
        widest = maximum_filter(np.maximum(lung_mm, mirrored), near, mode=("nearest", "wrap"))
        # Nothing beyond the scan's ends, or the last slices would count as a valley between lung and more lung.
        valleys = grey_closing(widest, (2 * max(1, round(VALLEY_MM / step_mm)) + 1, 1), mode="constant", cval=0.0)
        return np.maximum(widest, valleys)

    def bridged(
        self, hull_mm: np.ndarray, lung_mm: np.ndarray, filled: np.ndarray, spacing_mm: tuple[float, float, float]
    ) -> np.ndarray:
        """float (z, ray): how far out the hull would reach without the dents in the outside of the lungs that it fills.

        A chest is round, and what bridges a dent is neither the chord on which a ball rests nor an arc at one height. So in
        units of the ellipse round the lungs the wall goes on from the dent's edges as a membrane spanned over it. A flank
        is flatter than that ellipse, so what is no dent is left where the lung is.
        """
        from scipy.ndimage import binary_dilation, grey_closing

        step_z, _, step_x = spacing_mm
        unit_mm = self.ellipse(lung_mm)
        out = lung_mm / unit_mm
        window = (2 * max(1, round(DENT_MM / step_z)) + 1, DENT_RAYS)
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


def mirror_missing(coarse: Coarse, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, midline: float) -> np.ndarray:
    """The hull, with a side that has next to no air filled by the other side's mirror image where there is tissue."""
    counts = {side: np.count_nonzero(sides == side) for side in (RIGHT, LEFT)}
    weak, strong = (RIGHT, LEFT) if counts[RIGHT] < counts[LEFT] else (LEFT, RIGHT)
    if counts[weak] >= AIRLESS * counts[strong]:
        return hull
    mirrored = mirror_of(hull == strong, midline, False)
    mirrored &= (tissue != 0) & (coarse.mean < BONE_HU) & (hull == 0)
    return np.where(mirrored, np.uint8(weak), hull)
