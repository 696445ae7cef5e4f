"""Points and solids in, signed distances out (mm, negative inside): the one place that knows what a solid's shape is.

Columns of a row are explained in `solids.py`, fields in `fields.py`. Distances are exact for round tubes and spheres and
first-order right near the surface of the others, which is where partial volume and contact are decided.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ELLIPSOID, TUBE, CYLINDER, BLOB, FIELD = 0, 1, 2, 3, 4
KIND, CENTRE, END, AXES, RADII, EXPONENT, OFFSET, BUMP_FIRST, BUMP_COUNT, CLIP, CLIP_OFFSET, SOFT, HIDDEN, HIDDEN_OFFSET = (
    0, 1, 4, 7, 16, 19, 20, 21, 22, 23, 24, 25, 26, 27,
)  # fmt: skip
COLUMNS = 28
FAR_MM = 1e3


@njit(cache=True)
def field_at(fields, which, x, y, z):
    """Trilinear value of one of the fields and its gradient at a point: (value, gx, gy, gz); ends are continued."""
    field, origin, step = fields.values[int(which)], fields.origin_mm, fields.step_mm
    fx = min(max((x - origin[0]) / step, 0.0), field.shape[2] - 1.001)
    fy = min(max((y - origin[1]) / step, 0.0), field.shape[1] - 1.001)
    fz = min(max((z - origin[2]) / step, 0.0), field.shape[0] - 1.001)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = fx - i, fy - j, fz - k
    c000, c001 = field[k, j, i], field[k, j, i + 1]
    c010, c011 = field[k, j + 1, i], field[k, j + 1, i + 1]
    c100, c101 = field[k + 1, j, i], field[k + 1, j, i + 1]
    c110, c111 = field[k + 1, j + 1, i], field[k + 1, j + 1, i + 1]
    a, b = c000 + u * (c001 - c000), c010 + u * (c011 - c010)
    c, d = c100 + u * (c101 - c100), c110 + u * (c111 - c110)
    low, high = a + v * (b - a), c + v * (d - c)
    gx = (1 - w) * ((1 - v) * (c001 - c000) + v * (c011 - c010)) + w * ((1 - v) * (c101 - c100) + v * (c111 - c110))
    gy = (1 - w) * (b - a) + w * (d - c)
    return low + w * (high - low), gx / step, gy / step, (high - low) / step


@njit(cache=True)
def field_value(fields, which, x, y, z):
    """The first of what `field_at` gives, to the bit."""
    # written out again: through a function for the eight samples both take twice as long (74 instead of 38 ns a point)
    field, origin, step = fields.values[int(which)], fields.origin_mm, fields.step_mm
    fx = min(max((x - origin[0]) / step, 0.0), field.shape[2] - 1.001)
    fy = min(max((y - origin[1]) / step, 0.0), field.shape[1] - 1.001)
    fz = min(max((z - origin[2]) / step, 0.0), field.shape[0] - 1.001)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = fx - i, fy - j, fz - k
    a = field[k, j, i] + u * (field[k, j, i + 1] - field[k, j, i])
    b = field[k, j + 1, i] + u * (field[k, j + 1, i + 1] - field[k, j + 1, i])
    c = field[k + 1, j, i] + u * (field[k + 1, j, i + 1] - field[k + 1, j, i])
    d = field[k + 1, j + 1, i] + u * (field[k + 1, j + 1, i + 1] - field[k + 1, j + 1, i])
    low, high = a + v * (b - a), c + v * (d - c)
    return low + w * (high - low)


# One function a kind, (distance, gx, gy, gz, thickness) of one solid at a point: unit outward normal, and the least radius there.
# Small ones are compiled into the loop that asks; one that asked for the kind itself took five times as long.


@njit(cache=True)
def field_distance(row, fields, x, y, z):
    """Distance, normal and thickness of the inside of a field, or of a sheet at one of its values."""
    value, gx, gy, gz = field_at(fields, row[EXPONENT], x, y, z)
    size = max((gx * gx + gy * gy + gz * gz) ** 0.5, 1e-6)
    half = row[RADII]
    if half > 0.0:  # a sheet: both sides of the field's value
        return abs(value - row[OFFSET]) - half, gx / size, gy / size, gz / size, half
    return value - row[OFFSET], gx / size, gy / size, gz / size, FAR_MM


@njit(cache=True)
def tube_distance(row, x, y, z):
    """Distance, normal and thickness of a round or flat tube."""
    dx, dy, dz = x - row[CENTRE], y - row[CENTRE + 1], z - row[CENTRE + 2]
    ax, ay, az = row[END] - row[CENTRE], row[END + 1] - row[CENTRE + 1], row[END + 2] - row[CENTRE + 2]
    length2 = ax * ax + ay * ay + az * az
    t = 0.0 if length2 == 0 else min(max((dx * ax + dy * ay + dz * az) / length2, 0.0), 1.0)
    radius = row[RADII] + t * (row[RADII + 1] - row[RADII])
    ox, oy, oz = dx - t * ax, dy - t * ay, dz - t * az
    flat = row[RADII + 2]
    if flat == 1.0:
        size = (ox * ox + oy * oy + oz * oz) ** 0.5
        inverse = 1.0 / max(size, 1e-6)
        return size - radius, ox * inverse, oy * inverse, oz * inverse, radius
    # a flat tube: thinner by `flat` along its normal
    along = ox * row[AXES] + oy * row[AXES + 1] + oz * row[AXES + 2]
    ex, ey, ez = ox - along * row[AXES], oy - along * row[AXES + 1], oz - along * row[AXES + 2]
    thin = along / flat
    size = (ex * ex + ey * ey + ez * ez + thin * thin) ** 0.5
    gx = ex + thin / flat * row[AXES]
    gy = ey + thin / flat * row[AXES + 1]
    gz = ez + thin / flat * row[AXES + 2]
    slope = max((gx * gx + gy * gy + gz * gz) ** 0.5, 1e-6)
    return (size - radius) * max(size, 1e-6) / slope, gx / slope, gy / slope, gz / slope, radius * flat


@njit(cache=True)
def body_distance(row, bumps, x, y, z):
    """Distance, normal and thickness of an ellipsoid, a blob or a cylinder: what has axes of its own, the rows of a rotation."""
    kind = int(row[KIND])
    dx, dy, dz = x - row[CENTRE], y - row[CENTRE + 1], z - row[CENTRE + 2]
    p = dx * row[AXES] + dy * row[AXES + 1] + dz * row[AXES + 2]
    q = dx * row[AXES + 3] + dy * row[AXES + 4] + dz * row[AXES + 5]
    r = dx * row[AXES + 6] + dy * row[AXES + 7] + dz * row[AXES + 8]
    rp, rq, rr = row[RADII], row[RADII + 1], row[RADII + 2]
    if kind == CYLINDER:
        size = ((p / rp) ** 2 + (q / rq) ** 2) ** 0.5
        gp, gq = p / (rp * rp), q / (rq * rq)
        slope = max((gp * gp + gq * gq) ** 0.5, 1e-9)
        side = (size - 1.0) * max(size, 1e-6) / slope
        cap = abs(r) - rr
        thickness = min(rp, rq, rr)
        if side > cap:
            gp, gq, gr, distance = gp / slope, gq / slope, 0.0, side
        else:
            gp, gq, gr, distance = 0.0, 0.0, 1.0 if r > 0 else -1.0, cap
    else:
        power = row[EXPONENT]
        if power == 2.0:
            size = ((p / rp) ** 2 + (q / rq) ** 2 + (r / rr) ** 2) ** 0.5
            gp, gq, gr = p / (rp * rp), q / (rq * rq), r / (rr * rr)
        else:
            up, uq, ur = abs(p) / rp, abs(q) / rq, abs(r) / rr
            size = (up**power + uq**power + ur**power) ** (1.0 / power)
            gp = up ** (power - 1) / rp * (1.0 if p > 0 else -1.0)
            gq = uq ** (power - 1) / rq * (1.0 if q > 0 else -1.0)
            gr = ur ** (power - 1) / rr * (1.0 if r > 0 else -1.0)
        slope = max((gp * gp + gq * gq + gr * gr) ** 0.5, 1e-9)
        thickness = min(rp, rq, rr)
        factor = 1.0
        if kind == BLOB and size > 1e-6:
            reach = 1.0 / max((dx * dx + dy * dy + dz * dz) ** 0.5, 1e-6)
            for b in range(int(row[BUMP_FIRST]), int(row[BUMP_FIRST]) + int(row[BUMP_COUNT])):
                cosine = (dx * bumps[b, 0] + dy * bumps[b, 1] + dz * bumps[b, 2]) * reach
                factor += bumps[b, 3] * np.exp(bumps[b, 4] * (cosine - 1.0))
        if power == 2.0:
            distance = (size / factor - 1.0) * max(size, 1e-6) / slope if size > 1e-6 else -thickness * factor
        else:
            radial = (dx * dx + dy * dy + dz * dz) ** 0.5
            distance = radial * (1.0 - 1.0 / size) if size > 1e-6 else -thickness
        gp, gq, gr = gp / slope, gq / slope, gr / slope
    gx = gp * row[AXES] + gq * row[AXES + 3] + gr * row[AXES + 6]
    gy = gp * row[AXES + 1] + gq * row[AXES + 4] + gr * row[AXES + 7]
    gz = gp * row[AXES + 2] + gq * row[AXES + 5] + gr * row[AXES + 8]
    return distance, gx, gy, gz, thickness


@njit(cache=True)
def tube_bound(row, x, y, z):
    """A distance to a tube that changes by at most one mm over one and is never further from zero than `tube_distance` says."""
    dx, dy, dz = x - row[CENTRE], y - row[CENTRE + 1], z - row[CENTRE + 2]
    ax, ay, az = row[END] - row[CENTRE], row[END + 1] - row[CENTRE + 1], row[END + 2] - row[CENTRE + 2]
    length2 = ax * ax + ay * ay + az * az
    t = 0.0 if length2 == 0 else min(max((dx * ax + dy * ay + dz * az) / length2, 0.0), 1.0)
    radius = row[RADII] + t * (row[RADII + 1] - row[RADII])
    ox, oy, oz = dx - t * ax, dy - t * ay, dz - t * az
    taper = abs(row[RADII + 1] - row[RADII]) / max(length2, 1e-12) ** 0.5
    distance = (ox * ox + oy * oy + oz * oz) ** 0.5 - radius
    flat = row[RADII + 2]
    if flat != 1.0:
        along = ox * row[AXES] + oy * row[AXES + 1] + oz * row[AXES + 2]
        across = max(ox * ox + oy * oy + oz * oz - along * along, 0.0)
        beyond = flat * ((across + (along / flat) ** 2) ** 0.5 - radius)
        distance = beyond if beyond < 0.0 else max(beyond, distance, abs(along) - flat * radius)
    return distance / (1.0 + taper)


@njit(cache=True)
def body_bound(row, bumps, x, y, z):
    """A distance to what has axes of its own that changes by at most one mm over one and is never further from zero than
    `body_distance` says: how much larger or smaller the solid would have to be, in units of its least radius."""
    dx, dy, dz = x - row[CENTRE], y - row[CENTRE + 1], z - row[CENTRE + 2]
    p = dx * row[AXES] + dy * row[AXES + 1] + dz * row[AXES + 2]
    q = dx * row[AXES + 3] + dy * row[AXES + 4] + dz * row[AXES + 5]
    r = dx * row[AXES + 6] + dy * row[AXES + 7] + dz * row[AXES + 8]
    rp, rq, rr = row[RADII], row[RADII + 1], row[RADII + 2]
    if row[KIND] == CYLINDER:
        return max((((p / rp) ** 2 + (q / rq) ** 2) ** 0.5 - 1.0) * min(rp, rq), abs(r) - rr)
    power, least, most = row[EXPONENT], 1.0, 1.0
    if power == 2.0:
        size = ((p / rp) ** 2 + (q / rq) ** 2 + (r / rr) ** 2) ** 0.5
    else:
        size = ((abs(p) / rp) ** power + (abs(q) / rq) ** power + (abs(r) / rr) ** power) ** (1.0 / power)
    for b in range(int(row[BUMP_FIRST]), int(row[BUMP_FIRST]) + int(row[BUMP_COUNT])):
        most += max(bumps[b, 3], 0.0)
        least += min(bumps[b, 3], 0.0)
    beyond = size / most - 1.0 if size > most else min(size / max(least, 0.05) - 1.0, 0.0)
    return beyond * min(rp, rq, rr) * max(least, 0.05)


@njit(cache=True)
def distances_to_union(points, rows, bumps, fields):
    """(n) least signed distance of points (n, 3) to the union of rows (m, COLUMNS), less what their clip fields take away."""
    out = np.full(points.shape[0], FAR_MM)
    for m in range(rows.shape[0]):
        row = rows[m]
        kind = int(row[KIND])
        for n in range(points.shape[0]):
            x, y, z = points[n, 0], points[n, 1], points[n, 2]
            if kind == TUBE:
                distance = tube_distance(row, x, y, z)[0]
            elif kind == FIELD:
                distance = field_distance(row, fields, x, y, z)[0]
            else:
                distance = body_distance(row, bumps, x, y, z)[0]
            if row[CLIP] >= 0 and distance < out[n]:
                distance = max(distance, field_value(fields, row[CLIP], x, y, z) - row[CLIP_OFFSET])
            out[n] = min(out[n], distance)
    return out
