"""The tables by which series are chosen: every row can be read, and says what it says."""

import pytest
from changed_priors import changed_priors

from lungstage.cli.main import main
from lungstage.errors import ImpossibleRequest
from lungstage.study import check_tables
from lungstage.study.rules import kernel_sharpness, nuclides, rule_of, series_rules
from lungstage.tables import Priors, shipped_priors


@pytest.mark.parametrize("kind", ["ct", "pet"])
def test_every_row_has_its_own_id_and_a_reason(kind):
    rules = series_rules(kind)

    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.refuse or rule.because for rule in rules)


@pytest.mark.parametrize(
    "kernel, sharpness",
    [
        ("B30f", "soft"), ("B19f", "soft"), ("B70f", "sharp"), ("Br40f", "soft"), ("Bl57d", "sharp"), ("I31f", "soft"),
        ("STANDARD", "soft"), ("SOFT", "soft"), ("LUNG", "sharp"), ("BONEPLUS", "sharp"),
        ("FC13", "soft"), ("FC51", "sharp"), ("B", "soft"), ("YC", "sharp"), ("L", "sharp"), ("", "unknown"), ("XYZ", "unknown"),
    ],
)  # fmt: skip
def test_makers_names_of_kernels_are_known(kernel, sharpness):
    assert kernel_sharpness(kernel) == sharpness


def test_a_row_compares_in_the_way_it_names():
    rows = [
        ({"above": 3}, 4, True), ({"above": 3}, 3, False), ({"up_to": 3}, 3, True), ({"is": "soft"}, "soft", True),
        ({"any_of": ["a", "b"]}, "b", True), ({"above": 3}, None, False),
        ({"says": ["chest"]}, " ct chest ", True), ({"says": ["chest"]}, " chestnut ", False),
    ]  # fmt: skip
    for comparison, value, holds in rows:
        rule = rule_of("here", {"id": "x", "fact": "f", "points": 1, "because": "y", **comparison})

        assert rule.holds({"f": value}) is holds, f"{comparison} against {value}"


@pytest.mark.parametrize(
    "row",
    [
        {"id": "x", "fact": "f", "points": 1},
        {"id": "x", "fact": "f", "is": 1},
        {"id": "x", "fact": "f", "is": 1, "above": 2, "points": 1},
        {"id": "x", "fact": "f", "is": 1, "points": 1, "refuse": "no"},
        {"id": "x", "fact": "f", "matches": ".*", "points": 1},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_named(row):
    with pytest.raises(ImpossibleRequest, match="here: x"):
        rule_of("here", row)


def test_a_changed_table_is_used(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "series.toml").write_text('[[ct]]\nid = "mine"\nfact = "axial"\nis = true\nrefuse = "no"\n')

    assert [rule.id for rule in series_rules("ct", Priors(tmp_path))] == ["mine"]


def test_fluorine_has_the_half_life_of_the_tables():
    assert nuclides()[0].half_life_s == 6586.2


def test_every_shipped_table_of_the_reader_can_be_used():
    check_tables(shipped_priors())


@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        ("study/lung_names.csv", "word,means,text", "name,means,text", "the columns are"),
        ("study/lung_names.csv", "lungs,lung,", "lung,lung,", "lung stands there 2 times"),
        ("study/lung_names.csv", "lungs,lung,", "lungs,kidney,", "lungs means kidney, which is none of lung, right, left"),
        ("study/lesion_names.csv", "tumor,lesion,", "Tumor,lesion,", "'Tumor' is never met"),
        ("study/lesion_names.csv", "tumor,lesion,", "tumor,,", "tumor means nothing"),
        ("atlas/organ_names.csv", "spleen,spleen,", "spleen,milt,", "spleen means milt, which is none of atlas/regions.csv"),
        ("atlas/organ_names.csv", "kidney_right,kidney_right,", "spleen,kidney_right,", "spleen stands there 2 times"),
        ("atlas/organ_names.csv", "spleen,spleen,", "spl-een,spleen,", "'spl-een' is never met"),
        ("study/nuclides.csv", ",6586.2,", ",110 min,", "the half-life of F-18 is '110 min'"),
        ("study/pet_words.csv", "nac,uncorrected,", "NAC,uncorrected,", "'NAC' is never met"),
        ("study/pet_words.csv", "fdg,fdg,", "fdg,sugar,", "fdg means 'sugar', not one of uncorrected, fdg"),
        ("study/kernels.csv", ",soft,", ",smooth,", "'smooth', not one of soft, sharp"),
        ("study/series.toml", "\npoints =", "\npionts =", "needs"),
    ],
)
def test_priors_check_names_what_is_wrong_with_a_table_of_the_reader(tmp_path, capsys, path, before, after, said):
    folder = tmp_path / "copy"
    changed_priors(folder, path, before, after)

    assert main(["priors", "check", str(folder)]) == 2

    told = capsys.readouterr().err
    assert path in told and said in told
