"""One block after the other."""

import itertools

import numpy as np


def blocks(labels, factors):
    shape = tuple(-(-n // f) for n, f in zip(labels.shape, factors))
    for block in itertools.product(*(range(n) for n in shape)):
        yield block, labels[tuple(slice(b * f, b * f + f) for b, f in zip(block, factors))]


def share_of_blocks(labels, factors, lowest, highest):
    out = np.zeros([-(-n // f) for n, f in zip(labels.shape, factors)], np.float32)
    for block, held in blocks(labels, factors):
        out[block] = np.mean((held >= lowest) & (held <= highest))
    return out


def highest_of_blocks(labels, factors):
    out = np.zeros([-(-n // f) for n, f in zip(labels.shape, factors)], np.uint8)
    for block, held in blocks(labels, factors):
        out[block] = held.max()
    return out
