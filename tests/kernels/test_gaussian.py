import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, SPACING, random_volume
from naive import gaussian as naive

from lungstage.kernels.gaussian import smooth_gaussian


@settings(deadline=None, max_examples=30)
@given(SHAPES, SEEDS, st.sampled_from([0.0, 0.4, 1.0, 3.0]), st.sampled_from([np.int16, np.float32]))
def test_smoothing_is_the_weighted_sum_over_neighbours(shape, seed, sigma_mm, dtype):
    volume = random_volume(shape, seed, dtype)

    fast = smooth_gaussian(volume, SPACING, sigma_mm)

    # float32 holds seven digits; sums of some ten terms of size 32768 or 1
    scale = 32768 if dtype == np.int16 else 1
    np.testing.assert_allclose(fast, naive.smooth_gaussian(volume, SPACING, sigma_mm), atol=4e-6 * scale)


def test_a_constant_stays_constant_up_to_the_ends():
    smooth = smooth_gaussian(np.full((4, 5, 6), -850, np.int16), SPACING, 2.0)

    np.testing.assert_allclose(smooth, -850, rtol=1e-6)


def test_a_point_becomes_a_gaussian_of_the_same_sum():
    volume = np.zeros((11, 31, 33), np.float32)
    volume[5, 15, 16] = 1.0

    smooth = smooth_gaussian(volume, SPACING, 1.5)

    assert smooth.sum() == pytest.approx(1.0, abs=1e-5)
    x = (np.arange(33) - 16) * SPACING[2]
    variance = (smooth.sum(axis=(0, 1)) * x**2).sum()
    # a voxel's own width adds a twelfth of its square; the tails beyond 3.5 sigma are missing
    assert variance == pytest.approx(1.5**2 + SPACING[2] ** 2 / 12, rel=0.02)


def test_each_axis_may_have_its_own_width():
    volume = random_volume((5, 6, 7), 4, np.float32)

    smooth = smooth_gaussian(volume, SPACING, (0.0, 1.0, 2.0))

    np.testing.assert_allclose(smooth, naive.smooth_gaussian(volume, SPACING, (0.0, 1.0, 2.0)), atol=4e-6)


def test_double_precision_is_refused():
    with pytest.raises(ValueError, match="float32"):
        smooth_gaussian(np.zeros((2, 2, 2)), SPACING, 1.0)
