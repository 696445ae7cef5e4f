"""Solids and a grid in, an image out: each voxel gets the values of the solids in it, by the share they fill.

The share comes from the signed distance and the voxel's width along the surface's normal, so that edges and thin vessels
look as a scanner with that voxel would average them. Slices are independent: the same bits on any number of threads.

A row of voxels is not asked one by one: how fast a distance can change along it says for how many of them the answer is known
already, and a tube is looked for only where the row's line comes near it. Neither changes what is painted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ..geometry import Grid
from ..kernels.threads import share_rows
from .distance import (
    CENTRE,
    CLIP,
    CLIP_OFFSET,
    END,
    EXPONENT,
    FIELD,
    HIDDEN,
    HIDDEN_OFFSET,
    KIND,
    OFFSET,
    RADII,
    SOFT,
    TUBE,
    body_bound,
    body_distance,
    field_at,
    field_distance,
    field_value,
    tube_bound,
    tube_distance,
)  # fmt: skip
from .fields import BANDS_MM, BLOCK, Fields
from .solids import Solids

LATTICE = 48
"""Side of the periodic block of random numbers that gives tissue its texture."""
LATTICE_STEP_MM = 4.0
FAR_VOXELS = 1 << 20


class Strokes(NamedTuple):
    """What is painted, in order: rows and bumps of `Solids`, shades as `paint` takes them, and each one's box of indices."""

    rows: np.ndarray
    bumps: np.ndarray
    shades: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Voxels(NamedTuple):
    """The grid seen from the patient's frame: to_frame (3, 4) from index (x, y, z) to mm; steps (3) width of a voxel along
    its own axes, mm; turn (3, 3) from directions of the frame to these axes; widest: no voxel is wider along any direction, mm;
    paces (f, z blocks, y blocks, bands) mm that a field changes at most from one voxel of a row to the next (see `Fields`)."""

    to_frame: np.ndarray
    steps: np.ndarray
    turn: np.ndarray
    widest: float
    paces: np.ndarray


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
    steps = np.array(grid.spacing_mm[::-1])
    paces = fields.steepest @ np.abs(to_frame[:3, 0])
    voxels = Voxels(np.ascontiguousarray(to_frame[:3]), steps, turn, float(np.linalg.norm(steps)), paces)
    boxes = index_boxes(solids, to_frame, grid.shape)
    strokes = Strokes(solids.rows, solids.bumps, np.ascontiguousarray(shades, np.float64), *boxes)
    cost_ns = 5.0 * np.prod(boxes[1] - boxes[0], axis=1).sum()
    share_rows(_paint, len(out), cost_ns, out, voxels, strokes, fields, lattice)
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


