"""What a folder really holds: linked folders are followed once, and what cannot be opened is named, never left out in silence."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from study.scans import chest, codes, ct_series, save

from lungstage.errors import UnreadableInput
from lungstage.study import inspect, read_study
from lungstage.study.headers import quietly
from lungstage.study.sources import find_sources


def note_of(study, code):
    return next(note.text for note in study.passport.notes if note.code == code)


def test_linked_files_and_linked_folders_are_read(tmp_path):
    store, case = save(ct_series(), tmp_path / "store"), tmp_path / "case"
    (case / "files").mkdir(parents=True)
    for place in sorted(store.iterdir())[:3]:
        (case / "files" / place.name).symlink_to(place)
    (tmp_path / "rest").mkdir()
    for place in sorted(store.iterdir())[3:]:
        shutil.move(place, tmp_path / "rest")
    (case / "rest").symlink_to(tmp_path / "rest")

    np.testing.assert_array_equal(read_study(case).ct.values, chest())


def test_links_that_lead_back_are_no_loop_and_two_ways_to_a_folder_are_one(tmp_path):
    case = save(ct_series(), tmp_path / "case" / "ct").parent
    save(ct_series(patient="P2"), tmp_path / "another")
    (case / "ct" / "up").symlink_to("..")
    (case / "archive").symlink_to(tmp_path)  # would bring in every other patient
    (case / "again").symlink_to("ct")

    study = read_study(case)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert not {"copies", "unopened_files"} & codes(study)


@pytest.mark.parametrize("ways", [["gone"], ["itself"], ["one", "other"]], ids="-".join)
def test_a_link_that_leads_nowhere_is_named(tmp_path, ways):
    save(ct_series(), tmp_path)
    for way, to in zip(ways, [*ways[1:], "nowhere.dcm" if ways == ["gone"] else ways[0]]):
        (tmp_path / way).symlink_to(to)

    study = read_study(tmp_path)

    assert f"such as {ways[0]} (a link that leads nowhere)" in note_of(study, "unopened_files")
    np.testing.assert_array_equal(study.ct.values, chest())


def test_a_folder_of_nothing_but_broken_links_says_so(tmp_path):
    (tmp_path / "1.dcm").symlink_to("moved/1.dcm")

    with pytest.raises(UnreadableInput, match="1.dcm .a link that leads nowhere"):
        read_study(tmp_path)
    with pytest.raises(UnreadableInput, match="leads nowhere"):
        inspect(tmp_path)


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    save(ct_series(), tmp_path / "a")
    save(ct_series(series=2), tmp_path / "b")
    true_scandir = os.scandir

    def scandir(place):
        if Path(place).name == "b":
            raise PermissionError(13, "Permission denied", str(place))
        return true_scandir(place)

    monkeypatch.setattr(os, "scandir", scandir)

    assert "such as b (a folder that cannot be opened: Permission denied)" in note_of(read_study(tmp_path), "unopened_files")


def test_a_zip_inside_a_folder_is_named_and_not_opened(tmp_path):
    save(ct_series(), tmp_path / "ct")
    shutil.make_archive(str(tmp_path / "older"), "zip", tmp_path / "ct")
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(tmp_path / "older.zip", alone)

    assert "older.zip (an archive inside the folder" in note_of(read_study(tmp_path), "unopened_files")
    with pytest.raises(UnreadableInput, match="older.zip .an archive inside the folder; unpack it, or give its own path"):
        read_study(alone)
    assert read_study(alone / "older.zip").ct.grid.shape == chest().shape


def disc(folder, series):
    """The DICOMDIR of a disc that holds data sets."""
    from pydicom.fileset import FileSet

    files = FileSet()
    for ds in series:
        ds.StudyID, ds.SeriesNumber, ds.StudyTime, ds.AccessionNumber = "1", str(ds.SeriesInstanceUID)[-1], "101010", ""
        files.add(ds)
    files.write(folder)
    files._stage["t"].cleanup()  # pydicom leaves that to the collector, which warns
    return folder / "DICOMDIR"


def test_a_dicomdir_names_the_files_that_it_lists_and_that_are_gone(tmp_path):
    listed = [source for source in find_sources(disc(tmp_path / "disc", [*ct_series(), *ct_series(series=2)]))]
    for source in listed[-8:]:
        os.remove(source.path)

    study = read_study(tmp_path / "disc" / "DICOMDIR")

    np.testing.assert_array_equal(study.ct.values, chest())
    assert "8 things could not be opened" in note_of(study, "unopened_files")
    assert "listed in the DICOMDIR and not there" in note_of(study, "unopened_files")


@pytest.mark.parametrize("elsewhere", ["..", "/"], ids=["beside", "from the root"])
def test_a_dicomdir_leads_to_no_file_outside_its_disc(tmp_path, elsewhere):
    """Two series on the disc; of the second every file is listed in another folder, where there is one."""
    outside = save(ct_series(series=2), tmp_path / "outside")
    place = disc(tmp_path / "disc", [*ct_series(), *ct_series(series=2)])
    directory = dcmread(place)
    images = [record for record in directory.DirectoryRecordSequence if "ReferencedFileID" in record]
    with quietly():  # such names break the standard, of which pydicom warns
        for k, record in enumerate(images[8:]):
            name = f"{k:03d}.dcm"
            record.ReferencedFileID = ["..", "outside", name] if elsewhere == ".." else str(outside / name)
        directory.save_as(place)

    study = read_study(place)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert sum(card.modality == "CT" for card in study.passport.series) == 1
    assert "8 things could not be opened" in note_of(study, "unopened_files")


def test_names_whose_bytes_are_no_text_can_be_reported(tmp_path):
    folder = save(ct_series(), tmp_path / os.fsdecode(b"scan \xff"))
    Path(os.fsdecode(os.fsencode(folder) + b"/\xfe.dcm")).write_bytes(b"\0" * 128 + b"DICM" + b"abc")
    (folder / os.fsdecode(b"\xfd")).symlink_to("nowhere")

    passport = read_study(folder).passport

    assert passport.origin.endswith("scan ?")
    for text in (passport.origin, *(note.text for note in passport.notes)):
        text.encode("utf-8")
    assert "such as ? (a link" in note_of(read_study(folder), "unopened_files")
