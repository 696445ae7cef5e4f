"""One voxel after the other."""

import numpy as np


def choices_of_blocks(choice, factors):
    out = np.zeros([-(-n // f) for n, f in zip(choice.shape, factors)], np.uint8)
    for index in np.ndindex(choice.shape):
        out[tuple(i // f for i, f in zip(index, factors))] |= 2 ** int(choice[index])
    return out


def paint_blocks(choice, maps, factors):
    out = np.zeros(choice.shape, np.uint8)
    for index in np.ndindex(choice.shape):
        if 0 < choice[index] <= len(maps):
            out[index] = maps[choice[index] - 1][tuple(i // f for i, f in zip(index, factors))]
    return out


def paint_above(volume, labels, limits, factors):
    out = np.zeros(volume.shape, np.uint8)
    for index in np.ndindex(volume.shape):
        block = tuple(min(i // f, n - 1) for i, f, n in zip(index, factors, labels.shape))
        if volume[index] > limits[block]:
            out[index] = labels[block]
    return out
