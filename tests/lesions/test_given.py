"""Lesions that someone marked: measured as they were drawn, judged as others are, and nothing else is lost for them."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from lungstage.anatomy import map_anatomy
from lungstage.geometry import Grid
from lungstage.lesions import find_lesions
from lungstage.lesions.given import parts_of
from lungstage.lungs import find_lungs
from lungstage.normality import imagine_normal
from lungstage.phantom import make_case
from lungstage.phantom.masks import draw_masks
from lungstage.phantom.parameters import shipped_parameters
from lungstage.records import Given, MaskSet
from lungstage.skeleton import find_skeleton

pytestmark = pytest.mark.xdist_group("given")
GRID = Grid((9, 11, 13), (3.0, 1.0, 0.9))


def masks(labels, names, grid=GRID):
    return MaskSet(grid, np.asarray(labels, np.uint16), tuple(names))


def test_every_connected_part_is_a_lesion_of_its_own():
    labels = np.zeros(GRID.shape, np.uint16)
    labels[1:4, 1:4, 1:4], labels[6:8, 8:10, 8:12], labels[1:3, 7:9, 9:11] = 1, 1, 2

    parts = parts_of(masks(labels, ["tumours", "node"]))

    assert [int(part.mask.sum()) for part in parts] == [27, 16, 8]
    assert parts[0].points_mm.mean(axis=0) == pytest.approx(GRID.to_mm((2, 2, 2)))


def test_contours_of_every_other_slice_are_one_lesion():
    labels = np.zeros(GRID.shape, np.uint16)
    labels[1:8:2, 3:6, 3:6] = 1

    assert len(parts_of(masks(labels, ["gtv"]))) == 1


def test_a_mask_without_a_voxel_on_the_ct_is_no_lesion():
    labels = np.zeros(GRID.shape, np.uint16)
    labels[2, 2, 2] = 2

    assert len(parts_of(masks(labels, ["outside", "inside"]))) == 1


@pytest.fixture(scope="module")
def patient():
    """A coarse synthetic patient, and the stages before lesions."""
    coarse = replace(
        shipped_parameters(), ct_matrix=168, ct_pixel_mm=3.0, ct_slice_mm=4.0, pet_voxel_mm=(6.0, 6.0, 5.0), field_step_mm=4.0,
        arteries_per_lung=40, veins_per_lung=30,
    )  # fmt: skip
    case = make_case(7, t="T2b", n="N2a", m="M0", parameters=coarse)
    study = case.study
    lungs, skeleton = find_lungs(study), find_skeleton(study)
    anatomy = map_anatomy(study, lungs, skeleton)
    normal = imagine_normal(study, lungs, skeleton, anatomy)

    def found(labels=None):
        given = None if labels is None else Given(lesions=masks(labels, ["gtv"], study.ct.grid))
        return find_lesions(replace(study, given=given), lungs, skeleton, anatomy, normal)

    return case, found, found()


def ball(grid, centre_mm, radius_mm):
    """uint16 on a grid, 1 inside a ball."""
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    return (np.linalg.norm(points - np.asarray(centre_mm), axis=-1) <= radius_mm).astype(np.uint16)


def apart(lesion, centre_mm):
    return float(np.linalg.norm(np.subtract(lesion.centre_mm, centre_mm)))


@pytest.fixture(scope="module")
def marked(patient):
    """(primary as the truth has it, lesions found when its true shape is given)."""
    case, found, _ = patient
    primary = next(lesion for lesion in case.truth.lesions if lesion.role == "primary")
    drawn = draw_masks(case.anatomy, list(case.lesions), case.scan.ct_grid)["lesions"] == primary.label
    return primary, found(drawn)


@pytest.mark.slow
def test_a_marked_lesion_has_the_size_that_was_drawn(marked):
    primary, together = marked

    here = min(together, key=lambda lesion: apart(lesion, primary.centre_mm))

    assert here.kind == "pulmonary"
    # a voxel of 3 x 3 x 4 mm is half in and half out on either side
    assert here.longest_diameter_mm.q50 == pytest.approx(primary.longest_diameter_mm, abs=4.0)
    assert here.volume_ml.q50 == pytest.approx(primary.volume_ml, rel=0.1)
    assert here.longest_diameter_mm.sd > 0.0
    assert any(reason.term == "marked as a lesion by others" for reason in here.reasons)


@pytest.mark.slow
def test_a_marked_lesion_replaces_what_was_found_in_its_place(patient, marked):
    primary, together = marked
    reach = primary.longest_diameter_mm / 2

    assert any(apart(lesion, primary.centre_mm) < reach for lesion in patient[2])
    assert sum(apart(lesion, primary.centre_mm) < reach for lesion in together) == 1


@pytest.mark.slow
def test_what_lies_elsewhere_is_found_as_before(patient, marked):
    primary, together = marked

    before = {lesion.centre_mm for lesion in patient[2] if apart(lesion, primary.centre_mm) > primary.longest_diameter_mm}
    assert before and before <= {lesion.centre_mm for lesion in together}


@pytest.mark.slow
def test_a_mark_beside_the_patient_is_left_out_with_a_note(patient):
    case, found, alone = patient
    grid = case.study.ct.grid
    corner = grid.to_mm((10, 8, 8))

    together = found(ball(grid, corner, 15.0))

    assert "given_lesions_doubted" in {note.code for note in together.notes}
    assert {lesion.centre_mm for lesion in together} == {lesion.centre_mm for lesion in alone}


@pytest.mark.slow
def test_a_mark_on_a_healthy_organ_is_doubted_less_but_not_called_malignant(patient):
    case, found, _ = patient
    frame = case.study.ct.grid
    heart = np.asarray(case.truth.landmarks["carina"]) + (25.0, -45.0, -70.0)  # its left ventricle

    here = min(found(ball(frame, heart, 9.0)), key=lambda lesion: apart(lesion, heart))

    assert apart(here, heart) < 3.0
    terms = {reason.term: reason.log_odds for reason in here.reasons}
    assert terms["an organ lies here"] < 0.0 < terms["marked as a lesion by others"]
    assert here.p_malignant < 0.5


@pytest.mark.slow
def test_any_number_of_threads_finds_the_same_lesions(patient):
    from lungstage.kernels.threads import count_threads, set_threads

    _, found, _ = patient
    before = count_threads()
    several = []
    try:
        for threads in (1, 3):
            set_threads(threads)
            several.append(found())
    finally:
        set_threads(before)

    one, three = several
    assert len(one) == len(three) > 3
    for lesion, same in zip(one, three, strict=True):
        np.testing.assert_equal(asdict(same), asdict(lesion), lesion.id)  # shapes and all
