"""A volume and positions between its voxels in, the values there out."""

from __future__ import annotations

import numpy as np
from numba import njit


def sample_linear(volume, index):
    """Trilinear values at positions; outside of the volume, those of its nearest border.

    volume    int16 or float32 (z, y, x), no side empty
    index     (n, 3) positions in voxels, in the order (z, y, x)
    returns   float64 (n)
    cost      eight reads a position; 3 ms for 100 000 positions
    """
    volume = np.ascontiguousarray(volume)
    index = np.ascontiguousarray(index, np.float64)
    if volume.ndim != 3 or 0 in volume.shape or volume.dtype not in (np.int16, np.float32) or index.shape[1:] != (3,):
        raise ValueError(
            f"positions (n, 3) are looked up in a volume (z, y, x), not {index.shape} in {volume.shape} {volume.dtype}"
        )
    out = np.empty(len(index))
    _sample(volume, index, out)
    return out


@njit(cache=True, nogil=True)
def _sample(volume, index, out):
    nz, ny, nx = volume.shape
    for i in range(len(out)):
        z, y, x = min(max(index[i, 0], 0.0), nz - 1.0), min(max(index[i, 1], 0.0), ny - 1.0), min(max(index[i, 2], 0.0), nx - 1.0)
        z0, y0, x0 = int(z), int(y), int(x)
        z1, y1, x1 = min(z0 + 1, nz - 1), min(y0 + 1, ny - 1), min(x0 + 1, nx - 1)
        fz, fy, fx = z - z0, y - y0, x - x0
        low = (volume[z0, y0, x0] * (1 - fx) + volume[z0, y0, x1] * fx) * (1 - fy)
        low += (volume[z0, y1, x0] * (1 - fx) + volume[z0, y1, x1] * fx) * fy
        high = (volume[z1, y0, x0] * (1 - fx) + volume[z1, y0, x1] * fx) * (1 - fy)
        high += (volume[z1, y1, x0] * (1 - fx) + volume[z1, y1, x1] * fx) * fy
        out[i] = low * (1 - fz) + high * fz
