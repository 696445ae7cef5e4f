"""Sums of each patient in, scores with intervals out: cohorts drawn with replacement, patient by patient.

Lesions of one patient hang together, so patients are drawn and never lesions. Every score is a function of sums over
patients; a drawn cohort is a row of counts, and all cohorts are one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEED = 0


@dataclass(frozen=True)
class Score:
    """One number of the table.

    topic, name, group   what is scored, and of which patients or lesions
    method               "lungstage", or a reference: "prior", "rules", "true descriptors"
    value, low, high     low and high are None for a single patient
    patients, items      how many patients, and how many lesions, landmarks or answers it rests on
    """

    topic: str
    name: str
    group: str
    method: str
    value: float
    low: float | None
    high: float | None
    patients: int
    items: int
    unit: str


@dataclass(frozen=True, eq=False)
class Cohorts:
    """counts (1 + draws, patients): how often each patient is in a cohort; row 0 is the cohort as it is."""

    counts: np.ndarray
    interval: float

    def sums(self, values) -> np.ndarray:
        """(1 + draws, ...) of values (patients, ...): their sums in each cohort."""
        return np.tensordot(self.counts, np.asarray(values, float), axes=1)

    def ratio(self, tops, bottoms) -> np.ndarray:
        """(1 + draws, ...): sum of tops over sum of bottoms, NaN where nothing is below."""
        top, bottom = self.sums(tops), self.sums(bottoms)
        return np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0)

    def score(self, drawn: np.ndarray, patients: int, items: int, topic: str, name: str, group: str = "all",
              method: str = "lungstage", unit: str = "share") -> list[Score]:  # fmt: skip
        """The Score of a statistic (1 + draws), in a list; an empty one where the cohort as it is has none."""
        if not np.isfinite(drawn[0]):
            return []
        rest = drawn[1:][np.isfinite(drawn[1:])]
        low = high = None
        if patients > 1 and len(rest):
            low, high = (float(q) for q in np.quantile(rest, [(1 - self.interval) / 2, (1 + self.interval) / 2]))
        return [Score(topic, name, group, method, float(drawn[0]), low, high, patients, items, unit)]

    def mean(self, values: list, topic: str, name: str, group: str = "all", method: str = "lungstage",
             unit: str = "share") -> list[Score]:  # fmt: skip
        """The mean over items of each patient: values holds one sequence of numbers a patient, empty where there is none."""
        tops = np.array([float(np.sum(own)) for own in values])
        sizes = np.array([float(len(own)) for own in values])
        patients = int((sizes > 0).sum())
        return self.score(self.ratio(tops, sizes), patients, int(sizes.sum()), topic, name, group, method, unit)


def draw_cohorts(patients: int, draws: int, interval: float) -> Cohorts:
    """The cohort of `patients` as it is, and `draws` others; the same ones every time."""
    drawn = np.random.default_rng(SEED).multinomial(patients, np.full(patients, 1 / patients), size=draws)
    return Cohorts(np.concatenate([np.ones((1, patients)), drawn]), interval)


def words_of(score: Score) -> str:
    """0.61 (0.48 to 0.72)."""
    value = number(score.value)
    return value if score.low is None else f"{value} ({number(score.low)} to {number(score.high)})"


def number(value: float) -> str:
    """Two digits after the point, fewer for large numbers."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
