"""`lungstage-classic evaluate`: what it prints, what it writes, and the exit codes of the contract."""

import json

from evaluation.patients import found_lesion, true_lesion, write_answer, write_truth

from lungstage.cli.main import main


def cohort(folder, *names):
    for name in names:
        write_truth(folder / "truth" / name, [true_lesion()])
        write_answer(folder / "result" / name, [found_lesion(true_lesion())])
    return [str(folder / "truth"), str(folder / "result"), "-o", str(folder / "out")]


def test_scores_are_printed_and_written(tmp_path, capsys):
    assert main(["evaluate", *cohort(tmp_path, "a", "b")]) == 0

    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("2 patients scored\n")
    assert "prior" in said.out and "rules" in said.out and "true descriptors" in said.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"scores.json", "scores.html"}


def test_json_is_all_that_stands_on_stdout(tmp_path, capsys):
    assert main(["evaluate", *cohort(tmp_path, "a"), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["schema"] == "lungstage/scores/1"


def test_missing_patients_are_named_on_stderr_and_cost_no_exit_code(tmp_path, capsys):
    line = cohort(tmp_path, "a")
    write_truth(tmp_path / "truth" / "b", [true_lesion()])

    assert main(["evaluate", *line]) == 0
    assert capsys.readouterr().err == "lungstage: no result for b\n"


def test_wrong_paths_are_code_3_with_one_line_and_no_output(tmp_path, capsys):
    line = cohort(tmp_path, "a")

    assert main(["evaluate", str(tmp_path / "nowhere"), *line[1:]]) == 3
    assert main(["evaluate", str(tmp_path / "result"), *line[1:]]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 2 and "nowhere" in said.err and "no truth.json" in said.err
    assert {path.name for path in tmp_path.iterdir()} == {"truth", "result"}


def test_scores_that_exist_are_replaced_only_when_asked(tmp_path, capsys):
    line = cohort(tmp_path, "a")

    assert [main(["evaluate", *line]), main(["evaluate", *line]), main(["evaluate", *line, "--overwrite"])] == [0, 7, 0]
    assert "--overwrite" in capsys.readouterr().err


def test_results_are_never_overwritten_by_scores(tmp_path, capsys):
    line = cohort(tmp_path, "a")

    assert main(["evaluate", *line[:2], "-o", line[1], "--overwrite"]) == 7
    assert (tmp_path / "result" / "a" / "staging.json").is_file()


def test_wrong_numbers_are_code_2(tmp_path, capsys):
    assert main(["evaluate", *cohort(tmp_path, "a"), "--priors", str(tmp_path)]) == 2
    assert "priors" in capsys.readouterr().err
