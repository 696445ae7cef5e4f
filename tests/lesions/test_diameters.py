"""Diameters as RECIST and TNM count them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.lesions.diameters import axial_diameters_mm, longest_mm, volume_ml

SPACING = (2.5, 0.8, 0.7)


def test_the_longest_diameter_may_run_along_the_body():
    column = np.zeros((9, 7, 8), np.uint8)
    column[1:8, 2:5, 3:6] = 1

    assert longest_mm(column, SPACING) > 15.0  # six steps of 2.5 mm between the outermost centres
    assert axial_diameters_mm(column, SPACING)[0] < 4.0


def test_the_volume_is_that_of_its_voxels():
    mask = np.zeros((3, 4, 5), np.uint8)
    mask[1, 1:3, 1:3] = 1

    assert np.isclose(volume_ml(mask, SPACING), 4 * 2.5 * 0.8 * 0.7 / 1000)


def test_nothing_measures_nothing():
    empty = np.zeros((3, 4, 5), np.uint8)

    assert longest_mm(empty, SPACING) == 0 and axial_diameters_mm(empty, SPACING) == (0, 0) and volume_ml(empty, SPACING) == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_adding_voxels_never_shortens_the_longest_diameter(seed):
    generator = np.random.default_rng(seed)
    small = (generator.random((4, 6, 7)) < 0.2).astype(np.uint8)
    large = small | (generator.random(small.shape) < 0.2)

    # The share of a voxel added at the ends depends on their direction; in space none is added.
    assert longest_mm(large, SPACING) >= longest_mm(small, SPACING) - 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_mirrored_lesion_is_as_long(seed):
    mask = (np.random.default_rng(seed).random((4, 6, 7)) < 0.3).astype(np.uint8)

    for axis in range(3):
        assert np.isclose(longest_mm(np.flip(mask, axis), SPACING), longest_mm(mask, SPACING))
