"""A mask in, its connected pieces out: labels in scan order with their sizes, the largest one, and holes filled.

The labels are scipy's: on the coarse grid, where pieces are looked for, 17 ms; a compiled union-find would take 3 ms and
a second of compilation.
"""

from __future__ import annotations

import numpy as np

from .distance import as_mask


def label_components(mask, corners=False):
    """The pieces of a mask.

    mask      uint8 or bool (z, y, x)
    corners   False: voxels that share a face hang together (6 neighbours); True: also edges and corners (26)
    returns   labels int32 (z, y, x), 0 outside, 1 … n in scan order; sizes int64 (n + 1), sizes[0] = voxels outside
    """
    from scipy.ndimage import generate_binary_structure, label

    labels, count = label(as_mask(mask), generate_binary_structure(3, 3 if corners else 1))
    return labels, np.bincount(labels.ravel(), minlength=count + 1)


def largest_component(mask, corners=False):
    """uint8: the largest piece (the first one of equals), empty if the mask is."""
    labels, sizes = label_components(mask, corners)
    if sizes.size == 1:
        return np.zeros(labels.shape, np.uint8)
    return (labels == 1 + np.argmax(sizes[1:])).view(np.uint8)


def touching_components(mask, seeds, corners=False):
    """uint8: the pieces of `mask` that hold a voxel of `seeds` (same shape)."""
    labels, sizes = label_components(mask, corners)
    hit = np.zeros(sizes.size, np.uint8)
    hit[labels[as_mask(seeds) != 0]] = 1
    hit[0] = 0
    return hit[labels]


def fill_holes(mask, open_ends=(True, True, True)):
    """uint8: the mask with every cavity filled that has no way (over faces) to an open end of the volume.

    open_ends   for z, y, x: whether a cavity that reaches the ends of this axis is open. Fill in three dimensions: slice
                by slice the heart between the lungs counts as a hole
    """
    outside = as_mask(mask) == 0
    labels, sizes = label_components(outside)
    is_open = np.zeros(sizes.size, bool)
    for axis, opened in enumerate(open_ends):
        if opened and labels.size:
            ends = np.take(labels, (0, -1), axis=axis)
            is_open[ends.ravel()] = True
    return (~(outside & is_open[labels])).view(np.uint8)
