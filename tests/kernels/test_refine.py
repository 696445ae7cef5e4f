import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS
from naive import refine as naive

from lungstage.kernels.refine import refine_border

FACTORS = st.tuples(*[st.integers(1, 4)] * 3)
BLOCKS = st.tuples(*[st.integers(1, 4)] * 3)
REST = st.tuples(*[st.integers(0, 3)] * 3)


@settings(deadline=None, max_examples=60)
@given(BLOCKS, FACTORS, REST, SEEDS, st.sampled_from([0.0, 3.3]))
def test_the_border_is_the_interpolated_one(blocks, factors, rest, seed, band_mm):
    generator = np.random.default_rng(seed)
    shape = tuple(b * f + min(r, f - 1) for b, f, r in zip(blocks, factors, rest))
    volume = generator.integers(-1000, 100, shape, dtype=np.int16)
    signed = generator.normal(generator.normal(0, 6), 3, blocks).astype(np.float32)
    rival = generator.normal(3, 3, blocks).astype(np.float32)

    fast = refine_border(volume, signed, rival, factors, band_mm, -400)

    np.testing.assert_array_equal(fast, naive.refine_border(volume, signed, rival, factors, band_mm, -400))


def test_inside_the_band_the_volume_decides_and_outside_it_the_distance():
    volume = np.array([[[-900, 50, -900, 50, -900, 50]]], np.int16)
    signed = np.array([[[5.0, 5.0, 1.0, 1.0, -5.0, -5.0]]], np.float32)

    mask = refine_border(volume, signed, np.ones_like(signed), (1, 1, 1), 3.0, -400)

    assert mask[0, 0].tolist() == [1, 1, 1, 0, 0, 0]


def test_where_a_rival_is_nearer_nothing_is_taken():
    signed = np.full((1, 1, 4), 9.0, np.float32)
    rival = np.array([[[2.0, 1.0, -1.0, -2.0]]], np.float32)

    assert refine_border(np.zeros((1, 1, 4), np.int16), signed, rival, (1, 1, 1), 3.0, -400)[0, 0].tolist() == [1, 1, 0, 0]


def test_blocks_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="equal shapes"):
        refine_border(np.zeros((2, 2, 2), np.int16), np.zeros((1, 1, 1)), np.zeros((1, 1, 2)), (2, 2, 2), 3.0, -400)
