"""Volumes for the kernel tests: seeded, with three different sides, and the odd ones every kernel must stand."""

import numpy as np
from hypothesis import strategies as st

SPACING = (2.5, 0.8, 0.7)
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 9))
SEEDS = st.integers(0, 2**32 - 1)


def random_volume(shape, seed, dtype=np.int16):
    """Values over the whole range of an integer type, or standard normal ones."""
    generator = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return generator.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    return generator.standard_normal(shape).astype(dtype)


def random_mask(shape, seed, share=0.5):
    """uint8, about `share` of it 1."""
    return (np.random.default_rng(seed).random(shape) < share).astype(np.uint8)
