import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, SPACING, random_mask
from naive import distance as naive

from lungstage.kernels.distance import squared_distance_mm2

ROUNDING = 1e-5  # float32 sums of three squares


@settings(deadline=None, max_examples=40)
@given(SHAPES, SEEDS, st.floats(0.0, 1.0), st.sampled_from([0.5, 2.0, 6.0, 100.0, np.inf]))
def test_distances_are_those_of_all_pairs_of_voxels(shape, seed, share, limit_mm):
    mask = random_mask(shape, seed, share)

    fast = squared_distance_mm2(mask, SPACING, limit_mm)

    np.testing.assert_allclose(fast, naive.squared_distance_mm2(mask, SPACING, limit_mm), rtol=ROUNDING)


def test_distances_by_eye():
    mask = np.zeros((3, 4, 5), np.uint8)
    mask[0, 0, 0] = 1

    d2 = squared_distance_mm2(mask, (3.0, 2.0, 1.0), 100.0)

    assert d2[0, 0, 4] == 16 and d2[0, 3, 0] == 36 and d2[2, 0, 0] == 36 and d2[2, 3, 4] == 16 + 36 + 36


def test_an_empty_mask_is_at_the_limit_everywhere():
    assert (squared_distance_mm2(np.zeros((2, 3, 4), np.uint8), SPACING, 5.0) == 25.0).all()


def test_a_view_counts_like_its_copy():
    mask = random_mask((6, 7, 8), 3)[::-1, :, ::2]

    np.testing.assert_array_equal(squared_distance_mm2(mask, SPACING, 4.0), squared_distance_mm2(mask.copy(), SPACING, 4.0))


def test_a_spacing_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        squared_distance_mm2(np.zeros((2, 3, 4), np.uint8), (1.0, 0.0, 1.0), 5.0)
