"""What a folder may hold, and what the reader makes of it."""

import json
import random
import shutil
import zipfile

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless
from study.scans import (
    ORIGIN,
    SHAPE,
    SPACING,
    chest,
    compress,
    ct_series,
    enhanced_ct,
    pet_series,
    plain,
    save,
    uid,
)

from lungstage.errors import ImpossibleGeometry, ImpossibleRequest, MissingImage, NotEnoughMemory, UnreadableInput
from lungstage.study import Wishes, inspect, read_pet, read_study


def codes(study):
    return {note.code for note in study.passport.notes}


def test_a_plain_series_comes_back_in_hu_with_its_place(tmp_path):
    save(ct_series(), tmp_path)

    study = read_study(tmp_path)

    assert study.ct.values.dtype == np.int16
    np.testing.assert_array_equal(study.ct.values, chest())
    assert study.ct.grid.spacing_mm == pytest.approx(SPACING)
    np.testing.assert_allclose(study.ct.grid.to_mm((0, 0, 0)), ORIGIN)
    assert [label.number for label in study.slices] == list(range(SHAPE[0], 0, -1))
    assert study.slices[0].sop_instance_uid == uid(9, 1, 1, SHAPE[0])
    assert study.outside is None and study.pet is None


def test_names_folders_and_order_of_files_do_not_matter(tmp_path):
    rng = random.Random(4)
    names = [f"{rng.choice('abc')}/{rng.random()}" for _ in range(SHAPE[0])]
    for name in names:
        (tmp_path / "one" / name).parent.mkdir(parents=True, exist_ok=True)
    save(ct_series(), tmp_path / "one", names)
    save(ct_series(), tmp_path / "two")

    one, two = read_study(tmp_path / "one"), read_study(tmp_path / "two")

    assert one.passport.input_digest == two.passport.input_digest
    np.testing.assert_array_equal(one.ct.values, chest())


def test_another_image_has_another_digest(tmp_path):
    save(ct_series(), tmp_path / "one")
    save(ct_series(chest() + np.int16(1)), tmp_path / "two")
    save(ct_series(origin=(0, 0, 0)), tmp_path / "three")

    digests = {read_study(tmp_path / name).passport.input_digest for name in ("one", "two", "three")}

    assert len(digests) == 3


def test_files_that_are_no_images_are_counted_and_left_alone(tmp_path):
    save(ct_series(), tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "junk").write_bytes(b"\0" * 300)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "report.pdf").write_bytes(b"%PDF")

    study = read_study(tmp_path)

    assert study.passport.other_files == 4
    np.testing.assert_array_equal(study.ct.values, chest())


def test_a_zip_is_read_without_unpacking(tmp_path):
    folder = save(ct_series(), tmp_path / "scan")
    archive = shutil.make_archive(str(tmp_path / "patient"), "zip", folder)

    study = read_study(archive)

    np.testing.assert_array_equal(study.ct.values, chest())


def test_a_locked_or_broken_zip_says_so(tmp_path):
    (tmp_path / "scan.zip").write_bytes(b"PK\x03\x04 broken")

    with pytest.raises(UnreadableInput, match="scan.zip"):
        read_study(tmp_path / "scan.zip")


def test_a_dicomdir_stands_for_the_files_it_lists(tmp_path):
    from pydicom.fileset import FileSet

    files = FileSet()
    for ds in ct_series():
        ds.StudyID, ds.SeriesNumber, ds.StudyTime = "1", 1, "101010"
        ds.AccessionNumber = ""
        files.add(ds)
    files.write(tmp_path / "disc")
    files._stage["t"].cleanup()  # pydicom leaves that to the collector, which warns

    study = read_study(tmp_path / "disc" / "DICOMDIR")

    np.testing.assert_array_equal(study.ct.values, chest())


