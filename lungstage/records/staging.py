"""The answer: probabilities of T, N, M and stage in three editions, and what they hang on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import frozen
from .notes import Note


@dataclass(frozen=True)
class Choice:
    """A stage with the T N M that goes with it; expected_cost is None for the most likely one."""

    stage: str
    probability: float
    t: str
    n: str
    m: str
    probability_tnm: float
    expected_cost: float | None = None


@dataclass(frozen=True)
class RuleMatch:
    """A row of the edition's tables: P(its condition holds), P(it sets the category), and the lesions behind it."""

    id: str
    text: str
    probability: float
    decides: float
    because: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EditionStaging:
    """One edition. t, n, m, stage: every category listed, each sums to 1. joint: (t, n, m) in the order of the names."""

    edition: int
    t_names: tuple[str, ...]
    n_names: tuple[str, ...]
    m_names: tuple[str, ...]
    joint: np.ndarray
    t: dict[str, float]
    n: dict[str, float]
    m: dict[str, float]
    stage: dict[str, float]
    most_likely: Choice
    least_cost: Choice
    rules: tuple[RuleMatch, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "joint", frozen(np.asarray(self.joint, float)))


@dataclass(frozen=True)
class Effect:
    """The stage in one edition without one lesion or fact."""

    without: str
    edition: int
    stage: dict[str, float]


@dataclass(frozen=True)
class WouldChange:
    """An obtainable fact: one answer, how probable it is, the most likely stage after it, and what knowing it is worth."""

    fact: str
    answer: str
    probability: float
    stage: str
    value: float


@dataclass(frozen=True, eq=False)
class Staging:
    """The answer for one patient.

    primary    lesion id, "none" or "unseen" -> probability
    roles      lesion id -> role -> probability (names.ROLES), each sums to 1
    editions   7, 8, 9 -> EditionStaging
    """

    primary: dict[str, float]
    roles: dict[str, dict[str, float]]
    editions: dict[int, EditionStaging]
    effects: tuple[Effect, ...] = ()
    would_change: tuple[WouldChange, ...] = ()
    notes: tuple[Note, ...] = field(default_factory=tuple)
