"""Dice and surface distances: by hand, and against SimpleITK and a nearest-neighbour search of SciPy."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import cKDTree

from lungstage.evaluation.shapes import compare_masks, dice, surface, surface_distances

SPACING_MM = (2.5, 0.8, 0.7)
masks = arrays(np.bool_, (5, 7, 9), elements=st.booleans(), fill=st.just(False)).filter(np.any)


def block(low, high, shape=(6, 8, 10)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def test_the_same_mask_is_alike():
    mask = block((1, 1, 1), (4, 5, 6))

    found = compare_masks(mask, mask.copy(), SPACING_MM)

    assert (found.dice, found.surface_mean_mm, found.surface_p95_mm) == (1.0, 0.0, 0.0)


def test_two_single_voxels_are_as_far_apart_as_they_are():
    one, other = block((1, 1, 1), (2, 2, 2)), block((2, 1, 4), (3, 2, 5))

    found = compare_masks(one, other, SPACING_MM)

    # one step of 2.5 mm and three of 0.7 mm
    apart = np.hypot(2.5, 2.1)
    assert found.dice == 0
    assert found.surface_mean_mm == pytest.approx(apart)
    assert found.surface_p95_mm == pytest.approx(apart)


def test_a_block_shifted_by_one_voxel_keeps_the_share_that_overlaps():
    one, other = block((1, 1, 1), (3, 3, 5)), block((1, 1, 2), (3, 3, 6))

    # 16 voxels each, 12 in both
    assert dice(one, other) == 0.75


def test_nothing_is_compared_with_an_empty_mask():
    assert compare_masks(block((1, 1, 1), (2, 2, 2)), np.zeros((6, 8, 10), bool), SPACING_MM) is None


def test_a_mask_at_the_border_of_the_scan_has_its_surface_there():
    assert surface(np.ones((3, 3, 3), bool)).sum() == 26


@settings(max_examples=40, deadline=None)
@given(masks, masks)
def test_dice_is_that_of_simpleitk(one, other):
    measures = sitk.LabelOverlapMeasuresImageFilter()
    measures.Execute(*(sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (one, other)))

    assert dice(one, other) == pytest.approx(measures.GetDiceCoefficient())
    assert dice(one, other) == dice(other, one)


@settings(max_examples=40, deadline=None)
@given(masks)
def test_the_surface_is_that_of_simpleitk(mask):
    # padded, so that the border of the array is outside for both
    image = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    contour = sitk.GetArrayFromImage(sitk.LabelContour(image, fullyConnected=False))[1:-1, 1:-1, 1:-1]

    assert np.array_equal(surface(mask), contour > 0)


@settings(max_examples=40, deadline=None)
@given(masks, masks)
def test_surface_distances_are_those_of_the_nearest_neighbours(one, other):
    points = [np.argwhere(surface(mask)) * SPACING_MM for mask in (one, other)]
    expected = [cKDTree(points[1 - k]).query(points[k])[0] for k in (0, 1)]

    found = surface_distances(one, other, SPACING_MM)

    assert np.sort(found) == pytest.approx(np.sort(np.concatenate(expected)))


@settings(max_examples=20, deadline=None)
@given(masks, masks)
def test_the_largest_surface_distance_is_the_hausdorff_distance_of_simpleitk(one, other):
    images = [sitk.GetImageFromArray(surface(mask).astype(np.uint8)) for mask in (one, other)]
    for image in images:
        image.SetSpacing(SPACING_MM[::-1])
    referee = sitk.HausdorffDistanceImageFilter()
    referee.Execute(*images)

    assert surface_distances(one, other, SPACING_MM).max() == pytest.approx(referee.GetHausdorffDistance(), abs=1e-4)
