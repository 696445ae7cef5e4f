"""The `phantom` command: folders, exit codes, and that nothing half-written stays."""

from importlib import import_module
from pathlib import Path

import pytest

from lungstage.cli.main import main


@pytest.fixture
def quick(monkeypatch, coarse):
    """Coarse patients from the command line."""
    making = import_module("lungstage.phantom.make_case")  # the package's own name is the function
    monkeypatch.setattr(making, "shipped_parameters", lambda: coarse)


def test_a_patient_is_written_and_told_in_plain_words(quick, tmp_path, capsys):
    code = main(["phantom", str(tmp_path / "case"), "--t", "T1c", "--n", "N0", "--m", "M0", "--seed", "2"])

    said = capsys.readouterr().out
    assert code == 0
    assert {path.name for path in (tmp_path / "case").iterdir()} == {"ct", "pet", "truth"}
    assert "T1c N0 M0, stage IA3" in said


def test_several_patients_lie_in_folders_named_by_their_seed(quick, tmp_path):
    assert main(["phantom", str(tmp_path / "many"), "--normal", "--seed", "4", "--count", "2"]) == 0

    assert sorted(path.name for path in (tmp_path / "many").iterdir()) == ["4", "5"]


def test_an_existing_patient_is_kept_without_overwrite(quick, tmp_path, capsys):
    folder = tmp_path / "case"
    (folder / "truth").mkdir(parents=True)

    assert main(["phantom", str(folder)]) == 7
    assert "--overwrite" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["truth"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--edition", "7", "--t", "T1c"], "T1a, T1b"), (["--count", "0"], "at least one"), (["--normal", "--t", "T1a"], "normal")],
)
def test_an_impossible_wish_is_exit_code_2_and_leaves_nothing(words, said, tmp_path, capsys):
    assert main(["phantom", str(tmp_path / "case"), *words]) == 2

    assert said in capsys.readouterr().err
    assert not list(Path(tmp_path).iterdir())
