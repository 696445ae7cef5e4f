"""What somebody says of one patient in one edition: probabilities where there are any, and the T, N, M and stage called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Choice, EditionStaging
from ..staging.choices import least_cost, most_likely
from ..staging.editions import axes_of, stage_of
from ..staging.parameters import StagingParameters

LETTERS = ("t", "n", "m", "stage")


@dataclass(frozen=True)
class Words:
    """T, N, M and stage of one patient; None where it is not told."""

    t: str | None
    n: str | None
    m: str | None
    stage: str | None

    def __str__(self):
        return " ".join(word for word in (self.t, self.n, self.m, self.stage and f"stage {self.stage}") if word)


@dataclass(frozen=True)
class Call:
    """t, n, m, stage: category -> probability, or None where only one answer is given.

    most_likely   the most probable stage with its T, N, M; least_cost: what costs least if it is wrong
    """

    t: dict[str, float] | None
    n: dict[str, float] | None
    m: dict[str, float] | None
    stage: dict[str, float] | None
    most_likely: Words
    least_cost: Words


def call_of_words(words: Words) -> Call:
    """An answer without probabilities."""
    return Call(None, None, None, None, words, words)


def call_of_staging(edition: EditionStaging) -> Call:
    """An answer of the network."""
    return Call(
        dict(edition.t), dict(edition.n), dict(edition.m), dict(edition.stage),
        words_of(edition.most_likely), words_of(edition.least_cost),
    )  # fmt: skip


def call_of_joint(joint: np.ndarray, edition: int, parameters: StagingParameters) -> Call:
    """The answer that a distribution over T, N, M (t, n, m) gives."""
    axes = axes_of(edition, parameters)
    book = axes.book
    t, n, m = (joint.sum(axis=axis) for axis in ((1, 2), (0, 2), (0, 1)))
    tables = zip((book.t_names, book.n_names, book.m_names, book.stage_names), (t, n, m, stage_of(joint, axes)), strict=True)
    return Call(
        *(dict(zip(names, map(float, values), strict=True)) for names, values in tables),
        words_of(most_likely(joint, axes)), words_of(least_cost(joint, axes, parameters)),
    )  # fmt: skip


def words_of(choice: Choice) -> Words:
    """A choice without its probabilities."""
    return Words(choice.t, choice.n, choice.m, choice.stage)
