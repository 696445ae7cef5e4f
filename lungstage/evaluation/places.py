"""Comparisons in, how well places are told out: landmarks, and side, lobe and station of the lesions that were found."""

from __future__ import annotations

import numpy as np

from .bootstrap import Cohorts, Score
from .compare import Comparison
from .sizes import Measured, measured

PLACES = {"side": "side", "lobe": "region", "station": "station"}
"""What the truth tells of a lesion -> which distribution of the candidate tells it."""


def score_places(compared: list[Comparison], cohorts: Cohorts) -> list[Score]:
    """Landmarks by name and together, then places of lesions."""
    scores = []
    shared = [
        {name: landmark_error(one, name) for name in one.truth.landmarks if name in one.answer.landmarks} for one in compared
    ]
    for name in sorted({name for own in shared for name in own}):
        scores += landmarks([[own[name]] if name in own else [] for own in shared], cohorts, name.replace("_", " "))
    scores += landmarks([[own[name] for name in sorted(own)] for own in shared], cohorts, "all landmarks")
    pairs = [list(measured(one)) for one in compared]
    for place, field in PLACES.items():
        scores += places(pairs, cohorts, place, field)
    return scores


def landmark_error(one: Comparison, name: str) -> tuple[float, float]:
    """Distance in mm, and its square over what the stated spread makes usual (1 is honest)."""
    found = one.answer.landmarks[name]
    square = float(((found.point_mm - np.array(one.truth.landmarks[name])) ** 2).sum())
    return square**0.5, square / (3 * found.sd_mm**2) if found.sd_mm > 0 else np.inf


def landmarks(errors: list[list[tuple[float, float]]], cohorts: Cohorts, group: str) -> list[Score]:
    """Mean error and honesty of the spread of some landmarks."""
    scores = cohorts.mean([[mm for mm, _ in own] for own in errors], "landmarks", "error", group, unit="mm")
    return scores + cohorts.mean(
        [[square for _, square in own] for own in errors], "landmarks", "squared error over stated variance", group, unit=""
    )


def places(pairs: list[list[Measured]], cohorts: Cohorts, place: str, field: str) -> list[Score]:
    """How often the most probable place is the true one, and how probable the true one is held to be."""
    told = [[(getattr(pair.found, field) or {}, getattr(pair.true, place)) for pair in own if getattr(pair.true, place)]
            for own in pairs]  # fmt: skip
    right = [[max(said, key=said.get, default=None) == true for said, true in own] for own in told]
    scores = cohorts.mean(right, "places", f"{place} right", "found lesions")
    return scores + cohorts.mean([[said.get(true, 0.0) for said, true in own] for own in told], "places",
                                 f"probability of the true {place}", "found lesions", unit="")  # fmt: skip
