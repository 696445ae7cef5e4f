"""Rays by asking every voxel of every ray."""

import numpy as np


def last_on_rays(mask, ray, away_mm, count):
    return np.array([[max([0.0, *away_mm[(ray == k) & (plane != 0)]]) for k in range(count)] for plane in mask])


def first_on_rays(mask, ray, away_mm, beyond_mm):
    out = np.full(beyond_mm.shape, np.inf)
    for z, k in np.ndindex(*beyond_mm.shape):
        there = away_mm[(ray == k) & (mask[z] != 0)]
        out[z, k] = min([np.inf, *there[there > beyond_mm[z, k]]])
    return out


def between_on_rays(ray, away_mm, from_mm, to_mm):
    return np.array([(away_mm > low[ray]) & (away_mm < high[ray]) for low, high in zip(from_mm, to_mm)]).astype(np.uint8)