@njit(cache=True, nogil=True)
def _paint(start, stop, out, voxels, strokes, fields, lattice):
    to_frame = voxels.to_frame
    rows, bumps, shades, low, high = strokes
    paces = np.empty((3, len(BANDS_MM)))
    for k in range(start, stop):
        for n in range(rows.shape[0]):
            if k < low[n, 2] or k >= high[n, 2]:
                continue
            row = rows[n]
            kind = int(row[KIND])
            limits = _limits(row, voxels)
            for j in range(low[n, 1], high[n, 1]):
                i, last = low[n, 0], high[n, 0]
                if kind == TUBE:
                    i, last = _span(row, voxels, limits[0], i, last, j, k)
                elif kind == FIELD:
                    _row_paces(paces[0], row[EXPONENT], voxels, fields, i, last, j, k)
                if row[CLIP] >= 0 and i < last:
                    _row_paces(paces[1], row[CLIP], voxels, fields, i, last, j, k)
                if row[HIDDEN] >= 0 and i < last:
                    _row_paces(paces[2], row[HIDDEN], voxels, fields, i, last, j, k)
                while i < last:
                    x = to_frame[0, 0] * i + to_frame[0, 1] * j + to_frame[0, 2] * k + to_frame[0, 3]
                    y = to_frame[1, 0] * i + to_frame[1, 1] * j + to_frame[1, 2] * k + to_frame[1, 3]
                    z = to_frame[2, 0] * i + to_frame[2, 1] * j + to_frame[2, 2] * k + to_frame[2, 3]
                    if kind == TUBE:
                        bound = tube_bound(row, x, y, z)
                    elif kind == FIELD:
                        bound = field_value(fields, row[EXPONENT], x, y, z) - row[OFFSET]
                        if row[RADII] > 0.0:
                            bound = abs(bound) - row[RADII]
                    else:
                        bound = body_bound(row, bumps, x, y, z)
                    share, run = _run(row, fields, paces, voxels.steps[0], limits, bound, (x, y, z))
                    if share < 0.0:
                        if kind == TUBE:
                            surface = tube_distance(row, x, y, z)
                        elif kind == FIELD:
                            surface = field_distance(row, fields, x, y, z)
                        else:
                            surface = body_distance(row, bumps, x, y, z)
                        share = _share(row, fields, voxels, surface, x, y, z)
                    run = min(run, last - i)
                    if share == 1.0 and shades[n, 1] == 0.0 and shades[n, 2] == 0.0 and shades[n, 3] == 0.0:
                        out[k, j, i : i + run] = shades[n, 0]
                    elif share > 0.0:
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
def _limits(row, voxels):
    """(outer, inner) mm: further than `outer` outside its surface a solid fills nothing of a voxel, further than `inner` inside
    all of it."""
    steps = voxels.steps
    outer = 0.5 * (voxels.widest + row[SOFT])
    if row[KIND] == FIELD:
        return outer, outer
    if row[KIND] == TUBE:
        thickness = min(row[RADII], row[RADII + 1]) * row[RADII + 2]
        if row[RADII + 2] == 1.0 and thickness >= max(steps[0], steps[2]):
            return outer, outer
    else:
        thickness = min(row[RADII], row[RADII + 1], row[RADII + 2])
    return outer, outer if thickness >= 2 * outer else steps[0] + steps[1] + steps[2] + row[SOFT]


@njit(cache=True)
def _span(row, voxels, outer, first, last, j, k):
    """First and last-plus-one index of the voxels of a row that may hold something of a tube: where the row runs inside a
    flat-ended cylinder around it."""
    to_frame, step = voxels.to_frame, voxels.steps[0]
    reach = max(row[RADII], row[RADII + 1]) + outer + 1e-3
    px = to_frame[0, 1] * j + to_frame[0, 2] * k + to_frame[0, 3] - row[CENTRE]
    py = to_frame[1, 1] * j + to_frame[1, 2] * k + to_frame[1, 3] - row[CENTRE + 1]
    pz = to_frame[2, 1] * j + to_frame[2, 2] * k + to_frame[2, 3] - row[CENTRE + 2]
    ux, uy, uz = to_frame[0, 0] / step, to_frame[1, 0] / step, to_frame[2, 0] / step
    ax, ay, az = row[END] - row[CENTRE], row[END + 1] - row[CENTRE + 1], row[END + 2] - row[CENTRE + 2]
    length = (ax * ax + ay * ay + az * az) ** 0.5
    if length < 1e-3:
        return first, last
    ax, ay, az = ax / length, ay / length, az / length
    along, start = ux * ax + uy * ay + uz * az, px * ax + py * ay + pz * az
    begin, end = first * step, (last - 1) * step
    across = 1.0 - along * along
    if across > 1e-6:  # else the row runs along the tube, and its ends bound it
        half = px * ux + py * uy + pz * uz - start * along
        root = half * half - across * (px * px + py * py + pz * pz - start * start - reach * reach)
        if root < 0.0:
            return first, first
        root = root**0.5
        begin, end = max(begin, (-half - root) / across), min(end, (-half + root) / across)
    if abs(along) > 1e-6:
        one, other = (-reach - start) / along, (length + reach - start) / along
        begin, end = max(begin, min(one, other)), min(end, max(one, other))
    elif start < -reach or start > length + reach:
        return first, first
    return max(first, int(np.ceil(begin / step))), min(last, int(np.floor(end / step)) + 1)


