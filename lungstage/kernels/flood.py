"""A volume and seeds in, the level out at which water poured onto the seeds would reach each voxel, or whose water it is.

An airway is the valley that fills first from the trachea; the level at which the water breaks into the lung shows as a
jump of the flooded volume.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .distance import as_mask

DRY = 32767  # the level of voxels that stay dry


def flood_levels(volume, seeds, top, most=None):
    """The lowest level at which each voxel is connected with a seed.

    volume   int16 (z, y, x)
    seeds    uint8 or bool (z, y, x); a seed's level is its own value
    top      voxels above this value are walls
    most     None, or a number of voxels: when more than that are wet the flood stops, after the level that it then stands at
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
        waiting = np.empty(volume.size, np.int64 if volume.size > 2**31 - 2 else np.int32)  # read only where it was written
        first = np.full(int(top) - lowest + 1, -1, waiting.dtype)
        _flood(volume, start, lowest, first, waiting, volume.size if most is None else int(most), levels)
    return levels


def flood_labels(volume, mask, seeds):
    """Whose water each voxel gets when all seeds are flooded at once: a watershed.

    volume   int16 (z, y, x)
    mask     uint8 or bool (z, y, x); nothing else is flooded
    seeds    uint8 (z, y, x), 0 where none
    returns  uint8 (z, y, x): the label of the seed whose water comes first, over faces; water spreads over the lowest level
             first, at one level in the order in which it came, the first in scan order. 0 where none comes
    cost     every flooded voxel is looked at once; 8 bytes a voxel of the box
    """
    volume, mask, seeds = np.ascontiguousarray(volume), as_mask(mask), np.ascontiguousarray(seeds, np.uint8)
    if volume.dtype != np.int16 or not volume.shape == mask.shape == seeds.shape:
        raise ValueError(f"flooding needs an int16 volume of the mask's and the seeds' shape, not {volume.dtype} {volume.shape}")
    labels = np.zeros(volume.shape, np.uint8)
    start = np.flatnonzero((seeds != 0) & (mask != 0))
    if start.size:
        lowest, highest = int(volume.min()), int(volume.max())
        index = np.int64 if volume.size > 2**31 - 2 else np.int32
        first, last = (np.full(highest - lowest + 1, -1, index) for _ in range(2))
        labels.reshape(-1)[start] = seeds.reshape(-1)[start]
        _flood_labels(volume, mask, start, lowest, first, last, np.empty(volume.size, index), labels)
    return labels


@njit(cache=True, nogil=True)
def _flood_labels(volume, mask, start, lowest, first, last, following, labels):
    """first and last[level - lowest] and following[voxel] are queues: the shore that waits for each level."""
    _, ny, nx = volume.shape
    heights, inside, owner = volume.ravel(), mask.ravel(), labels.ravel()
    for i in start:
        _wait(np.int64(heights[i]) - lowest, i, first, last, following)
    for k in range(first.size):
        while first[k] >= 0:
            i = np.int64(first[k])
            first[k] = following[i]
            z, rest = i // (ny * nx), i % (ny * nx)
            y, x = rest // nx, rest % nx
            for side in range(6):
                is_there, j = _beside(i, z, y, x, side, volume.shape)
                if is_there and inside[j] and not owner[j]:
                    owner[j] = owner[i]
                    _wait(max(np.int64(k), np.int64(heights[j]) - lowest), j, first, last, following)


@njit(cache=True, nogil=True)
def _beside(i, z, y, x, side, shape):
    """Whether voxel i at (z, y, x) has a neighbour on this side (0 to 5), and which one that is."""
    nz, ny, nx = shape
    step = 1 if side % 2 else -1
    axis = side // 2
    if axis == 0:
        return 0 <= z + step < nz, i + step * ny * nx
    if axis == 1:
        return 0 <= y + step < ny, i + step * nx
    return 0 <= x + step < nx, i + step


@njit(cache=True, nogil=True)
def _wait(level, i, first, last, following):
    """Voxel i waits behind all others of its level."""
    following[i] = -1
    if first[level] < 0:
        first[level] = i
    else:
        following[last[level]] = i
    last[level] = i


@njit(cache=True, nogil=True)
def _flood(volume, start, lowest, first, following, most, levels):
    """first[level - lowest] and following[voxel] are linked lists: the shore that waits for each level."""
    _, ny, nx = volume.shape
    heights, reached = volume.ravel(), levels.ravel()
    for i in start:
        level = np.int64(heights[i])
        reached[i] = level
        following[i] = first[level - lowest]
        first[level - lowest] = i
    wet = 0
    for k in range(first.size):
        level = np.int64(lowest + k)
        if wet > most:
            # Shore that waits has been told its level already; it stays dry.
            while first[k] >= 0:
                reached[first[k]] = DRY
                first[k] = following[first[k]]
        while first[k] >= 0:
            wet += 1
            i = np.int64(first[k])
            first[k] = following[i]
            z, rest = i // (ny * nx), i % (ny * nx)
            y, x = rest // nx, rest % nx
            for side in range(6):
                inside, j = _beside(i, z, y, x, side, volume.shape)
                if inside and reached[j] == DRY:
                    height = max(level, np.int64(heights[j]))
                    if height - lowest < first.size:
                        reached[j] = height
                        following[j] = first[height - lowest]
                        first[height - lowest] = j
