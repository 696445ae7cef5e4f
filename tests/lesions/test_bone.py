"""Deposits of bone have eaten the bone: they lie in a hole of it, or bulge from the wall into the lung."""

from dataclasses import replace

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.lesions.kinds import bone_share, surroundings, wall_share
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.search import Search
from lungstage.lesions.spots import Spot

NUMBERS = load_lesion_parameters().search
GRID = Grid((40, 50, 50), (2.0, 2.0, 2.0))
POINTS = GRID.to_mm(np.moveaxis(np.indices(GRID.shape), 0, -1))
NOTHING = np.zeros(GRID.shape, bool)
EMPTY = Search(GRID, np.zeros(GRID.shape, np.float32), NOTHING.astype(np.uint8), NOTHING, NOTHING, NOTHING, ~NOTHING)


def ball(centre_mm, radius_mm):
    return np.linalg.norm(POINTS - np.array(centre_mm), axis=-1) <= radius_mm


def share(bone, focus):
    blocks = np.argwhere(focus)
    around = surroundings(Spot(GRID.to_mm(blocks.mean(axis=0)), 9.0, 1.0, "focus", blocks, 8.0), EMPTY)
    return bone_share(replace(EMPTY, bone=bone), around, focus[around.box])


VERTEBRA = (50.0, 50.0, 40.0)


def test_a_hole_in_a_vertebra_is_of_the_bone():
    hole = ball(VERTEBRA, 7.0)

    assert share(ball(VERTEBRA, 18.0) & ~ball(VERTEBRA, 8.0), hole) > 0.9


def test_what_lies_before_the_spine_is_not():
    before = ball((50.0, 17.0, 40.0), 8.0)  # 7 mm of fat between them

    assert share(ball(VERTEBRA, 18.0), before) == 0.0


def test_without_bone_nothing_is_of_it():
    assert share(NOTHING, ball(VERTEBRA, 8.0)) == 0.0


@pytest.mark.parametrize(("depth_mm", "low", "high"), [(12.0, 0.0, 0.0), (-8.0, 0.9, 1.0), (0.0, 0.05, 0.95)])
def test_uptake_beyond_the_hull_is_of_the_wall(depth_mm, low, high):
    hull = (POINTS[..., 0] < 50.0).astype(np.uint8)
    hot = np.argwhere(ball((50.0 - depth_mm, 50.0, 40.0), 9.0))
    nodule = Spot(np.array((48.0, 50.0, 40.0)), 5.0, 1.0, "nodule", suv=8.0, hot=hot)

    assert low <= wall_share(nodule, replace(EMPTY, hull=hull), NUMBERS) <= high


def test_what_is_not_hot_is_of_the_lung():
    assert wall_share(Spot(np.zeros(3), 5.0, 1.0, "nodule"), EMPTY, NUMBERS) == 0.0
