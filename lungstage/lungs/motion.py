"""A CT and its lungs in, two measures of what moved while it was taken out: the heart's border, and domes met twice.

A turn of the tube takes about as long as half a heartbeat, so the heart's border is drawn between two places, while the chest
wall's stands still and is as wide as the scanner blurs it. And where breath moves the diaphragm while the table moves, or from
one turn to the next, a dome is met twice: lung, tissue, and lung again above it.
"""

from __future__ import annotations

import numpy as np

from ..records import Study
from .coarse import Coarse
from .parameters import LungParameters

SLICE_MM = 8.0  # borders are looked at in slices so far apart
HEART = (0.15, 0.6)  # of the way from the lungs' lowest slice to their highest lies the heart
FRONT = (1 / 8, 1 / 2)  # of the way from a lung's front to its back lies the heart; farther in front a border is oblique
LEAST_PLACES = 50  # fewer have no median worth telling
ENDS = (0.2, 0.8)  # of the way in HU from lung to tissue a border begins and ends
FACING = 0.8  # cosine: a border more oblique to the row is left out
TISSUE_HU = (-60.0, 150.0)  # beside the lung: not fat alone, which hides where the heart begins, nor bone
LUNG_HU = -650.0  # and the parenchyma on the other side


def heart_motion_mm(study: Study, right: np.ndarray, left: np.ndarray, numbers: LungParameters) -> float | None:
    """How far the heart's left border moves during the scan, mm; None where too little of it is seen.

    right, left   uint8 (z, y, x) on the CT's grid

    That is how much wider the border is drawn than those of the chest wall in the same slices: medians of both, one taken from
    the other in squares, as blurs add up.
    """
    used = np.flatnonzero(left.any(axis=(1, 2)))
    if not used.size:
        return None
    low, high = (int(used[0] + share * (used[-1] - used[0])) for share in HEART)
    step = max(1, round(SLICE_MM / study.ct.grid.spacing_mm[0]))
    heart, wall = [np.zeros(0)], [np.zeros(0)]
    for k in range(max(low, 1), min(high, len(left) - 1), step):
        heart.append(border_widths_mm(study, left[k], k, "first", numbers))
        wall += [border_widths_mm(study, left[k], k, "last", numbers), border_widths_mm(study, right[k], k, "first", numbers)]
    heart, wall = np.concatenate(heart), np.concatenate(wall)
    if min(heart.size, wall.size) < LEAST_PLACES:
        return None
    return float(np.sqrt(max(0.0, np.median(heart) ** 2 - np.median(wall) ** 2)))


def border_widths_mm(study: Study, lung: np.ndarray, k: int, which: str, numbers: LungParameters) -> np.ndarray:
    """Widths of a lung's borders in slice k where its front rows first enter or last leave it; lung: uint8 (y, x)."""
    step_z, step_y, step_x = study.ct.grid.spacing_mm
    y = np.flatnonzero(lung.any(axis=1))
    y = y[int(FRONT[0] * y.size) : int(FRONT[1] * y.size)]
    x = lung[y].argmax(axis=1) if which == "first" else lung.shape[1] - 1 - lung[y][:, ::-1].argmax(axis=1)
    reach = max(1, round(numbers.anatomy.beat_mm / step_x))
    inside = (x >= reach) & (x < lung.shape[1] - reach) & (y > 0) & (y < lung.shape[0] - 1)
    y, x = y[inside], x[inside]
    if not y.size:
        return np.zeros(0)

    def hu(dz: int, dy: int, dx: int) -> np.ndarray:
        return study.ct.values[k + dz, y + dy, x + dx].astype(np.float32)

    places = x[:, None] + np.arange(-reach, reach + 1)
    profile = study.ct.values[k][y[:, None], places].astype(np.float32)
    if which == "first":
        profile = profile[:, ::-1]  # from lung to tissue
    light, dense = profile[:, :1], profile[:, -1:]
    slopes = [(hu(*d) - hu(*(-np.array(d)))) / (2 * side) for d, side in zip(np.eye(3, dtype=int), (step_z, step_y, step_x))]
    cosine = np.abs(slopes[2]) / np.maximum(np.sqrt(sum(slope**2 for slope in slopes)), 1.0)
    fits = (dense > TISSUE_HU[0]) & (dense < TISSUE_HU[1]) & (light < LUNG_HU) & (cosine > FACING)[:, None]
    share = (profile - light) / np.maximum(dense - light, 1.0)
    width_mm = (crossing(share, ENDS[1]) - crossing(share, ENDS[0])) * step_x * cosine
    return width_mm[fits[:, 0]]


def crossing(share: np.ndarray, level: float) -> np.ndarray:
    """float (n): where along its profile (n, places) each first rises through the level, between two places."""
    after = np.maximum((share >= level).argmax(axis=1), 1)
    low, high = (np.take_along_axis(share, (after - d)[:, None], axis=1)[:, 0] for d in (1, 0))
    return after - 1 + np.clip((level - low) / np.maximum(high - low, 1e-6), 0, 1)


def doubled_share(coarse: Coarse, sides: np.ndarray, numbers: LungParameters) -> float:
    """Share of the lungs' base, seen from below, above which within the way of a breath there is tissue and then lung again.

    sides   uint8 labels on the blocks, RIGHT or LEFT, of the lungs with their vessels
    """
    lung = sides != 0
    slices = np.flatnonzero(lung.any(axis=(1, 2)))
    if not slices.size:
        return 0.0
    base = np.where(lung.any(axis=0), lung.argmax(axis=0), len(lung))
    # What begins in the upper half is hilum and top; what begins in the first slice is cut by the scan.
    y, x = np.nonzero((base > 0) & (base < slices.mean()))
    if not y.size:
        return 0.0
    above = base[y, x] + np.arange(round(numbers.anatomy.breath_mm / coarse.spacing_mm[0]) + 1)[:, None]
    column = lung[np.minimum(above, len(lung) - 1), y, x]
    ended = np.logical_or.accumulate(~column, axis=0)
    return float((ended & column).any(axis=0).mean())
