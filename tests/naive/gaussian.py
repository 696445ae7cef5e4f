"""Smoothing as one sum over all voxels of the padded volume for each axis, in double precision."""

from math import erf, sqrt

import numpy as np


def smooth_gaussian(volume, spacing_mm, sigma_mm):
    result = volume.astype(float)
    for axis, (step, sigma) in enumerate(zip(spacing_mm, np.broadcast_to(np.asarray(sigma_mm, float), 3))):
        if sigma > 0:
            result = np.apply_along_axis(_smooth_line, axis, result, sigma / step)
    return result.astype(np.float32)


def _smooth_line(line, sigma):
    reach = int(np.ceil(3.5 * sigma))
    weights = [erf((k + 0.5) / (sigma * sqrt(2))) - erf((k - 0.5) / (sigma * sqrt(2))) for k in range(-reach, reach + 1)]
    return np.convolve(np.pad(line, reach, mode="edge"), np.array(weights) / np.sum(weights), mode="valid")
