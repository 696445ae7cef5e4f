"""Masks on blocks in, their connected pieces, and what lies beside them, out."""

from __future__ import annotations

import numpy as np

from ..kernels.components import Pieces, choose_pieces, find_pieces, largest_component


def keep_pieces_above(mask: np.ndarray, least_ml: float, voxel_ml: float, flat: bool = False) -> np.ndarray:
    """The mask without its pieces (corners touch) below a volume; flat: every slice for itself."""
    pieces = find_pieces(mask, corners=True, flat=flat)
    return chosen(pieces, pieces.sizes * voxel_ml >= least_ml)


def chosen(pieces: Pieces, kept: np.ndarray) -> np.ndarray:
    """The pieces that are kept, bool (pieces + 1); entry 0, the outside, is never."""
    value = np.array(kept, np.uint8)
    value[0] = 0
    return choose_pieces(pieces.labels, value).view(bool)


def box_of(mask: np.ndarray, beside: tuple[int, int, int] = (0, 0, 0)) -> tuple[slice, slice, slice] | None:
    """The smallest box that holds a mask, and so many voxels (z, y, x) on both sides of it within the volume; None of an empty
    mask."""
    ends = []
    for axis, margin in enumerate(beside):
        held = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not held.size:
            return None
        ends.append(slice(max(0, int(held[0]) - margin), int(held[-1]) + 1 + margin))
    return tuple(ends)


def places_in(mask: np.ndarray) -> np.ndarray:
    """int (n, 3): z, y, x of each block of a mask, as `np.argwhere`, which takes ten times as long."""
    return np.stack(np.unravel_index(np.flatnonzero(mask), mask.shape), axis=1)


def count_by_slice(mask: np.ndarray) -> np.ndarray:
    """int (z): blocks of a mask in each slice, as `mask.sum((1, 2))`, which takes ten times as long."""
    return np.array([np.count_nonzero(plane) for plane in mask], int)


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of a mask (faces touch); empty stays empty."""
    return largest_component(mask).view(bool)


def small_pieces_touching(mask: np.ndarray, others: np.ndarray, up_to_ml: float, voxel_ml: float) -> np.ndarray:
    """The pieces (corners touch) of a mask up to a volume that touch other pieces."""
    pieces = find_pieces(mask, corners=True)
    touched = np.zeros(len(pieces.sizes), bool)
    touched[pieces.labels[highest_beside(others)]] = True
    return chosen(pieces, touched & (pieces.sizes * voxel_ml <= up_to_ml))


def highest_beside(values: np.ndarray, axes: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """The highest of each block and its neighbours along the axes, corners too; a mask grown by one block."""
    for axis in axes:
        before, after = sides(axis)
        out = values.copy()
        np.maximum(out[after], values[before], out=out[after])
        np.maximum(out[before], values[after], out=out[before])
        values = out
    return values


def grown(mask: np.ndarray, steps: int) -> np.ndarray:
    """The mask with what touches it by a face, so many times."""
    # rows end to end, with so much nothing between them that none grows into the next: long rows are joined faster
    padded = np.pad(mask, ((0, 0), (0, steps), (0, steps)))
    row = padded.shape[2]
    flat = padded.reshape(-1)
    for _ in range(steps):
        out = flat.copy()
        for off in (1, row, row * padded.shape[1]):
            out[off:] |= flat[:-off]
            out[:-off] |= flat[off:]
        flat = out
    return np.ascontiguousarray(flat.reshape(padded.shape)[:, : mask.shape[1], : mask.shape[2]])


def shrunk(mask: np.ndarray, steps: int) -> np.ndarray:
    """The mask without what touches its outside by a face, so many times; beyond the ends of the volume is outside."""
    outside = np.pad(~mask, steps, constant_values=True)
    inner = tuple(slice(steps, n - steps) for n in outside.shape)
    return ~grown(outside, steps)[inner]


def sides(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of all but the last, and of all but the first, along an axis."""
    rest = (slice(None),) * axis
    return (*rest, slice(None, -1)), (*rest, slice(1, None))
