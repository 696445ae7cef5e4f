"""Spots: balls are found where they are, tubes and walls are not, and nothing is found twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.lesions.alternatives import alternative_reasons, vessel_radius_mm
from lungstage.lesions.nodules import ball_share
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.spots import Spot, apart, bright_spots

SPACING = (2.0, 2.0, 2.0)
SCALES = (1.5, 2.2, 3.2, 4.7, 7.0)
EVERYWHERE = np.ones((32, 32, 32), bool)


def volume_with(shape_of_distance, hu=40.0, air=-850.0) -> np.ndarray:
    z, y, x = np.indices((32, 32, 32)) * 2.0
    inside = shape_of_distance(z, y, x)
    return np.where(inside, hu, air).astype(np.float32)


def spots_of(values, least=35.0, power=2.0):
    return bright_spots(values, EVERYWHERE, SPACING, SCALES, least, power)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(22, 42)] * 3), st.floats(3.0, 9.0))
def test_a_ball_is_found_at_its_centre_with_about_its_radius(centre, radius):
    z0, y0, x0 = centre
    values = volume_with(lambda z, y, x: (z - z0) ** 2 + (y - y0) ** 2 + (x - x0) ** 2 <= radius**2)
    peaks, response, scale = spots_of(values)
    assert len(peaks) >= 1
    assert np.linalg.norm(peaks[0] * 2.0 - centre) <= 2.5
    assert 0.4 * radius <= 1.6 * scale[0] <= 2.0 * radius


def test_a_vessel_answers_far_less_than_a_nodule_of_its_width():
    ball = volume_with(lambda z, y, x: (z - 32) ** 2 + (y - 32) ** 2 + (x - 32) ** 2 <= 16)
    tube = volume_with(lambda z, y, x: (y - 32) ** 2 + (x - 32) ** 2 <= 16)
    strongest = [spots_of(values, least=1.0)[1].max(initial=0.0) for values in (ball, tube)]
    assert strongest[1] < 0.2 * strongest[0]


def test_ground_glass_answers_less_than_solid_but_answers():
    solid, glass = (
        spots_of(volume_with(lambda z, y, x: (z - 32) ** 2 + (y - 32) ** 2 + (x - 32) ** 2 <= 49, hu=hu), least=1.0)[1].max()
        for hu in (40.0, -550.0)
    )
    assert 35.0 < glass < solid


def test_the_same_place_in_another_orientation_gives_the_same_spots():
    random = np.random.default_rng(3)
    values = volume_with(lambda z, y, x: (z - 20) ** 2 + (y - 30) ** 2 + (x - 40) ** 2 <= 36)
    values += random.normal(0, 20, values.shape).astype(np.float32)
    first = {tuple(peak) for peak in spots_of(values)[0]}
    flipped = np.ascontiguousarray(values.transpose(2, 1, 0)[::-1, ::-1, ::-1])
    turned = {tuple(31 - peak[[2, 1, 0]]) for peak in spots_of(flipped)[0]}
    assert first == turned


def spot(x: float, score: float, radius: float = 5.0) -> Spot:
    return Spot(np.array([x, 0.0, 0.0]), radius, score, "nodule")


def test_of_two_spots_in_one_place_the_stronger_stays():
    kept = apart([spot(0, 1.0), spot(3, 2.0), spot(20, 0.5)])
    assert [one.score for one in kept] == [2.0, 0.5]


@given(st.floats(-6, 8), st.floats(0, 0.98))
def test_an_alternative_leaves_its_share_of_the_probability(log_odds, p_other):
    reasons = alternative_reasons({"a vessel": (1.0, p_other)}, log_odds)
    after = 1 / (1 + np.exp(-(log_odds + sum(reason.log_odds for reason in reasons))))
    assert after == pytest.approx((1 - p_other) / (1 + np.exp(-log_odds)), abs=0.02)


@given(st.floats(0, 200), st.floats(0, 200))
def test_vessels_thin_out_from_the_hilum(near, far):
    numbers = load_lesion_parameters().search
    near, far = sorted((near, far))
    assert vessel_radius_mm(near, numbers) >= vessel_radius_mm(far, numbers) >= numbers.vessel_periphery_mm


@pytest.mark.parametrize(("half_mm", "low", "high"), [((9, 9, 9), 0.95, 1.0), ((9, 9, 27), 0.45, 0.55), ((6, 18, 18), 0.6, 0.75)])
def test_blocks_are_as_much_of_a_ball_as_their_longest_half_axis_says(half_mm, low, high):
    z, y, x = (np.indices((31, 31, 31)) - 15) * 2.0
    points = np.argwhere((z / half_mm[0]) ** 2 + (y / half_mm[1]) ** 2 + (x / half_mm[2]) ** 2 <= 1) * 2.0
    radius = (len(points) * 8.0 * 3 / (4 * np.pi)) ** (1 / 3)

    assert low <= ball_share(points, radius, 2.0) <= high
