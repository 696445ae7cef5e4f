"""A volume in, sums and variances of small windows of it out, exact in whole numbers."""

from __future__ import annotations

import numpy as np
from numba import njit


def sum_around(volume):
    """int32 (z, y, x): the sum of each voxel and its 26 neighbours of an int16 volume, the end layers repeated beyond them."""
    volume = np.ascontiguousarray(volume)
    if volume.ndim != 3 or volume.dtype != np.int16:
        raise ValueError(f"sums are made of a three-dimensional int16 volume, not {volume.ndim}-d {volume.dtype}")
    out = np.empty(volume.shape, np.int32)
    if out.size:
        _sum_around(volume, out)
    return out


def variance_at(plane, rows, columns, reach_y, reach_x):
    """Variance in the window of 2 reach + 1 voxels around each place of a slice; what lies beyond the slice is left out.

    plane     int16 (y, x)            rows, columns   ints (n), places in it
    returns   float64 (n)
    """
    plane = np.ascontiguousarray(plane)
    if plane.ndim != 2 or plane.dtype != np.int16:
        raise ValueError(f"variances are taken of a slice of int16, not {plane.ndim}-d {plane.dtype}")
    out = np.empty(len(rows))
    _variance_at(plane, np.asarray(rows, np.int64), np.asarray(columns, np.int64), reach_y, reach_x, out)
    return out


@njit(cache=True, nogil=True)
def _sum_around(volume, out):
    nz, ny, nx = volume.shape
    row = np.empty(nx + 2, np.int32)
    for z in range(nz):
        for y in range(ny):
            row[:] = 0
            middle = row[1 : nx + 1]
            for k in (max(z - 1, 0), z, min(z + 1, nz - 1)):
                for j in (max(y - 1, 0), y, min(y + 1, ny - 1)):
                    source = volume[k, j]
                    for x in range(nx):
                        middle[x] += source[x]
            row[0], row[nx + 1] = row[1], row[nx]
            target, before, after = out[z, y], row[:nx], row[2:]
            for x in range(nx):
                target[x] = before[x] + middle[x] + after[x]


@njit(cache=True, nogil=True)
def _variance_at(plane, rows, columns, reach_y, reach_x, out):
    for k in range(out.size):
        y, x = rows[k], columns[k]
        count, total, squares = 0, np.int64(0), np.int64(0)
        for j in range(max(0, y - reach_y), min(plane.shape[0], y + reach_y + 1)):
            for i in range(max(0, x - reach_x), min(plane.shape[1], x + reach_x + 1)):
                value = np.int64(plane[j, i])
                count += 1
                total += value
                squares += value * value
        out[k] = (squares - total * total / count) / count
