"""Input that would have staged the wrong patient, hung, or written into the terminal what it pleased."""

import os
import shutil

import nibabel
import numpy as np
import pytest
from study.scans import ORIGIN, SHAPE, SPACING, chest, codes, ct_series, pet_series, save, uid

from lungstage.cli.main import main
from lungstage.errors import ImpossibleGeometry, ImpossibleRequest, UnreadableInput
from lungstage.study import Wishes, inspect, read_masks, read_study

NAMES = [f"{k}.dcm" for k in range(16)]


def above(patient):
    """A series with the UID of the plain one, directly above it, of another patient."""
    series = ct_series(origin=(*ORIGIN[:2], ORIGIN[2] + SHAPE[0] * SPACING[0]), patient=patient)
    for k, ds in enumerate(series):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(9, 5, 5, k)
        ds.InstanceNumber = 100 + k
    return series


def test_two_patients_under_one_series_uid_are_never_one_scan(tmp_path):
    save([*ct_series(patient="P1"), *above("P2")], tmp_path)

    with pytest.raises(ImpossibleRequest, match="2 patients are here .P1, P2."):
        read_study(tmp_path)


def test_slices_that_name_no_patient_belong_to_the_one_that_the_others_name(tmp_path):
    series = ct_series(patient="P1")
    for ds in series[2:5]:
        ds.PatientID = ds.PatientName = ""
    save(series, tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert study.passport.patients == 1


def born(series, date, sex=""):
    for ds in series:
        ds.PatientBirthDate, ds.PatientSex = date, sex
    return series


@pytest.mark.parametrize(("one", "other"), [(("19500101", "M"), ("19700101", "M")), (("", "M"), ("", "F"))], ids=["date", "sex"])
def test_who_shares_a_patient_id_but_not_birth_or_sex_is_another_patient(tmp_path, one, other):
    save([*born(ct_series(patient="ANON"), *one), *born(ct_series(patient="ANON", series=2), *other)], tmp_path, NAMES)

    with pytest.raises(ImpossibleRequest, match="2 patients are here .ANON"):
        read_study(tmp_path)


def test_a_birth_date_that_one_series_leaves_out_says_nothing(tmp_path):
    save([*born(ct_series(), "19500101", "M"), *born(ct_series(series=2), "", "O")], tmp_path, NAMES)

    assert read_study(tmp_path).passport.patients == 1


def test_a_pet_of_another_birth_date_is_of_another_patient(tmp_path):
    pet = born(pet_series(np.full((5, 6, 6), 2000.0)), "19700101", "M")
    save([*born(ct_series(), "19500101", "M"), *pet], tmp_path, NAMES)

    with pytest.raises(ImpossibleGeometry, match="born 19700101 M, the CT of P1 born 19500101 M"):
        read_study(tmp_path)


def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "scan.dcm")

    with pytest.raises(UnreadableInput, match="neither a file nor a folder"):
        inspect(tmp_path / "scan.dcm")
    with pytest.raises(ImpossibleRequest, match="neither a file nor a folder"):
        read_masks(tmp_path / "scan.dcm", None)


def test_an_empty_path_is_not_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(save(ct_series(), tmp_path))

    with pytest.raises(UnreadableInput, match="empty"):
        read_study("")
    with pytest.raises(ImpossibleRequest, match="--lesions is empty"):
        Wishes(lesions="")
    assert main(["stage", ".", "-o", "", "--quiet"]) == 7
    assert main(["stage", ".", "--patient", "", "-o", str(tmp_path / "out"), "--quiet"]) != 0


@pytest.mark.parametrize(
    "wish", [{"hu_offset": float("nan")}, {"hu_offset": 1e9}, {"weight_kg": 0.0}, {"dose_mbq": float("inf")}], ids=str
)
def test_a_wish_that_is_no_number_is_refused_before_anything_is_read(wish):
    with pytest.raises(ImpossibleRequest, match=next(iter(wish)).replace("_", "-")):
        Wishes(**wish)


def test_nothing_in_a_header_or_a_name_moves_the_cursor(tmp_path, capsys):
    series = ct_series()
    for ds in series:
        ds.SeriesDescription, ds.ConvolutionKernel = "\x1b[2Jgone\x07", "\x1b]0;title\x07"
    folder = save(series, tmp_path / "a\x1b[31mred")

    assert main(["inspect", str(folder)]) == 0
    assert main(["inspect", str(folder / "nowhere")]) == 3

    said = capsys.readouterr()
    assert "gone" in said.out and "red" in said.err
    assert all(letter.isprintable() or letter == "\n" for letter in said.out + said.err)


