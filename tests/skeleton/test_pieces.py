"""Masks on blocks, beside SciPy."""

import numpy as np
import pytest

from lungstage.skeleton.pieces import count_by_slice, grown, places_in, shrunk

MASKS = {
    "full": np.ones((3, 4, 5), bool),
    "empty": np.zeros((3, 4, 5), bool),
    "one slice": np.random.default_rng(1).random((1, 7, 6)) > 0.6,
    "at the ends of rows": np.random.default_rng(2).random((6, 5, 9)) > 0.7,
    "narrower than the steps": np.random.default_rng(3).random((4, 2, 1)) > 0.5,
    "not contiguous": np.random.default_rng(4).random((8, 12, 10))[::2, ::-1, 1::3] > 0.6,
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_masks_grow_and_shrink_over_faces_as_in_scipy(name, steps):
    from scipy import ndimage

    mask = MASKS[name]

    assert np.array_equal(grown(mask, steps), ndimage.binary_dilation(mask, iterations=steps))
    assert np.array_equal(shrunk(mask, steps), ndimage.binary_erosion(mask, iterations=steps))  # beyond the ends is outside


@pytest.mark.parametrize("name", MASKS)
def test_blocks_are_listed_and_counted_as_numpy_does(name):
    mask = MASKS[name]

    assert np.array_equal(places_in(mask), np.argwhere(mask))
    assert np.array_equal(count_by_slice(mask), mask.sum((1, 2)))
