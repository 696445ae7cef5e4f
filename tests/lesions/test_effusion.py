"""Fluid of the pleura is fluid: as dense as water, against the wall with all of its outer side; and no other lesion's twin."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from lesions.test_bone import EMPTY, GRID, POINTS, ball

from lungstage.lesions.find_lesions import without_twins
from lungstage.lesions.kinds import lung_kinds, surroundings
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.spots import Spot
from lungstage.records import ShapeSamples

NUMBERS = load_lesion_parameters().search
HULL = ball((50.0, 50.0, 40.0), 36.0)
CRESCENT = HULL & (POINTS[..., 1] > 66.0)
MASS = ball((50.0, 50.0, 40.0), 21.0)


def kinds(own, hu, noise_hu=8.0):
    values = np.full(GRID.shape, hu) + np.random.default_rng(5).normal(0.0, noise_hu, GRID.shape)
    search = replace(EMPTY, hu=values.astype(np.float32), hull=HULL.astype(np.uint8), lung=HULL & ~own)
    blocks = np.argwhere(own)
    radius = float((3 * len(blocks) * GRID.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
    spot = Spot(GRID.to_mm(blocks.mean(axis=0)), radius, 1.0, "mass", blocks)
    around = surroundings(spot, search)
    return lung_kinds(spot, search, around, own[around.box], 0.0, NUMBERS)


def test_water_along_the_wall_is_an_effusion():
    assert kinds(CRESCENT, 8.0)["effusion"] > 0.7


@pytest.mark.parametrize(("own", "hu"), [(CRESCENT, 45.0), (MASS, 8.0), (MASS, 45.0)])
def test_tissue_along_the_wall_and_water_in_the_lung_are_none(own, hu):
    assert kinds(own, hu).get("effusion", 0.0) < 0.05


def test_a_lobe_without_air_may_be_one_that_has_collapsed():
    assert kinds(CRESCENT, 45.0)["collapse"] > 0.2
    assert kinds(MASS, 45.0).get("collapse", 0.0) < 0.05


def found(mask, log_odds, suv=None, kind="pulmonary"):
    """What `without_twins` asks of a lesion."""
    one, index = np.ones(1), np.argwhere(mask)
    ends = index.max(axis=0) - index.min(axis=0) + 1
    return SimpleNamespace(
        kind=kind, log_odds=log_odds, suv_max=suv, volume_ml=SimpleNamespace(q50=len(index)),
        longest_diameter_mm=SimpleNamespace(q50=2.0 * ends.max()), centre_mm=tuple(GRID.to_mm(index.mean(axis=0))),
        samples=ShapeSamples(GRID, mask[None].astype(np.uint8), one, one, one, one),
    )  # fmt: skip


SMALL = ball((50.0, 62.0, 40.0), 7.0)


@pytest.mark.parametrize(
    ("large", "small", "kept"),
    [
        (found(MASS, 3.0, 9.0), found(SMALL, 3.5, 9.0), 1),  # a part of a tumour
        (found(MASS, -4.0), found(SMALL, 2.8, 15.0), 2),  # a hot node in a fold of the mediastinum
        (found(MASS, -4.0), found(SMALL, -1.2), 1),  # of two cold things one is told by its density alone
        (found(MASS, 1.0, kind="effusion"), found(SMALL, 0.5, 4.0), 2),  # a nodule in fluid
    ],
)
def test_a_lesion_is_a_twin_of_what_it_is_a_part_of(large, small, kept):
    assert len(without_twins([large, small], [])) == kept
