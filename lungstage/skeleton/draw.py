"""Codes of coarse blocks in, codes of voxels out."""

from __future__ import annotations

import numpy as np

from ..kernels.paint import paint_above
from ..records.study import Volume
from .coarse import Coarse
from .parameters import SkeletonParameters
from .pieces import highest_beside, shrunk


def draw_on_full_grid(labels: np.ndarray, ct: Volume, coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Codes, uint8, on the CT's grid.

    A voxel of a labelled block, or of one beside it in the slice, is bone if it is at least as dense as marrow: the surface is
    decided at full resolution, the name is that of the block. Cortex is thinner than a voxel, so that the edge of a bone is
    no denser than marrow is inside. What labelled blocks enclose is bone whatever its noise.
    """
    around = np.where(labels > 0, labels, highest_beside(labels, axes=(1, 2)))
    whole = tuple(n // f for n, f in zip(ct.grid.shape, coarse.factors))
    box = tuple(slice(a, a + n) for a, n in zip(coarse.start, labels.shape))
    names = np.zeros(whole, np.uint8)
    # voxels are whole numbers: above 144.6 is above 144
    least = np.full(whole, np.floor(coarse.soft_hu + numbers.marrow_above_soft_hu), np.int16)
    names[box] = around
    least[box][shrunk(labels > 0, 1)] = int(numbers.body_hu)
    return paint_above(ct.values, names, least, coarse.factors)
