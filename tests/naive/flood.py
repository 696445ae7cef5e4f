"""Flood levels by trying every level: what is connected with a seed at or below it."""

import numpy as np

from .components import touching_components

DRY = 32767


def flood_levels(volume, seeds, top):
    levels = np.full(volume.shape, DRY, np.int16)
    for level in sorted(set(volume[volume <= top].tolist()), reverse=True):
        wet = (volume <= level).astype(np.uint8)
        levels[touching_components(wet, seeds & wet) != 0] = level
    return levels
