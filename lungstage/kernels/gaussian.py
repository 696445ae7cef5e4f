"""A volume in, the volume smoothed by a Gaussian of given width in millimetres out."""

from __future__ import annotations

import numpy as np
from numba import njit

from .threads import share_rows

TAILS = 3.5  # taps end at this many sigma: 0.05 % of the weight lies beyond, and the rest is scaled to 1


def smooth_gaussian(volume, spacing_mm, sigma_mm):
    """The volume convolved with a Gaussian, the voxels at the ends repeated beyond them.

    volume      (z, y, x), int16 or float32; anything else is refused
    spacing_mm  three floats > 0, in the order of the axes
    sigma_mm    one width for all axes, or three; 0 leaves an axis as it is
    returns     float32 (z, y, x)
    cost        about 3 passes of float32 with two threads; beside the result one slab a thread. Every voxel is computed by
                one thread in one order: same bits on any number of threads
    """
    volume = np.asarray(volume)
    if volume.ndim != 3 or volume.dtype not in (np.int16, np.float32):
        raise ValueError(f"smoothing needs a three-dimensional int16 or float32 volume, not {volume.ndim}-d {volume.dtype}")
    sigmas = np.broadcast_to(np.asarray(sigma_mm, float), 3)
    out = np.empty(volume.shape, np.float32)
    if out.size:
        taps = [half_taps(sigma / step) for sigma, step in zip(sigmas, spacing_mm)]
        cost_ns = 0.3 * out.size * sum(len(half) for half in taps)
        share_rows(_smooth, len(out), cost_ns, np.ascontiguousarray(volume, np.float32), *taps, out)
    return out


def half_taps(sigma_voxels):
    """float32 (r + 1): the weights of a Gaussian from its centre outwards, integrated over each voxel, sum of both sides 1."""
    from math import erf

    reach = int(np.ceil(TAILS * sigma_voxels))
    if reach == 0:
        return np.ones(1, np.float32)
    edges = [erf((k - 0.5) / (sigma_voxels * np.sqrt(2.0))) for k in range(reach + 2)]
    half = np.diff(edges)
    return (half / (half[0] + 2 * half[1:].sum())).astype(np.float32)


@njit(cache=True, nogil=True)
def _smooth(start, stop, volume, taps_z, taps_y, taps_x, out):
    ny, nx = volume.shape[1:]
    reach = taps_x.size - 1
    slab, row = np.empty((ny, nx), np.float32), np.empty(nx + 2 * reach, np.float32)
    for z in range(start, stop):
        for y in range(ny):
            _weigh(volume[:, y], z, taps_z, slab[y])
        for y in range(ny):
            _weigh(slab, y, taps_y, row[reach : reach + nx])
            row[:reach] = row[reach]
            row[reach + nx :] = row[reach + nx - 1]
            target = out[z, y]
            middle = row[reach : reach + nx]
            for x in range(nx):
                target[x] = taps_x[0] * middle[x]
            for k in range(1, reach + 1):
                # Views that start at 0: an index that could be negative keeps the compiler from vector code.
                before, after, weight = row[reach - k : reach - k + nx], row[reach + k : reach + k + nx], taps_x[k]
                for x in range(nx):
                    target[x] += weight * (before[x] + after[x])


@njit(cache=True, nogil=True)
def _weigh(rows, i, taps, out):
    """out = weighted sum of rows i - r … i + r, the first and last row standing for those beyond."""
    source = rows[i]
    for x in range(out.size):
        out[x] = taps[0] * source[x]
    for k in range(1, taps.size):
        before, after, weight = rows[max(0, i - k)], rows[min(rows.shape[0] - 1, i + k)], taps[k]
        for x in range(out.size):
            out[x] += weight * (before[x] + after[x])
