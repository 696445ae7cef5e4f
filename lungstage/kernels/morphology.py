"""A mask and a radius in millimetres in, the mask grown, shrunk, closed or opened by a ball out.

A ball is a threshold on the squared distance: exact on anisotropic grids, and its cost hardly grows with the radius
(a footprint lost to it at 3, 5 and 10 mm). Nothing is known beyond the ends of the volume: growing gets nothing from
there and shrinking loses nothing to it, so a lung cut by the end of the scan keeps its cut face. Closing and opening take
the volume to go on beyond its ends as it ends.
"""

from __future__ import annotations

import numpy as np

from .distance import as_mask, squared_distance_mm2


def grow_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x), 1 within `radius_mm` of the mask: dilation by a ball. mask uint8 or bool, spacing (z, y, x)."""
    if radius_mm <= 0:
        return (as_mask(mask) != 0).astype(np.uint8)
    return _within(mask, spacing_mm, radius_mm).view(np.uint8)


def shrink_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x), 1 farther than `radius_mm` from everything outside the mask: erosion by a ball."""
    outside = as_mask(mask) == 0
    return (~(outside if radius_mm <= 0 else _within(outside, spacing_mm, radius_mm))).view(np.uint8)


def close_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x): gaps and bays that a ball of `radius_mm` cannot enter are filled."""
    padded, inner = _continued(mask, spacing_mm, radius_mm)
    return shrink_mm(grow_mm(padded, spacing_mm, radius_mm), spacing_mm, radius_mm)[inner]


def open_mm(mask, spacing_mm, radius_mm):
    """uint8 (z, y, x): what a ball of `radius_mm` fits into without leaving the mask."""
    padded, inner = _continued(mask, spacing_mm, radius_mm)
    return grow_mm(shrink_mm(padded, spacing_mm, radius_mm), spacing_mm, radius_mm)[inner]


def _continued(mask, spacing_mm, radius_mm):
    """The mask with its end layers repeated one radius beyond the ends, and where the mask itself lies in that."""
    mask = as_mask(mask)
    reach = [int(np.ceil(max(radius_mm, 0) / s)) for s in spacing_mm]
    padded = np.pad(mask, [(r, r) for r in reach], mode="edge") if mask.size else mask
    return padded, tuple(slice(r, r + n) for r, n in zip(reach, mask.shape))


def _within(mask, spacing_mm, radius_mm):
    # A little past the radius, so that float32 rounding does not decide about voxels that lie exactly on it.
    return squared_distance_mm2(mask, spacing_mm, 1.01 * radius_mm) <= np.float32((1 + 1e-5) * radius_mm**2)
