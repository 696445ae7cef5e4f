"""Balls put onto every voxel, one after the other; closing and opening on a volume continued by five voxels."""

import numpy as np


def grow_mm(mask, spacing_mm, radius_mm):
    out = np.zeros(mask.shape, np.uint8)
    for centre in np.argwhere(mask):
        out |= _ball(mask.shape, centre, spacing_mm, radius_mm)
    return out


def shrink_mm(mask, spacing_mm, radius_mm):
    out = np.zeros(mask.shape, np.uint8)
    for centre in np.ndindex(*mask.shape):
        out[centre] = mask[_ball(mask.shape, centre, spacing_mm, radius_mm) != 0].all()
    return out


def close_mm(mask, spacing_mm, radius_mm):
    padded = np.pad(mask, 5, mode="edge")
    return shrink_mm(grow_mm(padded, spacing_mm, radius_mm), spacing_mm, radius_mm)[5:-5, 5:-5, 5:-5]


def open_mm(mask, spacing_mm, radius_mm):
    padded = np.pad(mask, 5, mode="edge")
    return grow_mm(shrink_mm(padded, spacing_mm, radius_mm), spacing_mm, radius_mm)[5:-5, 5:-5, 5:-5]


def _ball(shape, centre, spacing_mm, radius_mm):
    steps = np.indices(shape) - np.reshape(centre, (3, 1, 1, 1))
    away2 = ((steps * np.reshape(spacing_mm, (3, 1, 1, 1))) ** 2).sum(axis=0)
    return (away2 <= radius_mm**2 * (1 + 1e-9)).astype(np.uint8)
