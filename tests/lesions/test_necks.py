"""Necks and saddles: things that touch are told apart, one thing stays one whatever its size and grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.parts import parts_at_necks, parts_at_saddles

RATIO = load_lesion_parameters().search.neck_ratio


def balls(spacing_mm, *centres_and_radii) -> np.ndarray:
    shape = tuple(int(round(120 / step)) for step in spacing_mm)
    points = np.stack(np.meshgrid(*[np.arange(n) * step for n, step in zip(shape, spacing_mm)], indexing="ij"), -1)
    return np.any([np.linalg.norm(points - centre, axis=-1) <= radius for centre, radius in centres_and_radii], axis=0)


@settings(max_examples=10, deadline=None)
@given(st.floats(10, 45), st.sampled_from([(2.0, 2.0, 2.0), (3.0, 1.5, 1.5)]))
def test_a_ball_is_one_part(radius, spacing):
    mask = balls(spacing, ((60, 60, 60), radius))
    parts, count = parts_at_necks(mask, spacing, RATIO)
    assert count == 1
    assert np.array_equal(parts > 0, mask)


@pytest.mark.parametrize("large, small", [(30, 30), (30, 15), (24, 12)])
def test_two_balls_that_touch_are_two_parts_cut_at_the_neck(large, small):
    apart = 0.9 * (large + small)
    spacing = (2.0, 2.0, 2.0)
    mask = balls(spacing, ((60, 60, 40), large), ((60, 60, 40 + apart), small))
    parts, count = parts_at_necks(mask, spacing, RATIO)
    assert count == 2
    first, second = parts[30, 30, 20], parts[30, 30, round((40 + apart) / 2)]
    assert first != second
    alone = balls(spacing, ((60, 60, 40 + apart), small)) & ~balls(spacing, ((60, 60, 40), large))
    assert np.mean(parts[alone] == second) > 0.9


def test_two_balls_far_in_each_other_stay_one():
    mask = balls((2.0, 2.0, 2.0), ((60, 60, 50), 25), ((60, 60, 62), 25))
    assert parts_at_necks(mask, (2.0, 2.0, 2.0), RATIO)[1] == 1


def test_axes_and_flips_give_the_same_parts():
    mask = balls((2.0, 2.0, 2.0), ((60, 60, 35), 28), ((60, 60, 83), 22))
    parts = parts_at_necks(mask, (2.0, 2.0, 2.0), RATIO)[0]
    turned = parts_at_necks(np.ascontiguousarray(mask.T[::-1]), (2.0, 2.0, 2.0), RATIO)[0]
    back = turned[::-1].T
    both = mask & (parts > 0)
    same = np.mean((parts == parts[30, 30, 17])[both] == (back == back[30, 30, 17])[both])
    assert same > 0.99


@pytest.mark.parametrize("apart_mm, expected", [(60.0, 2), (20.0, 1)])
def test_two_hot_places_are_two_only_if_the_uptake_sinks_between_them(apart_mm, expected):
    z, y, x = np.indices((12, 24, 60)) * 2.0
    suv = sum(
        hot * np.exp(-((z - 12) ** 2 + (y - 24) ** 2 + (x - at) ** 2) / (2 * 12.0**2))
        for hot, at in ((8, 30), (5, 30 + apart_mm))
    )
    parts, count = parts_at_saddles(np.log(suv + 1e-3), suv > 0.5, -np.log(0.7))
    assert count == expected
    assert ((parts > 0) == (suv > 0.5)).all()
