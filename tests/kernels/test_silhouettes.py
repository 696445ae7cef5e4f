"""What is seen from the front and from the left against the naive twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_mask, random_volume
from naive import silhouettes as naive

from lungstage.kernels.silhouettes import look_through


def same(looks, twins):
    return all((part == other).all() for look, twin in zip(looks, twins) for part, other in zip(look, twin))


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, seed=SEEDS, share=st.sampled_from((0.1, 0.5)))
def test_what_is_seen_is_what_the_naive_twin_sees(shape, seed, share):
    labels = random_volume(shape, seed, np.uint8) * random_mask(shape, seed + 1, share)

    assert same(look_through(labels), naive.look_through(labels))


def test_the_front_is_the_low_end_and_the_left_the_high_one():
    labels = np.zeros((1, 2, 4), np.uint8)
    labels[0, 0, 1], labels[0, 1, 1], labels[0, 1, 3] = 5, 6, 7

    front, side = look_through(labels)

    assert (front.first.tolist(), front.label.tolist()) == ([[-1, 0, -1, 1]], [[0, 5, 0, 7]])
    assert (side.first.tolist(), side.label.tolist(), side.count.tolist()) == ([[1, 3]], [[5, 7]], [[1, 2]])


def test_empty_and_strided_labels_are_taken_and_numbers_refused():
    strided = np.asfortranarray(random_volume((3, 4, 6), 3, np.uint8))[:, ::2]

    assert same(look_through(strided), naive.look_through(strided))
    assert look_through(np.zeros((0, 2, 3), bool))[0].first.shape == (0, 3)
    with pytest.raises(ValueError):
        look_through(np.zeros((2, 2, 2), np.float32))
