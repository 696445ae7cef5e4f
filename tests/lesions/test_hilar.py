"""Nodes of the bronchi lie in the lung: what is hot and small there is a node beside the hilum, and a nodule elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from lesions.test_bone import EMPTY, NOTHING, NUMBERS, ball

from lungstage.lesions.kinds import allowed_for, lung_kinds, lung_share, surroundings
from lungstage.lesions.spots import Spot

MIDDLE = (50.0, 50.0, 40.0)


def kinds(radius_mm, near, lung_around=True, suv=5.0):
    own = ball(MIDDLE, radius_mm)
    search = replace(EMPTY, hull=(~NOTHING).astype(np.uint8), lung=~own & lung_around)
    spot = Spot(np.array(MIDDLE), radius_mm, 1.0, "nodule", np.argwhere(own), suv)
    around = surroundings(spot, search)
    return lung_kinds(spot, search, around, own[around.box], near, NUMBERS)


def test_what_is_small_and_hot_beside_the_hilum_is_a_node_though_lung_is_all_around():
    assert kinds(4.0, near=0.9)["node"] > 0.7


@pytest.mark.parametrize("near", [0.0, 0.1, 0.3])
def test_farther_out_it_is_a_nodule(near):
    assert kinds(4.0, near)["pulmonary"] > 0.9


@pytest.mark.parametrize("near", [0.6, 0.9])
def test_what_is_large_there_is_a_tumour(near):
    assert kinds(20.0, near)["pulmonary"] > 0.8


def test_without_lung_around_it_is_a_node():
    assert kinds(4.0, near=0.9, lung_around=False)["node"] > 0.9


def test_a_node_in_the_lung_may_reach_into_blocks_that_are_half_air():
    own = ball(MIDDLE, 4.0)
    spot = Spot(np.array(MIDDLE), 4.0, 1.0, "nodule", suv=5.0)
    for lung, share in ((~own, 1.0), (~ball(MIDDLE, 14.0), 0.0)):
        search = replace(EMPTY, hull=(~NOTHING).astype(np.uint8), lung=lung)
        around = surroundings(spot, search)
        rim = (ball(MIDDLE, 6.0) & ~own)[around.box] if share else lung[around.box]
        in_lung = lung_share(spot, search, around, own[around.box]) > NUMBERS.node_in_lung
        allowed = allowed_for({"node": 1.0}, spot, search, around, in_lung)
        assert allowed[rim].mean() == share
