"""Files in, a study out: whatever they are called, packed or compressed as, every voxel keeps its value and place."""

import random
import shutil
import zipfile

import numpy as np
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGLSLossless
from study.scans import (
    ORIGIN,
    SHAPE,
    SPACING,
    chest,
    codes,
    compress,
    ct_series,
    enhanced_ct,
    legacy_converted,
    pet_series,
    save,
    uid,
)

from lungstage.errors import UnreadableInput
from lungstage.study import read_pet, read_study


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


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian], ids=str)
def test_each_way_to_write_a_header_and_plain_pixels_is_the_same_scan(tmp_path, syntax):
    series = ct_series()
    for ds in series:
        ds.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    save(series, tmp_path)

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())


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


@pytest.mark.parametrize("how", ["multi-frame", "zip"])
def test_a_jpeg_ls_frame_that_was_cut_off_is_refused_at_once(tmp_path, how):
    """CharLS looks for the end of these 28 bytes for minutes."""
    series = [enhanced_ct()] if how == "multi-frame" else ct_series()
    for ds in series:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    frames = list(generate_frames(series[-1].PixelData, number_of_frames=len(chest()) if how == "multi-frame" else 1))
    series[-1].PixelData = encapsulate([*frames[:-1], frames[-1][:28]])
    place = save(series, tmp_path / "scan")
    if how == "zip":
        place = shutil.make_archive(str(tmp_path / "scan"), "zip", place)

    with pytest.raises(UnreadableInput, match="its JPEG-LS frame ends early"):
        read_study(place)


def test_compressed_slices_in_a_zip_are_the_same_slices(tmp_path):
    series = ct_series()
    for ds in series:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    packed = shutil.make_archive(str(tmp_path / "scan"), "zip", save(series, tmp_path / "scan"))

    np.testing.assert_array_equal(read_study(packed).ct.values, chest())


ORDER = [3, 0, 7, 1, 6, 2, 5, 4]


def test_frames_of_a_legacy_converted_ct_are_ordered_by_place_each_with_its_own_rescale(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        ds.RescaleIntercept = str(-1024 + 3 * k)
    save([legacy_converted([series[k] for k in ORDER])], tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest() + 3 * np.arange(SHAPE[0], dtype=np.int16)[:, None, None])
    assert study.ct.grid.spacing_mm == pytest.approx(SPACING)
    assert study.passport.series[0].description == "THORAX"


def test_a_legacy_converted_pet_has_the_suv_of_the_series_it_was_made_of(tmp_path):
    series = pet_series(np.full((8, 9, 10), 2000.0))
    save(series, tmp_path / "classic")
    save([legacy_converted([series[k] for k in ORDER])], tmp_path / "legacy")

    classic, legacy = read_pet(tmp_path / "classic"), read_pet(tmp_path / "legacy")

    np.testing.assert_array_equal(legacy.values, classic.values)
    assert (legacy.unit, legacy.card.trust) == (classic.unit, classic.card.trust) == ("SUVbw", "exact")


def test_a_legacy_converted_ct_of_another_maker_is_read_too(tmp_path):
    legacy = pytest.importorskip("highdicom.legacy", reason="highdicom, which makes such objects, is not installed")
    series = ct_series()
    for ds in series:
        ds.PatientBirthDate, ds.PatientSex, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "", "M", "101500", "1", ""
        ds.ReferringPhysicianName, ds.Manufacturer, ds.SeriesNumber, ds.PositionReferenceIndicator = "", "X", 1, ""
        ds.AcquisitionNumber, ds.SliceThickness, ds.KVP, ds.AcquisitionTime = 1, "2.5", "120", "101500"
    named = {"series_instance_uid": uid(2, 1, 9), "series_number": 2, "sop_instance_uid": uid(9, 9), "instance_number": 1}
    made = legacy.LegacyConvertedEnhancedCTImage([series[k] for k in ORDER], **named)
    made.save_as(tmp_path / "legacy.dcm")

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())


def test_an_enhanced_ct_cut_into_several_files_is_one_scan(tmp_path):
    values = chest()
    parts = [enhanced_ct(values[k::2], spacing=(2 * SPACING[0], *SPACING[1:]), origin=np.add(ORIGIN, (0, 0, k * SPACING[0])))
             for k in range(2)]  # fmt: skip
    parts[1].SOPInstanceUID = parts[1].file_meta.MediaStorageSOPInstanceUID = uid(9, 1, 1, 2)
    save(parts, tmp_path)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, values)
    assert study.ct.grid.spacing_mm == pytest.approx(SPACING)


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
    assert codes(study) == {"orientation_unjudged"}


def test_slices_without_sop_class_are_known_by_their_modality(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        del ds.SOPClassUID, ds.file_meta
        ds.save_as(tmp_path / str(k), implicit_vr=True, little_endian=True)

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())
