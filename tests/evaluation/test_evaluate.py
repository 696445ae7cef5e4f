"""Whole evaluations of patients by hand: perfect, empty, mirrored, partly told, damaged."""

import json

import numpy as np
import pytest
from evaluation.patients import TRUE, found_lesion, true_lesion, true_node, write_answer, write_truth

import lungstage
from lungstage.errors import UnreadableInput, UnwritableOutput

METHODS = ("lungstage", "prior", "rules", "true descriptors")


def patient(tmp_path, name, lesions, found, **more):
    answer = {key: more.pop(key) for key in ("sure", "answer_editions", "outcome", "answer_masks") if key in more}
    write_truth(tmp_path / "truth" / name, lesions, **more)
    write_answer(
        tmp_path / "result" / name, found, editions=answer.get("answer_editions", TRUE), sure=answer.get("sure", 1.0),
        masks=answer.get("answer_masks", True), **({"outcome": answer["outcome"]} if "outcome" in answer else {}),
    )  # fmt: skip


def scored(tmp_path):
    return lungstage.evaluate(tmp_path / "truth", tmp_path / "result")


def perfect(tmp_path, name="a", **more):
    lesions = [true_lesion(), true_node()]
    found = [found_lesion(lesions[0]), found_lesion(lesions[1], "L2", p_malignant=0.9)]
    patient(tmp_path, name, lesions, found, **more)


def test_a_perfect_answer_has_perfect_scores(tmp_path):
    perfect(tmp_path)

    scores = scored(tmp_path)

    for letter in ("T", "N", "M", "stage"):
        for edition in (7, 8, 9):
            group = f"{letter}, {edition}th edition"
            assert scores.find("right", group).value == 1
            assert scores.find("Brier", group).value == 0
            assert scores.find("log loss", group).value == 0
            assert scores.find("calibration error", group).value == 0
            assert scores.find("cost, most likely", group).value == 0
    assert scores.find("recall, called malignant", "all malignant").value == 1
    assert scores.find("recall, any candidate", "station 4R").value == 1
    assert scores.find("false positives called malignant").value == 0
    assert scores.find("FROC sensitivity", "mean of the rates").value == 1
    assert scores.find("Dice", "malignant").value == 1
    assert scores.find("surface distance, 95 %", "malignant").value == 0
    assert scores.find("longest diameter, size of the error", "malignant").value == 0
    assert scores.find("longest diameter, inside 5 to 95 %", "malignant").value == 1
    assert scores.find("lobe right", "found lesions").value == 1
    assert scores.find("station right", "found lesions").value == 1
    assert scores.find("the true primary is the likeliest one").value == 1
    assert scores.find("seconds").value == 5


def test_landmarks_are_scored_in_millimetres_and_by_their_spread(tmp_path):
    perfect(tmp_path)

    scores = scored(tmp_path)

    # 3 and 4 mm off make 5 mm; 25 mm2 over three directions of a variance of 25 mm2
    assert scores.find("error", "carina").value == pytest.approx(5)
    assert scores.find("squared error over stated variance", "carina").value == pytest.approx(1 / 3)


def test_an_empty_answer_finds_nothing_and_pays_for_it(tmp_path):
    healthy = {7: ("T0", "N0", "M0", "none"), 8: ("T0", "N0", "M0", "none"), 9: ("T0", "N0", "M0", "none")}
    patient(tmp_path, "a", [true_lesion(), true_node()], [], answer_editions=healthy)

    scores = scored(tmp_path)

    assert scores.find("recall, any candidate", "all malignant").value == 0
    assert scores.find("right", "stage, 9th edition").value == 0
    assert scores.find("probability of the truth", "stage, 9th edition").value == 0
    # all of it on one wrong category: 1 there and 1 on the truth
    assert scores.find("Brier", "stage, 9th edition").value == 2
    # priors/costs.toml: the patient is IIIA, called none
    assert scores.find("cost, most likely", "stage, 9th edition").value == 14
    assert scores.find("right", "stage, 9th edition", "rules").value == 0
    assert "Dice" not in {one.name for one in scores.table}


def test_a_mirrored_answer_finds_nothing_on_the_other_side(tmp_path):
    true = true_lesion(centre_mm=(-12.0, 0.0, -10.0))
    patient(tmp_path, "a", [true], [found_lesion(true, shift_mm=(24.0, 0.0, 0.0))])

    scores = scored(tmp_path)

    assert scores.find("recall, any candidate", "all malignant").value == 0
    assert scores.find("false positives called malignant").value == 1
    assert scores.find("the true primary is the likeliest one").value == 0


def test_a_size_error_is_told_in_millimetres_with_its_sign(tmp_path):
    true = true_lesion()
    patient(tmp_path, "a", [true], [found_lesion(true, size_error_mm=-2.0)])

    scores = scored(tmp_path)

    assert scores.find("longest diameter, error", "malignant pulmonary").value == pytest.approx(-2)
    # the spread reaches 1.6 mm to each side
    assert scores.find("longest diameter, inside 5 to 95 %", "malignant pulmonary").value == 0
    assert scores.find("Dice", "malignant pulmonary").value < 1


