"""A volume and seeds in, the level out at which water poured onto the seeds would reach each voxel.

An airway is the valley that fills first from the trachea; the level at which the water breaks into the lung shows as a
jump of the flooded volume.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .distance import as_mask

DRY = 32767  # the level of voxels that stay dry


def flood_levels(volume, seeds, top):
    """The lowest level at which each voxel is connected with a seed.

    volume   int16 (z, y, x)
    seeds    uint8 or bool (z, y, x); a seed's level is its own value
    top      voxels above this value are walls
    returns  int16 (z, y, x): over all paths of face neighbours from a seed, the smallest maximum on the way; DRY where none
             stays at or below `top`
    cost     every flooded voxel is looked at once; 6 bytes a voxel of the box, so pass a box
    """
    volume, seeds = np.ascontiguousarray(volume), as_mask(seeds)
    if volume.dtype != np.int16 or volume.shape != seeds.shape:
        raise ValueError(f"flooding needs an int16 volume of the seeds' shape, not {volume.dtype} {volume.shape}")
    levels = np.full(volume.shape, DRY, np.int16)
    start = np.flatnonzero((seeds != 0) & (volume <= top))
    if start.size:
        lowest = int(volume.min())
        waiting = np.full(volume.size, -1, np.int64 if volume.size > 2**31 - 2 else np.int32)
        _flood(volume, start, lowest, np.full(int(top) - lowest + 1, -1, waiting.dtype), waiting, levels)
    return levels


@njit(cache=True)
def _flood(volume, start, lowest, first, following, levels):
    """first[level - lowest] and following[voxel] are linked lists: the shore that waits for each level."""
    nz, ny, nx = volume.shape
    heights, reached = volume.ravel(), levels.ravel()
    for i in start:
        level = np.int64(heights[i])
        reached[i] = level
        following[i] = first[level - lowest]
        first[level - lowest] = i
    for k in range(first.size):
        level = np.int64(lowest + k)
        while first[k] >= 0:
            i = np.int64(first[k])
            first[k] = following[i]
            z, rest = i // (ny * nx), i % (ny * nx)
            y, x = rest // nx, rest % nx
            for side in range(6):
                step = 1 if side % 2 else -1
                axis = side // 2
                if axis == 0:
                    inside, j = 0 <= z + step < nz, i + step * ny * nx
                elif axis == 1:
                    inside, j = 0 <= y + step < ny, i + step * nx
                else:
                    inside, j = 0 <= x + step < nx, i + step
                if inside and reached[j] == DRY:
                    height = max(level, np.int64(heights[j]))
                    if height - lowest < first.size:
                        reached[j] = height
                        following[j] = first[height - lowest]
                        first[height - lowest] = j
