"""Probabilities and what was true in, how honest they are out: Brier, log loss, and bins of a reliability plot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bootstrap import Cohorts


def brier(probabilities, true) -> float:
    """Sum over categories of (p - [it is this one])^2, in [0, 2]; probabilities (k), true: position of the truth or None."""
    p = np.asarray(probabilities, float)
    hit = np.arange(len(p)) == (-1 if true is None else true)
    return float(((p - hit) ** 2).sum())


def log_loss(p_truth: float, least: float) -> float:
    """-ln of the probability of what is true, which counts with `least` where it is below."""
    return float(-np.log(max(p_truth, least)))


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers whose probability lies in [low, high): how many, their mean probability, and how often it was so."""

    low: float
    high: float
    items: int
    predicted: float
    observed: float
    observed_low: float | None
    observed_high: float | None


@dataclass(frozen=True, eq=False)
class Binned:
    """Sums by patient and bin (patients, bins): number of answers, of their probabilities, of those that were right."""

    items: np.ndarray
    predicted: np.ndarray
    right: np.ndarray


def bin_answers(pairs: list[list[tuple[float, bool]]], bins: int) -> Binned:
    """pairs: for each patient, probability and whether it was so."""
    sums = np.zeros((3, len(pairs), bins))
    for row, own in enumerate(pairs):
        for p, right in own:
            column = min(int(p * bins), bins - 1)
            sums[:, row, column] += 1, p, right
    return Binned(*sums)


def calibration_error(binned: Binned, cohorts: Cohorts) -> np.ndarray:
    """(1 + draws) expected calibration error: distance of predicted and observed, weighted by the answers in each bin."""
    items = cohorts.sums(binned.items)
    gap = np.abs(cohorts.sums(binned.predicted) - cohorts.sums(binned.right))
    total = items.sum(axis=1)
    return np.divide(gap.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)


def reliability(binned: Binned, cohorts: Cohorts) -> list[ReliabilityBin]:
    """The bins that hold answers, with intervals of the observed share."""
    bins = binned.items.shape[1]
    predicted, observed = cohorts.ratio(binned.predicted, binned.items), cohorts.ratio(binned.right, binned.items)
    result = []
    for k in range(bins):
        items = int(binned.items[:, k].sum())
        if items:
            spread = cohorts.score(observed[:, k], int((binned.items[:, k] > 0).sum()), items, "", "")[0]
            result.append(ReliabilityBin(k / bins, (k + 1) / bins, items, float(predicted[0, k]), spread.value,
                                         spread.low, spread.high))  # fmt: skip
    return result
