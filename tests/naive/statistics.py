"""Sums and variances window by window."""

import numpy as np


def sum_around(volume):
    padded = np.pad(volume.astype(int), 1, mode="edge")
    return np.array([padded[z : z + 3, y : y + 3, x : x + 3].sum() for z, y, x in np.ndindex(*volume.shape)]).reshape(
        volume.shape
    )


def variance_at(plane, rows, columns, reach_y, reach_x):
    windows = [plane[max(0, y - reach_y) : y + reach_y + 1, max(0, x - reach_x) : x + reach_x + 1] for y, x in zip(rows, columns)]
    return np.array([window.astype(float).var() for window in windows])
