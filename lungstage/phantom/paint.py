"""Solids and a grid in, an image out: each voxel gets the values of the solids in it, by the share they fill.

The share comes from the signed distance and the voxel's width along the surface's normal, so that edges and thin vessels
look as a scanner with that voxel would average them. Slices are independent: the same bits on any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange

from ..geometry import Grid
from .distance import CENTRE, CLIP, CLIP_OFFSET, END, HIDDEN, HIDDEN_OFFSET, KIND, RADII, SOFT, TUBE, field_at, signed_distance
from .fields import Fields
from .solids import Solids

LATTICE = 48
"""Side of the periodic block of random numbers that gives tissue its texture."""
LATTICE_STEP_MM = 4.0
STEEPEST = 2.0
"""No distance changes by more than this many mm over one: far from its surface whole runs of voxels are decided at once."""


class Strokes(NamedTuple):
    """What is painted, in order: rows and bumps of `Solids`, shades as `paint` takes them, and each one's box of indices."""

    rows: np.ndarray
    bumps: np.ndarray
    shades: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Voxels(NamedTuple):
    """The grid seen from the patient's frame: to_frame (3, 4) from index (x, y, z) to mm; steps (3) width of a voxel along
    its own axes, mm; turn (3, 3) from directions of the frame to these axes."""

    to_frame: np.ndarray
    steps: np.ndarray
    turn: np.ndarray


def paint(
    solids: Solids, shades: np.ndarray, fields: Fields, grid: Grid, pose: np.ndarray, base: float, lattice: np.ndarray
) -> np.ndarray:
    """float32 (z, y, x): the image of the solids on a grid.

    shades    (n, 4) value, its change per mm to the back and to the head (from the carina), texture amplitude
    pose      (4, 4) from LPS mm to the patient's frame
    base      value where there is nothing
    lattice   float32 (LATTICE,)*3, mean 0, sd 1
    """
    out = np.full(grid.shape, base, np.float32)
    if not len(solids):
        return out
    to_frame = pose @ grid.affine_lps
    turn = np.ascontiguousarray((pose[:3, :3] @ grid.axes).T)
    voxels = Voxels(np.ascontiguousarray(to_frame[:3]), np.array(grid.spacing_mm[::-1]), turn)
    boxes = index_boxes(solids, to_frame, grid.shape)
    strokes = Strokes(solids.rows, solids.bumps, np.ascontiguousarray(shades, np.float64), *boxes)
    _paint(out, voxels, strokes, fields, lattice)
    return out


def index_boxes(solids: Solids, to_frame: np.ndarray, shape: tuple) -> tuple[np.ndarray, np.ndarray]:
    """int64 (n, 3) first and last-plus-one index (x, y, z) of each solid's box, cut to the grid."""
    from_frame = np.linalg.inv(to_frame)
    centre, half = (solids.low + solids.high) / 2, (solids.high - solids.low) / 2 + 1.0
    middle = centre @ from_frame[:3, :3].T + from_frame[:3, 3]
    reach = half @ np.abs(from_frame[:3, :3]).T + 1.0
    size = np.array(shape[::-1])
    low = np.clip(np.floor(middle - reach), 0, size).astype(np.int64)
    high = np.clip(np.ceil(middle + reach) + 1, 0, size).astype(np.int64)
    return low, high


@njit(cache=True, parallel=True)
def _paint(out, voxels, strokes, fields, lattice):
    to_frame, steps, _ = voxels
    rows, bumps, shades, low, high = strokes
    for k in prange(out.shape[0]):
        for n in range(rows.shape[0]):
            if k < low[n, 2] or k >= high[n, 2]:
                continue
            row = rows[n]
            for j in range(low[n, 1], high[n, 1]):
                i = low[n, 0]
                while i < high[n, 0]:
                    x = to_frame[0, 0] * i + to_frame[0, 1] * j + to_frame[0, 2] * k + to_frame[0, 3]
                    y = to_frame[1, 0] * i + to_frame[1, 1] * j + to_frame[1, 2] * k + to_frame[1, 3]
                    z = to_frame[2, 0] * i + to_frame[2, 1] * j + to_frame[2, 2] * k + to_frame[2, 3]
                    surface = signed_distance(row, bumps, fields, x, y, z)
                    share, run = _run(row, fields, steps, surface[0], x, y, z)
                    run = min(run, high[n, 0] - i)
                    if share < 0.0:
                        share = _share(row, fields, voxels, surface, x, y, z)
                    if share > 0.0:
                        for ahead in range(run):
                            value = shades[n, 0] + shades[n, 1] * y + shades[n, 2] * z
                            if shades[n, 3] != 0.0:
                                value += shades[n, 3] * _texture(lattice, x, y, z)
                            out[k, j, i + ahead] += share * (value - out[k, j, i + ahead])
                            x += to_frame[0, 0]
                            y += to_frame[1, 0]
                            z += to_frame[2, 0]
                    i += run