def test_one_file_stands_for_its_series(tmp_path):
    save(ct_series(), tmp_path)
    save(ct_series(series=2, spacing=(5.0, 0.8, 0.7)), tmp_path, [f"other{k}" for k in range(SHAPE[0])])

    study = read_study(tmp_path / "003.dcm")

    assert study.ct.grid.spacing_mm[0] == pytest.approx(SPACING[0])
    assert study.ct.grid.shape == SHAPE


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("syntax", ["JPEG-LS", "RLE", "JPEG 2000", "JPEG lossless"])
def test_compressed_slices_are_the_same_slices(tmp_path, syntax, signed):
    values = chest((4, 64, 72))  # JPEG 2000 halves five times
    series = ct_series(values, intercept=0 if signed else -1024, signed=signed)
    for ds in series:
        compress(ds, syntax)
    save(series, tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, values)


def test_a_data_set_without_preamble_is_read(tmp_path):
    for k, ds in enumerate(ct_series()):
        del ds.file_meta
        ds.save_as(tmp_path / f"{k}", implicit_vr=True, little_endian=True)
        assert (tmp_path / f"{k}").read_bytes()[128:132] != b"DICM"

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())


def test_frames_of_an_enhanced_ct_are_ordered_by_place(tmp_path):
    order = [3, 0, 7, 1, 6, 2, 5, 4]
    save([enhanced_ct(order=order)], tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert study.ct.grid.spacing_mm == pytest.approx(SPACING)
    assert [label.number for label in study.slices] == [order.index(k) + 1 for k in range(SHAPE[0])]


def test_frames_of_a_compressed_enhanced_ct_are_ordered_by_place(tmp_path):
    ds = enhanced_ct(order=[3, 0, 7, 1, 6, 2, 5, 4])
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    save([ds], tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())


def test_each_slice_has_its_own_rescale(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        ds.RescaleIntercept = str(-1024 + 3 * k)
    save(series, tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest() + 3 * np.arange(SHAPE[0], dtype=np.int16)[:, None, None])


def test_values_beyond_twelve_bits_are_clipped(tmp_path):
    values = chest()
    values[:, 10, 13] = 9000
    save(ct_series(values), tmp_path)

    study = read_study(tmp_path)

    assert study.ct.values.max() == 3071


def test_padding_becomes_air_and_is_remembered(tmp_path):
    series = ct_series()
    for ds in series:
        stored = np.frombuffer(ds.PixelData, np.uint16).reshape(SHAPE[1:]).astype(np.int16)
        stored[:2] = -2000
        ds.PixelData, ds.PixelRepresentation, ds.PixelPaddingValue = stored.tobytes(), 1, -2000
    save(series, tmp_path)

    study = read_study(tmp_path)

    assert (study.outside[:, :2] == 1).all() and (study.outside[:, 2:] == 0).all()
    assert (study.ct.values[:, :2] == -1000).all()


def test_a_padding_value_that_air_has_too_counts_only_at_the_border(tmp_path):
    series = ct_series()
    for ds in series:
        stored = np.frombuffer(ds.PixelData, np.uint16).reshape(SHAPE[1:]).copy()
        stored[0], stored[10, 10] = 0, 0
        ds.PixelData, ds.PixelPaddingValue = stored.tobytes(), 0
    save(series, tmp_path)

    study = read_study(tmp_path)

    assert (study.outside[:, 0] == 1).all()
    assert not study.outside[:, 1:].any()
    assert (study.ct.values[:, 10, 10] == -1024).all()


ORIENTATIONS = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "axial, upside down": ((-1, 0, 0), (0, -1, 0)),
    "axial, from the feet": ((-1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "oblique": ((0.96, 0.28, 0), (-0.28, 0.96, 0)),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_axes_are_turned_so_that_every_voxel_keeps_its_place(tmp_path, orientation):
    values = chest((5, 22, 26))
    save(ct_series(values, orientation=orientation), tmp_path)
    row, column = np.asarray(orientation, float)
    index = (3, 4, 4)
    place = np.asarray(ORIGIN) + np.cross(row, column) * 3 * SPACING[0] + column * 4 * SPACING[1] + row * 4 * SPACING[2]

    study = read_study(tmp_path)

    assert (np.diag(study.ct.grid.axes) > 0.7).all(), "x grows to the left, y to the back, z to the head"
    found = tuple(np.rint(study.ct.grid.to_index(place)).astype(int))
    assert study.ct.values[found] == values[index]
    np.testing.assert_allclose(study.ct.grid.to_mm(found), place, atol=1e-3)
    np.testing.assert_array_equal(study.stored.undo(study.ct.values), values)
    if study.slices:
        assert study.slices[found[0]].number == len(values) - 3
    else:
        assert orientation in (ORIENTATIONS["coronal"], ORIENTATIONS["sagittal"])


def test_the_patient_is_described_by_the_tags(tmp_path):
    series = ct_series()
    for ds in series:
        ds.PatientAge, ds.PatientSex, ds.PatientWeight, ds.PatientSize = "067Y", "F", "63", "1.6"
    save(series, tmp_path)

    patient = read_study(tmp_path).patient

    assert (patient.age_years, patient.sex, patient.weight_kg, patient.height_cm) == (67.0, "female", 63.0, 160.0)


def test_age_comes_from_the_birth_date_where_it_is_not_written(tmp_path):
    series = ct_series()
    for ds in series:
        ds.PatientBirthDate = "19500305"
    save(series, tmp_path)

    assert read_study(tmp_path).patient.age_years == pytest.approx(70, abs=0.1)


# --- which series ---


def test_a_localizer_and_a_screen_capture_are_never_taken(tmp_path):
    save(ct_series(), tmp_path / "ct")
    scout = ct_series(chest((1, 300, 260)), series=2, orientation=((1, 0, 0), (0, 0, -1)))
    for ds in scout:
        ds.ImageType, ds.SeriesDescription = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "TOPOGRAM"
    save(scout, tmp_path / "scout")
    capture = plain("CT", series=3)
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    save([capture], tmp_path / "capture")

    study = read_study(tmp_path)

    reasons = {card.uid: card.why_not for card in study.passport.series}
    assert reasons[uid(2, 1, 1)] is None
    assert "localizer" in reasons[uid(2, 1, 2)]
    assert "capture" in reasons[uid(2, 1, 3)]


def test_the_softer_and_thinner_series_wins_and_the_other_says_why(tmp_path):
    tall = chest((60, 22, 26))
    save(ct_series(tall, spacing=(2.5, 0.8, 0.7)), tmp_path / "good")
    sharp = ct_series(tall[:25], series=2, spacing=(6.0, 0.8, 0.7))
    for ds in sharp:
        ds.ConvolutionKernel, ds.SeriesDescription = "B70f", "THORAX 6.0 B70f"
    save(sharp, tmp_path / "sharp")

    study = read_study(tmp_path)

    loser = next(card for card in study.passport.series if not card.chosen)
    assert study.ct.grid.shape[0] == 60
    assert "thicker" in loser.why_not and "sharper" in loser.why_not


def test_the_user_may_name_the_series(tmp_path):
    save(ct_series(), tmp_path / "one")
    save(ct_series(chest() + np.int16(5), series=2), tmp_path / "two")

    for number, added in ((1, 0), (2, 5)):
        study = read_study(tmp_path, ct=uid(2, 1, number))
        assert study.ct.values[0, 0, 0] == -1000 + added
    with pytest.raises(ImpossibleRequest, match="not the UID of one series"):
        read_study(tmp_path, wishes=Wishes(ct="1.2.3"))


def test_a_derived_map_is_never_taken_for_a_ct(tmp_path):
    series = ct_series()
    for ds in series:
        ds.ImageType = ["DERIVED", "PRIMARY", "PERFUSION", "RCBF"]
    save(series, tmp_path)

    with pytest.raises(UnreadableInput, match="derived map"):
        read_study(tmp_path)


def test_several_patients_are_named(tmp_path):
    save(ct_series(patient="Anna"), tmp_path / "a")
    save(ct_series(patient="Bert", study=2, frame=2), tmp_path / "b")

    with pytest.raises(ImpossibleRequest, match="Anna, Bert"):
        read_study(tmp_path)
    assert read_study(tmp_path, ct=uid(2, 2, 1)).patient.patient_id == "Bert"


# --- geometry ---


def test_a_missing_slice_is_named_and_never_stretched_over(tmp_path):
    series = ct_series()
    del series[3]
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match=r"slice 5 is missing \(a gap of 5.0 mm where 2.5 mm are usual\)"):
        read_study(tmp_path)


def test_several_missing_slices_are_counted(tmp_path):
    series = ct_series(chest((20, 22, 26)))
    del series[8:12]
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match=r"THORAX.*slices 9 to 12 are missing \(a gap of 12.5 mm"):
        read_study(tmp_path)


def test_another_sound_series_is_used_instead_of_one_with_a_gap(tmp_path):
    broken = ct_series(series=2)
    del broken[3]
    save(broken, tmp_path / "broken")
    save(ct_series(spacing=(5.0, 0.8, 0.7)), tmp_path / "sound")

    study = read_study(tmp_path)

    assert study.ct.grid.spacing_mm[0] == pytest.approx(5.0)
    assert any(card.why_not and "missing" in card.why_not for card in study.passport.series)


def test_a_single_slice_is_no_scan(tmp_path):
    save(ct_series()[:1], tmp_path)

    with pytest.raises(ImpossibleGeometry, match="single slice"):
        read_study(tmp_path)


def test_equal_copies_of_a_slice_are_dropped_with_a_note(tmp_path):
    series = ct_series()
    save(series, tmp_path / "once")
    save(series[2:4], tmp_path / "again")

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())
    note = next(note for note in study.passport.notes if note.code == "copies")
    assert "2 slices are stored twice" in note.text


def test_equal_pixels_under_another_uid_are_a_copy_too(tmp_path):
    series = ct_series()
    copy = ct_series()[2]
    copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = uid(99)
    save([*series, copy], tmp_path)

    assert "copies" in codes(read_study(tmp_path))


def test_one_place_with_two_different_slices_cannot_be_true(tmp_path):
    other = ct_series(chest() + np.int16(7))[2]
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = uid(99)
    save([*ct_series(), other], tmp_path)

    with pytest.raises(ImpossibleGeometry, match="at the same place and differ"):
        read_study(tmp_path)


@pytest.mark.parametrize("keyword", ["AcquisitionNumber", "TemporalPositionIdentifier", None])
def test_two_passes_stored_as_one_series_are_told_apart(tmp_path, keyword):
    early, late = ct_series(), ct_series(chest() + np.int16(20))
    for k, (first, second) in enumerate(zip(early, late)):
        second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = uid(99, k)
        second.InstanceNumber += 100
        if keyword:
            setattr(first, keyword, 1)
            setattr(second, keyword, 2)
    save([*early, *late], tmp_path)

    study = read_study(tmp_path)

    assert study.ct.values[0, 0, 0] in (-1000, -980)
    offset = study.ct.values[0, 0, 0] + 1000
    np.testing.assert_array_equal(study.ct.values, chest() + offset)
    assert len([card for card in study.passport.series if not card.chosen]) == 1


def test_a_matrix_that_changes_splits_the_series(tmp_path):
    save(ct_series(), tmp_path / "a")
    save(ct_series(chest((8, 18, 18))), tmp_path / "b")

    study = read_study(tmp_path)

    assert study.ct.grid.shape == SHAPE
    assert len(study.passport.series) == 2


def test_rounding_of_positions_is_no_gap(tmp_path):
    steps = np.arange(SHAPE[0]) * 2.5 + 0.04 * (-1.0) ** np.arange(SHAPE[0])
    save(ct_series(steps=steps), tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())


def test_uneven_steps_are_resampled_with_a_note(tmp_path):
    ramp = np.concatenate([np.arange(10) * 2.0, 18 + 3.0 * np.arange(1, 8)])
    values = np.repeat(chest((1, 22, 26)), len(ramp), axis=0)
    values[:, 10, 13] = np.rint(10 * ramp)
    save(ct_series(values, steps=ramp), tmp_path)

    study = read_study(tmp_path)

    assert "uneven_steps" in codes(study)
    assert study.ct.grid.spacing_mm[0] == pytest.approx(2.0)
    heights = np.arange(study.ct.grid.shape[0]) * 2.0
    np.testing.assert_allclose(study.ct.values[:, 10, 13], 10 * heights, atol=0.51, err_msg="linear in height")
    assert len(study.slices) == study.ct.grid.shape[0]


def test_a_tilted_gantry_is_sheared_away(tmp_path):
    tilt = np.radians(20)
    orientation = ((1, 0, 0), (0, np.cos(tilt), -np.sin(tilt)))
    values = np.repeat(chest((1, 22, 26)), 8, axis=0)
    series = ct_series(values, orientation=orientation)
    for k, ds in enumerate(series):  # the table moves along z, not along the normal
        ds.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + 2.5 * k]
    save(series, tmp_path)
    index = np.array([5, 4, 8])
    place = np.asarray(ORIGIN) + [8 * 0.7, 0, 2.5 * 5] + 4 * 0.8 * np.asarray(orientation[1])

    study = read_study(tmp_path)

    assert "gantry_tilt" in codes(study)
    assert next(card for card in study.passport.series).tilt_deg == pytest.approx(20, abs=0.1)
    found = study.ct.grid.to_index(place)
    near = np.floor(found).astype(int)
    edge = study.ct.values[near[0], near[1] : near[1] + 2, near[2]]
    assert edge.max() > -500, f"the body's front edge lies where it was scanned, not {edge}"
    assert study.ct.values[tuple(np.rint(found).astype(int))] == values[tuple(index)]
    assert study.outside.any() and (study.ct.values[study.outside == 1] == -1000).all()


