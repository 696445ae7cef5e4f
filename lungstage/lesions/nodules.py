"""Search in, spots in the lungs out: nodules among air and vessels, and dense parts of the hull that no vessel explains."""

from __future__ import annotations

import numpy as np

from .parameters import SearchParameters
from .parts import parts_at_necks
from .search import Search
from .spots import RADIUS_OF_SCALE, Spot, apart, bright_spots

BACKGROUND_MM = 6.0
AIR_HU = -850.0
DOT = 2.0


def find_nodules(search: Search, numbers: SearchParameters) -> list[Spot]:
    """Dense masses first; then nodules that do not lie in one."""
    low, high = hull_box(search.hull)
    if low is None:
        return []
    box = tuple(slice(a, b) for a, b in zip(low, high))
    hull = search.hull[box] > 0
    masses, taken = find_masses(search, box, low, hull, numbers)
    values = lung_alone(search.hu[box], hull, search.grid.spacing_mm)
    peaks, response, scale = bright_spots(
        values, hull & ~search.airway[box], search.grid.spacing_mm, numbers.nodule_scales_mm, numbers.nodule_response_hu, DOT
    )
    free = ~taken[tuple(peaks.T)] if len(peaks) else np.zeros(0, bool)
    points = search.points_mm(peaks + low)
    nodules = [Spot(points[i], float(RADIUS_OF_SCALE * scale[i]), float(response[i]), "nodule") for i in np.flatnonzero(free)]
    return masses + apart(nodules)


def hull_box(hull: np.ndarray):
    """First and last index of the hull with a margin, or (None, None) without one."""
    index = np.argwhere(hull)
    if not len(index):
        return None, None
    return np.maximum(index.min(axis=0) - 3, 0), np.minimum(index.max(axis=0) + 4, hull.shape)


def lung_alone(hu: np.ndarray, hull: np.ndarray, spacing_mm) -> np.ndarray:
    """float32: HU inside the hull, outside of it the smoothed HU of the hull nearby, so that its wall is no edge."""
    from ..kernels.gaussian import smooth_gaussian

    weight = hull.astype(np.float32)
    inside = np.minimum(hu, 100.0).astype(np.float32)
    total = smooth_gaussian(inside * weight, spacing_mm, BACKGROUND_MM)
    share = smooth_gaussian(weight, spacing_mm, BACKGROUND_MM)
    near = np.where(share > 0.02, total / np.maximum(share, 0.02), AIR_HU).astype(np.float32)
    return np.where(hull, inside, near)


def find_masses(search: Search, box, low, hull, numbers: SearchParameters) -> tuple[list[Spot], np.ndarray]:
    """Dense parts of the hull thicker than a vessel, and the mask of them (with a margin, against nodules in them)."""
    from scipy.ndimage import find_objects

    from ..kernels.components import label_components
    from ..kernels.morphology import grow_mm, open_mm

    spacing = search.grid.spacing_mm
    dense = hull & (search.hu[box] > numbers.dense_hu) & ~search.airway[box] & ~search.bone[box]
    labels, _ = label_components(open_mm(dense, spacing, numbers.vessel_radius_mm))
    least = numbers.mass_ml / search.grid.voxel_ml
    masses, inside = [], np.zeros(hull.shape, bool)
    for label, place in enumerate(find_objects(labels), start=1):
        parts, count = parts_at_necks(labels[place] == label, spacing, numbers.neck_ratio)
        first = np.array([axis.start for axis in place])
        kept = [part for part in range(1, count + 1) if (parts == part).sum() >= least]
        for part in kept:
            blocks, others = (np.argwhere(mask) + first for mask in (parts == part, (parts > 0) & (parts != part)))
            radius = float((3 * len(blocks) * search.grid.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
            centre = search.points_mm(blocks.mean(axis=0) + low)
            score = float(
                np.log(len(blocks)) + numbers.mass_ball * ball_share(blocks * np.asarray(spacing), radius, min(spacing))
            )
            masses.append(Spot(centre, radius, score, "mass", blocks + low, beside=others + low))
        inside[place] |= np.isin(parts, kept)
    return masses, grow_mm(inside, spacing, 3.0) > 0


def ball_share(points_mm: np.ndarray, radius_mm: float, step_mm: float) -> float:
    """How much of a ball blocks (n, 3) make: the radius of the ball of their volume over the half length of the ellipsoid that
    is spread as they are; 1 for a ball."""
    spread = np.cov(points_mm, rowvar=False, bias=True) + np.eye(3) * step_mm**2 / 12  # that of a block in itself
    return float(min(1.0, radius_mm / np.sqrt(5.0 * np.linalg.eigvalsh(spread)[-1])))
