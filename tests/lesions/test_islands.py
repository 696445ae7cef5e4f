"""Small round islands of uptake are looked at wherever they lie; walls, plates and organs are not islands."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lungstage.geometry import Grid
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.traits import load_trait_parameters, p_physiological
from lungstage.lesions.uptake import find_islands, peaks
from lungstage.records import Volume

NUMBERS = load_lesion_parameters().search
GRID = Grid((40, 44, 48), (3.3, 4.0, 4.1), (0.0, 0.0, 0.0))
INDEX = np.moveaxis(np.indices(GRID.shape), 0, -1) * np.array(GRID.spacing_mm)


def pet(*hot: np.ndarray, suv: float = 9.0, unit: str = "SUVbw") -> Volume:
    """Blood everywhere, and these masks at `suv` before the blur of PET."""
    values = np.full(GRID.shape, 1.6, np.float32)
    for mask in hot:
        values[mask] = suv
    return Volume(gaussian_filter(values, 3.0 / np.array(GRID.spacing_mm)), GRID, unit)


def ball(centre_mm, radius_mm: float) -> np.ndarray:
    return np.linalg.norm(INDEX - np.array(centre_mm), axis=-1) <= radius_mm


def islands(volume: Volume, z: float = 1.0) -> list[np.ndarray]:
    found = find_islands(volume, np.full(GRID.shape, z, np.float32), NUMBERS)
    return [volume.grid.to_mm(np.array(top))[::-1] for top, _, _ in found]


def test_a_hot_node_is_an_island_though_its_place_may_be_hot():
    centre = (60.0, 80.0, 90.0)

    (found,) = islands(pet(ball(centre, 9.0)))

    assert np.linalg.norm(found - centre) < 6.0


def test_two_nodes_side_by_side_are_two_islands():
    assert len(islands(pet(ball((60, 60, 90), 8.0), ball((60, 92, 90), 8.0)))) == 2


@pytest.mark.parametrize("thickness_mm", [10.0, 14.0])
def test_the_wall_of_a_heart_is_no_island(thickness_mm):
    wall = ball((65, 85, 95), 38.0) & ~ball((65, 85, 95), 38.0 - thickness_mm) & (INDEX[..., 2] > 95)

    assert not islands(pet(wall))


def test_an_organ_is_no_island():
    assert not islands(pet(ball((65, 85, 95), 30.0)))


def test_noise_is_no_island():
    assert not islands(pet(ball((65, 85, 95), 2.0), suv=60.0))


def test_what_is_no_hotter_than_its_place_is_no_island():
    assert not islands(pet(ball((60, 80, 90), 9.0)), z=NUMBERS.island_z - 0.1)


def test_every_peak_comes_with_its_place_in_the_whole_volume():
    volume = pet(ball((60, 60, 90), 8.0), ball((60, 120, 140), 10.0))

    for top, region, low in peaks(volume.values, volume.values > 3.0, volume.values > 3.0, 0.5, NUMBERS.focus_saddle):
        box = tuple(slice(a, a + n) for a, n in zip(low, region.shape))
        assert volume.values[top] == volume.values[box][region].max()
        assert region[tuple(np.array(top) - low)]


def test_in_relative_units_an_island_stands_as_far_above_the_reference():
    blood = pet(ball((60, 80, 90), 9.0))

    assert len(islands(replace(blood, values=blood.values / 1.6, unit="SUVrel"))) == 1


def test_an_island_is_seldomer_healthy_than_a_wall_as_hot():
    numbers = load_trait_parameters()

    assert p_physiological(2.0, numbers.isolated_rate) < p_physiological(2.0, numbers.unexplained_rate)


def test_what_is_hotter_may_be_smaller():
    small = pet(ball((66.0, 84.0, 94.3), 5.5), suv=12.0)  # 0.8 ml above half of its 8.8
    faint = replace(small, values=small.values * np.float32(3.1 / small.values.max()))

    assert islands(small) and not islands(faint)


def test_what_the_end_of_the_scan_cuts_off_is_no_island():
    assert islands(pet(ball((20, 80, 90), 9.0))) and not islands(pet(ball((0, 80, 90), 9.0)))
