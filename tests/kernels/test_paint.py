"""Painting by blocks against the naive twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_volume
from naive import paint as naive

from lungstage.kernels.paint import choices_of_blocks, paint_above, paint_blocks

FACTORS = st.tuples(*[st.integers(1, 4)] * 3)


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, factors=FACTORS, maps=st.integers(0, 3), seed=SEEDS)
def test_painted_voxels_are_those_of_the_naive_twin(shape, factors, maps, seed):
    random = np.random.default_rng(seed)
    choice = random.integers(0, 4, shape, dtype=np.uint8)
    blocks = random.integers(0, 255, (maps, *(-(-n // f) for n, f in zip(shape, factors))), dtype=np.uint8, endpoint=True)

    assert (paint_blocks(choice, blocks, factors) == naive.paint_blocks(choice, blocks, factors)).all()


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, factors=FACTORS, seed=SEEDS)
def test_choices_are_those_of_the_naive_twin(shape, factors, seed):
    choice = np.random.default_rng(seed).integers(0, 8, shape, dtype=np.uint8)

    assert (choices_of_blocks(choice, factors) == naive.choices_of_blocks(choice, factors)).all()


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, factors=FACTORS, seed=SEEDS)
def test_bright_voxels_are_those_of_the_naive_twin(shape, factors, seed):
    factors = [min(f, n) for f, n in zip(factors, shape)]
    blocks = tuple(n // f for n, f in zip(shape, factors))
    volume, labels, limits = (
        random_volume(shape, seed),
        random_volume(blocks, seed + 1, np.uint8),
        random_volume(blocks, seed + 2),
    )
    labels[labels < 128] = 0

    assert (paint_above(volume, labels, limits, factors) == naive.paint_above(volume, labels, limits, factors)).all()


def test_each_voxel_takes_its_own_map():
    choice = np.array([[[1, 2, 0, 2, 1]]], np.uint8)
    maps = np.array([[[[10, 11, 12]]], [[[20, 21, 22]]]], np.uint8)

    assert paint_blocks(choice, maps, (1, 1, 2)).ravel().tolist() == [10, 20, 0, 21, 12]


def test_a_view_and_the_highest_label_are_painted():
    choice = np.asfortranarray(np.full((3, 4, 5), 255, np.uint8))
    maps = np.full((255, 2, 1, 3), 7, np.uint8)
    maps[254] = 255

    assert (paint_blocks(choice[:, ::2], maps, (2, 2, 2)) == 255).all()
    assert paint_blocks(choice[:0], maps[:, :0], (2, 4, 2)).shape == (0, 4, 5)


def test_bright_voxels_of_a_view_are_painted_and_the_highest_limit_is_never_passed():
    volume = np.asfortranarray(np.full((3, 4, 5), 32767, np.int16))[:, ::2]
    labels, limits = np.full((1, 1, 2), 9, np.uint8), np.array([[[32767, -32768]]], np.int16)

    assert (paint_above(volume, labels, limits, (3, 2, 2)) == [0, 0, 9, 9, 9]).all()
    assert paint_above(volume[:0], labels, limits, (3, 2, 2)).shape == (0, 2, 5)


def test_maps_of_other_blocks_are_refused():
    with pytest.raises(ValueError):
        paint_blocks(np.zeros((2, 2, 2), np.uint8), np.zeros((1, 2, 2, 2), np.uint8), (2, 2, 2))