@njit(cache=True)
def _run(row, fields, steps, distance, x, y, z):
    """(share, voxels): 0 or 1 for that many voxels along x, or -1 for one voxel whose share must be worked out."""
    reach = steps[0] + steps[1] + steps[2] + row[SOFT]
    pace = STEEPEST * steps[0]
    if distance > 0.5 * reach:
        return 0.0, max(int((distance - 0.5 * reach) / pace), 1)
    free = -distance - reach
    if row[HIDDEN] >= 0:
        over = field_at(fields, row[HIDDEN], x, y, z)[0] - row[HIDDEN_OFFSET]
        if over < 0.0:
            return 0.0, max(int(-over / pace), 1)
        free = min(free, over)
    if row[CLIP] >= 0:
        cut = field_at(fields, row[CLIP], x, y, z)[0] - row[CLIP_OFFSET]
        if cut > 0.5 * reach:
            return 0.0, max(int((cut - 0.5 * reach) / pace), 1)
        free = min(free, -cut - reach)
    if free > 0.0:
        return 1.0, max(int(free / pace), 1)
    return -1.0, 1


@njit(cache=True)
def _width(voxels, gx, gy, gz):
    """Voxel width along a unit normal given in the frame."""
    steps, turn = voxels.steps, voxels.turn
    a = abs(turn[0, 0] * gx + turn[0, 1] * gy + turn[0, 2] * gz)
    b = abs(turn[1, 0] * gx + turn[1, 1] * gy + turn[1, 2] * gz)
    c = abs(turn[2, 0] * gx + turn[2, 1] * gy + turn[2, 2] * gz)
    return max(a * steps[0] + b * steps[1] + c * steps[2], 0.3 * steps[0])


@njit(cache=True)
def _share(row, fields, voxels, surface, x, y, z):
    """Share of a voxel that a solid fills; surface: `signed_distance` at the voxel's centre."""
    distance, gx, gy, gz, thickness = surface
    steps = voxels.steps
    reach = steps[0] + steps[1] + steps[2] + row[SOFT]
    if distance > 0.5 * reach:
        return 0.0
    if row[KIND] == TUBE and row[RADII + 2] == 1.0 and thickness < max(steps[0], steps[2]) and row[CLIP] < 0:
        return _thin_share(row, voxels, surface)
    width = _width(voxels, gx, gy, gz) + row[SOFT]
    if thickness >= width:
        share = min(max(0.5 - distance / width, 0.0), 1.0)
    else:
        # thinner than a voxel: the part of the voxel's width that a slab of that thickness covers
        along = distance + thickness
        covered = min(along + 0.5 * width, thickness) - max(along - 0.5 * width, -thickness)
        share = min(max(covered / width, 0.0), 1.0)
    if share > 0.0 and row[CLIP] >= 0:
        value, cx, cy, cz = field_at(fields, row[CLIP], x, y, z)
        size = max((cx * cx + cy * cy + cz * cz) ** 0.5, 1e-6)
        width = _width(voxels, cx / size, cy / size, cz / size)
        share = min(share, min(max(0.5 - (value - row[CLIP_OFFSET]) / width, 0.0), 1.0))
    return share


@njit(cache=True)
def _thin_share(row, voxels, surface):
    """Share of a voxel that a round tube fills: what a slab covers along the normal, times what is filled across both."""
    distance, gx, gy, gz, radius = surface
    ax, ay, az = row[END] - row[CENTRE], row[END + 1] - row[CENTRE + 1], row[END + 2] - row[CENTRE + 2]
    length = max((ax * ax + ay * ay + az * az) ** 0.5, 1e-6)
    ax, ay, az = ax / length, ay / length, az / length
    if gx * gx + gy * gy + gz * gz < 0.5:  # on the axis any normal will do
        if abs(ax) < 0.7:
            gx, gy, gz = 0.0, az, -ay
        else:
            gx, gy, gz = -az, 0.0, ax
        size = (gx * gx + gy * gy + gz * gz) ** 0.5
        gx, gy, gz = gx / size, gy / size, gz / size
    bx, by, bz = ay * gz - az * gy, az * gx - ax * gz, ax * gy - ay * gx
    width, across = _width(voxels, gx, gy, gz), _width(voxels, bx, by, bz)
    along = distance + radius
    covered = min(along + 0.5 * width, radius) - max(along - 0.5 * width, -radius)
    return min(max(covered / width, 0.0), 1.0) * min(1.0, 0.5 * np.pi * radius / across)


@njit(cache=True)
def _texture(lattice, x, y, z):
    """Trilinear value of the periodic lattice at a point of the frame."""
    x, y, z = x / LATTICE_STEP_MM, y / LATTICE_STEP_MM, z / LATTICE_STEP_MM
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    u, v, w = x - i, y - j, z - k
    i0, j0, k0 = i % LATTICE, j % LATTICE, k % LATTICE
    i1, j1, k1 = (i + 1) % LATTICE, (j + 1) % LATTICE, (k + 1) % LATTICE
    a = lattice[k0, j0, i0] + u * (lattice[k0, j0, i1] - lattice[k0, j0, i0])
    b = lattice[k0, j1, i0] + u * (lattice[k0, j1, i1] - lattice[k0, j1, i0])
    c = lattice[k1, j0, i0] + u * (lattice[k1, j0, i1] - lattice[k1, j0, i0])
    d = lattice[k1, j1, i0] + u * (lattice[k1, j1, i1] - lattice[k1, j1, i0])
    low, high = a + v * (b - a), c + v * (d - c)
    return low + w * (high - low)
