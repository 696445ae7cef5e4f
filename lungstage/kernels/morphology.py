"""A mask and a radius in millimetres in, the mask grown, shrunk, closed or opened by a ball out.

A ball is a set of rows: for each step to a neighbouring row, how far it reaches along x. Voxels are packed into bits, 64 to
a word, each slice is widened once for every reach, and then whole slices are laid over each other, one for each row of the
ball: at any radius cheaper than a threshold on the distance, and exact (a footprint lost to both at 3, 5 and 10 mm).
Nothing is known beyond the ends of the volume: growing gets nothing from there and shrinking loses nothing to it, so a lung
cut by the end of the scan keeps its cut face. Closing and opening take the volume to go on beyond its ends as it ends.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .distance import as_mask


def grow_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x), 1 within `radius_mm` of the mask: dilation by a ball. mask uint8 or bool, spacing (z, y, x)."""
    return _with_bits(mask, spacing_mm, radius_mm, "g")


def shrink_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x), 1 farther than `radius_mm` from everything outside the mask: erosion by a ball."""
    return _with_bits(mask, spacing_mm, radius_mm, "s")


def close_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x): gaps and bays that a ball of `radius_mm` cannot enter are filled."""
    padded, inner = _continued(mask, spacing_mm, radius_mm)
    return _with_bits(padded, spacing_mm, radius_mm, "gs")[inner]


def open_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x): what a ball of `radius_mm` fits into without leaving the mask."""
    padded, inner = _continued(mask, spacing_mm, radius_mm)
    return _with_bits(padded, spacing_mm, radius_mm, "sg")[inner]


def _continued(mask, spacing_mm, radius_mm):
    """The mask with its end layers repeated one radius beyond the ends, and where the mask itself lies in that."""
    mask = as_mask(mask)
    reach = [int(np.ceil(max(radius_mm, 0) / s)) for s in spacing_mm]
    padded = np.pad(mask, [(r, r) for r in reach], mode="edge") if mask.size else mask
    return padded, tuple(slice(r, r + n) for r, n in zip(reach, mask.shape))


def _with_bits(mask, spacing_mm, radius_mm, steps):
    """uint8: the mask after growing ("g") and shrinking ("s"), in the order of `steps`."""
    mask = as_mask(mask)
    if radius_mm <= 0 or not mask.size:
        return (mask != 0).view(np.uint8)
    rows = _ball_rows(spacing_mm, radius_mm, mask.shape)
    words = -(-(mask.shape[2] + int(rows[:, 2].max())) // 64)  # what a row is widened by must not reach the next one
    bits = _packed(mask, words)
    used = np.tile(_packed(np.ones((1, 1, mask.shape[2]), np.uint8), words), mask.shape[1])
    for step in steps:
        grown = np.zeros_like(bits)
        # Shrinking is growing what is outside.
        _grow(bits if step == "g" else ~bits & used, rows, mask.shape[1], grown)
        bits = grown if step == "g" else ~grown
    octets = bits.view(np.uint8).reshape(*mask.shape[:2], 8 * words)
    return np.unpackbits(octets, axis=2, count=mask.shape[2], bitorder="little")


def _packed(mask, words):
    """uint64 (z, y * words): bit k of word w is voxel 64 w + k of a row; bits beyond the row are 0."""
    octets = np.zeros((*mask.shape[:2], 8 * words), np.uint8)
    octets[:, :, : -(-mask.shape[2] // 8)] = np.packbits(mask, axis=2, bitorder="little")
    return octets.view(np.uint64).reshape(mask.shape[0], -1)


def _ball_rows(spacing_mm, radius_mm, shape):
    """int64 (n, 3): steps along z and y, and how many voxels the ball reaches along x to either side, least first.

    A little past the radius, so that rounding does not decide about voxels that lie exactly on it.
    """
    reach = [min(int(1.00001 * radius_mm / s), n) for s, n in zip(spacing_mm, shape)]
    z, y = (np.arange(-r, r + 1) for r in reach[:2])
    left = (1 + 1e-5) * radius_mm**2 - (z[:, None] * spacing_mm[0]) ** 2 - (y * spacing_mm[1]) ** 2
    k, j = np.nonzero(left >= 0)
    rows = np.stack([z[k], y[j], np.minimum(np.sqrt(left[k, j]) / spacing_mm[2], reach[2]).astype(np.int64)], axis=1)
    return rows[np.argsort(rows[:, 2], kind="stable")]


@njit(cache=True, nogil=True)
def _grow(bits, rows, ny, out):
    """out |= the slices of `bits` laid over each other, one for each row of the ball; rows in the order of their reach."""
    nz, size = bits.shape
    words = size // ny
    for z in range(nz):
        if not bits[z].any():
            continue
        wide, reach = bits[z].copy(), 0
        for k in range(len(rows)):
            while reach < rows[k, 2]:
                reach += 1
                _widen(bits[z], reach, wide)
            target_z, step = z - rows[k, 0], rows[k, 1] * words
            if 0 <= target_z < nz and abs(step) < size:
                source, target = wide[max(step, 0) : size + min(step, 0)], out[target_z, max(-step, 0) : size - max(step, 0)]
                for i in range(source.size):
                    target[i] |= source[i]


@njit(cache=True, nogil=True)
def _widen(bits, k, out):
    """out |= bits moved k voxels to either side."""
    far, near = k // 64, np.uint64(k % 64)
    back = np.uint64(64) - near
    n = bits.size - far
    above, below, source, low_end = out[far:], out[:n], bits[:n], bits[far:]
    for i in range(n):
        above[i] |= source[i] << near
        below[i] |= low_end[i] >> near
    if near:
        above, below, source, low_end = out[far + 1 :], out[: n - 1], bits[: n - 1], bits[far + 1 :]
        for i in range(n - 1):
            above[i] |= source[i] >> back
            below[i] |= low_end[i] << back
