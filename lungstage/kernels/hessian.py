"""A smooth volume and a mask in, the three principal curvatures of every voxel of the mask out.

Blob, tube or plate is read off them: a bright blob has all three below 0, a bright tube two, a bright plate one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .distance import as_mask
from .threads import share_rows


def hessian_eigenvalues(smooth, mask, spacing_mm):
    """Eigenvalues of the matrix of second derivatives at each voxel of the mask.

    smooth      float32 (z, y, x), smoothed before at the wanted scale (`smooth_gaussian`); times sigma**2 the values
                compare between scales
    mask        uint8 or bool (z, y, x): where they are wanted
    spacing_mm  three floats > 0, in the order of the axes
    returns     float32 (n, 3), rising, unit of `smooth` per mm2; one row for each voxel of the mask, in the order of
                numpy.flatnonzero. Central differences; at the ends of the volume the last voxel is repeated
    cost        50 ns a voxel of the mask; same bits on any number of threads
    source      closed form for symmetric 3x3: Smith 1961, Commun ACM 4:168
    """
    smooth, mask = np.ascontiguousarray(smooth), as_mask(mask)
    if smooth.dtype != np.float32 or smooth.shape != mask.shape:
        raise ValueError(f"curvatures need a float32 volume of the mask's shape, not {smooth.dtype} {smooth.shape}")
    counts = np.count_nonzero(mask, axis=(1, 2)) if mask.size else np.zeros(0, np.int64)
    first = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    out = np.empty((first[-1], 3), np.float32)
    if len(out):
        sz, sy, sx = (np.float64(s) for s in spacing_mm)
        share_rows(_eigenvalues, len(smooth), mask.size + 50.0 * len(out), smooth, mask, sz, sy, sx, first, out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _eigenvalues(start, stop, v, mask, sz, sy, sx, first, out):
    nz, ny, nx = v.shape
    for z in range(start, stop):
        n = first[z]
        zm, zp = max(z - 1, 0), min(z + 1, nz - 1)
        for y in range(ny):
            ym, yp = max(y - 1, 0), min(y + 1, ny - 1)
            for x in range(nx):
                if mask[z, y, x]:
                    xm, xp = max(x - 1, 0), min(x + 1, nx - 1)
                    twice = 2.0 * v[z, y, x]
                    _symmetric_eigenvalues(
                        (v[zm, y, x] + v[zp, y, x] - twice) / (sz * sz),
                        (v[z, ym, x] + v[z, yp, x] - twice) / (sy * sy),
                        (v[z, y, xm] + v[z, y, xp] - twice) / (sx * sx),
                        (v[zp, yp, x] - v[zp, ym, x] - v[zm, yp, x] + v[zm, ym, x]) / (4.0 * sz * sy),
                        (v[zp, y, xp] - v[zp, y, xm] - v[zm, y, xp] + v[zm, y, xm]) / (4.0 * sz * sx),
                        (v[z, yp, xp] - v[z, yp, xm] - v[z, ym, xp] + v[z, ym, xm]) / (4.0 * sy * sx),
                        out[n],
                    )
                    n += 1


@njit(cache=True, nogil=True)
def _symmetric_eigenvalues(a, b, c, ab, ac, bc, out):
    """Of [[a, ab, ac], [ab, b, bc], [ac, bc, c]], rising."""
    third = (a + b + c) / 3.0
    a, b, c = a - third, b - third, c - third
    size = math.sqrt((a * a + b * b + c * c + 2.0 * (ab * ab + ac * ac + bc * bc)) / 6.0)
    if size == 0.0:
        out[:] = third
        return
    determinant = a * (b * c - bc * bc) - ab * (ab * c - bc * ac) + ac * (ab * bc - b * ac)
    cosine = min(1.0, max(-1.0, determinant / (2.0 * size * size * size)))
    angle = math.acos(cosine) / 3.0
    largest = third + 2.0 * size * math.cos(angle)
    smallest = third + 2.0 * size * math.cos(angle + 2.0 * math.pi / 3.0)
    out[0], out[1], out[2] = smallest, 3.0 * third - smallest - largest, largest
