"""Output is complete or absent, and nothing of the user's is ever replaced by it."""

import os
from pathlib import Path

import pytest

from lungstage.errors import UnwritableOutput
from lungstage.folders import fresh_folder

MARKER = "staging.json"


def write(target, text="new", overwrite=False):
    with fresh_folder(target, MARKER, overwrite) as work:
        (work / MARKER).write_text(text)


def test_a_new_folder_appears_whole(tmp_path):
    write(tmp_path / "deep" / "out")
    assert (tmp_path / "deep" / "out" / MARKER).read_text() == "new"
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["out"]


def test_an_earlier_result_is_replaced_only_when_asked(tmp_path):
    write(tmp_path / "out", "old")
    with pytest.raises(UnwritableOutput, match="--overwrite"):
        write(tmp_path / "out")
    write(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / MARKER).read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_other_files_is_never_replaced(tmp_path):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "1.dcm").write_bytes(b"precious")
    with pytest.raises(UnwritableOutput, match="other files"):
        write(tmp_path / "scans", overwrite=True)
    assert (tmp_path / "scans" / "1.dcm").read_bytes() == b"precious"


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(UnwritableOutput, match="is a file"):
        write(tmp_path / "out", overwrite=True)


@pytest.mark.parametrize("error", [ValueError("bug"), KeyboardInterrupt()])
def test_nothing_half_written_stays(tmp_path, error):
    with pytest.raises(type(error)), fresh_folder(tmp_path / "out", MARKER) as work:
        (work / "half").write_text("x")
        raise error
    assert not list(tmp_path.iterdir())


def test_an_earlier_result_stays_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    write(tmp_path / "out")
    before = sorted(path.name for path in (tmp_path / "out").iterdir())
    rename = Path.rename

    def broken(self, target):
        if Path(target).name == "out" and self.name != "old":
            raise OSError("the disk refuses")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken)

    with pytest.raises(UnwritableOutput, match="the disk refuses"):
        write(tmp_path / "out", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_said_before_any_work(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableOutput, match="cannot be written"):
        write(tmp_path / "out")


def test_a_place_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnwritableOutput):
        write(tmp_path / "file" / "out")


def test_folders_made_on_the_way_go_when_nothing_is_written(tmp_path):
    with pytest.raises(ValueError), fresh_folder(tmp_path / "many" / "0", MARKER) as work:
        (work / "half").write_text("x")
        raise ValueError("bug")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_in_one_line_whoever_wrote(tmp_path):
    def wrapped():  # as a writer of DICOM does it
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise OSError(f"With tag (7FE0,0010) got exception: {error}\nTraceback (most recent call last):\n ...") from error

    with pytest.raises(UnwritableOutput) as refusal, fresh_folder(tmp_path / "out", MARKER):
        wrapped()
    assert str(refusal.value) == f"{tmp_path / 'out'}: No space left on device; nothing was written"
    assert not list(tmp_path.iterdir())
