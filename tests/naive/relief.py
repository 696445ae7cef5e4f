"""Reliefs place by place."""

import numpy as np


def lowest_of_columns(mask):
    return np.array([[next((z for z in range(len(mask)) if mask[z, y, x]), len(mask)) for x in range(mask.shape[2])]
                     for y in range(mask.shape[1])])  # fmt: skip


def open_relief(relief, reach_y, reach_x):
    return _in_disc(_in_disc(relief, reach_y, reach_x, np.min), reach_y, reach_x, np.max)


def sides_closed(mask):
    out = np.zeros(mask.shape, np.uint8)
    for z, y, x in np.ndindex(*mask.shape):
        sides = (mask[z, y, : x + 1], mask[z, y, x:], mask[z, : y + 1, x], mask[z, y:, x])
        out[z, y, x] = sum(bool(side.any()) for side in sides)
    return out


def _in_disc(relief, reach_y, reach_x, pick):
    y, x = np.indices(relief.shape)
    out = np.empty_like(relief)
    for j, i in np.ndindex(*relief.shape):
        out[j, i] = pick(relief[((y - j) / reach_y) ** 2 + ((x - i) / reach_x) ** 2 <= 1.0 + 1e-9])
    return out
