"""Lungs from elsewhere: told by their names, laid on the CT, and believed only where they hold the lungs that are seen."""

import nibabel
import numpy as np
import pytest
from lungs.chests import Chest, draw
from study.scans import chest, codes, ct_series, save

import lungstage
from lungstage.cli.main import main
from lungstage.errors import ImpossibleRequest
from lungstage.geometry import Grid
from lungstage.lungs import find_lungs
from lungstage.records import Given, MaskSet, Note
from lungstage.records.lungs import LEFT, RIGHT
from lungstage.study import Wishes, read_study
from lungstage.study.given import lesions_among, lungs_among, organs_among, read_given
from lungstage.study.names import UNKNOWN_SIDE, is_lesion, region_called, side_of

AFFINE = np.array([[-0.7, 0, 0, 9.0], [0, -0.8, 0, 30.0], [0, 0, 2.5, 100.0], [0, 0, 0, 1]])  # RAS, of the scan of scans.py


@pytest.mark.parametrize(
    ("name", "side"),
    [("Lung-Right", RIGHT), ("lung_upper_lobe_left", LEFT), ("LUNG L", LEFT), ("Rt lung", RIGHT), ("lungs", UNKNOWN_SIDE),
     ("1", RIGHT), ("2", LEFT), ("3", 0), ("GTV-1", 0), ("heart", 0), ("kidney_left", 0)],
)  # fmt: skip
def test_a_lung_and_its_side_are_told_by_the_name(name, side):
    assert side_of(name, count=5) == side


def test_given_lungs_come_with_the_study_and_a_note(tmp_path):
    labels = np.zeros(chest().shape, np.uint8)
    labels[:, 7:14, 6:10], labels[:, 7:14, 17:20], labels[:, 2:4, 2:4] = 1, 2, 3
    nibabel.Nifti1Image(labels.T, AFFINE).to_filename(tmp_path / "lungs.nii.gz")
    folder = save(ct_series(), tmp_path / "ct")

    study = read_study(folder, wishes=Wishes(lungs=tmp_path / "lungs.nii.gz"))

    np.testing.assert_array_equal(study.given.lungs["right"], labels == 1)
    np.testing.assert_array_equal(study.given.lungs["left"], labels == 2)
    assert "lungs_given" in codes(study)
    assert read_study(folder).given is None


def test_masks_made_of_a_lying_ct_are_not_laid_on_the_turned_one():
    turned = (Note("orientation_fixed", "turned", ""),)

    with pytest.raises(ImpossibleRequest, match="--fix-orientation"):
        read_given(Wishes(lungs="lungs.nii"), Grid((2, 3, 4), (1, 1, 1)), turned)


def test_masks_without_a_lung_are_refused_by_name():
    masks = MaskSet(Grid((2, 3, 4), (1, 1, 1)), np.ones((2, 3, 4), np.uint16), ("liver", "heart"), "organs")

    with pytest.raises(ImpossibleRequest, match="liver, heart"):
        lungs_among(masks)


@pytest.mark.parametrize(
    "name", ["GTV-1", "GTVp", "Tumor_c40", "LN_c40", "lung nodule", "Liver metastasis 2", "Neoplasm, Primary", "1", "Segment"]
)
def test_a_lesion_is_told_by_the_name(name):
    assert is_lesion(name)


@pytest.mark.parametrize(
    "name", ["Lung-Left", "Lungs-GTV", "Lung minus tumor", "PTV_tumor", "Heart", "Spinal-Cord", "Carina_c40", "BODY"]
)
def test_organs_and_parts_of_a_plan_are_no_lesions(name):
    assert not is_lesion(name)


def test_organs_among_the_lesions_are_left_out_with_a_note():
    labels = np.arange(24, dtype=np.uint16).reshape(2, 3, 4) % 4
    masks = MaskSet(Grid((2, 3, 4), (1, 1, 1)), labels, ("Lung-Left", "GTV-1", "Heart"), "rtstruct.dcm")

    lesions, notes = lesions_among(masks)

    assert lesions.names == ("GTV-1",)
    np.testing.assert_array_equal(lesions.labels, (labels == 2).astype(np.uint16))
    assert [note.code for note in notes] == ["lesions_given_others"] and "2 masks" in notes[0].text


def test_masks_without_a_lesion_are_refused_by_name():
    masks = MaskSet(Grid((2, 3, 4), (1, 1, 1)), np.ones((2, 3, 4), np.uint16), ("Heart", "BODY"), "rtstruct.dcm")

    with pytest.raises(ImpossibleRequest, match="Heart, BODY"):
        lesions_among(masks)


def test_a_lesion_on_another_scan_is_refused_though_the_outline_of_the_body_lies_on_this_one():
    masks = MaskSet(Grid((2, 3, 4), (1, 1, 1)), np.ones((2, 3, 4), np.uint16), ("BODY", "GTV"), "rtstruct.dcm")

    with pytest.raises(ImpossibleRequest, match="GTV"):
        lesions_among(masks)


