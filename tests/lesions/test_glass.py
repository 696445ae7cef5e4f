"""Ground glass: found where it is, not where vessels fork, lungs settle or the wall stands."""

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.lesions.glass import excess_hu, find_glass, roundness
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.search import Search

SHAPE, STEP = (60, 80, 80), 2.0
NUMBERS = load_lesion_parameters().search


def chest(noise_hu=40.0, seed=3):
    """HU of one lung, an ellipsoid of air with thin vessels in tissue; and its points in mm from the middle."""
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * STEP for n in SHAPE], indexing="ij")
    lung = (z / 52) ** 2 + (y / 70) ** 2 + (x / 66) ** 2 < 1
    generator = np.random.default_rng(seed)
    hu = np.where(lung, -830.0, 40.0) + generator.normal(0, noise_hu, SHAPE)
    hu[lung & ((x % 22) < 3) & ((y % 26) < 3)] = 20  # vessels along z, 3 mm
    return hu, lung, (z, y, x)


def search_of(hu, lung):
    none = np.zeros(SHAPE, bool)
    grid = Grid(SHAPE, (STEP,) * 3, (0.0, 0.0, 0.0))
    return Search(grid, hu.astype(np.float32), lung.astype(np.uint8), lung & (hu < -300), none, none, np.ones(SHAPE, bool))


def ball(points, centre, radius):
    return sum((axis - c) ** 2 for axis, c in zip(points, centre)) < radius**2


@pytest.mark.parametrize(("radius_mm", "excess"), [(8, 180), (12, 90), (15, 250)])
def test_a_ball_of_ground_glass_is_found_where_it_is(radius_mm, excess):
    hu, lung, points = chest()
    centre = (6.0, -20.0, 18.0)
    inside = ball(points, centre, radius_mm)
    hu[inside & (hu < -500)] += excess

    (spot,) = find_glass(search_of(hu, lung), [], NUMBERS)

    assert np.linalg.norm(spot.centre_mm[::-1] - (np.array(centre) + (np.array(SHAPE) - 1) / 2 * STEP)) < 3.0
    assert 0.6 * radius_mm < spot.radius_mm < 1.15 * radius_mm
    assert inside[tuple(spot.blocks.T)].mean() > 0.9  # a block of 2 mm at the border is half of each


def test_vessels_and_noise_alone_are_nothing():
    hu, lung, _ = chest(noise_hu=80.0)

    assert find_glass(search_of(hu, lung), [], NUMBERS) == []


def test_lung_that_settles_at_the_back_is_no_spot():
    hu, lung, (_, y, _) = chest()
    hu[lung & (hu < -500)] += np.clip((y[lung & (hu < -500)] - 20) * 4, 0, 200)

    assert find_glass(search_of(hu, lung), [], NUMBERS) == []


def test_the_fork_of_a_thick_vessel_is_no_ground_glass():
    hu, lung, (z, y, x) = chest()
    for slope in (-0.7, 0.7):
        hu[lung & (z > 0) & ((x - slope * z) ** 2 + y**2 < 7**2)] = 30
    hu[lung & (z <= 0) & (x**2 + y**2 < 8**2)] = 30

    assert find_glass(search_of(hu, lung), [], NUMBERS) == []


def test_a_lung_seen_in_a_mirror_has_its_ground_glass_in_the_mirror():
    hu, lung, points = chest()
    hu[ball(points, (0.0, 25.0, -20.0), 11) & (hu < -500)] += 150
    plain = find_glass(search_of(hu, lung), [], NUMBERS)

    mirrored = find_glass(search_of(hu[:, :, ::-1], lung[:, :, ::-1]), [], NUMBERS)

    assert len(plain) == len(mirrored) == 1
    assert np.array_equal(np.sort(SHAPE[2] - 1 - plain[0].blocks[:, 2]), np.sort(mirrored[0].blocks[:, 2]))


def test_without_a_lung_there_is_none():
    hu, lung, _ = chest()

    assert find_glass(search_of(hu, np.zeros_like(lung)), [], NUMBERS) == []


def test_excess_is_what_was_added_to_even_lung():
    hu, lung, points = chest(noise_hu=0.0)
    inside = ball(points, (0.0, 0.0, 0.0), 14)
    hu[inside & (hu < -500)] += 120

    excess = excess_hu(hu.astype(np.float32), lung, (STEP,) * 3, NUMBERS)

    # the ball is part of its own surroundings
    assert 80 < np.median(excess[ball(points, (0.0, 0.0, 0.0), 9)]) <= 121
    assert abs(np.median(excess[lung & ~ball(points, (0.0, 0.0, 0.0), 30)])) < 5


def test_a_ball_is_round_and_a_plate_is_not():
    generator = np.random.default_rng(1)
    points = generator.normal(size=(4000, 3))

    assert roundness(points) > 0.9
    assert roundness(points * (1.0, 1.0, 0.1)) < 0.15