@njit(cache=True)
def _row_paces(out, which, voxels, fields, first, last, j, k):
    """The most that a field changes between neighbouring voxels of a row, by band, from the blocks that the row crosses."""
    f, to_frame, paces = int(which), voxels.to_frame, voxels.paces
    blocks = BLOCK * fields.step_mm
    y = (to_frame[1, 0] * first + to_frame[1, 1] * j + to_frame[1, 2] * k + to_frame[1, 3] - fields.origin_mm[1]) / blocks
    z = (to_frame[2, 0] * first + to_frame[2, 1] * j + to_frame[2, 2] * k + to_frame[2, 3] - fields.origin_mm[2]) / blocks
    y_end, z_end = y + to_frame[1, 0] * (last - first) / blocks, z + to_frame[2, 0] * (last - first) / blocks
    y_first, y_last = _between(min(y, y_end), paces.shape[2]), _between(max(y, y_end), paces.shape[2])
    z_first, z_last = _between(min(z, z_end), paces.shape[1]), _between(max(z, z_end), paces.shape[1])
    for band in range(len(BANDS_MM)):
        out[band] = 1e-6
        for b in range(z_first, z_last + 1):
            for a in range(y_first, y_last + 1):
                out[band] = max(out[band], paces[f, b, a, band])


@njit(cache=True)
def _between(at, count):
    """The whole number below `at` that is an index of `count`."""
    return int(min(max(at, 0.0), count - 1.0))


@njit(cache=True)
def _run(row, fields, paces, step, limits, bound, point):
    """(share, voxels): 0 or 1 for that many voxels along x, or -1 for one voxel whose share must be worked out.

    limits  as in `_limits`
    bound   a distance that changes by no more than one mm over one mm, or a field's
    paces   of the field itself, of its clip, and of what hides it
    """
    (outer, inner), (x, y, z) = limits, point
    if bound > outer:
        return 0.0, _known(row, paces[0], step, bound, outer)
    free = FAR_VOXELS
    if row[HIDDEN] >= 0:
        over = field_value(fields, row[HIDDEN], x, y, z) - row[HIDDEN_OFFSET]
        free = _known_in_field(paces[2], abs(over), 0.0, abs(row[HIDDEN_OFFSET]))
        if over < 0.0:
            return 0.0, free
    if row[CLIP] >= 0:
        cut = field_value(fields, row[CLIP], x, y, z) - row[CLIP_OFFSET]
        if abs(cut) <= outer:
            return -1.0, 1
        of_clip = _known_in_field(paces[1], abs(cut), outer, abs(row[CLIP_OFFSET]))
        if cut > 0.0:
            return 0.0, of_clip
        free = min(free, of_clip)
    if bound >= -inner:
        return -1.0, 1
    return 1.0, min(free, _known(row, paces[0], step, -bound, inner))


@njit(cache=True)
def _known(row, paces, step, distance, limit):
    """For how many voxels a distance stays beyond a limit that it is beyond now (both counted away from the surface, mm)."""
    if row[KIND] != FIELD:
        return int((distance - limit) / step) + 1
    half = row[RADII]  # of a sheet, whose distance is counted from its middle
    return _known_in_field(paces, distance + half, limit + half, abs(row[OFFSET]))


@njit(cache=True)
def _known_in_field(paces, distance, limit, offset):
    """For how many voxels a field stays further than `limit` from the value `offset` mm from zero; it is `distance` away now."""
    low, high, voxels, begin = limit + offset, distance + offset, 0.0, 0.0
    for band in range(len(BANDS_MM)):
        part = min(high, BANDS_MM[band]) - max(low, begin)
        if part > 0.0:
            voxels += part / paces[band]
        begin = BANDS_MM[band]
    return int(min(voxels - 1e-6, FAR_VOXELS)) + 1


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
    """Share of a voxel that a solid fills; surface: distance, normal and thickness at the voxel's centre."""
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
        along = max(distance + thickness, 0.0)  # no deeper than its middle
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