def test_slices_that_stray_from_a_line_cannot_be_of_one_scan(tmp_path):
    series = ct_series()
    series[4].ImagePositionPatient[0] = ORIGIN[0] + 15
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match="stray"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"PixelSpacing": ["0", "0"]},
        {"PixelSpacing": ["90", "90"]},
        {"ImageOrientationPatient": ["1", "0", "0", "1", "0", "0"]},
        {"ImagePositionPatient": None},
        {"RescaleSlope": "0"},
    ],
    ids=str,
)
def test_a_header_that_cannot_be_true_is_named(tmp_path, change):
    series = ct_series()
    for ds in series:
        for keyword, value in change.items():
            setattr(ds, keyword, value)
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match=next(iter(change))):
        read_study(tmp_path)


def test_a_lost_rescale_is_found_and_mended_on_request(tmp_path):
    series = ct_series()
    for ds in series:
        ds.RescaleIntercept = "0"
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match="--hu-offset -1024"):
        read_study(tmp_path)
    np.testing.assert_array_equal(read_study(tmp_path, wishes=Wishes(hu_offset=-1024)).ct.values, chest())


def test_a_scan_that_would_not_fit_says_how_much_it_needs(tmp_path):
    save(ct_series(), tmp_path)

    with pytest.raises(NotEnoughMemory, match="GB"):
        read_study(tmp_path, wishes=Wishes(max_ram_gb=1e-6))


