"""Coarse in, the skull out: slices where one ring of bone holds most of the body, and the jaw below them."""

from __future__ import annotations

import numpy as np

from ..kernels.components import find_pieces
from ..kernels.slices import fill_slices
from .coarse import Coarse
from .parameters import SkeletonParameters
from .pieces import chosen, count_by_slice

SKULL_SHARE = 0.5  # of the body; a closed ring of bone holds more of it in a head, less elsewhere


def find_skull(coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Bone of the skull and the jaw, bool; empty where no slice cuts a skull.

    No other bone is a ring round most of the body in an axial slice: ribs and pelvis close it nowhere.
    """
    skull = np.zeros(coarse.body.shape, bool)
    rings = skull_slices(coarse, numbers)
    if not rings.size:
        return skull
    lowest, highest = rings[0], rings[-1]
    skull[lowest : highest + 1] = coarse.bone[lowest : highest + 1]
    skull[highest + 1 :] = coarse.bone[highest + 1 :]  # the cap, where the ring has closed over
    jaw = max(0, lowest - int(numbers.anatomy.jaw_below_skull_mm / coarse.spacing_mm[0]))
    skull[jaw:lowest] = pieces_touching(coarse.bone[jaw : lowest + 1], coarse.bone[lowest])[:-1]
    return skull


def skull_slices(coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Indices of the slices whose closed ring of bone holds `SKULL_SHARE` of the body."""
    # thin bone between wide blocks is seen in the blocks' peaks; noise is not connected to it
    dense = coarse.body & (coarse.peak > coarse.soft_hu + 1.5 * numbers.bone_above_soft_hu)
    areas = count_by_slice(coarse.body)
    dense &= (count_by_slice(dense) >= np.maximum(0.02 * areas, 1))[:, None, None]
    pieces = find_pieces(dense, flat=True)
    largest = np.zeros(len(pieces.sizes), bool)
    # of each slice the first of its largest pieces
    order = np.lexsort((np.arange(len(largest)), -pieces.sizes, pieces.low[:, 0]))
    order = order[order > 0]
    largest[order[np.unique(pieces.low[order, 0], return_index=True)[1]]] = True
    least = np.maximum(SKULL_SHARE * areas, 1)
    # a ring holds no more than its box
    around = (pieces.high - pieces.low)[:, 1:].prod(1)
    largest &= around >= least[pieces.low[:, 0]]
    slices = pieces.low[largest, 0]
    rings = chosen(pieces, largest)[slices]
    held = count_by_slice(fill_slices(rings))
    return np.sort(slices[(held >= least[slices]) & (held > 1.5 * count_by_slice(rings))])


def pieces_touching(mask: np.ndarray, top: np.ndarray) -> np.ndarray:
    """The pieces of a mask that reach its last slice within `top`."""
    pieces = find_pieces(mask)
    kept = np.zeros(len(pieces.sizes), bool)
    kept[pieces.labels[-1][top]] = True
    return chosen(pieces, kept)
