"""Lungs weigh what lungs weigh, whatever room they fill."""

from dataclasses import replace

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.fields import FIELD
from lungstage.phantom.lung_weight import lung_weight_g, weigh_lungs
from lungstage.phantom.paint import LATTICE, paint
from lungstage.phantom.physiology import draw_physiology
from lungstage.phantom.solids import inside, join


@pytest.fixture(scope="module")
def anatomy(coarse):
    return build_anatomy(3, "thorax", coarse)


def test_the_lungs_that_are_painted_weigh_what_was_drawn(anatomy, coarse):
    person = anatomy.person
    physiology = weigh_lungs(3, anatomy, draw_physiology(3, person, coarse), coarse)
    low, high = anatomy.range_mm
    origin = person.to_lps([[-165.0, -130.0, low]])[0]
    grid = Grid((int((high - low) / 5), 90, 110), (5.0, 3.0, 3.0), tuple(float(v) for v in origin))
    still = np.zeros((LATTICE,) * 3, np.float32)

    solids = join(anatomy.wall, anatomy.lungs)
    hu = paint(solids, physiology.hu_shades(solids), anatomy.fields, grid, person.pose, -1000.0, still)
    share = paint(inside("lung", FIELD["lungs"]), np.array([[1.0, 0, 0, 0]]), anatomy.fields, grid, person.pose, 0.0, still)

    held = share > 0.99  # whole voxels of lung, the rim of the others as dense as they are on average
    grams = (hu[held] + 1000).mean() / 1000 * share.sum() * grid.voxel_ml
    assert grams == pytest.approx(lung_weight_g(3, anatomy, coarse), rel=0.06)  # bronchi and joints of tubes overlap


def test_a_deep_breath_adds_air_and_no_tissue(anatomy, coarse):
    deep = replace(anatomy, person=replace(anatomy.person, inspiration=1.0))

    assert lung_weight_g(3, deep, coarse) == lung_weight_g(3, anatomy, coarse)


def test_a_lobe_that_was_taken_weighs_nothing(anatomy, coarse):
    variants = replace(anatomy.person.variants, removed=frozenset({"right_upper_lobe"}))
    operated = replace(anatomy, person=replace(anatomy.person, variants=variants))

    # 3 of the 18 segments that are drawn
    assert lung_weight_g(3, operated, coarse) == pytest.approx(15 / 18 * lung_weight_g(3, anatomy, coarse))
