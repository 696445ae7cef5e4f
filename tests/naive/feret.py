"""All pairs of voxel centres."""

import numpy as np

from lungstage.kernels.feret import LOST


def chord(step, spacing):
    """Length inside one voxel of a line through its centre."""
    step, spacing = np.abs(step), np.asarray(spacing, float)
    if not step.any():
        return spacing.min()
    return (spacing[step > 0] / (step[step > 0] / np.linalg.norm(step))).min()


def furthest(points):
    """The two points that are furthest apart, the first such pair in order."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    i, j = np.unravel_index(np.argmax(distances), distances.shape)
    return points[j] - points[i]


def diameters_mm(masks, spacing_mm):
    spacing = np.asarray(spacing_mm, float)
    out = np.zeros((len(masks), 3))
    for k, mask in enumerate(masks):
        points = np.argwhere(mask) * spacing
        if not len(points):
            continue
        step = furthest(points)
        out[k, 0] = np.linalg.norm(step) + LOST[0] * chord(step, spacing)
        slices = [points[points[:, 0] == z][:, 1:] for z in np.unique(points[:, 0])]
        steps = [furthest(part) for part in slices]
        best = max(range(len(steps)), key=lambda i: np.linalg.norm(steps[i]))
        step = steps[best]
        across = np.array([step[1], -step[0]])
        out[k, 1] = np.linalg.norm(step) + LOST[1] * chord(step, spacing[1:])
        out[k, 2] = widest_band(slices[best], step, spacing) + LOST[2] * chord(across, spacing[1:])
    return out


def widest_band(points, step, spacing):
    """The longest extent across `step` among bands one voxel wide."""
    if not step.any():
        return 0.0
    u = step / np.linalg.norm(step)
    bands = np.floor(points @ u / max(spacing[1:])).astype(int)
    along = points @ np.array([u[1], -u[0]])
    return max(np.ptp(along[bands == band]) for band in np.unique(bands))


def axial_diameters_mm(masks, spacing_mm):
    return diameters_mm(masks, spacing_mm)[:, 1:]