@pytest.mark.parametrize(
    ("name", "region"),
    [("lung_upper_lobe_left", "left_upper_lobe"), ("vertebrae_T12", "vertebra_T12"), ("rib_left_7", "rib_left_7"),
     ("Heart", "heart"), ("adrenal_gland_right", "adrenal_right"),
     ("Kidney-L", "kidney_left"), ("iliopsoas_left", None), ("GTV-1", None)],
)  # fmt: skip
def test_an_organ_is_told_by_the_name(name, region):
    assert region_called(name) == region


def test_a_folder_of_totalsegmentator_gives_organs_and_lungs(tmp_path):
    folder = save(ct_series(), tmp_path / "ct")
    labels = np.zeros(chest().shape, np.uint8)
    labels[:, 7:14, 6:10], labels[:, 7:14, 17:20] = 1, 2
    (tmp_path / "organs").mkdir()
    for name, value in (("lung_upper_lobe_right", 1), ("lung_upper_lobe_left", 2), ("spleen", 3), ("iliopsoas_left", 3)):
        nibabel.Nifti1Image((labels == value).astype(np.uint8).T, AFFINE).to_filename(tmp_path / "organs" / f"{name}.nii.gz")

    study = read_study(folder, wishes=Wishes(organs=tmp_path / "organs"))

    assert set(study.given.organs.names) == {"right_upper_lobe", "left_upper_lobe"}
    np.testing.assert_array_equal(study.given.organs["left_upper_lobe"], labels == 2)
    np.testing.assert_array_equal(study.given.lungs["right"], labels == 1)
    assert "organs_given" in codes(study)


def test_masks_without_an_organ_are_refused_by_name():
    masks = MaskSet(Grid((2, 3, 4), (1, 1, 1)), np.ones((2, 3, 4), np.uint16), ("1", "2"), "seg.nii.gz")

    with pytest.raises(ImpossibleRequest, match="TotalSegmentator"):
        organs_among(masks)


def test_given_masks_are_part_of_the_digest_of_the_input(tmp_path):
    folder = save(ct_series(), tmp_path / "ct")
    labels = np.zeros(chest().shape, np.uint8)
    labels[2:4, 7:10, 6:10] = 1
    nibabel.Nifti1Image(labels.T, AFFINE).to_filename(tmp_path / "gtv.nii.gz")

    plain, marked = read_study(folder), read_study(folder, wishes=Wishes(lesions=tmp_path / "gtv.nii.gz"))

    assert plain.passport.input_digest != marked.passport.input_digest


@pytest.mark.parametrize("option", ["--lungs", "--organs", "--lesions"])
def test_the_command_line_and_python_hand_masks_on(tmp_path, capsys, option):
    folder, nowhere = save(ct_series(), tmp_path / "ct"), tmp_path / "nowhere.nii"

    assert main(["stage", str(folder), option, str(nowhere), "-o", str(tmp_path / "out"), "--quiet"]) == 2
    assert "nowhere.nii: there is no such file" in capsys.readouterr().err
    with pytest.raises(ImpossibleRequest, match="nowhere"):
        lungstage.stage(folder, **{option[2:]: nowhere})


def test_a_wish_by_a_name_that_is_none_is_refused(tmp_path):
    with pytest.raises(TypeError, match="lesion"):
        lungstage.stage(tmp_path, lesion="gtv.nii")


@pytest.fixture(scope="module")
def drawn():
    """(study, truth, right and left lung with a piece of chest wall on the right that no HU tells from lung)."""
    from dataclasses import replace

    study, truth = draw(Chest())
    right, left = np.asarray(truth["right"], bool), np.asarray(truth["left"], bool)
    middle = study.ct.grid.shape[0] // 2
    wall = np.zeros(right.shape, bool)
    row, column = (int(values.mean()) for values in np.nonzero(right[middle]))
    edge = np.flatnonzero(right[middle, row]).min()
    step = [max(1, round(12 / side)) for side in study.ct.grid.spacing_mm]
    wall[middle - step[0] : middle + step[0], row - step[1] : row + step[1], edge - step[2] : edge] = True
    labels = np.where(right | wall, RIGHT, np.where(left, LEFT, 0)).astype(np.uint16)

    def given(labels):
        return replace(study, given=Given(lungs=MaskSet(study.ct.grid, labels, ("right", "left", "lung"))))

    return study, wall, labels, given


def test_dense_lung_that_only_the_given_mask_knows_belongs_to_the_hull(drawn):
    study, wall, labels, given = drawn

    alone, together = find_lungs(study), find_lungs(given(labels))

    assert (alone.hull[wall] == RIGHT).mean() < 0.3
    assert (together.hull[wall] == RIGHT).mean() > 0.8
    assert np.array_equal(alone.right, together.right) and np.array_equal(alone.left, together.left)


def test_a_given_mask_takes_nothing_away(drawn):
    study, _, labels, given = drawn
    smaller = labels.copy()
    smaller[:, : smaller.shape[1] // 3] = 0

    alone, together = find_lungs(study), find_lungs(given(smaller))

    assert not (alone.hull & ~together.hull).astype(bool).any()


def test_the_lungs_of_another_scan_are_not_believed(drawn):
    _, wall, labels, given = drawn

    lungs = find_lungs(given(np.where(wall, labels, 0).astype(np.uint16)))

    assert "given_lungs_doubted" in {note.code for note in lungs.quality.notes}
    assert (lungs.hull[wall] == RIGHT).mean() < 0.3
