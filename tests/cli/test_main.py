"""The command line: quick to help, one clear line for each thing that cannot be, and the exit code of the contract."""

import os
import signal
import subprocess
import sys
import time

import nibabel
import numpy as np
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from lungstage.cli.main import COMMANDS, main
from lungstage.errors import LungstageError
from lungstage.folders import fresh_folder

HEAVY = {"numpy", "numba", "scipy", "SimpleITK", "skimage", "sklearn", "pydicom", "nibabel", "jinja2", "PIL", "pgmpy"}


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from lungstage.cli.main import build_parser; build_parser().format_help();"
        f"print(sorted(set(sys.modules) & {HEAVY!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([*command, "-h"])
    assert caught.value.code == 0
    assert "usage: lungstage-classic" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("lungstage 0.")


def one_slice(path, number: int = 1, z: float = 0.0) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientID, data.StudyInstanceUID, data.SeriesInstanceUID = "CT", "p", "1.2.3", "1.2.3.4"
    data.FrameOfReferenceUID, data.InstanceNumber = "1.2.3.5", number
    data.ImagePositionPatient, data.ImageOrientationPatient, data.PixelSpacing = [0, 0, z], [1, 0, 0, 0, 1, 0], [1, 1]
    data.ImageType, data.SliceThickness = ["ORIGINAL", "PRIMARY", "AXIAL"], 1
    data.Rows = data.Columns = 32
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation, data.RescaleSlope, data.RescaleIntercept = 15, 0, 1, -1024
    data.PixelData = np.full((32, 32), 1000, np.uint16).tobytes()
    data.save_as(path, enforce_file_format=True)


def empty_folder(path):
    path.mkdir()


def folder_of_text(path):
    path.mkdir()
    (path / "a.txt").write_text("hello")
    (path / "b.csv").write_text("1,2\n")


def truncated_dicom(path):
    path.mkdir()
    for number in range(1, 6):
        one_slice(path / f"{number}.dcm", number, z=float(number))
    (path / "3.dcm").write_bytes((path / "3.dcm").read_bytes()[:900])


def single_slice(path):
    path.mkdir()
    one_slice(path / "1.dcm")


def all_nan(path):
    path.mkdir()
    nibabel.save(nibabel.Nifti1Image(np.full((16, 16, 16), np.nan, np.float32), np.diag([2.0, 2, 2, 1])), path / "ct.nii.gz")


def nothing(path):
    pass


@pytest.mark.parametrize(
    ("make", "code"),
    [(empty_folder, 3), (folder_of_text, 3), (truncated_dicom, 3), (single_slice, 4), (all_nan, 3), (nothing, 3)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_bad_input_gives_one_line_its_code_and_no_output(tmp_path, capsys, make, code):
    make(tmp_path / "in")
    assert main(["stage", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--quiet"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lungstage: ")
    assert len(said.err.strip().splitlines()) == 1
    assert "Traceback" not in said.err
    assert str(tmp_path / "in") in said.err
    assert {path.name for path in tmp_path.iterdir()} <= {"in"}


def test_output_that_exists_is_refused_before_anything_is_read(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "staging.json").write_text("{}")
    assert main(["stage", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out")]) == 7
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [("--what-if", "7"), ("--what-if", "=reactive"), ("--device", "gpu"), ("--threads", "0"), ("--priors", "nowhere")],
)
def test_an_impossible_wish_is_code_2(tmp_path, capsys, options):
    assert main(["stage", str(tmp_path), "-o", str(tmp_path / "out"), "--quiet", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


WRONG = [("stage",), ("stage", "x", "--edition", "6"), ("stage", "x", "--weight-kg", "-3"), ("frobnicate",)]


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_code_2(line):
    with pytest.raises(SystemExit) as caught:
        main(list(line))
    assert caught.value.code == 2


def test_a_bug_is_one_line_and_the_traceback_only_when_asked(monkeypatch, capsys):
    monkeypatch.setattr("lungstage.cli.priors.run_list", None)

    def broken(arguments):
        raise ZeroDivisionError("one by zero")

    class Parser:
        def parse_args(self, argv):
            import argparse

            return argparse.Namespace(run=broken, debug="--debug" in argv)

    monkeypatch.setattr("lungstage.cli.main.build_parser", Parser)
    assert main([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("lungstage: this is a bug: ZeroDivisionError: one by zero")
    assert "Traceback" not in said
    assert main(["--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_is_code_130(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    class Parser:
        def parse_args(self, argv):
            import argparse

            return argparse.Namespace(run=interrupted)

    monkeypatch.setattr("lungstage.cli.main.build_parser", Parser)
    assert main([]) == 130


def test_every_error_has_a_code_of_its_own():
    codes = [kind.exit_code for kind in LungstageError.__subclasses__()]
    assert sorted(codes) == [2, 3, 4, 5, 6, 7]


def test_the_priors_are_listed_shown_copied_and_checked(tmp_path, capsys):
    assert main(["priors", "list"]) == 0
    assert "parameters/lungs.toml" in capsys.readouterr().out
    assert main(["priors", "show", "answer.lungs_covered_min"]) == 0
    assert "0.95" in capsys.readouterr().out
    assert main(["priors", "show", "answer.nothing"]) == 2
    copy = tmp_path / "copy"
    assert main(["priors", "export", str(copy)]) == 0
    assert main(["priors", "check", str(copy)]) == 0
    broken = tmp_path / "broken"
    assert main(["priors", "export", str(broken)]) == 0
    text = (broken / "parameters" / "answer.toml").read_text()
    (broken / "parameters" / "answer.toml").write_text(text.replace("value = 0.95", "value = 7"))
    assert main(["priors", "check", str(broken)]) == 2
    assert "lungs_covered_min = 7 is outside" in capsys.readouterr().err


def test_a_job_that_a_scheduler_ends_leaves_nothing_half_written(tmp_path, monkeypatch, capsys):
    def run(arguments):
        with fresh_folder(tmp_path / "out", "staging.json") as work:
            (work / "half").write_text("x")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)

    monkeypatch.setattr("lungstage.cli.stage.run", run)
    before = signal.getsignal(signal.SIGTERM)

    assert main(["stage", str(tmp_path)]) == 130
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) is before
    assert "interrupted" in capsys.readouterr().err
