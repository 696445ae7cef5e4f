"""Masks on blocks in, their connected pieces, and what lies beside them, out."""

from __future__ import annotations

import numpy as np

CORNERS = np.ones((3, 3, 3), bool)  # blocks that touch at a corner hang together
CORNERS_IN_SLICE = CORNERS & np.array([False, True, False])[:, None, None]
FACES_IN_SLICE = np.zeros((3, 3, 3), bool)
FACES_IN_SLICE[1, 1, :] = FACES_IN_SLICE[1, :, 1] = True


def keep_pieces_above(mask: np.ndarray, least_ml: float, voxel_ml: float, touching: np.ndarray = CORNERS) -> np.ndarray:
    """The mask without its pieces below a volume."""
    return keep_pieces(mask, touching, lambda pieces, sizes: sizes * voxel_ml >= least_ml)


def keep_pieces(mask: np.ndarray, touching: np.ndarray, choose) -> np.ndarray:
    """The pieces of a mask for which choose(pieces, sizes) is true, bool; index 0 of it is the outside and ignored.

    Only the box that holds the mask is looked at; `pieces` are the labels in that box.
    """
    from scipy import ndimage

    kept = np.zeros(mask.shape, bool)
    box = box_of(mask)
    if box is not None:
        pieces, count = ndimage.label(mask[box], touching)
        chosen = np.array(choose(pieces, np.bincount(pieces.ravel(), minlength=count + 1)))
        chosen[0] = False
        kept[box] = chosen[pieces]
    return kept


def box_of(mask: np.ndarray, margin: int = 0) -> tuple[slice, slice, slice] | None:
    """The smallest box that holds a mask, with a margin inside of the volume; None of an empty mask."""
    ends = []
    for axis in range(3):
        held = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not held.size:
            return None
        ends.append(slice(max(0, int(held[0]) - margin), int(held[-1]) + 1 + margin))
    return tuple(ends)


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of a mask (faces touch); empty stays empty."""
    from scipy import ndimage

    faces = ndimage.generate_binary_structure(3, 1)
    return keep_pieces(mask, faces, lambda pieces, sizes: np.arange(len(sizes)) == 1 + sizes[1:].argmax())


def small_pieces_touching(mask: np.ndarray, others: np.ndarray, up_to_ml: float, voxel_ml: float) -> np.ndarray:
    """The pieces of a mask up to a volume that touch other pieces."""
    box = box_of(mask)
    if box is None:
        return np.zeros(mask.shape, bool)
    beside = highest_beside(others)[box]

    def choose(pieces, sizes):
        small = sizes * voxel_ml <= up_to_ml
        touched = np.zeros(len(sizes), bool)
        touched[np.unique(pieces[beside])] = True
        return small & touched

    return keep_pieces(mask, CORNERS, choose)


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
    for _ in range(steps):
        out = mask.copy()
        for axis in range(3):
            before, after = sides(axis)
            out[after] |= mask[before]
            out[before] |= mask[after]
        mask = out
    return mask


def shrunk(mask: np.ndarray, steps: int) -> np.ndarray:
    """The mask without what touches its outside by a face, so many times; beyond the ends of the volume is outside."""
    outside = np.pad(~mask, steps, constant_values=True)
    inner = tuple(slice(steps, n - steps) for n in outside.shape)
    return ~grown(outside, steps)[inner]


def sides(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of all but the last, and of all but the first, along an axis."""
    rest = (slice(None),) * axis
    return (*rest, slice(None, -1)), (*rest, slice(1, None))
