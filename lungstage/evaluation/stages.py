"""Comparisons in, how good T, N, M and stage are out, by edition, beside the references: accuracy, honesty, cost, confusion."""

from __future__ import annotations

from dataclasses import dataclass

from ..tnm import EDITIONS, read_edition
from .bootstrap import Cohorts, Score
from .calibration import Binned, bin_answers, brier, calibration_error, log_loss
from .calls import LETTERS, Call
from .compare import Comparison
from .costs import cost_of
from .parameters import Yardstick

METHODS = ("lungstage", "prior", "rules", "true descriptors")


@dataclass(frozen=True, eq=False)
class Confusion:
    """How often a category (row) was called another (column), patients in `counts` (truth, call)."""

    edition: int
    letter: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Answered:
    """One patient's true category and what a method says of it."""

    true: str
    call: Call
    letter: str

    @property
    def said(self) -> dict[str, float] | None:
        """Probabilities, where there are any."""
        return getattr(self.call, self.letter)

    @property
    def called(self) -> str:
        """The category of the most probable stage."""
        return getattr(self.call.most_likely, self.letter)

    @property
    def likeliest(self) -> str:
        """The most probable category by itself."""
        return max(self.said, key=self.said.get) if self.said else self.called


def answered(one: Comparison, method: str, edition: int, letter: str) -> list[Answered]:
    """One entry, or none where the truth does not tell the category or the method does not answer."""
    words, call = one.truth.editions.get(edition), one.calls.get(method, {}).get(edition)
    true = getattr(words, letter) if words else None
    return [Answered(true, call, letter)] if true is not None and call is not None else []


def score_stages(compared: list[Comparison], cohorts: Cohorts, yardstick: Yardstick) -> list[Score]:
    """All scores of all methods, and how often there is an answer at all."""
    scores = []
    for outcome in sorted({one.answer.outcome for one in compared}):
        scores += cohorts.mean([[one.answer.outcome == outcome] for one in compared], "answers", f"outcome {outcome}")
    seconds = [[one.answer.seconds] if one.answer.seconds is not None else [] for one in compared]
    scores += cohorts.mean(seconds, "answers", "seconds", unit="s")
    for edition in reversed(EDITIONS):
        for letter in LETTERS:
            for method in METHODS:
                pairs = [answered(one, method, edition, letter) for one in compared]
                scores += score_letter(pairs, cohorts, yardstick, edition, letter, method)
    return scores


def score_letter(pairs, cohorts: Cohorts, yardstick: Yardstick, edition: int, letter: str, method: str) -> list[Score]:
    """Accuracy, probability of the truth, Brier, log loss, calibration error and cost of one category and method."""
    numbers, network = yardstick.numbers, yardstick.network
    group = f"{title(letter)}, {edition}th edition"
    more = {"group": group, "method": method}
    scores = cohorts.mean([[one.likeliest == one.true for one in own] for own in pairs], "stages", "right", **more)
    with_p = [[one for one in own if one.said] for own in pairs]
    truth = [[one.said.get(one.true, 0.0) for one in own] for own in with_p]
    scores += cohorts.mean(truth, "stages", "probability of the truth", unit="", **more)
    scores += cohorts.mean([[brier_of(one) for one in own] for own in with_p], "stages", "Brier", unit="", **more)
    losses = [[log_loss(p, numbers.least_probability) for p in own] for own in truth]
    scores += cohorts.mean(losses, "stages", "log loss", unit="nats", **more)
    binned = bin_answers([[sure(one) for one in own] for own in with_p], numbers.reliability_bins)
    patients = sum(map(bool, with_p))
    scores += cohorts.score(calibration_error(binned, cohorts), patients, patients, "stages", "calibration error", **more)
    for name, choice in (("cost, most likely", "most_likely"), ("cost, least costly", "least_cost")):
        costs = [[cost_of(letter, one.true, getattr(getattr(one.call, choice), letter), edition, network) for one in own]
                 for own in pairs]  # fmt: skip
        scores += cohorts.mean([[cost for cost in own if cost is not None] for own in costs], "stages", name, unit="cost", **more)
    return scores


def brier_of(one: Answered) -> float:
    """Brier of one answer; a true category that is not among the names counts as one of probability 0."""
    said = one.said if one.true in one.said else {**one.said, one.true: 0.0}
    return brier(list(said.values()), list(said).index(one.true))


def sure(one: Answered) -> tuple[float, bool]:
    """The probability of the most probable category, and whether it is the true one."""
    return one.said[one.likeliest], one.likeliest == one.true


def stage_bins(compared: list[Comparison], edition: int, letter: str, bins: int) -> Binned:
    """The program's answers for a reliability plot."""
    pairs = [answered(one, "lungstage", edition, letter) for one in compared]
    return bin_answers([[sure(one) for one in own if one.said] for own in pairs], bins)


def confusions(compared: list[Comparison]) -> list[Confusion]:
    """What was called what, by edition and letter; only categories that occur."""
    found = []
    for edition in reversed(EDITIONS):
        for letter in LETTERS:
            pairs = [(one.true, one.likeliest) for patient in compared for one in answered(patient, "lungstage", edition, letter)]
            book = read_edition(edition)
            names = tuple(name for name in book.names(letter if letter == "stage" else letter.upper())
                          if any(name in pair for pair in pairs))  # fmt: skip
            counts = tuple(tuple(pairs.count((true, called)) for called in names) for true in names)
            if pairs:
                found.append(Confusion(edition, letter, names, counts))
    return found


def title(letter: str) -> str:
    """T, N, M or stage, as it is written."""
    return letter if letter == "stage" else letter.upper()
