"""Truths and results in, Scores out: pair patients, compare each, sum up, with intervals by patient."""

from __future__ import annotations

from pathlib import Path

from ..errors import LungstageError, UnreadableInput
from ..tables import priors_at
from ..tnm import EDITIONS
from .answers import read_answer
from .bootstrap import Score, draw_cohorts
from .calibration import reliability
from .compare import Comparison, compare_patient
from .costs import cost_of
from .detection import judged_candidates, score_detection, targets
from .folds import fold_of
from .pairs import pair_patients
from .parameters import Yardstick, read_yardstick
from .places import score_places
from .scores import Missing, PatientRow, Scores, SizePair
from .sizes import measured, score_sizes
from .stages import answered, confusions, score_stages, stage_bins, title
from .truths import read_truth

LATEST = max(EDITIONS)


def evaluate(truth_dir: str | Path, result_dir: str | Path, priors: str | Path | None = None) -> Scores:
    """How good the answers are.

    truth_dir    a patient with truth/truth.json or truth.json, or a folder of such patients
    result_dir   a result of `stage`, or a folder of results; patients are paired by the names of their folders
    priors       a folder of numbers instead of the shipped ones: costs, and the prior that is a reference
    raises       UnreadableInput where there is nothing to compare; single patients that cannot be read are named in `missing`
    """
    priors = priors_at(priors)
    yardstick = read_yardstick(priors)
    pairs = pair_patients(Path(truth_dir), Path(result_dir))
    compared, unusable = [], []
    for name, truth_file, result in pairs.found:
        try:
            compared.append(compare_patient(read_truth(truth_file, name), read_answer(result, name), yardstick))
        except LungstageError as error:
            unusable.append((name, str(error)))
    if not compared:
        raise UnreadableInput(f"{truth_dir}: no patient can be scored; {unusable[0][0]}: {unusable[0][1]}")
    return sum_up(compared, Missing(pairs.without_result, pairs.without_truth, tuple(unusable)), yardstick)


def sum_up(compared: list[Comparison], missing: Missing, yardstick: Yardstick) -> Scores:
    """All scores of patients that were compared."""
    numbers = yardstick.numbers
    cohorts = draw_cohorts(len(compared), numbers.bootstrap_draws, numbers.interval)
    detection, curve, lesion_bins = score_detection(compared, cohorts, numbers)
    bins = {f"{title(letter)}, {LATEST}th edition": stage_bins(compared, LATEST, letter, numbers.reliability_bins)
            for letter in ("stage", "t", "n", "m")}  # fmt: skip
    bins["p_malignant of candidates"] = lesion_bins
    table = [
        *have_result(compared, missing),
        *score_stages(compared, cohorts, yardstick),
        *detection,
        *score_sizes(compared, cohorts),
        *score_places(compared, cohorts),
    ]
    return Scores(
        patients=tuple(patient_row(one, yardstick) for one in compared),
        missing=missing,
        table=tuple(table),
        not_scored=tuple(not_scored(compared)),
        froc=tuple(curve),
        reliability={name: tuple(reliability(one, cohorts)) for name, one in bins.items()},
        confusion=tuple(confusions(compared)),
        sizes=tuple(size_pairs(compared)),
        costly=tuple(costly_errors(yardstick)),
        provenance=provenance(yardstick),
    )


def have_result(compared: list[Comparison], missing: Missing) -> list[Score]:
    """How many of the patients whose truth is there are scored; one that was refused has no result and is in no other score."""
    there = len(compared)
    all_of_them = there + len(missing.without_result) + len(missing.unusable)
    return [Score("answers", "scored", "patients with a truth", "lungstage", there / all_of_them, None, None, all_of_them,
                  all_of_them, "share")]  # fmt: skip


def patient_row(one: Comparison, yardstick: Yardstick) -> PatientRow:
    """One patient in short."""
    limit = yardstick.numbers.called_from
    true = one.truth.editions.get(LATEST)
    call = one.answer.editions.get(LATEST)
    (stage,) = answered(one, "lungstage", LATEST, "stage") or [None]
    there, candidates = targets(one), judged_candidates(one)
    return PatientRow(
        name=one.truth.name, fold=fold_of(one.truth.name), outcome=one.answer.outcome,
        true=str(true or "not told"), called=str(call.most_likely) if call else "no answer",
        p_stage=stage.said.get(stage.true, 0.0) if stage else None,
        cost=cost_of("stage", stage.true, stage.called, LATEST, yardstick.network) if stage else None,
        malignant_lesions=len(there), called_malignant=sum((target.p_found or 0.0) >= limit for target in there),
        false_positives=sum(p >= limit and not right for p, right in candidates) if one.truth.complete else None,
    )  # fmt: skip


def size_pairs(compared: list[Comparison]) -> list[SizePair]:
    """Malignant lesions that were found and whose size is known."""
    return [
        SizePair(pair.true.longest_diameter_mm, spread.q05, spread.q50, spread.q95, pair.found.kind)
        for one in compared
        for pair in measured(one)
        if pair.true.malignant and pair.true.longest_diameter_mm is not None
        for spread in (pair.found.longest_diameter_mm,)
    ]


def not_scored(compared: list[Comparison]) -> list[str]:
    """What no patient's truth tells, or no answer; in words."""
    lesions = [lesion for one in compared for lesion in one.true]
    asked = {
        "Detection: no truth lists lesions that are known to be malignant and lie in the scan.":
            any(targets(one) for one in compared),
        "False positives, FROC and honesty of p_malignant: no truth lists all lesions.":
            any(judged_candidates(one) for one in compared),
        "Shapes of lesions: truth and result do not both have masks of a lesion that was found.":
            any(likeness for one in compared for likeness in one.likeness),
        "Lungs and lobes: truth and result do not both have their masks.": any(one.dice for one in compared),
        "Landmarks: truth and result share none.":
            any(name in one.answer.landmarks for one in compared for name in one.truth.landmarks),
        "Stations: no truth tells the station of a lesion.": any(lesion.station for lesion in lesions),
        "Lobes of lesions: no truth tells the lobe of a lesion.": any(lesion.lobe for lesion in lesions),
        "The network with true descriptors: no truth describes all lesions.":
            any("true descriptors" in one.calls for one in compared),
    }  # fmt: skip
    said = [sentence for sentence, there in asked.items() if not there]
    for letter in ("t", "n", "m", "stage"):
        if not any(answered(one, "lungstage", LATEST, letter) for one in compared):
            said.append(f"{title(letter).capitalize()} of the {LATEST}th edition: not told by any truth, or not answered.")
    return said


def costly_errors(yardstick: Yardstick) -> list[tuple[str, float]]:
    """The prices that a reader should have in mind beside a Dice coefficient."""
    network = yardstick.network
    named = (("m", "M1c2", "M0"), ("n", "N3", "N0"), ("stage", "IVB", "IA2"), ("t", "T1b", "T1c"), ("t", "T2a", "T2a"))
    return [(f"{true} called {called}", cost_of(letter, true, called, LATEST, network)) for letter, true, called in named]


def provenance(yardstick: Yardstick) -> dict[str, str | float]:
    """What the scores rest on."""
    from .. import __version__

    numbers = yardstick.numbers
    return {
        "lungstage": __version__, "priors_digest": yardstick.priors.digest(),
        "interval": numbers.interval, "bootstrap_draws": numbers.bootstrap_draws,
    }  # fmt: skip
