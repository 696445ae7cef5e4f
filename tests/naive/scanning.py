"""What the scanner's compiled loops do, in whole arrays."""

import numpy as np


def stretched_plane(values, shape):
    out = np.empty(shape, np.float32)
    for j, i in np.ndindex(*shape):
        y = min(max((j + 0.5) * values.shape[0] / shape[0] - 0.5, 0), values.shape[0] - 1)
        x = min(max((i + 0.5) * values.shape[1] / shape[1] - 0.5, 0), values.shape[1] - 1)
        a, b = min(int(y), values.shape[0] - 2), min(int(x), values.shape[1] - 2)
        top = values[a, b] + (x - b) * (values[a, b + 1] - values[a, b])
        low = values[a + 1, b] + (x - b) * (values[a + 1, b + 1] - values[a + 1, b])
        out[j, i] = top + (y - a) * (low - top)
    return out


def taken_away(image, rays, bins):
    return image - sum(ray[own] for ray, own in zip(rays, bins))


def average_breaths(image, moving, first, share):
    mean = np.zeros(image.shape)
    for low, part in zip(first, share):
        high = np.minimum(low + 1, len(image) - 1)
        mean += image[low] * (1 - part[:, None, None]) + image[high] * part[:, None, None]
    return image + moving * (mean / len(first) - image)


def smooth_max(a, b, round_mm):
    overlap = np.maximum(round_mm - np.abs(a - b), 0) / round_mm
    return np.maximum(a, b) + overlap**2 * round_mm / 4


def steepest_cell(values, low, high):
    """Largest differences along x, y, z in the cells (eight samples) of one field that hold a value between `low` and `high`."""
    corners = np.lib.stride_tricks.sliding_window_view(values, (2, 2, 2))
    near = (corners.min((3, 4, 5)) <= high) & (corners.max((3, 4, 5)) >= low)
    return [float(np.abs(np.diff(corners, axis=axis)).max((3, 4, 5))[near].max(initial=0)) for axis in (5, 4, 3)]
