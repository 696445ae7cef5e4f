"""Trilinear values against the naive twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from kernels.volumes import SEEDS, SHAPES, random_volume
from naive import sample as naive

from lungstage.kernels.sample import sample_linear

ROUNDING = 1e-5  # float32 values, float64 weights


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, seed=SEEDS)
def test_values_are_those_of_the_naive_twin(shape, seed):
    volume = random_volume(shape, seed, np.float32)
    index = np.random.default_rng(seed).uniform(-2, 10, (13, 3))

    assert sample_linear(volume, index) == pytest.approx(naive.sample_linear(volume, index), abs=ROUNDING)


def test_a_plane_is_sampled_exactly():
    z, y, x = np.indices((4, 5, 6))
    plane = (z + 2.0 * y - x).astype(np.float32)

    assert sample_linear(plane[:, ::-1][:, ::-1], [[1.5, 2.25, 4.75]]) == pytest.approx([1.5 + 4.5 - 4.75], abs=ROUNDING)


def test_an_empty_volume_is_refused():
    with pytest.raises(ValueError):
        sample_linear(np.zeros((0, 2, 2), np.float32), np.zeros((1, 3)))


def test_whole_numbers_are_sampled_between_them():
    volume = np.array([[[-32768, 32767]]], np.int16)

    assert sample_linear(volume, [[0.0, 0.0, 0.5]]) == pytest.approx([-0.5])
