"""`lungstage-classic tnm`: what it prints, and what it refuses."""

import argparse
import json
import subprocess
import sys

import pytest

from lungstage.cli import tnm
from lungstage.errors import ImpossibleRequest


def run(*argv):
    parser = argparse.ArgumentParser()
    tnm.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["tnm", *argv])
    return arguments.run(arguments)


def answer(capsys, *argv):
    assert run(*argv, "--json") == 0
    return json.loads(capsys.readouterr().out)["editions"]


def stages(entry):
    return [(group["n"], group["stage"]) for group in entry["groups"]]


def test_all_editions_are_shown_and_n2_without_letter_is_both_in_the_ninth(capsys):
    found = answer(capsys, "T2a N2 M0")

    assert stages(found["7"]) == stages(found["8"]) == [("N2", "IIIA")]
    assert stages(found["9"]) == [("N2a", "IIIA"), ("N2b", "IIIB")]


def test_n2_without_letter_is_both_also_when_the_ninth_is_named(capsys):
    found = answer(capsys, "T1c N2 M0", "--edition", "9")

    assert list(found) == ["9"]
    assert stages(found["9"]) == [("N2a", "IIB"), ("N2b", "IIIA")]


def test_words_need_no_quotes(capsys):
    assert answer(capsys, "T2a", "N2", "M0") == answer(capsys, "cT2aN2M0")


def test_a_category_an_edition_does_not_have_is_said_for_that_edition(capsys):
    found = answer(capsys, "T1c N0 M0")

    assert found["7"]["groups"] == []
    assert found["7"]["missing"] == ["no T1c (T is T0, Tis, T1a, T1b, T2a, T2b, T3, T4, TX)"]
    assert stages(found["8"]) == stages(found["9"]) == [("N0", "IA3")]


@pytest.mark.parametrize(
    "argv", [("T2 N0 M0",), ("T1c N0 M0", "--edition", "7"), ("T2a N2a M1c",), ("T2a N2a M0", "--edition", "8")]
)
def test_a_category_no_asked_edition_has_is_an_error(argv):
    with pytest.raises(ImpossibleRequest, match="edition has no"):
        run(*argv)


def test_facts_give_categories_stage_and_the_rules_behind_them(capsys):
    found = answer(capsys, "--size-mm", "34", "--feature", "pl1_pl2", "--stations", "4R,7", "--side", "right")

    group = found["9"]["groups"][0]
    assert (group["t"], group["n"], group["m"], group["stage"]) == ("T2a", "N2b", "M0", "IIIB")
    rules = {rule["id"]: rule["decides"] for rule in found["9"]["rules"]}
    assert rules == {"T2a.size": True, "N2b.more_stations": True, "M0.none": True, "T2a.pl1_pl2": False}


def test_stations_and_metastases_may_be_repeated_or_listed(capsys):
    one = answer(capsys, "--size-mm", "20", "--stations", "2R,4R", "--side", "R", "--metastases", "brain:2,adrenal")
    other = answer(
        capsys, "--size-mm", "20", "--stations", "2R", "--stations", "4R", "--side", "right", "--metastases", "brain:2 adrenal"
    )

    assert one == other
    assert one["9"]["groups"][0]["m"] == "M1c2"


def test_nodes_that_cannot_be_assessed_are_nx(capsys):
    found = answer(capsys, "--size-mm", "30", "--stations", "NX")

    assert found["9"]["groups"][0]["n"] == "NX"
    assert found["9"]["groups"][0]["stage"] == "undefined"


def test_the_printed_lines_say_edition_categories_stage_and_doubt(capsys):
    run("--feature", "mediastinal_pleura")

    printed = capsys.readouterr().out
    assert "7th edition   T3 N0 M0       IIB" in printed
    assert "9th edition   T2a N0 M0      IB" in printed
    assert "our reading" in printed
    assert "the size is not given: T may be higher" in printed


def test_prefix_and_several_tumours_are_explained(capsys):
    run("ypT1c(2) N0 M0", "--edition", "8")

    printed = capsys.readouterr().out
    assert "after treatment" in printed
    assert "several tumours" in printed


@pytest.mark.parametrize(
    "argv, said",
    [
        ((), "nothing to stage"),
        (("T2a N0 M0", "--size-mm", "34"), "do not go together"),
        (("--size-mm", "34", "--stations", "NX,7"), "leave the other stations out"),
        (("--size-mm", "34", "--stations", "4R"), "name the side"),
        (("--size-mm", "nan"), "size_mm = nan"),
        (("hello",), "is not part of a TNM"),
    ],
)
def test_what_cannot_be_staged_is_refused(argv, said):
    with pytest.raises(ImpossibleRequest, match=said):
        run(*argv)


def test_naming_the_command_imports_no_heavy_library():
    code = "import sys, lungstage.cli.tnm; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
