"""Codes of coarse blocks in, codes of voxels out."""

from __future__ import annotations

import numpy as np

from ..records.study import Volume
from .coarse import Coarse
from .parameters import SkeletonParameters


def draw_on_full_grid(labels: np.ndarray, ct: Volume, coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Codes, uint8, on the CT's grid.

    A voxel of a labelled block is bone if it is at least as dense as marrow, a voxel of a neighbouring block if it is as
    dense as bone: the surface is decided at full resolution, the name is that of the block.
    """
    from scipy import ndimage

    around = np.where(labels > 0, labels, ndimage.grey_dilation(labels, size=(1, 3, 3)))
    block_of = [np.minimum(np.arange(n) // f, m - 1) for n, f, m in zip(ct.grid.shape, coarse.factors, labels.shape)]
    marrow_hu, bone_hu = coarse.soft_hu + numbers.marrow_above_soft_hu, coarse.soft_hu + numbers.bone_above_soft_hu
    drawn = np.zeros(ct.grid.shape, np.uint8)
    for z, k in enumerate(block_of[0]):
        if not around[k].any():
            continue
        names = around[k][block_of[1]][:, block_of[2]]
        inside = labels[k][block_of[1]][:, block_of[2]] > 0
        drawn[z] = np.where(ct.values[z] > np.where(inside, marrow_hu, bone_hu), names, 0)
    return drawn
