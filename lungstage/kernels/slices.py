"""A mask in, each of its slices spanned by its convex outline, or with its holes filled, out."""

from __future__ import annotations

import numpy as np
from numba import njit

from .components import fill_holes
from .distance import as_mask


def span_slices(mask, of="pixels"):
    """The convex hull of every slice: the pixels whose centre lies inside of the outline or on it.

    mask      uint8 or bool (z, y, x)
    of        "centres": the outline runs round the centres of the mask's pixels; "pixels": round the middles of their edges
    returns   bool (z, y, x); an empty slice stays empty
    cost      one pass over the mask and one over the result; exact, in whole numbers
    source    Andrew 1979, Inf Process Lett 9:216 (monotone chain), on the first and last pixel of each row
    """
    mask = as_mask(mask)
    if of not in ("centres", "pixels"):
        raise ValueError(f"an outline is one of centres or pixels, not of {of!r}")
    out = np.zeros(mask.shape, np.uint8)
    if out.size:
        _span(mask, int(of == "pixels"), out)
    return out.view(np.bool_)


def fill_slices(mask):
    """The mask and the holes of its slices: what has no way to the border of its slice over faces.

    mask      uint8 or bool (z, y, x)
    returns   bool (z, y, x)
    cost      two looks at the mask and one write of the result
    """
    return fill_holes(mask, (False, True, True), flat=True).view(np.bool_)


@njit(cache=True, nogil=True)
def _span(mask, edge, out):
    """In half pixels: row y and column x have their centres at 2 y + 1 and 2 x + 1, and edges beside them."""
    rows, columns = mask.shape[1], mask.shape[2]
    nothing = 4 * columns
    first, last = np.empty(2 * rows + 1, np.int64), np.empty(2 * rows + 1, np.int64)
    chain = np.empty(first.size, np.int64)
    for z in range(mask.shape[0]):
        first[:] = nothing
        last[:] = -nothing
        for y in range(rows):
            for x in range(columns):
                if mask[z, y, x]:
                    for row in range(2 * y + 1 - edge, 2 * y + 2 + edge):
                        wide = edge if row == 2 * y + 1 else 0
                        first[row] = min(first[row], 2 * x + 1 - wide)
                        last[row] = max(last[row], 2 * x + 1 + wide)
        # int64, or each literal would have a version compiled
        _bound(first, np.int64(1), nothing, chain)
        _bound(last, np.int64(-1), nothing, chain)
        for y in range(rows):
            low, high = first[2 * y + 1], last[2 * y + 1]
            if low <= high:
                out[z, y, low // 2 : (high - 1) // 2 + 1] = 1


@njit(cache=True, nogil=True)
def _bound(ends, side, nothing, chain):
    """Move the ends of the rows to the convex outline, rounded to half pixels towards its inside.

    ends (rows) int64, first (side 1) or last (side -1) half pixel of each row, side * nothing where a row is empty
    """
    length = 0
    for y in range(ends.size):
        if ends[y] == side * nothing:
            continue
        # a corner that does not stick out of the line from the one before it to this one is none
        while length > 1 and side * _turn(ends, chain[length - 2], chain[length - 1], y) <= 0:
            length -= 1
        chain[length] = y
        length += 1
    for k in range(length - 1):
        top, bottom = chain[k], chain[k + 1]
        for y in range(top + 1, bottom):
            across, down = side * (ends[bottom] - ends[top]) * (y - top), bottom - top
            ends[y] = ends[top] + side * (-((-across) // down))


@njit(cache=True, nogil=True)
def _turn(ends, a, b, c):
    return (ends[c] - ends[a]) * (b - a) - (ends[b] - ends[a]) * (c - a)
