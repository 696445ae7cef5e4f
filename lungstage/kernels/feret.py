"""Masks in, their diameters out: the longest in any direction, the longest in an axial slice, and the short axis there.

Distances run between voxel centres; what the digitisation of a round body takes away at the ends, on average over balls of
5 to 40 voxels, is added. Only the first and the last voxel of a row can be ends of a diameter.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .threads import share_rows

# Of a voxel, at both ends together: longest in space (many directions to choose from: nothing is lost), in a slice, across.
LOST = (0.0, 0.25, 0.5)
DIRECTIONS = 300  # spread over the half sphere: the nearest is within 0.08 rad, so a diameter is missed by less than 0.3 %


def diameters_mm(masks, spacing_mm):
    """Diameters of each mask.

    masks       uint8 or bool (n, z, y, x)
    spacing_mm  (z, y, x), three floats > 0
    returns     float64 (n, 3) mm: longest in any direction; longest in one axial slice; short axis, the longest
                extent in that slice perpendicular to that diameter. 0 where a mask is empty
    cost        one pass over the masks, then about 300 steps a row that is not empty
    source      Eisenhauer and others 2009 (RECIST 1.1): short axis perpendicular to the longest in the plane of acquisition
    """
    masks = np.ascontiguousarray(masks)
    if masks.ndim != 4 or masks.dtype not in (np.uint8, np.bool_):
        raise ValueError(f"diameters need masks (n, z, y, x) of uint8 or bool, not {masks.ndim}-d {masks.dtype}")
    return _measured(masks, spacing_mm, half_sphere(DIRECTIONS))


def axial_diameters_mm(masks, spacing_mm):
    """The last two columns of `diameters_mm` alone: longest in one axial slice, and the short axis; float64 (n, 2) mm."""
    return _measured(np.ascontiguousarray(masks), spacing_mm, np.zeros((0, 3)))[:, 1:]


def _measured(masks, spacing_mm, directions):
    """float64 (n, 3) as of `diameters_mm`; the first column stays 0 where there are no directions."""
    out, masks = np.zeros((len(masks), 3)), masks.view(np.uint8)
    masks.flags.writeable = False  # as those of a record are; of writable ones the kernels would be compiled once more
    if masks.size:
        rows = masks.size / masks.shape[3]
        cost_ns = masks.size + 2.0 * rows * len(directions)
        share_rows(_measure, len(masks), cost_ns, masks, tuple(float(s) for s in spacing_mm), directions, out)
    return out


def half_sphere(count):
    """float64 (count, 3): unit vectors evenly over the half sphere, by the golden angle (Fibonacci lattice)."""
    k = np.arange(count)
    height = (k + 0.5) / count
    angle = np.pi * (3 - np.sqrt(5)) * k
    across = np.sqrt(1 - height**2)
    # in C order as the empty array of `axial_diameters_mm`, or all kernels here would be compiled for both
    return np.ascontiguousarray(np.stack([height, across * np.sin(angle), across * np.cos(angle)], axis=1))


@njit(cache=True, nogil=True)
def _measure(start, stop, masks, spacing, directions, out):
    for k in range(start, stop):
        points, starts = _row_ends(masks[k], spacing)
        if len(points) and len(directions):
            out[k, 0] = _longest(points, directions, spacing)
        if len(points):
            out[k, 1], out[k, 2] = _axial(masks[k], points, starts, spacing)


@njit(cache=True, nogil=True)
def _row_ends(mask, spacing):
    """(m, 3) mm: first and last voxel of every row with one; starts (z + 1): where the points of a slice begin."""
    nz, ny, nx = mask.shape
    points = np.empty((2 * nz * ny, 3))
    starts = np.zeros(nz + 1, np.int64)
    count = 0
    for z in range(nz):
        for y in range(ny):
            first, last = -1, -1
            for x in range(nx):
                if mask[z, y, x]:
                    if first < 0:
                        first = x
                    last = x
            if first >= 0:
                for x in (first, last):
                    points[count, 0], points[count, 1], points[count, 2] = z * spacing[0], y * spacing[1], x * spacing[2]
                    count += 1
        starts[z + 1] = count
    return points[:count], starts


@njit(cache=True, nogil=True)
def _longest(points, directions, spacing):
    """The longest distance between points that are outermost in some direction, with what the ends lost."""
    outer, count = np.empty(len(points), np.int64), len(points)  # rows of those that are
    for i in range(count):
        outer[i] = i
    if count > 2 * len(directions):
        is_outer = np.zeros(count, np.bool_)
        for d in range(len(directions)):
            low, high, at_low, at_high = np.inf, -np.inf, 0, 0
            for i in range(len(points)):
                along = points[i, 0] * directions[d, 0] + points[i, 1] * directions[d, 1] + points[i, 2] * directions[d, 2]
                if along < low:
                    low, at_low = along, i
                if along > high:
                    high, at_high = along, i
            is_outer[at_low] = is_outer[at_high] = True
        count = 0
        for i in range(len(points)):
            if is_outer[i]:
                outer[count] = i
                count += 1
    longest, step = -1.0, (0.0, 0.0, 0.0)
    for first in range(count):
        i = outer[first]
        for second in range(first, count):
            j = outer[second]
            z, y, x = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
            squared = z * z + y * y + x * x
            if squared > longest:
                longest, step = squared, (z, y, x)
    return np.sqrt(longest) + _lost_mm(step, spacing, np.int64(0), LOST[0])


@njit(cache=True, nogil=True)
def _axial(mask, points, starts, spacing):
    longest, step_y, step_x, slice_ = -1.0, 0.0, 0.0, 0
    for z in range(len(starts) - 1):
        for i in range(starts[z], starts[z + 1]):
            for j in range(i, starts[z + 1]):
                y, x = points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
                squared = y * y + x * x
                if squared > longest:
                    longest, step_y, step_x, slice_ = squared, y, x, z
    chord = _chord(mask[slice_], step_y, step_x, spacing) if longest > 0 else 0.0
    along, across = (0.0, step_y, step_x), (0.0, step_x, -step_y)
    in_plane = np.int64(1)  # int64, or each literal would have a version compiled
    chord += _lost_mm(across, spacing, in_plane, LOST[2])
    return np.sqrt(longest) + _lost_mm(along, spacing, in_plane, LOST[1]), chord


@njit(cache=True, nogil=True)
def _chord(mask, step_y, step_x, spacing):
    """The longest extent across a step of a band one voxel wide in the slice."""
    ny, nx = mask.shape
    size = np.sqrt(step_y**2 + step_x**2)
    uy, ux = step_y / size, step_x / size
    width = max(spacing[1], spacing[2])
    offset = int((ny * spacing[1] + nx * spacing[2]) / width) + 2
    low, high = np.empty(2 * offset), np.empty(2 * offset)
    for band in range(2 * offset):
        low[band], high[band] = np.inf, -np.inf
    for y in range(ny):
        for x in range(nx):
            if mask[y, x]:
                py, px = y * spacing[1], x * spacing[2]
                band = offset + int(np.floor((py * uy + px * ux) / width))
                along = py * ux - px * uy
                low[band], high[band] = min(low[band], along), max(high[band], along)
    longest = 0.0
    for band in range(2 * offset):
        longest = max(longest, high[band] - low[band])
    return longest


@njit(cache=True, nogil=True)
def _lost_mm(step, spacing, first_axis, share_lost):
    """`share_lost` of a voxel's length in the direction of `step`."""
    size = np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
    if size == 0:
        shortest = np.inf
        for axis in range(first_axis, 3):
            shortest = min(shortest, spacing[axis])
        return share_lost * shortest
    chord = np.inf
    for axis in range(first_axis, 3):
        share = abs(step[axis]) / size
        if share > 0:
            chord = min(chord, spacing[axis] / share)
    return share_lost * chord