def test_a_nifti_in_centimetres_is_refused(tmp_path):
    nibabel.Nifti1Image(chest().T, np.diag([-0.07, -0.08, 0.25, 1])).to_filename(tmp_path / "ct.nii")

    with pytest.raises(ImpossibleGeometry, match="millimetres"):
        read_study(tmp_path)


def test_thin_slices_far_apart_are_told(tmp_path):
    series = ct_series(spacing=(10.0, *SPACING[1:]))
    for ds in series:
        ds.SliceThickness = "1"
    save(series, tmp_path)

    study = read_study(tmp_path)

    note = next(note for note in study.passport.notes if note.code == "slices_apart")
    assert "slices of 1 mm lie 10 mm apart, so 90% was not scanned" in note.text


def test_touching_or_overlapping_slices_are_not_apart(tmp_path):
    series = ct_series()
    for ds in series:
        ds.SliceThickness = "2.5"
    save(series, tmp_path)

    assert "slices_apart" not in codes(read_study(tmp_path))


def test_what_itk_says_comes_without_places_in_its_source(tmp_path):
    (tmp_path / "ct.nrrd").write_bytes(b"NRRD0004\ntype: short\n\n")

    with pytest.raises(UnreadableInput) as refused:
        read_study(tmp_path / "ct.nrrd")
    assert ".cxx" not in str(refused.value) and "\n" not in str(refused.value)


def test_a_pet_of_zeros_is_no_pet_without_uptake(tmp_path):
    save([*ct_series(), *pet_series(np.zeros((5, 6, 6)))], tmp_path, NAMES)

    with pytest.raises(UnreadableInput, match="the PET is empty"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    ("what", "values"),
    [("a CT", chest().astype(np.float32)), ("Bq/ml", np.full(SHAPE, 5000.0)), ("nothing", np.zeros(SHAPE))],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_holds_no_suv_is_not_taken_for_a_pet(tmp_path, what, values):
    folder = save(ct_series(), tmp_path / "ct")
    nibabel.Nifti1Image(values.astype(np.float32).T, np.diag([-0.7, -0.8, 2.5, 1])).to_filename(tmp_path / "pet.nii")

    with pytest.raises(ImpossibleGeometry, match="no SUV"):
        read_study(folder, pet=tmp_path / "pet.nii")


def test_a_zip_that_was_cut_off_says_so(tmp_path):
    save(ct_series(), tmp_path / "ct")
    shutil.make_archive(str(tmp_path / "scan"), "zip", tmp_path / "ct")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "scan.zip").read_bytes()[:-200])

    with pytest.raises(UnreadableInput, match="cut off or damaged"):
        read_study(tmp_path / "cut.zip")


@pytest.mark.parametrize("keywords", [["RescaleSlope", "RescaleIntercept"], ["RescaleIntercept"]], ids="-".join)
def test_slices_without_a_rescale_among_others_are_never_taken_for_hu(tmp_path, keywords):
    """Two slices would be 1024 HU too dense, as bone is."""
    series = ct_series()
    for ds in series[3:5]:
        for keyword in keywords:
            delattr(ds, keyword)
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match="RescaleIntercept is missing in 2 of its 8 slices, such as 003.dcm"):
        read_study(tmp_path)


def test_slices_that_all_state_one_place_are_refused_for_that(tmp_path):
    series = ct_series()
    for ds in series:
        ds.SliceLocation, ds.ImagePositionPatient = ds.ImagePositionPatient[2], [*ORIGIN]
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match="slices 1 and 2 lie at the same place and differ"):
        read_study(tmp_path)


def test_a_slice_whose_pixels_are_empty_is_named(tmp_path):
    series = ct_series()
    series[2].PixelData = b""
    save(series, tmp_path)

    with pytest.raises(UnreadableInput, match="002.dcm: its pixels cannot be read .they are empty"):
        read_study(tmp_path)


def test_a_screen_save_inside_a_series_of_ct_is_no_slice_of_it(tmp_path):
    save(ct_series(), tmp_path)
    picture = ct_series()[0]
    picture.SOPInstanceUID = picture.file_meta.MediaStorageSOPInstanceUID = uid(9, 77, 1)
    picture.ImageType, picture.InstanceNumber = ["DERIVED", "SECONDARY", "SCREEN SAVE"], 99
    del picture.ImagePositionPatient, picture.ImageOrientationPatient
    save([picture], tmp_path, ["picture.dcm"])

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())
