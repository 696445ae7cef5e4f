"""Trilinear values, one position after the other, as a sum over the eight corners."""

import itertools

import numpy as np


def sample_linear(volume, index):
    out = np.zeros(len(index))
    last = np.array(volume.shape) - 1
    for i, position in enumerate(np.clip(index, 0, last)):
        corner = np.floor(position).astype(int)
        part = position - corner
        for step in itertools.product((0, 1), repeat=3):
            weight = np.prod(np.where(step, part, 1 - part))
            out[i] += weight * volume[tuple(np.minimum(corner + step, last))]
    return out