# --- what is not there ---


def test_nothing_to_read_is_said_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("hello")
    (tmp_path / "file.txt").write_text("hello")

    for path in (tmp_path / "absent", tmp_path / "empty", tmp_path / "texts", tmp_path / "file.txt"):
        for read in (read_study, read_pet, inspect):
            with pytest.raises(UnreadableInput) as caught:
                read(path)
            assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_header_cut_short_is_called_damaged(tmp_path):
    whole = (save(ct_series()[:1], tmp_path) / "000.dcm").read_bytes()
    (tmp_path / "000.dcm").write_bytes(whole[:200])

    with pytest.raises(UnreadableInput, match="000.dcm"):
        read_study(tmp_path)


def test_pixels_cut_short_name_the_file(tmp_path):
    save(ct_series(), tmp_path)
    whole = (tmp_path / "002.dcm").read_bytes()
    (tmp_path / "002.dcm").write_bytes(whole[:-200])

    with pytest.raises(UnreadableInput, match="002.dcm"):
        read_study(tmp_path)


def test_pet_without_ct_says_what_is_missing(tmp_path):
    save(pet_series(np.full((6, 12, 12), 2000.0)), tmp_path)

    with pytest.raises(MissingImage, match="PET but no CT"):
        read_study(tmp_path)


