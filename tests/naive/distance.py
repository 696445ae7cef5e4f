"""Squared distances from all voxels to all voxels of the mask."""

import numpy as np


def squared_distance_mm2(mask, spacing_mm, limit_mm):
    points = np.argwhere(np.ones(mask.shape)) * np.asarray(spacing_mm)
    inside = points[mask.ravel() != 0]
    nearest = np.full(len(points), float(limit_mm) ** 2)
    for target in inside:
        nearest = np.minimum(nearest, ((points - target) ** 2).sum(axis=1))
    return nearest.reshape(mask.shape).astype(np.float32)
