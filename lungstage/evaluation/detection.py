"""Comparisons in, how many lesions were found and how many were invented out: recall, false positives, FROC.

A malignant lesion inside the scan is found when a candidate has found it, and called malignant when that candidate's
p_malignant reaches the limit. A candidate that has found no malignant lesion is a false positive from its p_malignant on,
harmless findings included; it is counted only where the truth lists all lesions. Harmless findings that are listed are told
apart: how many of them were called malignant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bootstrap import Cohorts, Score
from .calibration import Binned, bin_answers, calibration_error, log_loss
from .compare import Comparison
from .parameters import EvaluationParameters
from .truths import TrueLesion


@dataclass(frozen=True)
class FrocPoint:
    """Sensitivity where the candidates from a probability on give that many false positives per patient."""

    false_positives: float
    sensitivity: float


@dataclass(frozen=True)
class Target:
    """A malignant lesion inside the scan: the highest p_malignant among the candidates that found it, or None."""

    lesion: TrueLesion
    p_found: float | None


def targets(one: Comparison, malignant: bool | None = True) -> list[Target]:
    """The malignant lesions of a patient that could be found; or the harmless ones, or (None) those of which it is not told."""
    if one.matching is None:
        return []
    p = np.array([lesion.p_malignant for lesion in one.answer.lesions])
    return [
        Target(lesion, float(p[hits].max()) if hits.any() else None)
        for lesion, hits, seen in zip(one.true, one.matching.hits, one.in_scan, strict=True)
        if lesion.malignant is malignant and seen
    ]


def judged_candidates(one: Comparison) -> list[tuple[float, bool]]:
    """p_malignant of every candidate, and whether it has found a malignant lesion; none where the truth is not complete."""
    if one.matching is None or not one.truth.complete or any(lesion.malignant is None for lesion in one.true):
        return []
    bad = np.array([bool(lesion.malignant) for lesion in one.true], bool)
    hit = one.matching.hits[bad].any(axis=0) if len(bad) else np.zeros(len(one.answer.lesions), bool)
    return [(lesion.p_malignant, bool(right)) for lesion, right in zip(one.answer.lesions, hit, strict=True)]


def score_detection(
    compared: list[Comparison], cohorts: Cohorts, numbers: EvaluationParameters
) -> tuple[list[Score], list[FrocPoint], Binned]:
    """Scores, the FROC curve, and the bins of p_malignant."""
    there = [targets(one) for one in compared]
    candidates = [judged_candidates(one) for one in compared]
    complete = [one.matching is not None and one.truth.complete for one in compared]
    scores: list[Score] = []
    for group, keep in groups(there, numbers).items():
        own = [[target for target in mine if keep(target.lesion)] for mine in there]
        found = [[target.p_found is not None for target in mine] for mine in own]
        called = [[(target.p_found or 0.0) >= numbers.called_from for target in mine] for mine in own]
        scores += cohorts.mean(found, "detection", "recall, any candidate", group)
        scores += cohorts.mean(called, "detection", "recall, called malignant", group)
    untold, harmless = ([targets(one, which) for one in compared] for which in (None, False))
    found = [[target.p_found is not None for target in mine] for mine in untold]
    scores += cohorts.mean(found, "detection", "recall, any candidate", "malignant or not is not told")
    called = [[(target.p_found or 0.0) >= numbers.called_from for target in mine] for mine in harmless]
    scores += cohorts.mean(called, "detection", "called malignant", "harmless findings")
    wrong = [[sum(p >= numbers.called_from and not right for p, right in own)] if whole else []
             for own, whole in zip(candidates, complete, strict=True)]  # fmt: skip
    scores += cohorts.mean(wrong, "detection", "false positives called malignant", unit="per patient")
    scores += cohorts.mean([[len(one.answer.lesions)] for one in compared], "detection", "candidates", unit="per patient")
    scores += cohorts.mean([primary_named(one) for one in compared], "detection", "the true primary is the likeliest one")
    froc_scores, curve = froc(there, candidates, np.array(complete, float), cohorts, numbers)
    binned = bin_answers(candidates, numbers.reliability_bins)
    return scores + froc_scores + lesion_honesty(candidates, binned, cohorts, numbers), curve, binned


def groups(there: list[list[Target]], numbers: EvaluationParameters) -> dict:
    """Name -> which lesions: all, by kind, by role, by size, by station; only those that occur."""
    lesions = [target.lesion for own in there for target in own]
    edges = (0.0, *numbers.size_edges_mm, np.inf)
    found = {"all malignant": lambda one: True}
    for field in ("kind", "role", "station"):
        for value in sorted({getattr(one, field) for one in lesions} - {None}):
            found[f"{field} {value}"] = lambda one, field=field, value=value: getattr(one, field) == value
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        name = f"size over {low:g} mm" if high == np.inf else f"size to {high:g} mm"
        found[name] = lambda one, low=low, high=high: (
            one.longest_diameter_mm is not None and low < one.longest_diameter_mm <= high
        )
    return {name: keep for name, keep in found.items() if any(keep(one) for one in lesions)}


def primary_named(one: Comparison) -> list[bool]:
    """Whether the most probable primary has found the true one; nothing where there is none to be found."""
    if one.matching is None:
        return []
    true = [k for k, lesion in enumerate(one.true) if lesion.role == "primary" and one.in_scan[k]]
    if not true:
        return []
    best = max(one.answer.primary, key=one.answer.primary.get, default="none")
    position = next((k for k, lesion in enumerate(one.answer.lesions) if lesion.id == best), None)
    return [position is not None and bool(one.matching.hits[true, position].any())]


def froc(there, candidates, complete: np.ndarray, cohorts: Cohorts, numbers: EvaluationParameters):
    """Sensitivity at each rate of false positives, their mean, and the whole curve; of patients whose lesions are all told."""
    p_found = [[target.p_found for target in own] if whole else [] for own, whole in zip(there, complete, strict=True)]
    limits = sorted(
        {p for own in candidates for p, _ in own} | {p for own in p_found for p in own if p is not None}, reverse=True
    )
    lesions = np.array([len(own) for own in p_found], float)
    if not limits or not lesions.sum():
        return [], []
    limits = np.array(limits)
    hits = np.array([[sum(p is not None and p >= limit for p in own) for limit in limits] for own in p_found], float)
    wrong = np.array([[sum(p >= limit for p, right in own if not right) for limit in limits] for own in candidates], float)
    sensitivity = cohorts.ratio(hits, lesions[:, None])
    rate = cohorts.ratio(wrong, complete[:, None])
    at_rates = np.array([read_curve(r, s, numbers.froc_rates) for r, s in zip(rate, sensitivity, strict=True)])
    patients, items = int((lesions > 0).sum()), int(lesions.sum())
    scores = []
    for k, wished in enumerate(numbers.froc_rates):
        scores += cohorts.score(at_rates[:, k], patients, items, "detection", "FROC sensitivity", f"{wished:g} false positives")
    scores += cohorts.score(at_rates.mean(axis=1), patients, items, "detection", "FROC sensitivity", "mean of the rates")
    curve = [FrocPoint(float(r), float(s)) for r, s in zip(rate[0], sensitivity[0], strict=True)]
    return scores, curve


def read_curve(rate: np.ndarray, sensitivity: np.ndarray, wished) -> np.ndarray:
    """Highest sensitivity with at most each wished rate; 0 before the first candidate."""
    position = np.searchsorted(rate, wished, side="right") - 1
    return np.where(position >= 0, sensitivity[np.maximum(position, 0)], 0.0)


def lesion_honesty(candidates, binned: Binned, cohorts: Cohorts, numbers: EvaluationParameters) -> list[Score]:
    """Brier, log loss and calibration error of p_malignant over all candidates."""
    squares = [[(p - right) ** 2 for p, right in own] for own in candidates]
    losses = [[log_loss(p if right else 1 - p, numbers.least_probability) for p, right in own] for own in candidates]
    scores = cohorts.mean(squares, "honesty", "Brier", "p_malignant of candidates", unit="")
    scores += cohorts.mean(losses, "honesty", "log loss", "p_malignant of candidates", unit="nats")
    patients, items = sum(map(bool, candidates)), sum(map(len, candidates))
    error = calibration_error(binned, cohorts)
    return scores + cohorts.score(error, patients, items, "honesty", "calibration error", "p_malignant of candidates")
