import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, SPACING, random_mask
from naive import morphology as naive

from lungstage.kernels import morphology

OPERATIONS = ("grow_mm", "shrink_mm", "close_mm", "open_mm")


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(deadline=None, max_examples=8)
@given(SHAPES, SEEDS, st.floats(0.05, 0.95), st.sampled_from([0.0, 0.75, 1.4, 3.0]))
def test_balls_in_millimetres_are_balls(operation, shape, seed, share, radius_mm):
    mask = random_mask(shape, seed, share)

    fast = getattr(morphology, operation)(mask, SPACING, radius_mm)

    assert fast.dtype == np.uint8
    np.testing.assert_array_equal(fast, getattr(naive, operation)(mask, SPACING, radius_mm))


@pytest.mark.parametrize("operation", ["grow_mm", "shrink_mm"])
@pytest.mark.parametrize("width", [63, 64, 130])
def test_rows_longer_than_a_word_of_bits_are_rows(operation, width):
    mask = random_mask((1, 2, width), width, 0.95 if operation == "shrink_mm" else 0.05)

    fast = getattr(morphology, operation)(mask, (2.5, 2.5, 0.7), 2.6)

    np.testing.assert_array_equal(fast, getattr(naive, operation)(mask, (2.5, 2.5, 0.7), 2.6))


def test_a_ball_may_reach_farther_than_a_word_of_bits():
    mask = np.zeros((1, 1, 300), np.uint8)
    mask[0, 0, 150] = 1

    assert np.flatnonzero(morphology.grow_mm(mask, (1.0, 1.0, 1.0), 130.0)[0, 0])[[0, -1]].tolist() == [20, 280]


def test_a_voxel_exactly_one_radius_away_belongs_to_the_ball():
    mask = np.zeros((1, 1, 9), np.uint8)
    mask[0, 0, 4] = 1

    assert morphology.grow_mm(mask, (1.0, 1.0, 0.7), 1.4)[0, 0].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]


def test_closing_never_loses_and_opening_never_gains_a_voxel():
    mask = random_mask((6, 9, 11), 5)

    assert (morphology.close_mm(mask, SPACING, 1.5) >= mask).all()
    assert (morphology.open_mm(mask, SPACING, 1.5) <= mask).all()


def test_a_lung_cut_by_the_end_of_the_scan_keeps_its_cut_face():
    mask = np.zeros((6, 9, 9), np.uint8)
    mask[3:, 2:7, 2:7] = 1

    assert morphology.shrink_mm(mask, (1.0, 1.0, 1.0), 2.0)[5, 4, 4] == 1


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_empty_stays_empty_and_full_stays_full(operation, value):
    assert (getattr(morphology, operation)(np.full((3, 4, 5), value, np.uint8), SPACING, 2.0) == value).all()


def test_closing_does_not_bridge_to_the_end_of_the_volume():
    mask = np.zeros((5, 9, 12), np.uint8)
    mask[:, 2:7, 3:8] = 1

    closed = morphology.close_mm(mask, (1.0, 1.0, 1.0), 4.0)

    np.testing.assert_array_equal(closed, mask)  # a block is convex, however near the end of the volume is
