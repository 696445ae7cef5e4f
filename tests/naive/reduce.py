"""Block statistics by slicing out every block."""

import numpy as np


def reduce_blocks(volume, factors):
    shape = tuple(n // f for n, f in zip(volume.shape, factors))
    out = [np.empty(shape, np.int16) for _ in range(2)]
    for index in np.ndindex(*shape):
        block = volume[tuple(slice(i * f, (i + 1) * f) for i, f in zip(index, factors))].astype(float)
        out[0][index] = np.floor(block.mean() + 0.5)
        out[1][index] = block.max()
    return tuple(out)
