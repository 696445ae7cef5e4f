"""Tables and a patient's build in, smooth surfaces out, as signed distances sampled on a coarse grid.

Trunk, thoracic cage, diaphragm, lungs, fissures and lobes are shapes that no ellipsoid is. Each is a field: mm to its surface,
negative inside, sampled every few millimetres and read between the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from ..records.names import LOBES
from .distance import signed_distance
from .solids import Solids

NAMES = (
    "skin", "wall", "cage", "below", "lung_right", "lung_left", "oblique_right", "horizontal_right", "oblique_left",
    "upper_right", *LOBES, "pleura", "lungs",
)  # fmt: skip
"""Fields in the order they are stored. below: what lies under the diaphragm; upper_right: upper and middle lobe; pleura: where
fissures are closed by pleura and seen; lungs: both."""
FIELD = {name: index for index, name in enumerate(NAMES)}

CRUS_REACH_MM, CRUS_RISE = 70.0, 0.6
"""How far from the spine the crura lift the back of the diaphragm, and how much of its fall is gone at the spine."""


class Fields(NamedTuple):  # not a dataclass: compiled loops take it whole
    """values float32 (f, z, y, x) in the order of NAMES; origin_mm (x, y, z) of sample (0, 0, 0) in the patient's frame."""

    values: np.ndarray
    origin_mm: np.ndarray
    step_mm: float

    def at(self, name: str, points) -> np.ndarray:
        """Signed distance (n) of points (n, 3), trilinear, continued beyond the ends."""
        from scipy.ndimage import map_coordinates

        index = (np.atleast_2d(points) - self.origin_mm) / self.step_mm
        return map_coordinates(self.values[FIELD[name]], index[:, ::-1].T, order=1, mode="nearest")


