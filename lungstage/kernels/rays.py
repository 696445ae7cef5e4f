"""Slices seen from their middle in: how far out a mask reaches along each ray, and what lies between two distances, out.

A slice's blocks are told to rays by `ray` (which one) and `away_mm` (how far out); both are the same for every slice.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .distance import as_mask


def last_on_rays(mask, ray, away_mm, count):
    """How far out the outermost voxel of the mask lies on each ray of each slice.

    mask      uint8 or bool (z, y, x)
    ray       int64 (y, x), 0 … count - 1             away_mm   float32 (y, x), > = 0
    returns   float32 (z, count); 0 where a ray meets nothing
    """
    out = np.zeros((np.shape(mask)[0], count), np.float32)
    _last(as_mask(mask), *_polar(mask, ray, away_mm), out)
    return out


def first_on_rays(mask, ray, away_mm, beyond_mm):
    """How far out the first voxel of the mask lies that is farther out than `beyond_mm`, float32 (z, rays).

    returns   float32 (z, rays); infinite where there is none
    """
    out = np.full(beyond_mm.shape, np.inf, np.float32)
    _first(as_mask(mask), *_polar(mask, ray, away_mm), np.ascontiguousarray(beyond_mm, np.float32), out)
    return out


def between_on_rays(ray, away_mm, from_mm, to_mm):
    """uint8 (z, y, x): 1 where a voxel lies farther out than from_mm and nearer than to_mm, both float32 (z, rays)."""
    from_mm, to_mm = np.ascontiguousarray(from_mm, np.float32), np.ascontiguousarray(to_mm, np.float32)
    out = np.empty((len(from_mm), *ray.shape), np.uint8)
    _between(np.ascontiguousarray(ray, np.int64), np.ascontiguousarray(away_mm, np.float32), from_mm, to_mm, out)
    return out


def _polar(mask, ray, away_mm):
    if ray.shape != np.shape(mask)[1:] or away_mm.shape != ray.shape:
        raise ValueError(f"rays {ray.shape} and distances {away_mm.shape} are of one slice, {np.shape(mask)[1:]}")
    return np.ascontiguousarray(ray, np.int64), np.ascontiguousarray(away_mm, np.float32)


@njit(cache=True, nogil=True)
def _last(mask, ray, away_mm, out):
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            row, held = mask[z, y], np.uint8(0)
            for x in range(row.size):
                held |= row[x]
            if held:
                for x in range(row.size):
                    if row[x]:
                        out[z, ray[y, x]] = max(out[z, ray[y, x]], away_mm[y, x])


@njit(cache=True, nogil=True)
def _first(mask, ray, away_mm, beyond_mm, out):
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            row, held = mask[z, y], np.uint8(0)
            for x in range(row.size):
                held |= row[x]
            if held:
                for x in range(row.size):
                    if row[x] and away_mm[y, x] > beyond_mm[z, ray[y, x]]:
                        out[z, ray[y, x]] = min(out[z, ray[y, x]], away_mm[y, x])


@njit(cache=True, nogil=True)
def _between(ray, away_mm, from_mm, to_mm, out):
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                k = ray[y, x]
                out[z, y, x] = (away_mm[y, x] > from_mm[z, k]) & (away_mm[y, x] < to_mm[z, k])
