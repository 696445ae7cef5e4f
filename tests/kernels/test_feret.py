"""Diameters of masks: the twin that tries all pairs, and bodies whose diameters are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SHAPES, SPACING, random_mask
from naive import feret as naive

from lungstage.kernels.feret import axial_diameters_mm, diameters_mm


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 1.0]))
def test_the_longest_diameters_are_those_of_all_pairs(shape, seed, share):
    masks = random_mask((2, *shape), seed, share)

    found, true = diameters_mm(masks, SPACING), naive.diameters_mm(masks, SPACING)

    # Equal pairs may differ in their direction, and so in their short axis and in the share of a voxel added at the ends.
    assert np.allclose(found[:, :2], true[:, :2], atol=0.25 * min(SPACING[1:]))
    assert np.array_equal(axial_diameters_mm(masks, SPACING), found[:, 1:])


def test_of_a_large_body_the_longest_diameter_is_found_among_directions():
    z, y, x = np.ogrid[-22:23, -22:23, -22:23]
    turned = (z + y) / np.sqrt(2), (z - y) / np.sqrt(2), x
    body = sum((a / r) ** 2 for a, r in zip(turned, (21.0, 15.0, 13.0))) <= 1

    longest = diameters_mm(body[None], (1.0, 1.0, 1.0))[0, 0]

    assert abs(longest - 42.0) < np.sqrt(2)  # along this axis voxels are a diagonal apart


@pytest.mark.parametrize("diameter_mm", [6, 12, 30])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 0.8, 0.7)])
def test_a_ball_has_one_diameter(diameter_mm, spacing):
    balls = []
    for seed in range(20):
        centre = np.random.default_rng(seed).random(3)
        z, y, x = (
            (np.arange(int(diameter_mm / s) + 4) - (int(diameter_mm / s) + 4) // 2 + c) * s for s, c in zip(spacing, centre)
        )
        balls.append(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= (diameter_mm / 2) ** 2)
    balls = np.array(balls)

    mean = diameters_mm(balls, spacing).mean(axis=0)

    assert np.allclose(mean, diameter_mm, atol=0.5 * max(spacing[1:]))  # half a pixel


def test_a_slanted_rod_is_as_long_as_it_is():
    rod = np.zeros((1, 21, 5, 41), np.uint8)
    for step in range(21):
        rod[0, step, 2, 2 * step] = 1

    longest, axial, short = diameters_mm(rod, (1.0, 1.0, 1.0))[0]

    assert abs(longest - np.hypot(20, 40)) < 1 and axial <= 1 and short <= 1  # at most a voxel at the ends


def test_the_short_axis_lies_in_the_slice_of_the_longest():
    plate = np.zeros((1, 3, 30, 30), np.uint8)
    plate[0, 1, 10:16, 3:25] = 1
    plate[0, 2, 5:25, 10:13] = 1

    _, axial, short = diameters_mm(plate, (5.0, 1.0, 1.0))[0]

    assert 21 < axial < 23 and 4.5 < short < 7.5  # 22 by 6 voxels; corners make the diameter slant


def test_nothing_has_no_diameter_and_one_voxel_at_most_its_own_size():
    masks = np.zeros((2, 3, 4, 5), np.uint8)
    masks[1, 1, 2, 3] = 1

    none, one = diameters_mm(masks, (2.0, 0.8, 0.7))

    assert not none.any() and (one <= 2.0).all()
