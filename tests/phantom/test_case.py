"""Whole patients: what is in the files, what is in the truth, and that the same seed gives the same bytes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lungstage.errors import UnwritableOutput
from lungstage.phantom import make_case
from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.fields import FIELD
from lungstage.phantom.streams import stream
from lungstage.records.names import KINDS, LOBES, ROLES, STATIONS, STRUCTURES


@pytest.fixture(scope="module")
def saved(patient, tmp_path_factory):
    return patient.save(tmp_path_factory.mktemp("phantom") / "case")


def slices_of(folder):
    import pydicom

    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def test_the_ct_files_give_the_hounsfield_units_of_the_study(patient, saved):
    slices = sorted(slices_of(saved / "ct"), key=lambda one: float(one.ImagePositionPatient[2]))

    hu = np.stack([one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept) for one in slices])

    assert np.array_equal(hu, patient.study.ct.values)


def test_the_pet_files_give_the_suv_of_the_study(patient, saved):
    slices = sorted(slices_of(saved / "pet"), key=lambda one: float(one.ImagePositionPatient[2]))
    first = slices[0]
    agent = first.RadiopharmaceuticalInformationSequence[0]

    def seconds(text):
        return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])

    waited = seconds(first.SeriesTime) - seconds(agent.RadiopharmaceuticalStartTime)
    left = float(agent.RadionuclideTotalDose) * 2 ** (-waited / float(agent.RadionuclideHalfLife))
    bqml = np.stack([one.pixel_array * float(one.RescaleSlope) for one in slices])
    suv = bqml * float(first.PatientWeight) * 1000 / left  # QIBA, DecayCorrection START

    assert np.allclose(suv, patient.study.pet.values, rtol=1e-6)


def test_positions_in_the_files_are_those_of_the_grid(patient, saved):
    grid = patient.study.ct.grid
    for one in slices_of(saved / "ct")[:3]:
        k = one.InstanceNumber - 1
        assert np.allclose([float(v) for v in one.ImagePositionPatient], grid.to_mm((k, 0, 0)), atol=1e-3)
        assert one.SOPInstanceUID == patient.study.slices[k].sop_instance_uid


def test_ct_and_pet_share_patient_study_and_frame_of_reference(saved):
    ct, pet = slices_of(saved / "ct")[0], slices_of(saved / "pet")[0]

    for name in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert ct[name].value == pet[name].value
    assert ct.SeriesInstanceUID != pet.SeriesInstanceUID
    assert str(ct.PatientName) == "PHANTOM^3"
    assert (pet.Units, pet.DecayCorrection) == ("BQML", "START")


@pytest.mark.parametrize("series", ["ct", "pet"])
def test_dciodvfy_finds_no_fault_in_the_files(series, saved):
    import shutil
    import subprocess

    tool = shutil.which("dciodvfy")
    if tool is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    first = sorted((saved / series).iterdir())[0]

    said = subprocess.run([tool, "-new", str(first)], capture_output=True, text=True, check=False).stderr

    assert not [line for line in said.splitlines() if line.startswith(("Error", "Warning"))], said


def test_simpleitk_reads_both_series(patient, saved):
    import SimpleITK as sitk

    for series, volume in (("ct", patient.study.ct), ("pet", patient.study.pet)):
        reader = sitk.ImageSeriesReader()
        (uid,) = reader.GetGDCMSeriesIDs(str(saved / series))
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(saved / series), uid))
        image = reader.Execute()
        assert image.GetSize()[::-1] == volume.grid.shape
        assert np.allclose(image.GetSpacing()[::-1], volume.grid.spacing_mm, atol=1e-4)


def test_the_truth_file_holds_the_truth(patient, saved):
    told = json.loads((saved / "truth" / "truth.json").read_text())

    assert told["schema"] == "lungstage/truth/1"
    assert told["editions"]["9"]["t"] == "T2a"
    assert len(told["lesions"]) == len(patient.truth.lesions)
    assert set(told["lesions"][0]) >= {
        "id", "kind", "malignant", "centre_mm", "longest_diameter_mm", "solid_diameter_mm", "short_axis_mm", "volume_ml",
        "side", "lobe", "station", "organ", "contacts", "suv",
    }  # fmt: skip


def test_the_truth_speaks_the_words_of_the_records(patient):
    for lesion in patient.truth.lesions:
        assert lesion.kind in KINDS
        assert lesion.role in ROLES
        assert lesion.lobe in (*LOBES, None)
        assert lesion.station in (*STATIONS, None)
        assert all(contact.structure in STRUCTURES for contact in lesion.contacts)


def test_masks_lie_on_the_ct_and_lesions_have_their_volume(coarse, tmp_path):
    import nibabel

    fine = replace(coarse, ct_matrix=260, ct_pixel_mm=2.0, ct_slice_mm=2.5)
    case = make_case(4, t="T2b", n="N0", m="M0", parameters=fine)
    image = nibabel.load(case.save(tmp_path / "case") / "truth" / "masks" / "lesions.nii.gz")
    labels = np.asarray(image.dataobj).transpose(2, 1, 0)
    primary = next(lesion for lesion in case.truth.lesions if lesion.role == "primary")
    ml = (labels == primary.label).sum() * case.study.ct.grid.voxel_ml
    centre = np.argwhere(labels == primary.label).mean(axis=0)
    lps = image.affine @ [*centre[::-1], 1.0]

    assert labels.shape == case.study.ct.grid.shape
    assert ml == pytest.approx(primary.volume_ml, rel=0.03)  # counted voxels of 10 mm3 in a tumour of some 30 mL
    assert np.allclose(lps[:3] * [-1, -1, 1], primary.centre_mm, atol=1.0)


def test_what_is_drawn_has_the_numbers_of_its_tissue(coarse):
    case = make_case(6, t="T3", n="N0", m="M0", parameters=replace(coarse, ct_noise_hu=0.0, ct_matrix=168, ct_pixel_mm=3.0))
    ct, fields, person = case.study.ct, case.anatomy.fields, case.anatomy.person

    def mean_hu(field, deep_mm):
        index = np.argwhere(fields.values[FIELD[field]] < -deep_mm)[::50]
        points = person.to_lps(index[:, ::-1] * fields.step_mm + fields.origin_mm)
        at = np.rint(ct.grid.to_index(points)).astype(int)
        at = at[np.all((at >= 0) & (at < ct.grid.shape), axis=1)]
        return float(np.median(ct.values[tuple(at.T)]))

    # anatomy.md 1.2: peripheral tissue -929 HU, sd 17, at total lung capacity; whole lungs in free breathing -620 at most
    assert -950 < mean_hu("lung_right", 10) < -620
    assert -950 < mean_hu("lung_left", 10) < -620
    assert ct.values[:, 0, 0].max() <= -990  # a corner: air
    heart = np.rint(ct.grid.to_index(case.truth.landmarks["heart_centre"])).astype(int)
    assert 0 < ct.values[tuple(heart)] < 220


def test_the_same_seed_gives_the_same_bytes(coarse, patient, saved, tmp_path):
    again = make_case(3, t="T2a", n="N2a", m="M1b", parameters=coarse).save(tmp_path / "again")

    files = sorted(path.relative_to(saved) for path in saved.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    for name in files:
        assert (saved / name).read_bytes() == (again / name).read_bytes(), name


def test_one_thread_two_and_four_make_the_same_patient(coarse):
    from lungstage.kernels.threads import count_threads, set_threads

    seed = next(s for s in range(40) if stream(s, "finding port").random() < 0.08)  # metal, motion, noise and all
    before = count_threads()
    made = []
    try:
        for threads in (1, 2, 4):
            set_threads(threads)
            made.append(make_case(seed, t="T2b", n="N1", m="M0", parameters=coarse))
    finally:
        set_threads(before)

    one, *more = made
    for other in more:
        assert np.array_equal(one.study.ct.values, other.study.ct.values)
        assert np.array_equal(one.study.pet.values, other.study.pet.values)
        assert one.truth == other.truth


def test_another_disease_leaves_the_patient_as_he_is(coarse, patient):
    other = make_case(3, t="T1b", n="N0", m="M0", parameters=coarse)

    assert other.anatomy.person == patient.anatomy.person
    assert np.array_equal(other.anatomy.fields.values, patient.anatomy.fields.values)
    assert np.array_equal(other.anatomy.lungs.rows, patient.anatomy.lungs.rows)
    away = np.abs(other.study.ct.values.astype(int) - patient.study.ct.values).reshape(-1)
    assert (away == 0).mean() > 0.9  # same noise, same organs; only where the diseases differ


def test_another_scanner_leaves_the_disease_as_it_is(coarse, patient):
    other = make_case(3, t="T2a", n="N2a", m="M1b", parameters=replace(coarse, ct_noise_hu=60.0, pet_psf_mm=9.0))

    assert other.truth == patient.truth


def test_streams_of_different_names_are_independent():
    one, two = (stream(1, name).normal(size=2000) for name in ("anatomy", "disease"))

    assert abs(np.corrcoef(one, two)[0, 1]) < 0.09  # four standard errors of 2000 pairs
    assert np.array_equal(stream(1, "anatomy").normal(size=3), one[:3])


@pytest.mark.parametrize("seed", range(3))
def test_lungs_have_the_size_of_lungs(seed, coarse):
    anatomy = build_anatomy(seed, "thorax", coarse)
    fields = anatomy.fields
    litres = {
        name: float((fields.values[FIELD[name]] < 0).sum()) * fields.step_mm**3 / 1e6
        for name in ("lung_right", "lung_left", *LOBES)
    }
    both = litres["lung_right"] + litres["lung_left"]

    assert 1.8 < both < 7.8, litres  # anatomy.md 3.1: 2.4 L quiet breathing, small women; 7.8 L the largest at full inspiration
    if not any(anatomy.person.variants.raised_mm.values()):  # a dome that stands high takes room from one of them
        assert 0.48 < litres["lung_right"] / both < 0.60, litres  # 0.506 to 0.574 in 32 people
    assert sum(litres[lobe] for lobe in LOBES) == pytest.approx(both, rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_the_lowest_tip_of_a_lung_lies_where_anatomy_says(seed, coarse):
    anatomy = build_anatomy(seed, "thorax", coarse)
    person = anatomy.person

    for side, outward in (("right", -1), ("left", 1)):
        if person.variants.raised_mm[side]:  # a dome that stands high takes its recess along
            continue
        x, y, z = anatomy.landmarks[f"recess_{side}"] / np.array(person.scale)
        wanted = -165 - 35 * person.inspiration  # anatomy.md 3.2: quiet breathing and total lung capacity, 20 mm each
        assert abs(z - wanted) < 20, f"seed {seed}, {side}: {z:.0f} mm, {wanted:.0f} wanted"
        assert outward * x > 45, f"seed {seed}, {side}: x {x:.0f} mm; at the back of the side (anatomy.md 10)"
        assert y > 40, f"seed {seed}, {side}: y {y:.0f} mm"


def test_a_folder_of_somebody_else_is_never_overwritten(patient, tmp_path):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "precious.dcm").write_bytes(b"x")

    with pytest.raises(UnwritableOutput):
        patient.save(tmp_path / "scans", overwrite=True)


def test_a_case_is_replaced_only_when_asked(patient, saved):
    with pytest.raises(UnwritableOutput):
        patient.save(saved)

    assert patient.save(saved, overwrite=True) == saved
