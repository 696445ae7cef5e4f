"""A cold dense thing in the hull, no thicker than the vessels there, is a vessel more often than a node of the bronchi."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from lesions.test_bone import GRID, NOTHING, ball
from lesions.test_malignancy import sure, traits

from lungstage.lesions import alternatives
from lungstage.lesions.alternatives import VESSEL
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.spots import Spot
from lungstage.records import ShapeSamples

NUMBERS = load_lesion_parameters()
MIDDLE = (50.0, 50.0, 40.0)


def p_vessel(monkeypatch, radius_mm, in_hull=True, over_blood=None):
    """What `alternatives` says of a node of this radius at the hilum."""
    names = ("hilum_distance_mm", "nodal_nearness", "organ_share", "in_soft_tissue")
    for name, value in zip(names, (5.0, 0.0, 0.0, {})):
        monkeypatch.setattr(alternatives, name, lambda *_, value=value, **__: value)
    own, one = ball(MIDDLE, radius_mm), np.ones(1)
    ct = SimpleNamespace(values=np.where(own, 40, -800).astype(np.int16), grid=GRID)
    normal = SimpleNamespace(z_pet=None, blood_suv=None)
    lungs = SimpleNamespace(hull=(~NOTHING if in_hull else NOTHING).astype(np.uint8))
    survey = SimpleNamespace(
        study=SimpleNamespace(ct=ct, pet=None), lungs=lungs, normal=normal, numbers=NUMBERS, anatomy=None, search=None
    )
    measured = traits(2 * radius_mm, short_mm=2 * radius_mm)
    if over_blood is not None:  # relative units are multiples of blood already
        ball_ml = sure(np.pi / 6 * (2 * radius_mm) ** 3 / 1000)
        measured = replace(
            measured, suv_max=over_blood, suv_mean=0.7 * over_blood, uptake_over_blood=over_blood, volume_ml=ball_ml
        )
    samples = ShapeSamples(GRID, own[None].astype(np.uint8), one, one, one, one)
    spot = Spot(np.array(MIDDLE), radius_mm, 1.0, "node")
    return alternatives.alternatives("node", spot, samples, GRID.to_mm(np.argwhere(own)), measured, True, survey)[VESSEL][1]


def test_what_is_as_thick_as_a_hilar_vessel_mostly_is_one(monkeypatch):
    assert p_vessel(monkeypatch, 8.0) == pytest.approx(NUMBERS.search.node_vessel_share, abs=0.05)


def test_what_is_far_thicker_or_hot_is_none(monkeypatch):
    assert p_vessel(monkeypatch, 24.0) < 0.1
    assert p_vessel(monkeypatch, 8.0, over_blood=5.0) < 0.1


def test_outside_of_the_lungs_nothing_changes(monkeypatch):
    assert p_vessel(monkeypatch, 8.0, in_hull=False) == 0.0