@dataclass(frozen=True)
class Samples:
    """Where fields are sampled: x (1, 1, nx), y (1, ny, 1), z (nz, 1, 1) in the frame, mm."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    step_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.z.size, self.y.size, self.x.size

    @property
    def origin_mm(self) -> np.ndarray:
        return np.array([self.x.flat[0], self.y.flat[0], self.z.flat[0]])


def sample_places(low_mm, high_mm, step_mm: float) -> Samples:
    """Samples every `step_mm` from corner to corner (x, y, z)."""
    x, y, z = (
        low + step_mm * np.arange(int(np.ceil((high - low) / step_mm)) + 1, dtype=np.float32)
        for low, high in zip(low_mm, high_mm, strict=True)
    )
    return Samples(x[None, None, :], y[None, :, None], z[:, None, None], float(step_mm))


def trunk_surface(samples: Samples, heights, half, front, back, roundness: float) -> np.ndarray:
    """Signed distance to a tube of superelliptic cross-sections given at `heights` (k), falling or rising.

    half, front, back   (k) half width and y of the front and back, mm
    roundness           exponent of the cross-section: 2 is an ellipse, more is boxier
    """
    from scipy.interpolate import PchipInterpolator

    order = np.argsort(heights)
    z = np.clip(samples.z.ravel(), heights[order[0]], heights[order[-1]])
    a, f, b = (
        PchipInterpolator(heights[order], values[order])(z)[:, None, None].astype(np.float32) for values in (half, front, back)
    )
    x, y = samples.x / a, (samples.y - (f + b) / 2) / ((b - f) / 2)
    size = (np.abs(x) ** roundness + np.abs(y) ** roundness) ** np.float32(1 / roundness)
    radial = np.sqrt(samples.x**2 + (samples.y - (f + b) / 2) ** 2)
    return radial * (1 - 1 / np.maximum(size, 1e-3))


def smooth_max(a, b, round_mm: float):
    """The intersection of two insides with an edge rounded over `round_mm`."""
    overlap = np.maximum(round_mm - np.abs(a - b), 0) / round_mm
    return np.maximum(a, b) + overlap * overlap * (round_mm / 4)


def smooth_min(a, b, round_mm: float):
    """The union of two insides with the crease filled over `round_mm`."""
    return -smooth_max(-a, -b, round_mm)


def stretched(values: np.ndarray, count: int, axis: int) -> np.ndarray:
    """The values read linearly at `count` even steps along an axis."""
    at = np.clip((np.arange(count) + 0.5) * values.shape[axis] / count - 0.5, 0, values.shape[axis] - 1)
    first = np.minimum(at.astype(int), values.shape[axis] - 2)
    share = (at - first).astype(np.float32).reshape([-1 if k == axis else 1 for k in range(values.ndim)])
    low, high = np.take(values, first, axis), np.take(values, first + 1, axis)
    return low + share * (high - low)


def slow_waves(samples: Samples, wave_mm: float, rng: np.random.Generator) -> np.ndarray:
    """float32 (z, y, x), mean 0, sd about 1: hills and dales some `wave_mm` across."""
    from scipy.ndimage import gaussian_filter

    coarse = [max(int(np.ceil(3 * n * samples.step_mm / wave_mm)), 4) for n in samples.shape]
    hills = gaussian_filter(rng.standard_normal(coarse).astype(np.float32), 1.2, truncate=3)
    hills /= max(float(hills.std()), 1e-6)
    for axis, count in enumerate(samples.shape):
        hills = stretched(hills, count, axis)
    return hills


def union_field(solids: Solids, samples: Samples, round_mm: float, cap_mm: float = 15.0) -> np.ndarray:
    """Signed distance to the smooth union of solids, at most `cap_mm`: float32 (z, y, x)."""
    field = np.full(samples.shape, cap_mm, np.float32)
    low = np.floor((solids.low - cap_mm - samples.origin_mm) / samples.step_mm).astype(np.int64)
    high = np.ceil((solids.high + cap_mm - samples.origin_mm) / samples.step_mm).astype(np.int64) + 1
    size = np.array(samples.shape[::-1])
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    nothing = Fields(np.zeros((1, 2, 2, 2), np.float32), samples.origin_mm.astype(np.float64), samples.step_mm)
    _unite(field, solids.rows, solids.bumps, low, high, nothing, round_mm)
    return field


@njit(cache=True)
def _unite(field, rows, bumps, low, high, nothing, round_mm):
    """`nothing`: where the samples of `field` lie, with no field in it that a solid could ask for."""
    origin, step = nothing.origin_mm, nothing.step_mm
    for n in range(rows.shape[0]):
        for k in range(low[n, 2], high[n, 2]):
            for j in range(low[n, 1], high[n, 1]):
                for i in range(low[n, 0], high[n, 0]):
                    x, y, z = origin[0] + step * i, origin[1] + step * j, origin[2] + step * k
                    distance = signed_distance(rows[n], bumps, nothing, x, y, z)[0]
                    old = field[k, j, i]
                    overlap = max(round_mm - abs(old - distance), 0.0) / round_mm
                    field[k, j, i] = min(old, distance) - overlap * overlap * round_mm / 4


def diaphragm_height(x, y, right_dome, left_dome, shape) -> np.ndarray:
    """Height z (mm) of the diaphragm over x and y.

    right_dome, left_dome   (x, y, z) of the tops
    shape                   (back, front, side, middle) fall in mm per mm2 away from the top
    """
    back, front, side, middle = shape

    # beside the spine it rises to the crura, so that the lung's lowest tip lies at the back of the side, not in the middle
    near = np.clip((CRUS_REACH_MM - np.abs(x)) / CRUS_REACH_MM, 0, 1)
    behind = back * (1 - CRUS_RISE * near)

    def half(dome, outward):
        dy, dx = y - dome[1], (x - dome[0]) * outward
        return dome[2] - np.where(dy > 0, behind, front) * dy**2 - np.where(dx > 0, side, middle) * dx**2

    share = 1 / (1 + np.exp(-x / 6.0))
    return half(right_dome, -1) * (1 - share) + half(left_dome, 1) * share


def sheet_distance(samples: Samples, outward: int, z0: float, a: float, b: float, c: float, d: float) -> np.ndarray:
    """mm above (+) or below (-) the sheet z = z0 + a x' + b y + c y2 + d x'2, x' = `outward` * x."""
    x, y = samples.x * outward, samples.y
    slope = np.sqrt(1 + (a + 2 * d * x) ** 2 + (b + 2 * c * y) ** 2)
    return (samples.z - (z0 + a * x + b * y + c * y**2 + d * x**2)) / slope


def lobe_fields(right, left, oblique_right, horizontal_right, oblique_left) -> dict[str, np.ndarray]:
    """The five lobes and `upper_right` from the lungs and their sheets."""
    upper_right = np.maximum(right, -oblique_right)
    return {
        "upper_right": upper_right,
        "right_upper_lobe": np.maximum(upper_right, -horizontal_right),
        "right_middle_lobe": np.maximum(upper_right, horizontal_right),
        "right_lower_lobe": np.maximum(right, oblique_right),
        "left_upper_lobe": np.maximum(left, -oblique_left),
        "left_lower_lobe": np.maximum(left, oblique_left),
    }
