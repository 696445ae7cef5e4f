"""A CT in, the view of it in blocks of about three millimetres out, where the lungs are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..records import Study

LEAST_BLOCKS = 64  # fewer blocks have no quantiles to be judged by


@dataclass(frozen=True, eq=False)
class Coarse:
    """Blocks of a CT.

    grid      Grid of the blocks, (z, y, x)
    factors   voxels of a block along z, y, x
    start     first voxel (z, y, x) of block (0, 0, 0)
    mean      int16 HU (z, y, x), of the voxels of each block
    outside   bool, where most of the block was not measured (padding)
    """

    grid: Grid
    factors: tuple[int, int, int]
    start: tuple[int, int, int]
    mean: np.ndarray
    outside: np.ndarray

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
    from ..kernels.reduce import mean_blocks
    from ..kernels.shares import share_of_blocks

    grid = study.ct.grid
    factors = block_factors(grid, block_mm)
    blocks = grid.blocks(factors)
    if study.outside is None:
        outside = np.zeros(blocks.shape, bool)
    else:
        whole = tuple(slice(0, n) for n in blocks.shape)
        outside = share_of_blocks(study.outside, factors, 1, 255)[whole] >= 0.5
    return Coarse(blocks, factors, (0, 0, 0), mean_blocks(study.ct.values, factors), outside)


def crop(coarse: Coarse, mask: np.ndarray, margin: int) -> tuple[Coarse, np.ndarray]:
    """The blocks around a mask with a margin, and the mask there; everything if the mask is empty.

    Half of a scan is the air around the patient, and every later step is spared it.
    """
    if not mask.any():
        return coarse, mask
    low, high = box_of(mask, margin)
    box = box_slices(low, high)
    start = tuple(int(s + a * f) for s, a, f in zip(coarse.start, low, coarse.factors))
    arrays = (np.ascontiguousarray(array[box]) for array in (coarse.mean, coarse.outside))
    return Coarse(coarse.grid.box(low, high), coarse.factors, start, *arrays), np.ascontiguousarray(mask[box])


def box_of(mask: np.ndarray, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """First index and one past the last of a mask that is not empty, with a margin, inside the array."""
    from ..kernels.profiles import count_along

    used = [np.flatnonzero(counts) for counts in count_along(mask)]
    low = [max(0, along[0] - margin) for along in used]
    high = [min(n, along[-1] + 1 + margin) for along, n in zip(used, mask.shape)]
    return np.array(low), np.array(high)


def box_slices(low, high) -> tuple[slice, slice, slice]:
    """The slices of a box."""
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high))


def block_factors(grid: Grid, block_mm: float) -> tuple[int, int, int]:
    """Voxels along each side of a block, at least one, at most the whole grid."""
    return tuple(int(np.clip(np.floor(block_mm / s + 0.5), 1, n)) for s, n in zip(grid.spacing_mm, grid.shape))
