"""Convex outlines and holes of slices against the naive twins."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_mask
from naive import slices as naive

from lungstage.kernels.slices import fill_slices, span_slices

DENSITIES = st.sampled_from((0.03, 0.1, 0.3, 0.6, 0.9))
FUNCTIONS = {
    "span": (span_slices, naive.span_slices),
    "span centres": (partial(span_slices, of="centres"), partial(naive.span_slices, of="centres")),
    "fill": (fill_slices, naive.fill_slices),
}


def plane(text):
    return np.array([[[mark == "#" for mark in row.split()] for row in text.strip().splitlines()]])


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, seed=SEEDS, share=DENSITIES)
def test_slices_are_those_of_the_naive_twin(name, shape, seed, share):
    kernel, twin = FUNCTIONS[name]
    mask = random_mask(shape, seed, share)

    assert (kernel(mask) == twin(mask)).all()


def test_an_outline_is_spanned_between_its_corners():
    mask = plane("""
        . . # . . .
        . . . . . .
        # . . . . .
        . . . . . #
        . # . . . .""")

    spanned = span_slices(mask, of="centres")

    assert (spanned == plane("""
        . . # . . .
        . # # # . .
        # # # # # .
        . # # # # #
        . # . . . .""")).all()  # fmt: skip


def test_an_outline_of_whole_pixels_is_wider_between_its_corners():
    mask = plane("""
        # . . . .
        . . . . #""")

    assert (span_slices(mask, of="centres") == mask).all()
    assert (span_slices(mask) == plane("""
        # # # . .
        . . # # #""")).all()  # fmt: skip
    with pytest.raises(ValueError):
        span_slices(mask, of="corners")


def test_a_bay_is_no_hole_and_a_diagonal_gap_is_none():
    mask = plane("""
        # # # # # #
        # . # . . #
        # # . # # #
        . . . . # .""")

    filled = fill_slices(mask)

    assert (filled == plane("""
        # # # # # #
        # # # # # #
        # # . # # #
        . . . . # .""")).all()  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_empty_full_and_strided_masks_are_taken(name):
    kernel, twin = FUNCTIONS[name]
    strided = np.asfortranarray(random_mask((3, 8, 7), 2, 0.2))[:, ::2]

    assert not kernel(np.zeros((2, 3, 4), bool)).any()
    assert kernel(np.full((1, 3, 4), 255, np.uint8)).all()
    assert kernel(np.zeros((0, 3, 4), bool)).shape == (0, 3, 4)
    assert (kernel(strided) == twin(strided)).all()
