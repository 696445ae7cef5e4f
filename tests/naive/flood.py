"""Flood levels by trying every level: what is connected with a seed at or below it. Watersheds by a heap."""

from heapq import heappop, heappush

import numpy as np

from .components import touching_components

DRY = 32767


def flood_levels(volume, seeds, top, most=None):
    levels = np.full(volume.shape, DRY, np.int16)
    for level in sorted(set(volume[volume <= top].tolist()), reverse=True):
        wet = (volume <= level).astype(np.uint8)
        levels[touching_components(wet, seeds & wet) != 0] = level
    for level in sorted(set(levels[levels < DRY].tolist())):
        if most is not None and np.count_nonzero(levels <= level) > most:
            levels[levels > level] = DRY
            break
    return levels


def flood_labels(volume, mask, seeds):
    labels = np.where(mask != 0, seeds, 0).astype(np.uint8)
    shore, order = [], 0
    for here in zip(*np.nonzero(labels)):
        heappush(shore, (int(volume[here]), order, here))
        order += 1
    while shore:
        level, _, here = heappop(shore)
        for axis in range(3):
            for step in (-1, 1):
                there = tuple(int(i) + step * (a == axis) for a, i in enumerate(here))
                if all(0 <= i < n for i, n in zip(there, mask.shape)) and mask[there] and not labels[there]:
                    labels[there] = labels[here]
                    heappush(shore, (max(level, int(volume[there])), order, there))
                    order += 1
    return labels
