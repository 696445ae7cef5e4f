"""Harmless findings: each can be made, is what it says, and comes at its rate."""

import numpy as np
import pytest

from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.findings import INVISIBLE, MAKERS, place_findings
from lungstage.phantom.measure import measure_shape
from lungstage.phantom.parameters import read_table
from lungstage.phantom.physiology import draw_physiology
from lungstage.phantom.streams import stream


@pytest.fixture(scope="module")
def chest(coarse):
    anatomy = build_anatomy(21, "thorax", coarse)
    return anatomy, draw_physiology(21, anatomy.person, coarse)


@pytest.fixture(scope="module")
def everything(chest):
    """A patient who has all of them."""
    return place_findings(21, *chest, [], tuple(read_table("findings")["finding"]))


def test_every_finding_of_the_table_can_be_made(everything):
    assert set(MAKERS) == set(read_table("findings")["finding"])
    assert {one.name for one in everything} >= set(MAKERS)


def test_no_finding_is_malignant(everything):
    assert not any(one.malignant for one in everything)
    assert {one.role for one in everything} == {"benign"}


def test_findings_that_are_told_have_a_size(chest, everything):
    anatomy, _ = chest
    told = [one for one in everything if one.name not in INVISIBLE and one.name != "normal node"]
    sizes = {one.name: measure_shape(one.shape, None, anatomy.fields) for one in told}

    assert sizes
    assert not [name for name, size in sizes.items() if size is None or not size.longest_mm > 0 or not size.volume_ml > 0]


def test_a_plaque_lies_on_the_pleura_and_a_bulla_under_it(chest, everything):
    anatomy, _ = chest
    for name in ("pleural_plaque", "bulla"):
        for one in (found for found in everything if found.name == name):
            assert abs(anatomy.fields.at("cage", one.shape.rows[:, 1:4])[0]) < 12, name


def test_findings_come_at_their_rates(chest):
    # the shares are drawn before anything is made: the first number of each finding's own stream
    for name, share in zip(*(read_table("findings")[column] for column in ("finding", "share")), strict=True):
        drawn = np.mean([stream(seed, f"finding {name}").random() < share for seed in range(600)])
        assert drawn == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / 600)), name
