"""A CT in, the view of it in blocks of about three millimetres out, where the lungs are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..records import Study


@dataclass(frozen=True, eq=False)
class Coarse:
    """Blocks of a CT.

    grid      Grid of the blocks, (z, y, x)
    factors   voxels of a block along z, y, x
    mean, low, high   int16 HU (z, y, x): of the voxels of each block
    outside   bool, where most of the block was not measured (padding)
    window    slices (z, y, x) of the CT that the blocks stand for; at the CT's far ends with what is left over there
    """

    grid: Grid
    factors: tuple[int, int, int]
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    outside: np.ndarray
    window: tuple[slice, slice, slice]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Sides of a block, (z, y, x)."""
        return self.grid.spacing_mm

    @property
    def voxel_ml(self) -> float:
        """Volume of a block."""
        return self.grid.voxel_ml


def coarsen(study: Study, block_mm: float) -> Coarse:
    """The blocks whose sides are nearest to `block_mm`, from one read of the volume."""
    from ..kernels.reduce import reduce_blocks

    grid = study.ct.grid
    factors = block_factors(grid, block_mm)
    mean, low, high = reduce_blocks(study.ct.values, factors)
    blocks = grid.blocks(factors)
    if study.outside is None:
        outside = np.zeros(blocks.shape, bool)
    else:
        # 0 and 1 as int16 would round to whole numbers: the share in percent keeps two digits
        outside = reduce_blocks(study.outside.astype(np.int16) * np.int16(100), factors)[0] >= 50
    return Coarse(blocks, factors, mean, low, high, outside, tuple(slice(0, n) for n in grid.shape))


def crop(coarse: Coarse, mask: np.ndarray, margin: int) -> tuple[Coarse, np.ndarray]:
    """The blocks around a mask with a margin, and the mask there; everything if the mask is empty.

    Half of a scan is the air around the patient, and every later step is spared it.
    """
    if not mask.any():
        return coarse, mask
    low, high = box_of(mask, margin)
    box = tuple(slice(a, b) for a, b in zip(low, high))
    window = tuple(
        slice(whole.start + a * factor, whole.stop if b == blocks else whole.start + b * factor)
        for whole, a, b, factor, blocks in zip(coarse.window, low, high, coarse.factors, mask.shape)
    )
    arrays = (np.ascontiguousarray(array[box]) for array in (coarse.mean, coarse.low, coarse.high, coarse.outside))
    return Coarse(coarse.grid.box(low, high), coarse.factors, *arrays, window), np.ascontiguousarray(mask[box])


def box_of(mask: np.ndarray, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """First index and one past the last of a mask that is not empty, with a margin, inside the array."""
    low, high = [], []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        low.append(max(0, used[0] - margin))
        high.append(min(mask.shape[axis], used[-1] + 1 + margin))
    return np.array(low), np.array(high)


def block_factors(grid: Grid, block_mm: float) -> tuple[int, int, int]:
    """Voxels along each side of a block, at least one, at most the whole grid."""
    return tuple(int(np.clip(np.floor(block_mm / s + 0.5), 1, n)) for s, n in zip(grid.spacing_mm, grid.shape))


def signed_distance_mm(mask: np.ndarray, spacing_mm, limit_mm: float) -> np.ndarray:
    """float32: distance to the border of the mask, which lies between block centres, above 0 inside, cut at +-limit_mm."""
    from ..kernels.distance import squared_distance_mm2

    to_mask = np.sqrt(squared_distance_mm2(mask, spacing_mm, limit_mm))
    to_rest = np.sqrt(squared_distance_mm2(np.logical_not(mask), spacing_mm, limit_mm))
    return np.clip(to_rest - to_mask, -limit_mm, limit_mm)