def test_a_lesion_outside_the_scan_is_no_miss(tmp_path):
    true, brain = true_lesion(), true_lesion("P2", 2, "brain", role="metastasis", centre_mm=(0.0, 0.0, 400.0))
    patient(tmp_path, "a", [true, brain], [found_lesion(true)])

    scores = scored(tmp_path)

    assert scores.find("recall, any candidate", "all malignant").items == 1
    assert scores.find("recall, any candidate", "all malignant").value == 1


def test_a_harmless_finding_called_malignant_is_a_false_positive(tmp_path):
    true, scar = true_lesion(), true_node(malignant=False, role="benign")
    patient(tmp_path, "a", [true, scar], [found_lesion(true), found_lesion(scar, "L2", p_malignant=0.8)])

    scores = scored(tmp_path)

    assert scores.find("false positives called malignant").value == 1
    assert scores.find("called malignant", "harmless findings").value == 1
    assert scores.find("Brier", "p_malignant of candidates").value == pytest.approx((0.01**2 + 0.8**2) / 2)
    assert scores.find("longest diameter, error", "benign").value == 0


def test_what_is_not_told_is_not_scored_and_said(tmp_path):
    bare = {"id": "P1", "centre_mm": [-12.0, 0.0, -10.0], "malignant": True}
    patient(tmp_path, "a", None, [], masks=False, editions={9: ("T2a", None, None, None)})
    patient(tmp_path, "b", [bare], [found_lesion(true_lesion())], masks=False, complete=False, editions=None)

    scores = scored(tmp_path)

    assert scores.find("right", "T, 9th edition").patients == 1
    assert scores.find("recall, any candidate", "all malignant").patients == 1
    names = {(one.name, one.group) for one in scores.table}
    assert not any("N, 9th" in group or "8th" in group for _, group in names)
    assert not any(name in ("false positives called malignant", "FROC sensitivity", "Dice") for name, _ in names)
    said = " ".join(scores.not_scored)
    for words in ("FROC", "Shapes", "Lungs and lobes", "Stations", "N of the 9th", "Stage of the 9th", "true descriptors"):
        assert words in said, f"{words} is not among: {said}"
    page = (scores.save(tmp_path / "out") / "scores.html").read_text()
    assert "no truth lists all lesions" in page


def test_a_lesion_of_which_nobody_knows_whether_it_is_malignant_is_found_and_measured(tmp_path):
    true = true_lesion(malignant=None, role=None)
    patient(tmp_path, "a", [true], [found_lesion(true, size_error_mm=1.0)], complete=False)

    scores = scored(tmp_path)

    group = "malignant or not is not told"
    assert scores.find("recall, any candidate", group).value == 1
    assert scores.find("longest diameter, error", group).value == pytest.approx(1)
    assert not any(one.group == "all malignant" for one in scores.table)


def test_a_lesion_without_an_outline_is_found_within_the_reach_it_is_given(tmp_path):
    loose = {"id": "P1", "centre_mm": [-12.0, 0.0, -10.0], "malignant": True, "reach_mm": 25.0}
    patient(tmp_path, "a", [loose], [found_lesion(true_lesion(), shift_mm=(20.0, 0.0, 0.0))], masks=False, complete=False)

    assert scored(tmp_path).find("recall, any candidate", "all malignant").value == 1


def test_a_stage_follows_from_t_n_and_m(tmp_path):
    patient(tmp_path, "a", None, [], masks=False, editions={9: ("T2a", "N2a", "M0", None)})

    assert scored(tmp_path).patients[0].true == "T2a N2a M0 stage IIIA"


def test_missing_patients_are_named_and_the_rest_is_scored(tmp_path):
    perfect(tmp_path, "a")
    write_truth(tmp_path / "truth" / "b", [true_lesion()])
    write_answer(tmp_path / "result" / "c")

    scores = scored(tmp_path)

    assert [one.name for one in scores.patients] == ["a"]
    assert scores.missing.without_result == ("b",)
    assert scores.missing.without_truth == ("c",)
    assert scores.find("scored", "patients with a truth").value == 0.5
    page = (scores.save(tmp_path / "out") / "scores.html").read_text()
    assert "no result for b" in page and "no truth for c" in page


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2], "not JSON"),
        (lambda text: text.replace("truth/1", "truth/2"), "lungstage/truth/2"),
        (lambda text: text.replace('"pulmonary"', '"lung"'), "'lung' is not one of"),
        (lambda text: text.replace('"T2a"', '"T9"'), "T9"),
        (lambda text: text.replace('"longest_diameter_mm": 12.0', '"longest_diameter_mm": -1'), "longest_diameter_mm = -1"),
        (lambda text: text.replace('"longest_diameter_mm": 12.0', '"longest_diameter_mm": NaN'), "longest_diameter_mm = nan"),
        (lambda text: text.replace("[-12.0, 0.0, -10.0]", "[1, 2]"), "not a point"),
        (lambda text: "[]", "no object"),
    ],
    ids=["cut", "schema", "kind", "category", "size", "nan", "point", "list"],
)
def test_a_damaged_truth_costs_only_its_patient(tmp_path, damage, words):
    perfect(tmp_path, "a")
    perfect(tmp_path, "b")
    file = tmp_path / "truth" / "b" / "truth" / "truth.json"
    file.write_text(damage(file.read_text()))

    scores = scored(tmp_path)

    assert [one.name for one in scores.patients] == ["a"]
    ((name, why),) = scores.missing.unusable
    assert name == "b" and words in why and str(file) in why


