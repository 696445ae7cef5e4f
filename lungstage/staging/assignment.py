"""Evidence in, Assignments out: every way in which lesions of uncertain kind can be lung, node or organ.

Most lesions are of one kind. A few, such as a mass at the hilum, are not: for these all combinations are listed, and the
answer is the sum over them. Too many of them would be too many combinations; the least doubtful are then taken for what
they most probably are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .evidence import Evidence

MOST_COMBINATIONS = 16
LITTLE = 0.03
"""A lesion with less malignant weight than this outside its main kind is not worth a combination."""


@dataclass(frozen=True, eq=False)
class Assignments:
    """Who is what.

    fixed      (k) column of Evidence.target for lesions of one kind, -1 for the doubtful ones
    doubtful   positions of the doubtful lesions (a)
    columns    (c, a) column of Evidence.target of each doubtful lesion in each combination
    """

    fixed: np.ndarray
    doubtful: np.ndarray
    columns: np.ndarray

    def of_column(self, column: int) -> np.ndarray:
        """Lesions that are surely of this column."""
        return np.flatnonzero(self.fixed == column)


def assign(evidence: Evidence) -> Assignments:
    """All combinations of the kinds of doubtful lesions."""
    fixed = evidence.target.argmax(axis=1) if len(evidence.target) else np.zeros(0, int)
    doubt = np.array([doubt_of(evidence, k) for k in range(len(fixed))])
    chosen: list[int] = []
    combinations = 1
    for k in np.argsort(-doubt, kind="stable"):
        kinds = int((evidence.target[k] > 0).sum())
        if doubt[k] < LITTLE or combinations * kinds > MOST_COMBINATIONS:
            continue
        combinations *= kinds
        chosen.append(int(k))
    chosen.sort()
    fixed[chosen] = -1
    options = [np.flatnonzero(evidence.target[k] > 0) for k in chosen]
    grid = np.stack(np.meshgrid(*options, indexing="ij"), axis=-1).reshape(-1, len(chosen)) if chosen else np.zeros((1, 0), int)
    return Assignments(fixed, np.array(chosen, int), grid)


def doubt_of(evidence: Evidence, k: int) -> float:
    """How much malignant weight a lesion has outside its most probable kind."""
    main = evidence.target[k].argmax()
    outside = float(evidence.target[k] @ evidence.lean[k] - evidence.target[k, main] * evidence.lean[k, main])
    return outside * evidence.bad[k]


def share_of(evidence: Evidence, assignments: Assignments, k: int, column: int) -> float:
    """P(kind) that enters a factor: 1 for a lesion taken for one kind, else its own share."""
    return 1.0 if assignments.fixed[k] == column else float(evidence.target[k, column])
