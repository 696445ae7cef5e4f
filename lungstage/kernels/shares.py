"""Labels in, what they fill of each block of voxels out."""

from __future__ import annotations

import numpy as np
from numba import njit


def share_of_blocks(labels, factors, lowest, highest):
    """Share of each block whose labels lie in lowest ... highest; a part block at the far ends counts by what it holds.

    labels    uint8 (z, y, x)             factors   three ints >= 1, voxels of a block along z, y, x
    returns   float32 (ceil(z / fz), ceil(y / fy), ceil(x / fx)) in [0, 1]
    cost      one pass over the labels
    """
    labels, factors, shape = as_blocks(labels, factors)
    inside = np.zeros(shape, np.int32)
    if inside.size:
        _count(labels, factors[0], factors[1], factors[2], np.uint8(lowest), np.uint8(highest), inside)
    sides = [np.minimum(f, n - f * np.arange(m)) for f, n, m in zip(factors, labels.shape, shape)]
    held = sides[0][:, None, None] * sides[1][:, None] * sides[2]
    return (inside / held).astype(np.float32)


def highest_of_blocks(labels, factors):
    """The highest label of each block, uint8, blocks as in `share_of_blocks`."""
    labels, factors, shape = as_blocks(labels, factors)
    out = np.zeros(shape, np.uint8)
    if out.size:
        _highest(labels, factors[0], factors[1], factors[2], out)
    return out


def as_blocks(labels, factors):
    """Labels as contiguous uint8, factors as ints, and how many blocks there are."""
    labels = np.ascontiguousarray(labels)
    factors = tuple(int(f) for f in factors)
    if labels.ndim != 3 or labels.dtype != np.uint8 or len(factors) != 3 or min(factors) < 1:
        raise ValueError(f"blocks of {factors} voxels are made of uint8 labels (z, y, x), not {labels.ndim}-d {labels.dtype}")
    return labels, factors, tuple(-(-n // f) for n, f in zip(labels.shape, factors))


@njit(cache=True)
def _count(labels, fz, fy, fx, lowest, highest, inside):
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            row, counts = labels[z, y], inside[z // fz, y // fy]
            for block in range(counts.size):
                count = 0
                for x in range(block * fx, min(block * fx + fx, row.size)):
                    count += lowest <= row[x] <= highest
                counts[block] += count


@njit(cache=True)
def _highest(labels, fz, fy, fx, out):
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            row, best = labels[z, y], out[z // fz, y // fy]
            for x in range(row.size):
                best[x // fx] = max(best[x // fx], row[x])
