import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_mask
from naive import components as naive

from lungstage.kernels.components import (
    choose_pieces,
    fill_holes,
    find_pieces,
    label_components,
    largest_component,
    touching_components,
)

SHARES = st.floats(0.0, 1.0)


@settings(deadline=None, max_examples=30)
@given(SHAPES, SEEDS, SHARES, st.booleans())
def test_pieces_are_those_found_by_walking(shape, seed, share, corners):
    mask = random_mask(shape, seed, share)

    labels, sizes = label_components(mask, corners)

    slow_labels, slow_sizes = naive.label_components(mask, corners)
    np.testing.assert_array_equal(labels, slow_labels)
    np.testing.assert_array_equal(sizes, slow_sizes)
    np.testing.assert_array_equal(largest_component(mask, corners), naive.largest_component(mask, corners))


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS, SHARES, st.booleans())
def test_the_box_of_a_piece_holds_all_of_it_and_no_more(shape, seed, share, flat):
    mask = random_mask(shape, seed, share)

    pieces = find_pieces(mask, flat=flat)

    for k in range(1, pieces.sizes.size):
        places = np.argwhere(pieces.labels == k)
        assert len(places) == pieces.sizes[k]
        assert (places.min(axis=0) == pieces.low[k]).all() and (places.max(axis=0) + 1 == pieces.high[k]).all()
    only = np.zeros(pieces.sizes.size, np.int16)
    only[1:] = 10 + np.arange(1, only.size)
    np.testing.assert_array_equal(choose_pieces(pieces.labels, only), only[pieces.labels])


def test_flat_pieces_end_with_their_slice():
    mask = np.ones((3, 2, 2), np.uint8)

    assert find_pieces(mask, flat=True).labels[:, 0, 0].tolist() == [1, 2, 3]


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS, SHARES)
def test_pieces_that_hold_a_seed_are_kept(shape, seed, share):
    mask, seeds = random_mask(shape, seed, share), random_mask(shape, seed + 1, 0.1)

    np.testing.assert_array_equal(touching_components(mask, seeds), naive.touching_components(mask, seeds))


@pytest.mark.parametrize("open_ends", [(True, True, True), (False, True, True)])
@settings(deadline=None, max_examples=20)
@given(shape=SHAPES, seed=SEEDS, share=SHARES)
def test_holes_are_what_has_no_way_out(open_ends, shape, seed, share):
    mask = random_mask(shape, seed, share)

    np.testing.assert_array_equal(fill_holes(mask, open_ends), naive.fill_holes(mask, open_ends))


def test_a_tube_that_leaves_the_scan_is_a_hole_only_if_that_end_is_closed():
    tube = np.ones((4, 5, 6), np.uint8)
    tube[:, 2, 3] = 0

    assert fill_holes(tube)[:, 2, 3].tolist() == [0, 0, 0, 0]
    assert fill_holes(tube, (False, True, True))[:, 2, 3].tolist() == [1, 1, 1, 1]
