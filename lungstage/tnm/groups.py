"""T, N and M in, the stage group out."""

from __future__ import annotations

import numpy as np

from ..tables import Priors
from .editions import LATEST, read_edition


def stage_group(t: str, n: str, m: str, edition: int = LATEST, priors: Priors | None = None) -> str:
    """The stage group of three categories, such as "IIIA"; "undefined" where the edition gives none.

    raises   ImpossibleRequest that lists the allowed ones, for a category the edition does not have (N2 without its letter
             in the 9th)

    >>> stage_group("T2a", "N2a", "M0", edition=9)
    'IIIA'
    """
    book = read_edition(edition, priors)
    place = (book.index_of("T", t), book.index_of("N", n), book.index_of("M", m))
    return book.stage_names[book.stage_table[place]]


def stage_table(edition: int = LATEST, priors: Priors | None = None) -> np.ndarray:
    """int (t, n, m), read-only: index into `stage_names` for each combination, in the order of the names."""
    return read_edition(edition, priors).stage_table
