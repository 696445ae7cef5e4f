"""Codes of coarse blocks in, codes of voxels out."""

from __future__ import annotations

import numpy as np

from ..kernels.paint import paint_above
from ..records.study import Volume
from .coarse import Coarse
from .parameters import SkeletonParameters
from .pieces import highest_beside


def draw_on_full_grid(labels: np.ndarray, ct: Volume, coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Codes, uint8, on the CT's grid.

    A voxel of a labelled block is bone if it is at least as dense as marrow, a voxel of a neighbouring block if it is as
    dense as bone: the surface is decided at full resolution, the name is that of the block.
    """
    around = np.where(labels > 0, labels, highest_beside(labels, axes=(1, 2)))
    marrow_hu, bone_hu = coarse.soft_hu + numbers.marrow_above_soft_hu, coarse.soft_hu + numbers.bone_above_soft_hu
    # voxels are whole numbers: above 144.6 is above 144
    limits = np.where(labels > 0, np.floor(marrow_hu), np.floor(bone_hu)).astype(np.int16)
    whole = tuple(n // f for n, f in zip(ct.grid.shape, coarse.factors))
    box = tuple(slice(a, a + n) for a, n in zip(coarse.start, labels.shape))
    names, least = np.zeros(whole, np.uint8), np.zeros(whole, np.int16)
    names[box], least[box] = around, limits
    return paint_above(ct.values, names, least, coarse.factors)
