"""Tables and a patient's build in, smooth surfaces out, as signed distances sampled on a coarse grid.

Trunk, thoracic cage, diaphragm, lungs, fissures and lobes are shapes that no ellipsoid is. Each is a field: mm to its surface,
negative inside, sampled every few millimetres and read between the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit, vectorize

from ..kernels.threads import share_rows
from ..records.names import LOBES
from .distance import KIND, TUBE, body_distance, tube_distance
from .solids import Solids

NAMES = (
    "skin", "wall", "cage", "below", "lung_right", "lung_left", "oblique_right", "horizontal_right", "oblique_left",
    "upper_right", *LOBES, "pleura", "lungs",
)  # fmt: skip
"""Fields in the order they are stored. below: what lies under the diaphragm; upper_right: upper and middle lobe; pleura: where
fissures are closed by pleura and seen; lungs: both."""
FIELD = {name: index for index, name in enumerate(NAMES)}

BANDS_MM = (4.0, 8.0, 16.0, 32.0, 64.0, np.inf)
"""How near to its surface a field is asked for the most it changes: far off, fields are no distances any more and steeper."""
BLOCK = 4
"""Samples along the sides in y and z of the blocks that are asked."""


class Fields(NamedTuple):  # not a dataclass: compiled loops take it whole
    """values float32 (f, z, y, x) in the order of NAMES; origin_mm (x, y, z) of sample (0, 0, 0) in the patient's frame;
    steepest (f, z blocks, y blocks, bands, 3) most change per mm along x, y, z where a value lies within BANDS_MM of zero."""

    values: np.ndarray
    origin_mm: np.ndarray
    step_mm: float
    steepest: np.ndarray

    def at(self, name: str, points) -> np.ndarray:
        """Signed distance (n) of points (n, 3), trilinear, continued beyond the ends."""
        from scipy.ndimage import map_coordinates

        index = (np.atleast_2d(points) - self.origin_mm) / self.step_mm
        return map_coordinates(self.values[FIELD[name]], index[:, ::-1].T, order=1, mode="nearest")


def make_fields(values: np.ndarray, origin_mm: np.ndarray, step_mm: float) -> Fields:
    """Fields of sampled values, with how steep they are."""
    blocks = [-(-(count - 1) // BLOCK) for count in values.shape[1:3]]
    steepest = np.zeros((len(values), *blocks, len(BANDS_MM), 3))
    share_rows(_steepest, len(values), 4.0 * values.size, values, steepest)
    return Fields(values, np.asarray(origin_mm, np.float64), float(step_mm), np.maximum.accumulate(steepest, axis=3) / step_mm)


@njit(cache=True, nogil=True)
def _steepest(start, stop, values, out):
    """Largest difference between neighbouring samples of the blocks that come as near to zero as each band, along x, y, z."""
    last = np.array(values.shape[1:]) - 1
    for f in range(start, stop):
        field = values[f]
        for block in np.ndindex(out.shape[1], out.shape[2], -(-last[2] // BLOCK)):
            k_first, j_first, i_first = block[0] * BLOCK, block[1] * BLOCK, block[2] * BLOCK
            k_last, j_last, i_last = min(k_first + BLOCK, last[0]), min(j_first + BLOCK, last[1]), min(i_first + BLOCK, last[2])
            low = high = field[k_first, j_first, i_first]
            x = y = z = np.float32(0)
            for k in range(k_first, k_last + 1):
                above = min(k + 1, k_last)
                for j in range(j_first, j_last + 1):
                    behind = min(j + 1, j_last)
                    for i in range(i_first, i_last + 1):
                        value = field[k, j, i]
                        low, high = min(low, value), max(high, value)
                        x = max(x, abs(field[k, j, min(i + 1, i_last)] - value))
                        y = max(y, abs(field[k, behind, i] - value))
                        z = max(z, abs(field[above, j, i] - value))
            nearest, band = max(low, -high, np.float32(0)), 0
            while nearest > BANDS_MM[band]:
                band += 1
            found = out[f, block[0], block[1], band]
            found[0], found[1], found[2] = max(found[0], x), max(found[1], y), max(found[2], z)


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


class Build(NamedTuple):
    """How the cross-sections of a trunk are built.

    roundness   exponents in front of the middle and behind it: 2 is an ellipse, more is boxier
    sides_at    z (n) mm -> (n) by which share the left half is wider, (n) mm to the back for each mm to the left
    """

    roundness: tuple[float, float]
    sides_at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def trunk_surface(samples: Samples, heights, half, front, back, build: Build) -> np.ndarray:
    """Signed distance to a tube of superelliptic cross-sections given at `heights` (k), falling or rising.

    half, front, back   (k) half width and y of the front and back, mm
    """
    from scipy.interpolate import PchipInterpolator

    order = np.argsort(heights)
    z = np.clip(samples.z.ravel(), heights[order[0]], heights[order[-1]])
    a, f, b = (
        PchipInterpolator(heights[order], values[order])(z)[:, None, None].astype(np.float32) for values in (half, front, back)
    )
    wider, turned = (one[:, None, None].astype(np.float32) for one in build.sides_at(samples.z.ravel()))
    off = samples.y - (f + b) / 2 - turned * samples.x
    x, y = np.abs(samples.x) / (a * (1 + wider * np.sign(samples.x))), off / ((b - f) / 2)
    size = np.empty(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for power, where in zip(build.roundness, (y < 0, y >= 0), strict=True):
        np.copyto(size, (x**power + np.abs(y) ** power) ** np.float32(1 / power), where=where)
    radial = np.sqrt(samples.x**2 + off**2)
    return radial * (1 - 1 / np.maximum(size, 1e-3))


def smooth_max(a, b, round_mm: float):
    """The intersection of two insides with an edge rounded over `round_mm`."""
    return _smooth_max(a, b, round_mm, round_mm / 4)


@vectorize(["float32(float32, float32, float32, float32)", "float64(float64, float64, float64, float64)"], cache=True)
def _smooth_max(a, b, round_mm, quarter_mm):  # one pass: these are the largest arrays of a patient
    overlap = max(round_mm - abs(a - b), a - a) / round_mm
    return max(a, b) + overlap * overlap * quarter_mm


def smooth_min(a, b, round_mm: float):
    """The union of two insides with the crease filled over `round_mm`."""
    return -smooth_max(-a, -b, round_mm)


def stretched(values: np.ndarray, count: int, axis: int) -> np.ndarray:
    """The values read linearly at `count` even steps along an axis."""
    first, share = between(values.shape[axis], count)
    share = share.reshape([-1 if k == axis else 1 for k in range(values.ndim)])
    low, high = np.take(values, first, axis), np.take(values, first + 1, axis)
    return low + share * (high - low)


def between(length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """int (count) first of the two of `length` samples that each of `count` steps lies between, float32 share of the other."""
    at = np.clip((np.arange(count) + 0.5) * length / count - 0.5, 0, length - 1)
    first = np.minimum(at.astype(int), length - 2)
    return first, (at - first).astype(np.float32)


def stretched_plane(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """float32 (y, x) of that shape: what `stretched` along y, then along x, makes of float32 values, in one pass."""
    out = np.empty(shape, np.float32)
    _stretch(values, *between(values.shape[0], shape[0]), *between(values.shape[1], shape[1]), out)
    return out


@njit(cache=True, nogil=True)
def _stretch(values, first_y, share_y, first_x, share_x, out):
    line = np.empty(values.shape[1], np.float32)
    for j in range(out.shape[0]):
        low, high = values[first_y[j]], values[first_y[j] + 1]
        for i in range(len(line)):
            line[i] = low[i] + share_y[j] * (high[i] - low[i])
        for i in range(out.shape[1]):
            left = line[first_x[i]]
            out[j, i] = left + share_x[i] * (line[first_x[i] + 1] - left)


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
    """Signed distance to the smooth union of solids (none of them a field), at most `cap_mm`: float32 (z, y, x)."""
    field = np.full(samples.shape, cap_mm, np.float32)
    low = np.floor((solids.low - cap_mm - samples.origin_mm) / samples.step_mm).astype(np.int64)
    high = np.ceil((solids.high + cap_mm - samples.origin_mm) / samples.step_mm).astype(np.int64) + 1
    size = np.array(samples.shape[::-1])
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    cost_ns, lattice = 40.0 * np.prod(high - low, axis=1).sum(), (samples.origin_mm.astype(np.float64), samples.step_mm)
    share_rows(_unite, len(field), cost_ns, field, lattice, (solids.rows, solids.bumps), (low, high), round_mm)
    return field


@njit(cache=True, nogil=True, error_model="numpy")
def _unite(start, stop, field, lattice, solids, boxes, round_mm):
    """lattice: origin and step in mm; solids: rows and bumps; boxes: first index (x, y, z) of each and one past its last."""
    (origin, step), (rows, bumps), (low, high) = lattice, solids, boxes
    for k in range(start, stop):
        for n in range(rows.shape[0]):
            if k < low[n, 2] or k >= high[n, 2]:
                continue
            row = rows[n]
            for j in range(low[n, 1], high[n, 1]):
                for i in range(low[n, 0], high[n, 0]):
                    x, y, z = origin[0] + step * i, origin[1] + step * j, origin[2] + step * k
                    if row[KIND] == TUBE:
                        distance = tube_distance(row, x, y, z)[0]
                    else:
                        distance = body_distance(row, bumps, x, y, z)[0]
                    old = field[k, j, i]
                    overlap = max(round_mm - abs(old - distance), 0.0) / round_mm
                    field[k, j, i] = min(old, distance) - overlap * overlap * round_mm / 4


def diaphragm_height(x, y, right_dome, left_dome, shape, crura) -> np.ndarray:
    """Height z (mm) of the diaphragm over x and y.

    right_dome, left_dome   (x, y, z) of the tops
    shape                   (back, front, side, middle) fall in mm per mm2 away from the top
    crura                   mm from the spine that they reach, share of the fall to the back that they take away at the spine
    """
    crus_reach_mm, crus_rise = crura
    back, front, side, middle = shape

    # beside the spine it rises to the crura, so that the lung's lowest tip lies at the back of the side, not in the middle
    near = np.clip((crus_reach_mm - np.abs(x)) / crus_reach_mm, 0, 1)
    behind = back * (1 - crus_rise * near)

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
