"""Study and Candidate in, Scene out: CT, PET and the ground of one lesion on one box of nearly cubic voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..geometry import Grid
from ..records import Normal, Study
from .candidate import Candidate

IN_LUNG = ("pulmonary", "collapse", "effusion", "pleural")  # kinds whose neighbour is air
SPREAD_OUT = ("effusion", "collapse")  # kinds that fill a space, and in which another lesion may lie
TISSUE_HU, TISSUE_BLUR_HU = -350.0, 60.0  # half-way between lung and muscle; the expected CT is known in coarse blocks
FILLED_HU = -300.0  # what is dense in a bay of the ground belongs to it, whatever the candidate allows; airways are not
CLOSED_FROM_MM, CLOSED_MOST_MM = 10.0, 25.0  # lesions from this radius on; balls up to this one
WALL_REACH_MM = 8.0  # farther from the allowed ground than this nothing is asked any more


class BoxNumbers(Protocol):
    """How fine a candidate's box is; meanings stand in priors/parameters/shape.toml."""

    finest_mm: float
    coarsest_mm: float
    side_voxels: float


@dataclass(frozen=True, eq=False)
class Scene:
    """What is known around one candidate; arrays (z, y, x) on `box`.

    hu           float32, CT
    suv          float32, PET, or None where there is none or it does not cover the candidate
    z_ct         float32, how far the CT is from the normal one, or None
    p_tissue     float32, probability that healthy anatomy has soft tissue or bone there, or None
    core         uint8, surely lesion
    outside_mm   float32, distance to the ground where the lesion may lie where positive, and into it where negative, up to
                 WALL_REACH_MM; in the lung that ground ends where healthy anatomy has tissue
    away_mm      float32, distance from the centre of the candidate
    centre       (z, y, x) index of that centre
    radius_mm    of the candidate
    """

    box: Grid
    hu: np.ndarray
    suv: np.ndarray | None
    z_ct: np.ndarray | None
    p_tissue: np.ndarray | None
    core: np.ndarray
    outside_mm: np.ndarray
    away_mm: np.ndarray
    centre: np.ndarray
    radius_mm: float


def look_at(study: Study, normal: Normal | None, candidate: Candidate, numbers: BoxNumbers) -> Scene:
    """The scene of one candidate."""
    box = cubic_box(study.ct.grid, candidate, numbers)
    allowed = on_box(candidate.allowed.astype(np.float32), candidate.box, box, fill=0.0) >= 0.5
    core = core_on_box(candidate, box)
    allowed |= core
    index = box.to_index(candidate.centre_mm)
    steps = [(np.arange(n) - c) * s for n, c, s in zip(box.shape, index, box.spacing_mm)]
    away = np.sqrt(steps[0][:, None, None] ** 2 + steps[1][:, None] ** 2 + steps[2] ** 2).astype(np.float32)
    suv = None
    if study.pet is not None and np.all(study.pet.grid.holds(box.to_mm(np.argwhere(core)))):
        suv = on_box(study.pet.values, study.pet.grid, box)
    z_ct = p_tissue = None
    if normal is not None:
        z_ct = on_box(normal.z_ct, normal.grid, box)
        expected = on_box(normal.expected_hu, normal.grid, box)
        p_tissue = 1 / (1 + np.exp(-(expected - TISSUE_HU) / TISSUE_BLUR_HU))
    hu = on_box(study.ct.values, study.ct.grid, box)
    ground = allowed
    if p_tissue is not None and candidate.kind in IN_LUNG:
        # A map that has the lesion's middle is believed about its border; one that leaves it out is closed over all of it.
        middle = away <= max(0.6 * candidate.radius_mm, 2 * box.spacing_mm[0])
        claimed_mm = candidate.radius_mm * (1.0 if p_tissue[middle].mean() > 0.3 else 0.6)
        ground = lung_ground(p_tissue < 0.5, core | (away <= claimed_mm), claimed_mm, box)
        p_tissue = np.where(ground, np.minimum(p_tissue, 0.25), p_tissue)
        ground &= allowed | (hu > FILLED_HU)
    if candidate.taken is not None:
        ground &= on_box(candidate.taken.astype(np.float32), candidate.box, box, fill=0.0) < 0.5
    return Scene(
        box, hu, suv, z_ct, p_tissue, core.view(np.uint8), signed_distance_mm(ground, box), away, index, candidate.radius_mm
    )  # fmt: skip


def lung_ground(lung: np.ndarray, claimed: np.ndarray, radius_mm: float, box: Grid) -> np.ndarray:
    """bool: where a lesion of the lung may lie: in the healthy lung, where a detector saw it, and in the bays between.

    The map of the healthy lung closes over small lesions and leaves the inside of large ones out, from which it then forms
    a shell; a ball of most of the lesion's size does not get into it, but rolls along chest wall and mediastinum.
    """
    from ..kernels.morphology import close_mm

    ground = lung | claimed
    if radius_mm < CLOSED_FROM_MM:
        return ground
    close_by = min(0.8 * radius_mm, CLOSED_MOST_MM)
    room = int(np.ceil(close_by / box.spacing_mm[0])) + 1
    closed = close_mm(np.pad(ground, room).view(np.uint8), box.spacing_mm, close_by)
    return ground | (closed[room:-room, room:-room, room:-room] != 0)


