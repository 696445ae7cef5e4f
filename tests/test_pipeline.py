"""The whole program on one synthetic patient: an answer that adds up, the same twice, and what-ifs that change it."""

import hashlib
import json
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import lungstage
from lungstage.errors import ImpossibleRequest
from lungstage.phantom import make_case
from lungstage.phantom.parameters import shipped_parameters

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whole")]
SEED, T, N, M = 7, "T2a", "N2a", "M0"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    # half of a scanner's matrix: a quarter of the time, and the tumour is still ten voxels wide
    coarse = replace(shipped_parameters(), ct_matrix=256, ct_pixel_mm=1.9532, ct_slice_mm=4.0)
    made = make_case(SEED, t=T, n=N, m=M, edition=9, parameters=coarse)
    folder = tmp_path_factory.mktemp("case") / "case"
    made.save(folder)
    return made, folder


@pytest.fixture(scope="module")
def report(case):
    return lungstage.stage(case[1])


def test_the_primary_is_where_it_was_put(case, report):
    truth = next(lesion for lesion in case[0].truth.lesions if lesion.role == "primary")
    name = max(report.staging.primary, key=report.staging.primary.get)
    assert name.startswith("L")
    assert np.linalg.norm(np.subtract(report.lesions[name].centre_mm, truth.centre_mm)) < max(10, truth.longest_diameter_mm / 2)


def test_every_distribution_sums_to_one(report):
    for edition in report.staging.editions.values():
        for part in (edition.t, edition.n, edition.m, edition.stage):
            assert sum(part.values()) == pytest.approx(1.0, abs=1e-9)
        assert edition.joint.sum() == pytest.approx(1.0, abs=1e-9)
    assert sum(report.staging.primary.values()) == pytest.approx(1.0, abs=1e-9)


def test_roles_primary_and_malignancy_agree(report):
    for lesion in report.lesions:
        assert sum(lesion.role.values()) == pytest.approx(1.0, abs=1e-9)
        assert lesion.p_malignant == pytest.approx(1.0 - lesion.role["benign"], abs=1e-9)
        assert lesion.role["primary"] == pytest.approx(report.staging.primary[lesion.id], abs=1e-9)
    suspicion = [lesion.p_malignant for lesion in report.lesions]
    assert suspicion == sorted(suspicion, reverse=True)


def test_the_answer_is_valid_and_the_same_twice(case, report, tmp_path):
    schema = json.loads(files("lungstage.explain").joinpath("staging.schema.json").read_text())
    first = report.save(tmp_path / "a")
    Draft202012Validator(schema).validate(json.loads((first / "staging.json").read_text()))
    second = lungstage.stage(case[1]).save(tmp_path / "b")
    for path in sorted(first.rglob("*")):
        if path.is_file() and path.name != "run.json":
            twin = second / path.relative_to(first)
            assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(twin.read_bytes()).digest(), path.name


def test_a_primary_called_benign_is_no_primary_any_more(report):
    name = max(report.staging.primary, key=report.staging.primary.get)
    changed = lungstage.what_if(report, {name: "benign"})
    assert changed.roles[name]["benign"] == pytest.approx(1.0, abs=1e-6)
    assert changed.primary[name] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("changes", [{"L999": "benign"}, {"7": "purple"}, {"elbow": "clear"}])
def test_an_impossible_what_if_says_what_is_allowed(report, changes):
    with pytest.raises(ImpossibleRequest):
        lungstage.what_if(report, changes)


def test_the_report_says_in_one_line_what_it_is(report):
    assert repr(report).startswith("Stage ")
    assert "candidates" in repr(report)
    assert "<img" in report._repr_html_()
