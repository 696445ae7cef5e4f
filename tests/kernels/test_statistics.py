import numpy as np
import pytest
from hypothesis import given, settings
from kernels.volumes import SEEDS, SHAPES, random_volume
from naive import statistics as naive

from lungstage.kernels.statistics import sum_around, variance_at


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS)
def test_sums_are_those_of_the_windows(shape, seed):
    volume = random_volume(shape, seed)

    np.testing.assert_array_equal(sum_around(volume), naive.sum_around(volume))


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS)
def test_variances_are_those_of_the_windows(shape, seed):
    plane = random_volume(shape, seed)[0]
    rows, columns = np.nonzero(np.ones(plane.shape))

    # rounding of a float64 beside squares of 2 ** 15
    np.testing.assert_allclose(variance_at(plane, rows, columns, 1, 2), naive.variance_at(plane, rows, columns, 1, 2), atol=1e-4)


def test_a_flat_volume_is_refused():
    with pytest.raises(ValueError, match="three-dimensional"):
        sum_around(np.zeros((3, 3), np.int16))
