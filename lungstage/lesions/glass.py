"""Search in, spots of ground glass out: round parts of the lung a little denser than the lung around, without its vessels.

A filter for nodules answers to edges; ground glass of two centimetres has hardly any, and vessels inside and around it are
brighter. So the vessels are taken away first, by an opening of the grey values, and what is left is held against the lung
nearby.
"""

from __future__ import annotations

import numpy as np

from .nodules import AIR_HU, hull_box
from .parameters import SearchParameters
from .search import Search
from .spots import Spot

SOLID_HU = -200.0
"""Denser than this is no ground glass; how dense does not matter."""
SMOOTH_MM = 2.0
LEAST_WEIGHT = 0.02


def find_glass(search: Search, masses: list[Spot], numbers: SearchParameters) -> list[Spot]:
    """Spots with their blocks, by what they hold: volume times excess. `masses` are left out."""
    from scipy.ndimage import find_objects

    from ..kernels.components import label_components
    from ..kernels.morphology import open_mm

    low, high = hull_box(search.hull)
    if low is None:
        return []
    box, spacing = tuple(slice(a, b) for a, b in zip(low, high)), search.grid.spacing_mm
    lung = (search.hull[box] > 0) & ~search.airway[box] & ~near_masses(masses, search, box)
    excess = excess_hu(search.hu[box], lung, spacing, numbers)
    part = open_mm(lung & (excess > numbers.glass_excess_hu), spacing, numbers.glass_radius_mm)
    labels, _ = label_components(part)
    spots = []
    for label, place in enumerate(find_objects(labels), start=1):
        own = labels[place] == label
        volume_ml = np.count_nonzero(own) * search.grid.voxel_ml
        median_hu = float(np.median(search.hu[box][place][own]))
        if volume_ml < numbers.glass_ml or own.mean() < numbers.glass_filled or median_hu > numbers.glass_hu:
            continue
        blocks = np.argwhere(own) + [axis.start for axis in place]
        if roundness(blocks * np.asarray(spacing)) >= numbers.glass_roundness:
            radius = float(np.cbrt(3.0 * volume_ml * 1000.0 / (4.0 * np.pi)))
            score = volume_ml * float(excess[place][own].mean())
            spots.append(Spot(search.points_mm(blocks.mean(axis=0) + low), radius, score, "glass", blocks + low))
    return spots


def near_masses(masses: list[Spot], search: Search, box) -> np.ndarray:
    """bool on the box: dense parts and what is blurred around them."""
    from ..kernels.morphology import grow_mm

    taken = np.zeros(search.hull.shape, np.uint8)
    for mass in masses:
        taken[tuple(mass.blocks.T)] = 1
    return grow_mm(taken[box], search.grid.spacing_mm, 3.0) > 0


def excess_hu(hu: np.ndarray, lung: np.ndarray, spacing_mm, numbers: SearchParameters) -> np.ndarray:
    """float32: density without what is thinner than a vessel, less that of the healthy lung around."""
    from scipy.ndimage import grey_opening

    from ..kernels.gaussian import smooth_gaussian

    capped = np.minimum(hu, SOLID_HU)
    # beyond the lung its own mean nearby, so that the wall is neither an edge nor taken for a vessel
    inside = np.where(lung, capped, mean_nearby(capped, lung, spacing_mm, numbers.glass_around_mm)).astype(np.float32)
    size = [2 * max(1, round(numbers.glass_vessel_mm / step)) + 1 for step in spacing_mm]
    bare = grey_opening(inside, size=size)
    healthy = lung & (bare < numbers.glass_healthy_hu)
    around = mean_nearby(bare, healthy, spacing_mm, numbers.glass_around_mm)
    return smooth_gaussian(bare, spacing_mm, SMOOTH_MM) - around


def mean_nearby(values: np.ndarray, where: np.ndarray, spacing_mm, sigma_mm: float) -> np.ndarray:
    """float32: Gaussian mean of the values at `where`; air of the lung where none is near."""
    from ..kernels.gaussian import smooth_gaussian

    weight = smooth_gaussian(where.astype(np.float32), spacing_mm, sigma_mm)
    total = smooth_gaussian(np.where(where, values, 0).astype(np.float32), spacing_mm, sigma_mm)
    return np.where(weight > LEAST_WEIGHT, total / np.maximum(weight, LEAST_WEIGHT), AIR_HU).astype(np.float32)


def roundness(points_mm: np.ndarray) -> float:
    """Least over greatest spread of points (n, 3): 1 a ball, 0 flat or long."""
    spread = np.linalg.eigvalsh(np.cov(points_mm.T))
    return float(np.sqrt(max(spread[0], 0.0) / max(spread[2], 1e-6)))
