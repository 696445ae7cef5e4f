"""Counts by asking every voxel."""

import numpy as np


def count_along(mask):
    return tuple(np.count_nonzero(mask, axis=tuple(a for a in range(3) if a != axis)) for axis in range(3))


def count_by_label(labels, values, count, lowest, highest):
    clipped = np.clip(values.astype(int), lowest, highest)
    out = [[np.count_nonzero((labels == k) & (clipped == v)) for v in range(lowest, highest + 1)] for k in range(1, count)]
    return np.array([[0] * (highest - lowest + 1), *out])


def count_faces(labels, rest, count):
    faces, shared = np.zeros(count, int), np.zeros(count, int)
    for here in np.argwhere(labels):
        for axis in range(3):
            for step in (-1, 1):
                there = here.copy()
                there[axis] += step
                if 0 <= there[axis] < labels.shape[axis] and labels[tuple(there)] == 0:
                    faces[labels[tuple(here)]] += 1
                    shared[labels[tuple(here)]] += bool(rest[tuple(there)])
    return faces, shared
