"""A volume and the lines of another grid with the same axes in, its values on that grid out.

Averaged where the new voxels are larger, linear between the old ones where they are smaller: weights fall linearly from
each new centre to 0 at its reach (a tent). Three short sums a voxel, one axis after the other.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def resample_tents(volume, centres, reaches):
    """Means of a volume under tents around the crossings of three sets of lines.

    volume    bool, uint8, int16 or float32 (z, y, x), no side empty
    centres   three arrays, float64 (n): positions of the new voxels along z, y, x, in voxels of the volume; beyond its
              ends the last voxel goes on
    reaches   three floats >= 1, in voxels: where the weight of a tent is 0. 1 interpolates linearly
    returns   float32 (len(centres[0]), len(centres[1]), len(centres[2]))
    cost      2 * reach reads a new voxel and axis; beside the result one slab of the volume is made. One thread
    """
    volume = np.ascontiguousarray(volume)
    if volume.dtype == np.bool_:
        volume = volume.view(np.uint8)
    if volume.ndim != 3 or 0 in volume.shape or volume.dtype not in (np.uint8, np.int16, np.float32):
        raise ValueError(
            f"only volumes (z, y, x) of bool, uint8, int16 or float32 are resampled, not {volume.shape} {volume.dtype}"
        )
    if min(reaches) < 1:
        raise ValueError(f"a tent reaches at least one voxel, not {reaches}")
    lines = [tents(np.asarray(c, float), float(r), n) for c, r, n in zip(centres, reaches, volume.shape)]
    out = np.empty([len(first) for first, _ in lines], np.float32)
    if out.size:
        first_y, weight_y = lines[1]
        _resample(volume, (int(first_y.min()), int(first_y.max()) + weight_y.shape[1]), tuple(lines), out)
    return out


def tents(centres, reach, count):
    """First index int64 (n) and weights float32 (n, taps), rows sum to 1, of the tent around each centre."""
    inside = np.clip(centres, 0, count - 1)
    taps = min(count, int(np.floor(2 * reach)) + 1)
    first = np.clip(np.ceil(inside - reach), 0, count - taps).astype(np.int64)
    weights = np.maximum(0.0, 1.0 - np.abs(first[:, None] + np.arange(taps) - inside[:, None]) / reach)
    return first, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@njit(cache=True, nogil=True)
def _resample(volume, rows, lines, out):
    """rows: of the volume's rows along y, those from the first up to the second are looked at; lines: `tents` of each axis."""
    low, high = rows
    (first_z, weight_z), (first_y, weight_y), (first_x, weight_x) = lines
    nz, ny, nx = out.shape
    slab = np.empty(volume.shape[1:], np.float32)
    row = np.empty(volume.shape[2], np.float32)
    for z in range(nz):
        for y in range(low, high):
            _add(volume[first_z[z] :, y], weight_z[z], slab[y])
        for y in range(ny):
            _add(slab[first_y[y] :], weight_y[y], row)
            target = out[z, y]
            for x in range(nx):
                total = np.float32(0)
                source, weights = row[first_x[x] :], weight_x[x]
                for k in range(weights.size):
                    total += weights[k] * source[k]
                target[x] = total


@njit(cache=True, nogil=True)
def _add(rows, weights, out):
    """out = the weighted sum of the first rows; those without weight are not read."""
    out[:] = np.float32(0)
    for k in range(weights.size):
        weight, row = weights[k], rows[k]
        if weight > 0:
            for x in range(out.size):
                out[x] += weight * np.float32(row[x])
