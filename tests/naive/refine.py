"""Masks from labelled blocks, voxel by voxel: the blocks within reach, and each label's share by interpolation."""

from fractions import Fraction

import numpy as np

REACH = 1.1


def refine_labels(volume, labels, factors, start, edge_hu):
    out = np.zeros((2, *volume.shape), np.uint8)
    for voxel, own, near, _ in _voxels(labels, factors, start, volume.shape):
        label = labels[own]
        if len(near) > 1 and 0 in near:
            label = 0 if volume[voxel] >= edge_hu else label or min(near - {0})
        if label:
            out[(label - 1, *voxel)] = 1
    return out[0], out[1]


def draw_labels(labels, factors, start, shape, at_least=None):
    out = np.zeros(shape, np.uint8)
    for voxel, own, _, shares in _voxels(labels, factors, start, shape):
        around = labels[tuple(slice(max(0, i - 1), i + 2) for i in own)]
        mixed = len(np.unique(around)) > 1
        forced = [k + 1 for k in range(2) if at_least is not None and at_least[k][voxel] and mixed]
        if forced:
            out[voxel] = forced[0]
        elif shares[1] + shares[2] >= Fraction(1, 2):
            out[voxel] = 1 if shares[1] >= shares[2] else 2
    return out


def _voxels(labels, factors, start, shape):
    """(index, its block, labels within reach along an axis, shares by label) of every voxel that blocks stand for."""
    extent = [min((b + 1) * f - 1, n - s) for b, f, n, s in zip(labels.shape, factors, shape, start)]
    for index in np.ndindex(*[max(0, e) for e in extent]):
        at = [min(max(Fraction(2 * i + 1 - f, 2 * f), 0), b - 1) for i, f, b in zip(index, factors, labels.shape)]
        own = tuple(min(i // f, b - 1) for i, f, b in zip(index, factors, labels.shape))
        near, shares = set(), [Fraction(0)] * 3
        for block in np.ndindex(*labels.shape):
            away = [abs(i - p) for i, p in zip(block, at)]
            if sum(i != j for i, j in zip(block, own)) <= 1 and max(away) <= REACH:
                near.add(int(labels[block]))
            shares[labels[block]] += np.prod([Fraction(0) if d >= 1 else 1 - d for d in away])
        yield tuple(np.add(index, start).tolist()), own, near, shares
