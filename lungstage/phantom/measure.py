"""A lesion's shape in, its sizes out, from geometry alone: longest diameter, short axis, volume, centre, contacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

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
    short_axis_mm: float
    volume_ml: float
    centre_mm: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class SampledShape:
    """Signed distance (x, y, z) at points (n, 3) of a box around a shape, every step_mm from its corner."""

    points: np.ndarray
    distance: np.ndarray
    step_mm: float

    def surface(self) -> np.ndarray:
        """Points (n, 3) on the shape's surface."""
        from skimage.measure import marching_cubes

        return marching_cubes(self.distance, 0.0)[0] * self.step_mm + self.points[0]


def sample_shape(shape: Solids, without: Solids | None, fields: Fields, steps: int) -> SampledShape | None:
    """A shape in about that many steps along its longest side, or None where nothing of it is left."""
    low, high = shape.low.min(axis=0) - 2, shape.high.max(axis=0) + 2
    step = max(float((high - low).max()) / steps, FINEST_MM)
    counts = np.ceil((high - low) / step).astype(int) + 1
    points = low + np.moveaxis(np.indices(counts), 0, -1).reshape(-1, 3) * step
    distance = shape_distance(points, shape, without, fields).reshape(counts)
    return None if distance.min() >= -0.1 else SampledShape(points, distance, step)


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
    samples = sample_shape(shape, without, fields, steps)
    if samples is None:
        return None
    surface, step = samples.surface(), samples.step_mm
    share = np.clip(0.5 - samples.distance / step, 0, 1)
    centre = samples.points.T @ share.ravel() / share.sum()
    volume_ml = float(share.sum() * step**3 / 1000)
    return Size(longest(surface), short_axis(surface, step), volume_ml, tuple(float(c) for c in centre))


def longest(points: np.ndarray) -> float:
    """The largest distance between two of the points (n, 2) or (n, 3)."""
    from scipy.spatial import ConvexHull, QhullError

    if len(points) < 2:
        return 0.0
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:  # all in one line or plane: every point may be an end
        pass
    return _widest(np.ascontiguousarray(points, np.float64)) ** 0.5


@njit(cache=True)
def _widest(points):
    """The largest squared distance between two of the points: a hull has thousands, and no list of their distances is kept."""
    widest = 0.0
    for n in range(points.shape[0]):
        for m in range(n):
            apart = 0.0
            for axis in range(points.shape[1]):
                apart += (points[n, axis] - points[m, axis]) ** 2
            widest = max(widest, apart)
    return widest


def short_axis(vertices: np.ndarray, step: float) -> float:
    """Extent across the longest axial diameter over slices, in the same slice."""
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
    return best[1]


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
    samples = sample_shape(shape, without, fields, steps)
    return np.zeros((0, 3)) if samples is None else samples.surface()
