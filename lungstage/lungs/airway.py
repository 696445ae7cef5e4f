"""Blocks, air and lungs in, the lumen of windpipe and bronchi out at full resolution.

The windpipe is the longest dark tube above the middle of the lungs. From it water is poured: it fills the bronchi first,
and the level at which it breaks through a thin wall into the lung shows as a jump of many millilitres. The water stops
10 HU below that level. On every scan looked at the water rises from 20 … 60 ml by hundreds within 5 HU.
"""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..records import Study
from .body import enclosure
from .coarse import Coarse, block_factors, signed_distance_mm
from .parameters import LungParameters

LUMEN_BLOCK_MM = 1.5  # small enough for a lobar bronchus, large enough to tame noise
LUMEN_EDGE_HU = -500  # half-way between air and the wall


def trace_airway(study: Study, coarse: Coarse, lung: np.ndarray, tissue: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8 on the CT's grid: 1 in the lumen of trachea and bronchi; empty where no trachea is found.

    lung, tissue   uint8 on the blocks: lung air with whatever airway hangs on it, and the body's dense part
    """
    air = ((coarse.mean < numbers.air_hu) & (enclosure(tissue) >= 3)).view(np.uint8)
    trachea = find_trachea(coarse, air, lung, numbers)
    if not len(trachea):
        return np.zeros(study.ct.grid.shape, np.uint8)
    return flood_airway(study, coarse.grid.to_mm(trachea), numbers)


def find_trachea(coarse: Coarse, air: np.ndarray, lung: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """Indices (n, 3) of the blocks of the windpipe; (0, 3) where there is none.

    Round dark islands of each slice are joined to tubes. Gas in colon or stomach also makes tubes, but below the middle of
    the lungs; the gullet's are too short.
    """
    from ..kernels.components import label_components

    if not lung.any():
        return np.zeros((0, 3), int)
    middle = np.argwhere(lung).mean(axis=0)
    islands = round_islands(coarse, air, numbers)
    islands[: int(middle[0])] = 0
    labels, _ = label_components(islands, corners=True)
    best, best_score = np.zeros((0, 3), int), 0.0
    for k in range(1, labels.max() + 1):
        blocks = np.argwhere(labels == k)
        height_mm = (np.ptp(blocks[:, 0]) + 1) * coarse.spacing_mm[0]
        off_mm = abs(blocks[:, 2].mean() - middle[2]) * coarse.spacing_mm[2]
        score = height_mm * np.exp(-((off_mm / 80.0) ** 2))  # a lung's top or an armpit lies to the side
        if height_mm >= numbers.trachea_height_mm and score > best_score:
            best, best_score = blocks, score
    return best


def round_islands(coarse: Coarse, air: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: air that in its slice is an island of a windpipe's cross-section, compact and with a dark middle."""
    from scipy.ndimage import find_objects, label

    islands = np.zeros(air.shape, np.uint8)
    _, step_y, step_x = coarse.spacing_mm
    smallest, largest = numbers.trachea_mm2
    for z in range(air.shape[0]):
        labels, _ = label(air[z])
        for k, box in enumerate(find_objects(labels), start=1):
            here = labels[box] == k
            area = here.sum() * step_y * step_x
            height, width = here.shape[0] * step_y, here.shape[1] * step_x
            is_compact = max(height, width) <= 2.5 * min(height, width) and area >= 0.55 * height * width
            if smallest <= area <= largest and is_compact and coarse.mean[z][box][here].min() < numbers.lung_hu[0] + 100:
                islands[z][box][here] = 1
    return islands


def flood_airway(study: Study, trachea_mm: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8 on the CT's grid: the lumen flooded from the points (n, 3) of the windpipe."""
    from ..kernels.flood import flood_levels
    from ..kernels.reduce import reduce_blocks

    whole = study.ct.grid
    low, high = bronchial_box(whole, trachea_mm)
    values = study.ct.values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    factors = block_factors(whole.box(low, high), LUMEN_BLOCK_MM)
    blocks = whole.box(low, high).blocks(factors)
    mean = reduce_blocks(values, factors)[0]
    levels = flood_levels(mean, darkest_at(mean, blocks, trachea_mm), LUMEN_EDGE_HU)
    wet = levels <= level_before_leak(levels, blocks.voxel_ml, numbers.airway_ml)
    airway = np.zeros(whole.shape, np.uint8)
    airway[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = at_full_resolution(values, wet, blocks, factors)
    return airway


def bronchial_box(grid: Grid, trachea_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First index and one past the last, (z, y, x), of the box that main and lobar bronchi can reach from the windpipe."""
    index = grid.to_index(trachea_mm)
    reach = np.array([120.0, 80.0, 100.0]) / np.asarray(grid.spacing_mm)  # below, around: bronchi to the lobes' hila
    low = np.maximum(np.floor(index.min(axis=0) - reach), 0).astype(int)
    high = index.max(axis=0) + reach * (0, 1, 1) + (2, 1, 1)
    return low, np.minimum(np.ceil(high), grid.shape).astype(int)


def darkest_at(mean: np.ndarray, blocks: Grid, points_mm: np.ndarray) -> np.ndarray:
    """uint8: the darker half of the blocks that hold the points, so that no seed sits in the wall."""
    index = np.rint(blocks.to_index(points_mm)).astype(int)
    index = index[np.all((index >= 0) & (index < blocks.shape), axis=1)]
    seeds = np.zeros(blocks.shape, np.uint8)
    seeds[tuple(index.T)] = 1
    if len(index):
        seeds &= (mean <= np.median(mean[tuple(index.T)])).view(np.uint8)
    return seeds


def level_before_leak(levels: np.ndarray, voxel_ml: float, airway_ml: float) -> int:
    """The level to which the water may rise: 10 HU below the one at which it holds more than any airway."""
    from ..kernels.flood import DRY

    wet = levels[levels < DRY].astype(np.int64)
    if not wet.size:
        return -DRY
    held_ml = np.cumsum(np.bincount(wet - wet.min())) * voxel_ml
    return int(wet.min()) + int(np.searchsorted(held_ml, airway_ml, side="right")) - 10


def at_full_resolution(values: np.ndarray, wet: np.ndarray, blocks: Grid, factors: tuple[int, int, int]) -> np.ndarray:
    """uint8 of the box: the flooded blocks, and the lumen's half-dark rim around them."""
    from ..kernels.refine import refine_border

    rim_mm = 1.05 * max(blocks.spacing_mm[1:])
    signed_mm = signed_distance_mm(wet, blocks.spacing_mm, 2 * max(blocks.spacing_mm))
    return refine_border(values, signed_mm, np.ones_like(signed_mm), factors, rim_mm, LUMEN_EDGE_HU)
