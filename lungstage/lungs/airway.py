"""Blocks, air and lungs in, the lumen of windpipe and bronchi out at full resolution.

The windpipe is the longest dark tube above the middle of the lungs. From it water is poured: it fills the bronchi first,
and the level at which it breaks through a thin wall into the lung shows as a jump of many millilitres. The water stops
10 HU below that level. On every scan looked at the water rises from 20 … 60 ml by hundreds within 5 HU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..records import Study
from .air import enclosed_air, lung_middle
from .coarse import Coarse, block_factors, box_of, box_slices
from .parameters import LungParameters

LUMEN_BLOCK_MM = 1.5  # small enough for a lobar bronchus, large enough to tame noise


@dataclass(frozen=True, eq=False)
class Airway:
    """The lumen of windpipe and bronchi.

    mask        uint8 on the CT's grid; empty where no windpipe was found
    low, high   first index and one past the last, (z, y, x), of the box it lies in
    """

    mask: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def part(self) -> np.ndarray:
        """The mask inside its box."""
        return self.mask[box_slices(self.low, self.high)]


def trace_airway(study: Study, coarse: Coarse, enclosed: np.ndarray, numbers: LungParameters) -> Airway:
    """The lumen of trachea and bronchi; enclosed uint8, on how many sides each block is closed in by tissue."""
    air = enclosed_air(coarse, enclosed, numbers)
    middle = lung_middle(coarse, air, enclosed, numbers)
    if middle is not None:
        air = ((coarse.mean < numbers.air_hu) & (enclosed >= 3)).view(np.uint8)
        trachea = find_trachea(coarse, air, middle, numbers)
        if len(trachea):
            return flood_airway(study, coarse.grid.to_mm(trachea), numbers)
    return Airway(np.zeros(study.ct.grid.shape, np.uint8), np.zeros(3, int), np.zeros(3, int))


def find_trachea(coarse: Coarse, air: np.ndarray, middle: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """Indices (n, 3) of the blocks of the windpipe; (0, 3) where there is none. middle: index (z, y, x) of that of the lungs.

    Round dark islands of each slice are joined to tubes. Gas in colon or stomach also makes tubes, but below the middle of
    the lungs; the gullet's are shorter than a windpipe can be wide.
    """
    from ..kernels.components import find_pieces

    first = int(middle[0])
    tubes = find_pieces(round_islands(coarse.mean[first:], air[first:], coarse.spacing_mm, numbers), corners=True)
    shortest_mm = np.sqrt(numbers.anatomy.widest_windpipe * numbers.trachea_mm2)
    best, best_score = np.zeros((0, 3), int), 0.0
    for k in range(1, tubes.sizes.size):
        height_mm = (tubes.high[k, 0] - tubes.low[k, 0]) * coarse.spacing_mm[0]
        if height_mm < max(shortest_mm, best_score):
            continue
        blocks = np.argwhere(tubes.labels[box_slices(tubes.low[k], tubes.high[k])] == k) + tubes.low[k]
        off_mm = abs(blocks[:, 2].mean() - middle[2]) * coarse.spacing_mm[2]
        score = height_mm * np.exp(-((off_mm / 80.0) ** 2))  # a lung's top or an armpit lies to the side
        if score > best_score:
            best, best_score = blocks + (first, 0, 0), score
    return best


def round_islands(mean: np.ndarray, air: np.ndarray, spacing_mm, numbers: LungParameters) -> np.ndarray:
    """uint8: air that in its slice is an island of a windpipe's cross-section, compact and with a dark middle."""
    from ..kernels.components import choose_pieces, find_pieces

    islands = find_pieces(air, flat=True)
    _, step_y, step_x = spacing_mm
    area = islands.sizes * step_y * step_x
    height, width = ((islands.high - islands.low)[:, 1:] * (step_y, step_x)).T
    fits = (np.maximum(height, width) <= 2.5 * np.minimum(height, width)) & (area >= 0.55 * height * width)
    fits &= (numbers.trachea_mm2 <= area) & (area <= numbers.anatomy.widest_windpipe * numbers.trachea_mm2)
    fits[0] = False
    for k in np.flatnonzero(fits):
        box = box_slices(islands.low[k], islands.high[k])
        fits[k] = mean[box][islands.labels[box] == k].min() < numbers.gas_hu + 100
    return choose_pieces(islands.labels, fits.view(np.uint8))


def flood_airway(study: Study, trachea_mm: np.ndarray, numbers: LungParameters) -> Airway:
    """The lumen flooded from the points (n, 3) of the windpipe."""
    from ..kernels.flood import flood_levels
    from ..kernels.reduce import mean_blocks
    from ..kernels.refine import refine_labels

    whole, edge_hu = study.ct.grid, numbers.anatomy.lumen_edge_hu
    low, high = bronchial_box(whole, trachea_mm, numbers.anatomy.bronchi_mm)
    values = study.ct.values[box_slices(low, high)]
    factors = block_factors(whole.box(low, high), LUMEN_BLOCK_MM)
    blocks = whole.box(low, high).blocks(factors)
    mean = mean_blocks(values, factors)
    seeds = darkest_at(mean, blocks, trachea_mm)
    levels = flood_levels(mean, seeds, edge_hu, numbers.airway_ml / blocks.voxel_ml)
    wet = levels <= level_before_leak(levels, blocks.voxel_ml, numbers.airway_ml)
    if not wet.any():
        return Airway(np.zeros(whole.shape, np.uint8), low, low)
    first, last = box_of(wet, 2)
    low, high = low + first * factors, np.minimum(low + last * factors, high)
    # Besides the flooded blocks the lumen's half-dark rim around them.
    lumen, _ = refine_labels(study.ct.values, wet[box_slices(first, last)].view(np.uint8), factors, low, edge_hu)
    return Airway(lumen, low, high)


def bronchial_box(grid: Grid, trachea_mm: np.ndarray, reach_mm: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """First index and one past the last, (z, y, x), of the box that main and lobar bronchi can reach from the windpipe."""
    index = grid.to_index(trachea_mm)
    reach = np.array(reach_mm) / np.asarray(grid.spacing_mm)
    low = np.maximum(np.floor(index.min(axis=0) - reach), 0).astype(int)
    high = index.max(axis=0) + reach * (0, 1, 1) + (2, 1, 1)
    return low, np.minimum(np.ceil(high), grid.shape).astype(int)


def darkest_at(mean: np.ndarray, blocks: Grid, points_mm: np.ndarray) -> np.ndarray:
    """uint8: the darker half of the blocks that hold the points, so that no seed sits in the wall."""
    index = np.rint(blocks.to_index(points_mm)).astype(int)
    index = index[np.all((index >= 0) & (index < blocks.shape), axis=1)]
    seeds = np.zeros(blocks.shape, np.uint8)
    if len(index):
        hu = mean[tuple(index.T)]
        seeds[tuple(index[hu <= np.median(hu)].T)] = 1
    return seeds


def level_before_leak(levels: np.ndarray, voxel_ml: float, airway_ml: float) -> int:
    """The level to which the water may rise: 10 HU below the one at which it holds more than any airway."""
    from ..kernels.flood import DRY

    wet = levels[levels < DRY].astype(np.int64)
    if not wet.size:
        return -DRY
    held_ml = np.cumsum(np.bincount(wet - wet.min())) * voxel_ml
    return int(wet.min()) + int(np.searchsorted(held_ml, airway_ml, side="right")) - 10
