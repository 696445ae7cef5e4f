"""The map of a drawn chest: what is where, however the patient lies and whatever the scan holds."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy.chest import draw_chest, turned_axes

from lungstage.anatomy import load_anatomy_parameters, map_anatomy
from lungstage.geometry import Grid
from lungstage.records import Volume
from lungstage.records.names import COVERED, LOBES, STATIONS


@pytest.fixture(scope="module")
def whole():
    chest = draw_chest()
    return chest, map_anatomy(*chest)


def station(anatomy, point):
    return STATIONS[int(anatomy.station_probability(np.atleast_2d(point))[0].argmax())]


def region(anatomy, point):
    return anatomy.region_names[int(anatomy.region_probability(np.atleast_2d(point))[0].argmax())]


def test_the_frame_begins_at_the_carina_and_stands_upright(whole):
    _, anatomy = whole

    assert anatomy.landmarks["carina"].seen
    assert np.linalg.norm(anatomy.frame.origin_mm) < 8
    # the drawn chest is straight; the mean person's kyphosis may cost a few degrees
    assert np.degrees(np.arccos(np.diag(anatomy.frame.axes))).max() < 6


def test_lengths_are_those_of_the_drawn_chest(whole):
    lengths = whole[1].frame.lengths_mm

    assert lengths[0] == pytest.approx(256, abs=10), "width: two lungs of 60 mm about +-68 mm"
    assert lengths[1] == pytest.approx(28 + 106, abs=14), "sternum to spine 40 mm below the carina"
    assert lengths[2] == pytest.approx(93 + 190, abs=40), "apex to recess"


def test_probabilities_are_complete_at_every_point(whole):
    (study, *_), anatomy = whole
    low, high = study.ct.grid.corners_mm().min(axis=0), study.ct.grid.corners_mm().max(axis=0)
    points = np.random.default_rng(1).uniform(low - 40, high + 40, (500, 3))

    for probability, names in (
        (anatomy.region_probability(points), anatomy.region_names),
        (anatomy.lobe_probability(points), LOBES),
        (anatomy.station_probability(points), STATIONS),
    ):
        assert probability.shape == (500, len(names))
        assert np.isfinite(probability).all() and probability.min() >= 0
        assert probability.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_places_of_a_straight_chest_have_their_names(whole):
    _, anatomy = whole
    expected = {
        "right_upper_lobe": (-60, -20, 60), "right_lower_lobe": (-70, 45, -70), "left_upper_lobe": (60, -40, 40),
        "left_lower_lobe": (70, 45, -70), "liver": (-70, -20, -190), "heart": (0, -35, -70), "sternum": (0, -106, -40),
    }  # fmt: skip

    assert {name: region(anatomy, point) for name, point in expected.items()} == {name: name for name in expected}
    assert region(anatomy, (0, 45, 5)) in ("vertebra_T4", "vertebra_T5", "vertebra_T6")
    assert region(anatomy, (0, -7, 50)) == "airway"


def test_nodes_of_a_straight_chest_lie_in_their_stations(whole):
    _, anatomy = whole
    expected = {
        "4R": (-15, -12, 14),
        "7": (0, 5, -20),
        "2R": (-14, -10, 54),
        "10L": (33, 0, -17),
        "1R": (-26, -16, 88),
        "8": (3, 24, -80),
    }

    assert {name: station(anatomy, point) for name, point in expected.items()} == {name: name for name in expected}


def test_a_pretracheal_node_right_of_the_left_wall_is_4R(whole):
    _, anatomy = whole

    p = anatomy.station_probability(np.array([[3.0, -16.0, 14.0]]))[0]

    assert p[STATIONS.index("4R")] > 2 * p[STATIONS.index("4L")], "left of the midline, but right of the left tracheal wall"


@pytest.mark.parametrize("turn", [(8, 0, 0), (0, 7, 0), (0, 0, 14)])
def test_a_turned_patient_has_the_same_anatomy(whole, turn):
    shift = np.array([20.0, 15.0, -350.0])
    anatomy = map_anatomy(*draw_chest(turn=turn, shift=shift))
    body = np.array([(-15, -12, 14), (0, 5, -20), (-60, -20, 60), (70, 45, -70), (-70, -20, -185), (0, -35, -70)], float)

    turned = body @ turned_axes(turn).T + shift

    for f, points in (("region_probability", slice(2, 6)), ("lobe_probability", slice(2, 4))):
        before, after = getattr(whole[1], f)(body[points]), getattr(anatomy, f)(turned[points])
        assert (before.argmax(axis=1) == after.argmax(axis=1)).all(), f
    before, after = whole[1].station_probability(body[:2]), anatomy.station_probability(turned[:2])
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()


def test_without_an_airway_the_atlas_tells_the_carina_and_says_so():
    anatomy = map_anatomy(*draw_chest(airway=False))
    carina = anatomy.landmarks["carina"]

    spread = np.sqrt(np.trace(carina.covariance_mm2))
    assert not carina.seen and spread > 8
    assert np.linalg.norm(carina.point_mm) < 4 * spread
    assert "carina_not_seen" in [note.code for note in anatomy.notes]


def test_a_scan_that_ends_above_the_domes_is_completed_by_the_atlas(whole):
    chest = draw_chest(z_range=(-50.0, 125.0))
    anatomy = map_anatomy(*chest)

    assert anatomy.landmarks["apex_right"].seen and not anatomy.landmarks["recess_right"].seen
    assert anatomy.coverage["lungs"] == chest[1].quality.covered < 0.9
    assert anatomy.coverage["liver"] < 0.1 and anatomy.coverage["mediastinum"] > 0.5
    assert anatomy.frame.lengths_mm[2] == pytest.approx(whole[1].frame.lengths_mm[2], abs=60)
    seen, told = (each.landmarks["dome_right"].covariance_mm2[2, 2] for each in (whole[1], anatomy))
    assert told > 2 * seen


def test_a_scan_of_the_bases_alone_says_that_the_mediastinum_is_missing():
    anatomy = map_anatomy(*draw_chest(z_range=(-230.0, -75.0), airway=False))

    assert anatomy.coverage["hila"] < 0.3 and anatomy.coverage["mediastinum"] < 0.5
    assert anatomy.coverage["liver"] > 0.5


def test_one_lung_is_enough():
    anatomy = map_anatomy(*draw_chest(lungs=("right",)))

    assert "no_left_lung" in [note.code for note in anatomy.notes]
    assert region(anatomy, (-60, -20, 60)) == "right_upper_lobe"
    assert np.isfinite(anatomy.region_probability(np.array([[60.0, 0, 0]]))).all()


def test_no_lungs_at_all_still_give_a_map():
    anatomy = map_anatomy(*draw_chest(lungs=(), airway=False))

    assert {"no_left_lung", "no_right_lung", "carina_not_seen"} <= {note.code for note in anatomy.notes}


def test_coverage_names_everything_that_is_reported(whole):
    anatomy = whole[1]

    assert set(COVERED) <= set(anatomy.coverage)
    assert all(0 <= share <= 1 for share in anatomy.coverage.values())
    assert anatomy.coverage["mediastinum"] > 0.95 and anatomy.coverage["brain"] == 0
    assert 0.1 < anatomy.coverage["skeleton"] < 0.6
    assert anatomy.coverage_pet is None


def test_the_pet_has_its_own_coverage(whole):
    (study, lungs, skeleton), _ = whole
    grid = Grid((20, 40, 40), (8.0, 8.0, 8.0), (-160.0, -160.0, -50.0))
    pet = Volume(np.ones(grid.shape, np.float32), grid, "SUVbw")

    anatomy = map_anatomy(replace(study, pet=pet), lungs, skeleton)

    assert anatomy.coverage_pet["liver"] < 0.1 < anatomy.coverage["liver"]
    assert 0.3 < anatomy.coverage_pet["lungs"] < 0.8, "from 54 mm below the carina upwards"


def test_the_same_study_gives_the_same_bits(whole):
    chest, first = whole
    second = map_anatomy(*chest)
    points = np.random.default_rng(2).normal(0, 80, (200, 3))

    assert (first.region_probability(points) == second.region_probability(points)).all()
    assert (first.fissures.coefficients == second.fissures.coefficients).all()
    assert first.coverage == second.coverage


def test_other_numbers_give_another_map(whole):
    chest, _ = whole
    shipped = load_anatomy_parameters()
    blurred = replace(shipped, numbers=replace(shipped.numbers, surface_sd_mm=6.0))

    assert map_anatomy(*chest, parameters=blurred).compartments.spread_mm == 6.0


def test_the_records_cannot_be_written_to(whole):
    anatomy = whole[1]

    with pytest.raises(ValueError):
        anatomy.frame.axes[0, 0] = 2.0
    with pytest.raises(ValueError):
        anatomy.compartments.right_mm[0, 0, 0] = 2.0