# --- the passport ---


def test_the_passport_tells_where_nothing_can_be_staged(tmp_path):
    save(pet_series(np.full((6, 12, 12), 2000.0)), tmp_path / "pet")
    broken = ct_series()
    del broken[3]
    save(broken, tmp_path / "broken")

    alone, gap = inspect(tmp_path / "pet"), inspect(tmp_path / "broken")

    assert alone.ct is None and alone.pet.trust == "exact" and alone.notes[0].code == "not_staged"
    assert gap.ct is None and "missing" in gap.notes[0].text


def test_inspect_prints_the_passport(tmp_path, capsys):
    import argparse

    from lungstage.cli import inspect as command

    save(ct_series(), tmp_path)
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())

    for extra in ([], ["--json"]):
        arguments = parser.parse_args(["inspect", str(tmp_path), *extra])
        assert arguments.run(arguments) == 0
    printed = capsys.readouterr().out

    text, _, entry = printed.partition("{")
    assert 'use  CT   "THORAX B30f"   8 slices  0.80 x 0.70 x 2.50 mm' in text
    assert "ok   geometry: equal steps, no tilt" in text
    assert json.loads("{" + entry)["ct"]["unit"] == "HU"


def test_a_zip_inside_names_its_members(tmp_path):
    save(ct_series(), tmp_path)
    whole = (tmp_path / "002.dcm").read_bytes()
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for k in range(SHAPE[0]):
            archive.writestr(f"series/{k}.dcm", (tmp_path / f"{k:03d}.dcm").read_bytes() if k != 2 else whole[:-200])

    with pytest.raises(UnreadableInput, match="series/2.dcm"):
        read_study(tmp_path / "scan.zip")