def cubic_box(grid: Grid, candidate: Candidate, numbers: BoxNumbers) -> Grid:
    """The candidate's box, cut to the scan and to the allowed ground, in cubic voxels.

    As fine as the scan, but not finer than is worth it; of a coarse scan finer than that, because borders lie between voxels,
    and where they lie must not hang on where the voxels happen to; of a large lesion as coarse as its size allows.
    """
    ground = np.argwhere(candidate.allowed | candidate.core)
    ends = grid.to_index(candidate.box.to_mm(np.stack([ground.min(0) - 1.0, ground.max(0) + 1.0])))
    low = np.clip(ends.min(0), 0, np.array(grid.shape) - 1)
    high = np.clip(ends.max(0), low, np.array(grid.shape) - 1)
    extent = (high - low) * np.asarray(grid.spacing_mm)
    own = max(numbers.finest_mm, min(numbers.coarsest_mm, *grid.spacing_mm))
    step = max(own, float(np.prod(np.maximum(extent, 1.0)) ** (1 / 3)) / numbers.side_voxels)
    shape = tuple(np.floor(extent / step + 1e-6).astype(int) + 1)
    return Grid(shape, (step,) * 3, tuple(grid.to_mm(low)), grid.direction)


def on_box(values: np.ndarray, grid: Grid, box: Grid, fill: float | None = None) -> np.ndarray:
    """float32 (z, y, x): the values on the box, averaged where its voxels are larger, linear between them where smaller.

    fill   stands beyond the grid; None: the nearest value does
    """
    from ..kernels.resample import resample_tents

    if not np.allclose(grid.axes, box.axes, atol=1e-3):
        return turned_on_box(values, grid, box, fill)
    ends = grid.to_index(box.to_mm(np.stack([np.zeros(3), np.array(box.shape) - 1.0])))
    centres = [np.linspace(ends[0, a], ends[1, a], box.shape[a]) for a in range(3)]
    reach = [max(1.0, box.spacing_mm[a] / grid.spacing_mm[a]) for a in range(3)]
    low = [int(np.clip(np.floor(c.min() - r), 0, n - 1)) for c, r, n in zip(centres, reach, grid.shape)]
    high = [int(np.clip(np.ceil(c.max() + r) + 1, a + 1, n)) for c, r, a, n in zip(centres, reach, low, grid.shape)]
    part = values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    part = resample_tents(part, [c - a for c, a in zip(centres, low)], reach)
    if fill is not None:
        for axis, (centre, count) in enumerate(zip(centres, grid.shape)):
            beyond = (centre < -0.5) | (centre > count - 0.5)
            part[(slice(None),) * axis + (beyond,)] = fill
    return part


def turned_on_box(values: np.ndarray, grid: Grid, box: Grid, fill: float | None) -> np.ndarray:
    """The same for a grid whose axes are turned against the box's."""
    from scipy.ndimage import map_coordinates

    points = np.moveaxis(grid.to_index(box.to_mm(np.moveaxis(np.indices(box.shape), 0, -1))), -1, 0)
    mode = "nearest" if fill is None else "constant"
    return map_coordinates(values.astype(np.float32), points, order=1, mode=mode, cval=fill or 0.0)


def core_on_box(candidate: Candidate, box: Grid) -> np.ndarray:
    """bool on the box: the core's voxels; the one nearest to the centre where the box is coarser than the core."""
    core = on_box(candidate.core.astype(np.float32), candidate.box, box, fill=0.0) >= 0.5
    if not core.any():
        inside = candidate.box.to_mm(np.argwhere(candidate.core))
        nearest = inside[np.argmin(((inside - np.asarray(candidate.centre_mm)) ** 2).sum(1))]
        core[tuple(np.clip(np.rint(box.to_index(nearest)).astype(int), 0, np.array(box.shape) - 1))] = True
    return core


def signed_distance_mm(mask: np.ndarray, box: Grid) -> np.ndarray:
    """float32: distance to the mask's border, positive outside it, negative inside, up to WALL_REACH_MM."""
    from ..kernels.distance import squared_distance_mm2

    half = 0.5 * box.spacing_mm[0]
    outside = np.sqrt(squared_distance_mm2(mask, box.spacing_mm, WALL_REACH_MM))
    inside = np.sqrt(squared_distance_mm2(~mask, box.spacing_mm, WALL_REACH_MM))
    return np.where(mask, half - inside, outside - half).astype(np.float32)
