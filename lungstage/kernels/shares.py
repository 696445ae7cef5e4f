"""Labels in, what they fill of each block of voxels out."""

from __future__ import annotations

import numpy as np
from numba import njit

from .threads import share_rows


def share_of_blocks(labels, factors, lowest, highest):
    """Share of each block whose labels lie in lowest ... highest; a part block at the far ends counts by what it holds.

    labels    uint8 (z, y, x)             factors   three ints >= 1, voxels of a block along z, y, x
    returns   float32 (ceil(z / fz), ceil(y / fy), ceil(x / fx)) in [0, 1]
    cost      one pass over the labels; whole numbers, so the same bits on any number of threads
    """
    labels, factors, shape = as_blocks(labels, factors)
    inside = np.zeros(shape, np.int32)
    if inside.size:
        share_rows(_count, len(inside), 0.3 * labels.size, labels, *factors, np.uint8(lowest), np.uint8(highest), inside)
    sides = [np.minimum(f, n - f * np.arange(m)).astype(np.float32) for f, n, m in zip(factors, labels.shape, shape)]
    share = inside.astype(np.float32)
    share /= sides[0][:, None, None] * sides[1][:, None] * sides[2]
    return share


def highest_of_blocks(labels, factors):
    """The highest label of each block, uint8, blocks as in `share_of_blocks`."""
    labels, factors, shape = as_blocks(labels, factors)
    out = np.zeros(shape, np.uint8)
    if out.size:
        share_rows(_highest, len(out), 0.3 * labels.size, labels, *factors, out)
    return out


def as_blocks(labels, factors):
    """Labels as contiguous uint8, factors as ints, and how many blocks there are."""
    labels = np.ascontiguousarray(labels).view()
    labels.flags.writeable = False  # as those of a record are; of writable ones the kernels would be compiled once more
    factors = tuple(int(f) for f in factors)
    if labels.ndim != 3 or labels.dtype != np.uint8 or len(factors) != 3 or min(factors) < 1:
        raise ValueError(f"blocks of {factors} voxels are made of uint8 labels (z, y, x), not {labels.ndim}-d {labels.dtype}")
    return labels, factors, tuple(-(-n // f) for n, f in zip(labels.shape, factors))


@njit(cache=True, nogil=True)
def _count(start, stop, labels, fz, fy, fx, lowest, highest, inside):
    for block_z in range(start, stop):
        columns = np.empty(labels.shape[2], np.int32)
        for block_y in range(inside.shape[1]):
            # whole rows are added up first, and only their sums block by block: that runs eight voxels at a time
            columns[:] = 0
            for z in range(block_z * fz, min(block_z * fz + fz, labels.shape[0])):
                for y in range(block_y * fy, min(block_y * fy + fy, labels.shape[1])):
                    row = labels[z, y]
                    for x in range(row.size):
                        columns[x] += np.int32((row[x] >= lowest) & (row[x] <= highest))
            counts = inside[block_z, block_y]
            for block in range(counts.size):
                count = np.int32(0)
                for x in range(block * fx, min(block * fx + fx, columns.size)):
                    count += columns[x]
                counts[block] = count


@njit(cache=True, nogil=True)
def _highest(start, stop, labels, fz, fy, fx, out):
    for block_z in range(start, stop):
        columns = np.empty(labels.shape[2], np.uint8)
        for block_y in range(out.shape[1]):
            columns[:] = 0
            for z in range(block_z * fz, min(block_z * fz + fz, labels.shape[0])):
                for y in range(block_y * fy, min(block_y * fy + fy, labels.shape[1])):
                    row = labels[z, y]
                    for x in range(row.size):
                        columns[x] = max(columns[x], row[x])
            best = out[block_z, block_y]
            for block in range(best.size):
                label = np.uint8(0)
                for x in range(block * fx, min(block * fx + fx, columns.size)):
                    label = max(label, columns[x])
                best[block] = label
