"""A lesion's shape in, its sizes out, from geometry alone: longest diameter, short axis, volume, centre, contacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distance import distances_to_union
from .fields import Fields
from .solids import Solids

STEPS_ACROSS = 44
FINEST_MM = 0.25
TOUCH_MM = 1.5
"""A lesion that comes so near to a structure touches it: less than a CT can tell."""


@dataclass(frozen=True)
class Size:
    """Longest diameter in any direction; short axis: the largest extent across the longest one in the axial slice that has the
    longest axial diameter (RECIST); volume; centre of gravity (x, y, z) in the frame."""

    longest_mm: float
    axial_mm: float
    short_axis_mm: float
    volume_ml: float
    centre_mm: tuple[float, float, float]


def shape_distance(points: np.ndarray, shape: Solids, without: Solids | None, fields: Fields) -> np.ndarray:
    """Signed distance (n) of points (n, 3) to the union of `shape` less `without`."""
    points = np.ascontiguousarray(points, np.float64)
    distance = union_distance(points, shape, fields)
    if without is not None and len(without):
        low, high = points.min(axis=0), points.max(axis=0)
        near = np.all((without.low <= high) & (without.high >= low), axis=1)
        if near.any():
            distance = np.maximum(distance, -union_distance(points, without.keep(near), fields))
    return distance


def union_distance(points: np.ndarray, shape: Solids, fields: Fields) -> np.ndarray:
    """Signed distance (n) of points (n, 3) to the union of solids."""
    return distances_to_union(np.ascontiguousarray(points, np.float64), shape.rows, shape.bumps, fields)


def measure_shape(shape: Solids, without: Solids | None, fields: Fields, steps: int = STEPS_ACROSS) -> Size | None:
    """The sizes of a shape, or None where nothing of it is left."""
    from skimage.measure import marching_cubes

    low, high = shape.low.min(axis=0) - 2, shape.high.max(axis=0) + 2
    step = max(float((high - low).max()) / steps, FINEST_MM)
    counts = np.ceil((high - low) / step).astype(int) + 1
    index = np.moveaxis(np.indices(counts), 0, -1).reshape(-1, 3)
    distance = shape_distance(low + index * step, shape, without, fields).reshape(counts)
    if distance.min() >= -0.1:
        return None
    vertices = marching_cubes(distance, 0.0)[0] * step + low
    share = np.clip(0.5 - distance / step, 0, 1)
    centre = (low + index * step).T @ share.ravel() / share.sum()
    axial, short = axial_diameters(vertices, step)
    return Size(longest(vertices), axial, short, float(share.sum() * step**3 / 1000), tuple(float(c) for c in centre))


def longest(points: np.ndarray) -> float:
    """The largest distance between two of the points (n, 2) or (n, 3)."""
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist

    if len(points) < 2:
        return 0.0
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:  # all in one line or plane: every point may be an end
        pass
    return float(pdist(points).max())


def axial_diameters(vertices: np.ndarray, step: float) -> tuple[float, float]:
    """Longest axial diameter over slices, and the extent across it in the same slice."""
    from scipy.spatial.distance import pdist, squareform

    best = (0.0, 0.0)
    slices = np.round(vertices[:, 2] / step).astype(int)
    for level in np.unique(slices):
        ring = hull_points(vertices[slices == level, :2])
        if len(ring) < 3:
            continue
        apart = squareform(pdist(ring))
        first, second = np.unravel_index(apart.argmax(), apart.shape)
        if apart[first, second] > best[0]:
            along = (ring[second] - ring[first]) / apart[first, second]
            across = ring @ np.array([-along[1], along[0]])
            best = (float(apart[first, second]), float(np.ptp(across)))
    return best


def hull_points(points: np.ndarray) -> np.ndarray:
    """Corners of the convex hull (n, 2), or the points themselves where there is none."""
    from scipy.spatial import ConvexHull, QhullError

    if len(points) < 4:
        return points
    try:
        return points[ConvexHull(points).vertices]
    except QhullError:
        return points


def surface_points(shape: Solids, without: Solids | None, fields: Fields, steps: int = 28) -> np.ndarray:
    """Points (n, 3) on the surface of a shape."""
    from skimage.measure import marching_cubes

    low, high = shape.low.min(axis=0) - 2, shape.high.max(axis=0) + 2
    step = max(float((high - low).max()) / steps, FINEST_MM)
    counts = np.ceil((high - low) / step).astype(int) + 1
    index = np.moveaxis(np.indices(counts), 0, -1).reshape(-1, 3)
    distance = shape_distance(low + index * step, shape, without, fields).reshape(counts)
    if distance.min() >= -0.1:
        return np.zeros((0, 3))
    return marching_cubes(distance, 0.0)[0] * step + low
