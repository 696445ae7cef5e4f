"""Shares and highest labels of blocks against the naive twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_volume
from naive import shares as naive

from lungstage.kernels.shares import highest_of_blocks, share_of_blocks

FACTORS = st.tuples(*[st.integers(1, 4)] * 3)


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, factors=FACTORS, seed=SEEDS)
def test_blocks_are_those_of_the_naive_twin(shape, factors, seed):
    labels = random_volume(shape, seed, np.uint8)

    assert share_of_blocks(labels, factors, 40, 200) == pytest.approx(naive.share_of_blocks(labels, factors, 40, 200))
    assert (highest_of_blocks(labels, factors) == naive.highest_of_blocks(labels, factors)).all()


def test_a_view_and_extreme_labels_are_counted():
    labels = np.asfortranarray(np.full((3, 4, 5), 255, np.uint8))
    labels[0, 0, 0] = 0

    assert share_of_blocks(labels[:, ::2], (3, 2, 5), 255, 255) == pytest.approx(np.array([[[29 / 30]]]))
    assert share_of_blocks(labels[:0], (2, 2, 2), 0, 255).shape == (0, 2, 3)


def test_other_arrays_are_refused():
    with pytest.raises(ValueError):
        share_of_blocks(np.zeros((2, 2, 2), np.int16), (1, 1, 1), 0, 1)
