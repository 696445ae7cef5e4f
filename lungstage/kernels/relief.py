"""A mask in, the relief of its underside out, and a relief with what stands up narrowly from it levelled."""

from __future__ import annotations

import numpy as np
from numba import njit

from .distance import as_mask


def lowest_of_columns(mask):
    """int32 (y, x): the first slice at which each column of a mask (z, y, x) is inside; the number of slices where none is."""
    mask = as_mask(mask)
    out = np.full(mask.shape[1:], mask.shape[0], np.int32)
    _lowest(mask, out)
    return out


def open_relief(relief, reach_y, reach_x):
    """int32 (y, x): the relief opened by an elliptic disc: peaks into which the disc does not fit are levelled.

    relief             int32 (y, x)
    reach_y, reach_x   half axes of the disc in voxels, at least 1
    """
    relief = np.ascontiguousarray(relief, np.int32)
    y = np.arange(-reach_y, reach_y + 1)
    half = np.floor(reach_x * np.sqrt(np.maximum(0.0, 1.0 - (y / reach_y) ** 2)) + 1e-9).astype(np.int64)
    lowered, opened = np.empty_like(relief), np.empty_like(relief)
    if relief.size:
        _lowest_in_disc(relief, half, np.int32(1), lowered)
        _lowest_in_disc(lowered, half, np.int32(-1), opened)
    return opened


def sides_closed(mask):
    """uint8 (z, y, x), 0 to 4: to how many sides (left, right, front, back) a voxel sees the mask, itself included."""
    mask = as_mask(mask)
    out = np.zeros(mask.shape, np.uint8)
    if mask.size:
        _sides_closed(mask, out)
    return out


@njit(cache=True, nogil=True)
def _lowest(mask, out):
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            row, lowest = mask[z, y], out[y]
            for x in range(row.size):
                lowest[x] = min(lowest[x], z if row[x] else lowest[x])


@njit(cache=True, nogil=True)
def _lowest_in_disc(relief, half, sign, out):
    """sign 1: the lowest of the relief within the disc around each place; sign -1: the highest."""
    ny, nx = relief.shape
    reach = half.size // 2
    for y in range(ny):
        target = out[y]
        target[:] = relief[y]
        for k in range(half.size):
            if 0 <= y + k - reach < ny:
                row = relief[y + k - reach]
                for step in range(-min(half[k], nx - 1), min(half[k], nx - 1) + 1):
                    source, there = row[max(step, 0) : nx + min(step, 0)], target[max(-step, 0) : nx - max(step, 0)]
                    for x in range(source.size):
                        there[x] = sign * min(sign * there[x], sign * source[x])


@njit(cache=True, nogil=True)
def _sides_closed(mask, out):
    nz, ny, nx = mask.shape
    seen = np.empty(nx, np.uint8)
    for z in range(nz):
        for turn in range(2):
            seen[:] = 0
            for k in range(ny):
                y = ny - 1 - k if turn else k
                row, target = mask[z, y], out[z, y]
                for x in range(nx):
                    seen[x] |= row[x] != 0
                    target[x] += seen[x]
        for y in range(ny):
            row, target = mask[z, y], out[z, y]
            first, last = nx, -1
            for x in range(nx):
                if row[x]:
                    last = x
                    first = min(first, x)
            for x in range(nx):
                target[x] += (x >= first) + (x <= last)
