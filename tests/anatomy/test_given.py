"""Masks of organs from elsewhere: they say where an organ is and how much of it was scanned, and may be wrong."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy.chest import draw_chest

from lungstage.anatomy import map_anatomy
from lungstage.lesions.around import organ_share
from lungstage.records import Given, MaskSet
from lungstage.records.names import LOBES
from lungstage.study.names import organ_names
from lungstage.tables import read_rows, shipped_priors

LIVER = (-60.0, -20.0, -170.0)
HEART = (30.0, -50.0, -70.0)
BETWEEN = (0.0, -30.0, -20.0)


@pytest.fixture(scope="module")
def chest():
    return draw_chest()


def mapped(chest, **balls):
    """The map of the chest when an organ of each name is marked as a ball (centre, radius); None: an empty mask."""
    study, lungs, skeleton = chest
    grid = study.ct.grid
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    labels = np.zeros(grid.shape, np.uint16)
    for label, ball in enumerate(balls.values(), start=1):
        if ball is not None:
            labels[np.linalg.norm(points - np.asarray(ball[0]), axis=-1) <= ball[1]] = label
    given = Given(organs=MaskSet(grid, labels, tuple(balls))) if balls else None
    return map_anatomy(replace(study, given=given), lungs, skeleton)


def probability(anatomy, name, point):
    return float(anatomy.region_probability(np.atleast_2d(point))[0, anatomy.region_names.index(name)])


def test_every_name_of_a_mask_means_a_region_of_the_atlas():
    regions = {row["name"] for row in read_rows(shipped_priors(), "atlas/regions.csv", ("code", "name", "group", "text"))}

    assert set(organ_names().values()) <= regions


def test_a_marked_organ_is_where_its_mask_is(chest):
    before, after = mapped(chest), mapped(chest, heart=(BETWEEN, 12.0))

    assert probability(before, "heart", BETWEEN) < 0.5 < probability(after, "heart", BETWEEN)


def test_beside_its_mask_an_organ_is_believed_less_but_not_impossible(chest):
    before, after = mapped(chest), mapped(chest, heart=(BETWEEN, 12.0))

    assert 0.0 < probability(after, "heart", HEART) < probability(before, "heart", HEART)


def test_a_mask_that_contradicts_what_the_image_shows_is_not_believed(chest):
    in_the_lung = (-75.0, -10.0, -40.0)

    after = mapped(chest, liver=(in_the_lung, 15.0))

    assert probability(after, "liver", in_the_lung) < 0.01
    assert after.lobe_probability(np.atleast_2d(in_the_lung))[0].sum() == pytest.approx(1.0)


def test_a_marked_lobe_is_the_lobe(chest):
    border = (-75.0, -10.0, -40.0)
    name = LOBES[int(mapped(chest).lobe_probability(np.atleast_2d(border))[0].argmin())]
    other = next(lobe for lobe in LOBES if lobe.startswith("right") and lobe != name)

    before, after = mapped(chest), mapped(chest, **{other: (border, 15.0)})

    column = LOBES.index(other)
    point = np.atleast_2d(border)
    assert after.lobe_probability(point)[0, column] > before.lobe_probability(point)[0, column]


def test_an_organ_explains_what_lies_in_its_mask(chest):
    points = np.asarray(BETWEEN) + np.random.default_rng(0).uniform(-5, 5, (50, 3))

    assert organ_share(mapped(chest, heart=(BETWEEN, 15.0)), points) > organ_share(mapped(chest), points)


def test_an_organ_whose_mask_ends_inside_the_scan_was_scanned_whole():
    short = draw_chest(z_range=(-140.0, 125.0))
    before = mapped(short)

    whole = mapped(short, liver=((-60.0, -20.0, -100.0), 30.0))
    cut = mapped(short, liver=((-60.0, -20.0, -130.0), 30.0))

    assert before.coverage["liver"] < 0.9 <= whole.coverage["liver"]
    assert cut.coverage["liver"] == before.coverage["liver"]


def test_the_adrenals_are_as_covered_as_their_masks_say():
    short = draw_chest(z_range=(-140.0, 125.0))
    before, after = mapped(short), mapped(short, adrenal_left=((20.0, 10.0, -120.0), 8.0), spleen=None)

    assert after.coverage["adrenals"] == pytest.approx((after.coverage["adrenal_left"] + before.coverage["adrenal_right"]) / 2)
    assert after.coverage["adrenal_left"] > before.coverage["adrenal_left"]
    assert after.coverage["spleen"] == before.coverage["spleen"]
