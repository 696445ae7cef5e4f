"""Convex: inside all half-planes through two of its pixels that hold all of it. Holes: outside grows until it stands still."""

import itertools

import numpy as np


def span_slices(mask, of="pixels"):
    return np.array([span(plane, of) for plane in mask != 0]).reshape(mask.shape)


def span(plane, of):
    pixels = 2 * np.argwhere(plane)
    if not len(pixels):
        return plane
    if of == "pixels":
        pixels = np.concatenate([pixels + step for step in ((0, 1), (0, -1), (1, 0), (-1, 0))])
    out = np.ones(plane.shape, bool)
    places = 2 * np.moveaxis(np.indices(plane.shape), 0, -1)
    for a, b in itertools.permutations(pixels, 2):
        normal = np.array([b[1] - a[1], a[0] - b[0]])
        if ((pixels - a) @ normal).max() <= 0:
            out &= (places - a) @ normal <= 0
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    return out & (places >= low).all(axis=-1) & (places <= high).all(axis=-1)


def fill_slices(mask):
    out = np.ones(mask.shape, bool)
    for filled, plane in zip(out, mask != 0):
        outside = np.pad(np.zeros(plane.shape, bool), 1, constant_values=True)
        while True:
            near = outside.copy()
            near[1:] |= outside[:-1]
            near[:-1] |= outside[1:]
            near[:, 1:] |= outside[:, :-1]
            near[:, :-1] |= outside[:, 1:]
            near[1:-1, 1:-1] &= ~plane
            if (near == outside).all():
                break
            outside = near
        filled[:] = ~outside[1:-1, 1:-1]
    return out
