"""A priors folder in, nothing out: the tables of the reader are read as they will be, and what is wrong with one is said."""

from __future__ import annotations

from ..tables import Priors
from .names import MEANINGS, name_words, organ_names
from .rules import PET_WORDS, kernel_patterns, nuclides, pet_words, series_rules


def check_tables(priors: Priors) -> None:
    """Read every table of names, kernels, nuclides, words and series; ImpossibleRequest naming the row that cannot be."""
    for kind in MEANINGS:
        name_words(kind, priors)
    for kind in ("ct", "pet"):
        series_rules(kind, priors)
    organ_names(priors)
    kernel_patterns(priors)
    nuclides(priors)
    for means in PET_WORDS:
        pet_words(means, priors)
