"""A volume in, the means and maxima of its blocks out, from one read of the volume.

Everything the first stages look at is coarse; this is the only time they read every voxel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .threads import share_rows


def reduce_blocks(volume, factors):
    """Mean and maximum of each whole block of voxels.

    volume    int16 (z, y, x)
    factors   three ints >= 1, voxels of a block along z, y, x; what is left over at the far ends is dropped
    returns   two int16 arrays (z // fz, y // fy, x // fx): mean (rounded to the nearest, halves up), maximum
    cost      2 passes over the volume; two small volumes are made. Integer sums: same bits on any number of threads
    """
    volume, factors, shape = _checked(volume, factors)
    mean, high = (np.empty(shape, np.int16) for _ in range(2))
    if mean.size:
        share_rows(_reduce, len(mean), 0.2 * volume.size, volume, *factors, mean, high)
    return mean, high


@njit(cache=True, nogil=True, error_model="numpy")
def _reduce(start, stop, volume, fz, fy, fx, mean, high):
    count = np.int64(fz * fy * fx)
    for bz in range(start, stop):
        width = mean.shape[2] * fx
        total, highs = np.empty(width, np.int32), np.empty(width, np.int16)
        for by in range(mean.shape[1]):
            total[:] = 0
            highs[:] = -32768
            # Whole rows first, and only what they come to is cut into blocks: that runs many voxels at a time.
            for dz in range(fz):
                for dy in range(fy):
                    row = volume[bz * fz + dz, by * fy + dy]
                    for x in range(width):
                        value = row[x]
                        total[x] += value
                        highs[x] = max(highs[x], value)
            means, highest = mean[bz, by], high[bz, by]
            for bx in range(means.size):
                held, most = np.int64(0), highs[bx * fx]
                for x in range(bx * fx, bx * fx + fx):
                    held += total[x]
                    most = max(most, highs[x])
                # floor((2 held + count) / (2 count)) rounds halves up, also below zero
                means[bx] = (2 * held + count) // (2 * count)
                highest[bx] = most


def mean_blocks(volume, factors):
    """The means alone, as `reduce_blocks` has them.

    volume, factors   as in `reduce_blocks`
    returns           int16 (z // fz, y // fy, x // fx)
    cost              1 to 1.5 passes: rows are added whole, and only their sum is cut into blocks
    """
    volume, factors, shape = _checked(volume, factors)
    mean = np.empty(shape, np.int16)
    if mean.size:
        share_rows(_mean, len(mean), 0.15 * volume.size, volume, *factors, mean)
    return mean


def _checked(volume, factors):
    """The volume, its factors as ints and the shape of its whole blocks."""
    volume = np.asarray(volume)
    if volume.ndim != 3 or volume.dtype != np.int16:
        raise ValueError(f"blocks are made of a three-dimensional int16 volume, not {volume.ndim}-d {volume.dtype}")
    factors = tuple(int(f) for f in factors)
    if len(factors) != 3 or min(factors) < 1 or factors[0] * factors[1] > 2**16 or int(np.prod(factors)) > 2**32:
        raise ValueError(f"block sides are three numbers of at least 1, not {factors}")
    return volume, factors, tuple(n // f for n, f in zip(volume.shape, factors))


@njit(cache=True, nogil=True, error_model="numpy")
def _mean(start, stop, volume, fz, fy, fx, mean):
    count = np.int64(fz * fy * fx)
    for bz in range(start, stop):
        total = np.empty(mean.shape[2] * fx, np.int32)
        for by in range(mean.shape[1]):
            total[:] = 0
            for dz in range(fz):
                for dy in range(fy):
                    row = volume[bz * fz + dz, by * fy + dy]
                    for x in range(total.size):
                        total[x] += row[x]
            means = mean[bz, by]
            for bx in range(means.size):
                held = np.int64(0)
                for x in range(bx * fx, bx * fx + fx):
                    held += total[x]
                means[bx] = (2 * held + count) // (2 * count)
