"""Where slices lie: what is mended with a note, and what cannot be true and is refused."""

from dataclasses import replace

import numpy as np
import pytest
from study.scans import (
    ORIGIN,
    SHAPE,
    chest,
    codes,
    ct_series,
    save,
    uid,
)

from lungstage.cli.main import main
from lungstage.errors import ImpossibleGeometry, NotEnoughMemory
from lungstage.study import Wishes, load_study_parameters, read_study
from lungstage.study.images import check_staging
from lungstage.study.pixels import PixelReader


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


def test_a_scan_that_would_not_fit_says_how_much_it_needs_before_a_pixel_is_read(tmp_path, monkeypatch, capsys):
    """0.7 GB and 16 bytes for each of 8 x 22 x 26 voxels."""
    save(ct_series(), tmp_path / "ct")
    monkeypatch.setattr(PixelReader, "decoded", lambda *_: pytest.fail("a pixel was read"))

    with pytest.raises(NotEnoughMemory, match=r"0\.7 GB.*--max-ram"):
        read_study(tmp_path, wishes=Wishes(max_ram_gb=0.5))
    assert main(["stage", str(tmp_path / "ct"), "-o", str(tmp_path / "out"), "--max-ram", "0.5", "--quiet"]) == 6
    said = capsys.readouterr().err
    assert "0.7 GB" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_given_masks_count_for_the_memory(monkeypatch):
    """1e9 voxels: 0.7 GB + 16 bytes each, and 4 more for each kind of mask."""
    numbers = replace(load_study_parameters(), staging_bytes=16.0, staging_gb=0.7)
    monkeypatch.setattr("os.sysconf", lambda name: 2**30)

    check_staging((1000, 1000, 1000), Wishes(max_ram_gb=17.0), "ct", numbers)
    with pytest.raises(NotEnoughMemory, match=r"24\.7 GB"):
        check_staging((1000, 1000, 1000), Wishes(max_ram_gb=17.0, organs="o", lesions="l"), "ct", numbers)


@pytest.mark.parametrize(("keyword", "value"), [("RescaleIntercept", "99999999999"), ("RescaleSlope", "-1e30")])
def test_a_rescale_without_end_is_refused(tmp_path, keyword, value):
    """Found by damaged headers: an intercept beyond 32 bits broke the reader."""
    series = ct_series()
    setattr(series[2], keyword, value)
    save(series, tmp_path)

    with pytest.raises(ImpossibleGeometry, match=keyword):
        read_study(tmp_path)


def test_a_slab_thinner_than_a_block_is_not_judged_by_its_anatomy(tmp_path):
    """Found by damaged headers: pixels of 0.1 mm leave no block to look at."""
    save(ct_series(spacing=(0.5, 0.1, 0.1)), tmp_path)

    assert read_study(tmp_path).ct.grid.shape == SHAPE


def test_what_headers_say_of_spacing_is_never_believed(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        ds.SliceThickness, ds.SpacingBetweenSlices, ds.SliceLocation = "9", "7", str(100 - 13 * k)
        ds.GantryDetectorTilt = "25"
    save(series, tmp_path / "lying")
    plain = read_study(save(ct_series(), tmp_path / "plain"))

    study = read_study(tmp_path / "lying")

    assert study.ct.grid == plain.ct.grid
    np.testing.assert_array_equal(study.ct.values, plain.ct.values)


def test_directions_that_jitter_by_rounding_are_one_series(tmp_path):
    series = ct_series()
    for k, ds in enumerate(series):
        ds.ImageOrientationPatient = ["1", f"{0.0005 + 0.00002 * (-1) ** k:.6f}", "0", "0", "1", "0"]
    save(series, tmp_path)

    np.testing.assert_array_equal(read_study(tmp_path).ct.values, chest())
