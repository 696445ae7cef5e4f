"""Every solid asks every voxel."""

import numpy as np

from lungstage.phantom.distance import (
    FIELD,
    HIDDEN,
    HIDDEN_OFFSET,
    KIND,
    TUBE,
    body_distance,
    field_at,
    field_distance,
    tube_distance,
)
from lungstage.phantom.paint import Voxels, _limits, _share


def surface_of(row, bumps, fields, x, y, z):
    if row[KIND] == FIELD:
        return field_distance(row, fields, x, y, z)
    return tube_distance(row, x, y, z) if row[KIND] == TUBE else body_distance(row, bumps, x, y, z)


def paint_all(solids, shades, fields, grid, pose, base):
    """float32 (z, y, x) as `paint` gives it, without texture."""
    to_frame, steps = pose @ grid.affine_lps, np.array(grid.spacing_mm[::-1])
    turn = np.ascontiguousarray((pose[:3, :3] @ grid.axes).T)
    voxels = Voxels(np.ascontiguousarray(to_frame[:3]), steps, turn, float(np.linalg.norm(steps)), np.zeros((1, 1, 1, 1)))
    out = np.full(grid.shape, base, np.float32)
    for n, row in enumerate(solids.rows):
        for k, j, i in np.ndindex(*grid.shape):
            x, y, z = to_frame[:3, :3] @ (i, j, k) + to_frame[:3, 3]
            if row[HIDDEN] >= 0 and field_at(fields, row[HIDDEN], x, y, z)[0] < row[HIDDEN_OFFSET]:
                continue
            surface = surface_of(row, solids.bumps, fields, x, y, z)
            if surface[0] > _limits(row, voxels)[0]:
                continue
            share = _share(row, fields, voxels, surface, x, y, z)
            value = shades[n, 0] + shades[n, 1] * y + shades[n, 2] * z
            out[k, j, i] += share * (value - out[k, j, i])
    return out
