"""Volumes on another grid against the naive twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_volume
from naive import resample as naive

from lungstage.kernels.resample import resample_tents

REACHES = st.tuples(*[st.floats(1.0, 4.0)] * 3)
ROUNDING = 1e-5  # of float32 weights, against the largest value


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, reaches=REACHES, seed=SEEDS, dtype=st.sampled_from([np.uint8, np.int16, np.float32]))
def test_values_are_those_of_the_naive_twin(shape, reaches, seed, dtype):
    volume = random_volume(shape, seed, dtype)
    generator = np.random.default_rng(seed)
    centres = [generator.uniform(-2, n + 2, count) for n, count in zip(shape, (2, 3, 4))]

    found = resample_tents(volume, centres, reaches)

    largest = float(np.abs(volume.astype(float)).max()) + 1.0
    assert found == pytest.approx(naive.resample_tents(volume, centres, reaches), abs=ROUNDING * largest)


def test_the_lines_of_the_volume_itself_give_the_volume_back():
    volume = random_volume((3, 4, 5), 1)[:, ::-1]

    assert np.array_equal(resample_tents(volume, [np.arange(n) for n in volume.shape], (1, 1, 1)), volume)


def test_a_wide_tent_averages():
    stripes = np.zeros((1, 1, 8), np.float32)
    stripes[..., ::2] = 2.0

    assert resample_tents(stripes, [[0.0], [0.0], [3.0, 4.0]], (1, 1, 2)) == pytest.approx(1.0)


@pytest.mark.parametrize("volume", [np.zeros((0, 2, 2), np.float32), np.zeros((2, 2), np.float32), np.zeros((2, 2, 2))])
def test_what_is_no_volume_is_refused(volume):
    with pytest.raises(ValueError):
        resample_tents(volume, [[0.0]] * 3, (1, 1, 1))


def test_a_tent_narrower_than_a_voxel_is_refused():
    with pytest.raises(ValueError):
        resample_tents(np.zeros((2, 2, 2), np.float32), [[0.0]] * 3, (1, 0.5, 1))