def test_a_disc_with_its_dicomdir_is_read_as_a_folder(tmp_path):
    from pydicom.fileset import FileSet

    files = FileSet()
    for ds in ct_series():
        ds.StudyID, ds.SeriesNumber, ds.StudyTime, ds.AccessionNumber = "1", 1, "101010", ""
        files.add(ds)
    files.write(tmp_path / "disc")
    files._stage["t"].cleanup()

    study = read_study(tmp_path / "disc")

    np.testing.assert_array_equal(study.ct.values, chest())
    assert not study.passport.notes


def test_directions_that_jitter_by_rounding_are_one_series(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        ds.ImageOrientationPatient = ["1", f"{0.0005 + 0.00002 * (-1) ** k:.6f}", "0", "0", "1", "0"]
    save(series, tmp_path)

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())


def test_slices_without_sop_class_are_known_by_their_modality(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        del ds.SOPClassUID, ds.file_meta
        ds.save_as(tmp_path / str(k), implicit_vr=True, little_endian=True)

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())


def test_the_newer_of_two_equal_examinations_is_used_with_a_note(tmp_path):
    old, new = ct_series(), ct_series(chest() + np.int16(5), study=2, frame=2)
    for ds in new:
        ds.StudyDate = "20210101"
    save(old, tmp_path / "old")
    save(new, tmp_path / "new")

    study = read_study(tmp_path)

    assert study.ct.values[0, 0, 0] == -995
    assert "several_studies" in codes(study)
    assert study.passport.studies == 2