def test_a_damaged_mask_or_answer_costs_only_its_patient(tmp_path):
    for name in ("a", "b", "c"):
        perfect(tmp_path, name)
    (tmp_path / "truth" / "b" / "truth" / "masks" / "lesions.nii.gz").write_bytes(b"no image")
    (tmp_path / "result" / "c" / "staging.json").write_text('{"schema": "lungstage/staging/1"}')

    scores = scored(tmp_path)

    assert [name for name, _ in scores.missing.unusable] == ["b", "c"]


def test_nothing_to_compare_is_one_clear_error(tmp_path):
    with pytest.raises(UnreadableInput, match="no such folder"):
        scored(tmp_path)
    write_truth(tmp_path / "truth" / "a", [true_lesion()])
    (tmp_path / "result").mkdir()
    with pytest.raises(UnreadableInput, match="no staging.json"):
        scored(tmp_path)
    write_answer(tmp_path / "result" / "b")
    with pytest.raises(UnreadableInput, match="no patient is in both; the first has a, the second b"):
        scored(tmp_path)


def test_two_single_patients_are_meant_for_each_other(tmp_path):
    write_truth(tmp_path / "case", [true_lesion()])
    write_answer(tmp_path / "out", [found_lesion(true_lesion())])

    for folder in (tmp_path / "case", tmp_path / "case" / "truth"):
        assert lungstage.evaluate(folder, tmp_path / "out").find("recall, any candidate", "all malignant").value == 1


def test_an_answer_without_lungs_is_counted_as_an_answer_and_not_as_a_stage(tmp_path):
    perfect(tmp_path, "a")
    patient(tmp_path, "b", [true_lesion()], [], answer_editions={}, outcome="no_lungs", answer_masks=False)

    scores = scored(tmp_path)

    assert scores.find("outcome no_lungs").value == 0.5
    assert scores.find("right", "stage, 9th edition").patients == 1
    assert scores.find("recall, any candidate", "all malignant").value == pytest.approx(2 / 3)


def test_two_evaluations_write_the_same_bytes(tmp_path):
    perfect(tmp_path, "a")
    perfect(tmp_path, "b", sure=0.7)
    patient(tmp_path, "c", [true_lesion()], [], sure=0.4)

    one, other = (scored(tmp_path).save(tmp_path / name) for name in ("one", "other"))

    for name in ("scores.json", "scores.html"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_scores_are_saved_with_their_schema_and_never_over_something_else(tmp_path):
    perfect(tmp_path)
    scores = scored(tmp_path)

    content = json.loads((scores.save(tmp_path / "out") / "scores.json").read_text())

    assert content["schema"] == "lungstage/scores/1"
    assert {one["method"] for one in content["table"]} == set(METHODS)
    with pytest.raises(UnwritableOutput, match="--overwrite"):
        scores.save(tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "scan.dcm").write_text("")
    with pytest.raises(UnwritableOutput, match="other files"):
        scores.save(tmp_path / "mine", overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"truth", "result", "out", "mine"}


def test_a_saved_result_of_the_program_is_read(tmp_path):
    from explain.patients import report

    one = report()
    one.save(tmp_path / "out")
    lesion = one.lesions[0]
    true = true_lesion(
        kind=lesion.kind, centre_mm=lesion.centre_mm, longest_mm=lesion.longest_diameter_mm.q50, lobe=None, side=None
    )
    landmarks = {name: list(point.point_mm) for name, point in one.anatomy.landmarks.items()}
    write_truth(tmp_path / "case", [true], masks=False, landmarks=landmarks)

    scores = lungstage.evaluate(tmp_path / "case", tmp_path / "out")

    assert scores.find("recall, any candidate", "all malignant").value == 1
    assert scores.find("longest diameter, error", "malignant").value == pytest.approx(0, abs=1e-9)
    assert np.isfinite(scores.find("log loss", "stage, 9th edition").value)
    assert scores.find("error", "all landmarks").value == 0
