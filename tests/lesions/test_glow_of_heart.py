"""A hull may be drawn over the tip of a heart; that the rest of the heart glows as well tells it from a tumour."""

from types import SimpleNamespace

import numpy as np

from lungstage.geometry import Grid
from lungstage.lesions.heart_glow import p_glow_of_heart
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.records import Volume

NUMBERS = load_lesion_parameters()
GRID = Grid((30, 40, 40), (4.0, 4.0, 4.0), (-80.0, -80.0, -60.0))
PLACES = GRID.to_mm(np.moveaxis(np.indices(GRID.shape), 0, -1))
HEART = np.linalg.norm(PLACES, axis=-1) < 40
HULL = PLACES[..., 0] > 20  # the tip of the heart lies in it


def glow(suv):
    """Of what was found in the tip, hotter than the background; suv (z, y, x)."""

    def region_probability(points):
        inside = np.linalg.norm(points, axis=1) < 40
        return np.column_stack([inside, ~inside]).astype(float)

    survey = SimpleNamespace(
        study=SimpleNamespace(pet=Volume(suv.astype(np.float32), GRID, "SUVbw")), numbers=NUMBERS,
        lungs=SimpleNamespace(grid=GRID, hull=HULL.view(np.uint8)),
        anatomy=SimpleNamespace(region_names=("heart", "mediastinum"), region_probability=region_probability),
    )  # fmt: skip
    points = PLACES[HEART & HULL]
    return p_glow_of_heart(float(suv[HEART & HULL].max()), points, survey)


def test_the_tip_of_a_heart_that_glows_all_around_is_heart():
    wall = HEART & (np.linalg.norm(PLACES, axis=-1) > 25)

    assert glow(np.where(wall, 6.0, 1.5)) > 0.9


def test_a_hot_thing_beside_a_cold_heart_is_not():
    assert glow(np.where(HEART & HULL, 6.0, 1.5)) < 0.1


def test_what_is_much_hotter_than_the_heart_is_not():
    assert glow(np.where(HEART & HULL, 15.0, np.where(HEART, 5.0, 1.5))) < 0.1


def test_the_blur_of_a_hot_thing_into_the_heart_beside_it_says_nothing():
    beside = PLACES[..., 0] > 12

    assert glow(np.where(HEART & beside, 6.0, 1.5)) < 0.1
