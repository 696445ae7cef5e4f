"""Tissue in, its bodies out: what is left of a lesion when everything thinner than a part of it is cut off.

Vessels that enter a nodule and strands that tie it to the pleura have its density; only their width tells them apart.
Opening by a share of the lesion's own radius cuts them (Kuhnigk and others 2006, IEEE Trans Med Imaging 25:417).
"""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..kernels.components import label_components
from ..kernels.distance import squared_distance_mm2

VESSEL_MM = 1.5  # radius that peripheral vessels seldom exceed: cut in every reading
REACH_MM = 6.0  # beyond a body more distance does not make tissue less a part of it


def bodies(tissue: np.ndarray, box: Grid, core: np.ndarray, near: np.ndarray, shares, most_mm: float) -> np.ndarray:
    """Distances from the body left at each share of the radius.

    tissue   bool or uint8 (z, y, x): dense enough
    core     uint8: surely lesion
    near     bool: where the lesion's thickest part may lie
    shares   of the radius of the largest ball inside the tissue near the core, one a body
    most_mm  never cut more than this radius, not even at the largest share
    returns  float32 (shares, z, y, x) mm: distance from the body, up to REACH_MM
    """
    step = box.spacing_mm[0]
    limit = max(4 * step, 1.01 * max_radius_mm(near, box))
    depth = np.sqrt(squared_distance_mm2(np.asarray(tissue) == 0, box.spacing_mm, limit))
    inner = np.where(near, depth, 0)
    radius = float(max(step, inner.max()))
    away = np.empty((len(shares), *box.shape), np.float32)
    for k, share in enumerate(shares):
        cut = max(share * min(radius, most_mm / max(shares)), min(VESSEL_MM, 0.7 * radius), 0.75 * step)
        seed = seed_piece(depth > cut, core, inner)
        away[k] = np.maximum(0.0, np.sqrt(squared_distance_mm2(seed, box.spacing_mm, cut + REACH_MM)) - cut)
    return away


def max_radius_mm(near: np.ndarray, box: Grid) -> float:
    """Half the longest side of the bounding box of `near`: no ball inside is larger."""
    index = np.argwhere(near)
    return 0.5 * float((np.ptp(index, axis=0) + 1).max() * box.spacing_mm[0]) if len(index) else 0.0


def seed_piece(eroded: np.ndarray, core: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """uint8: the pieces that the core touches; if it touches none, the one with the thickest part near it, else the core."""
    labels, sizes = label_components(eroded, corners=True)
    hit = np.zeros(sizes.size, bool)
    hit[labels[core != 0]] = True
    hit[0] = False
    if not hit.any():
        thickest = labels.ravel()[np.argmax(inner)]
        if thickest == 0:
            return core
        hit[thickest] = True
    return hit[labels].view(np.uint8)
