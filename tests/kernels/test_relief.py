import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_mask
from naive import relief as naive

from lungstage.kernels.relief import lowest_of_columns, open_relief, sides_closed


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS, st.floats(0.0, 1.0))
def test_undersides_and_closed_sides_are_those_found_place_by_place(shape, seed, share):
    mask = random_mask(shape, seed, share)

    np.testing.assert_array_equal(lowest_of_columns(mask), naive.lowest_of_columns(mask))
    np.testing.assert_array_equal(sides_closed(mask), naive.sides_closed(mask))


@settings(deadline=None, max_examples=30)
@given(st.tuples(st.integers(1, 9), st.integers(1, 11)), SEEDS, st.integers(1, 4), st.integers(1, 5))
def test_a_relief_is_opened_by_a_disc(shape, seed, reach_y, reach_x):
    relief = np.random.default_rng(seed).integers(-9, 90, shape, dtype=np.int32)

    np.testing.assert_array_equal(open_relief(relief, reach_y, reach_x), naive.open_relief(relief, reach_y, reach_x))


def test_a_peak_narrower_than_the_disc_is_levelled_and_a_dome_is_not():
    relief = np.zeros((9, 19), np.int32)
    relief[4, 3] = 7
    relief[:, 9:] = 5

    opened = open_relief(relief, 2, 2)

    assert opened[4, 3] == 0 and (opened[:, 9:] == 5).all()
