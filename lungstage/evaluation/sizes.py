"""Comparisons in, how well found lesions are drawn and measured out: Dice, surface distances, size errors, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..records import Spread
from .answers import FoundLesion
from .bootstrap import Cohorts, Score
from .compare import Comparison
from .shapes import Likeness
from .truths import TrueLesion

MEASURES = {
    "longest diameter": ("longest_diameter_mm", "mm"), "solid diameter": ("solid_diameter_mm", "mm"),
    "short axis": ("short_axis_mm", "mm"), "volume": ("volume_ml", "ml"),
}  # fmt: skip
UNTOLD = "malignant or not is not told"
GROUPS = ("malignant", "malignant pulmonary", "malignant node", "malignant elsewhere", "benign", UNTOLD)


@dataclass(frozen=True, eq=False)
class Measured:
    """A true lesion with its candidate."""

    true: TrueLesion
    found: FoundLesion
    likeness: Likeness | None


def score_sizes(compared: list[Comparison], cohorts: Cohorts) -> list[Score]:
    """Everything of lesions that were found; in every group that has some."""
    pairs = [list(measured(one)) for one in compared]
    scores = []
    for group in GROUPS:
        own = [[pair for pair in mine if belongs(pair.true, group)] for mine in pairs]
        scores += shapes(own, cohorts, group)
        for name, (field, unit) in MEASURES.items():
            scores += sizes(own, cohorts, group, name, field, unit)
    for organ in sorted({name for one in compared for name in one.dice}):
        values = [[one.dice[organ]] if organ in one.dice else [] for one in compared]
        scores += cohorts.mean(values, "shapes", "Dice", organ.replace("_", " "))
    return scores


def measured(one: Comparison) -> Iterator[Measured]:
    """Lesions of a patient that have a candidate."""
    for k, lesion in enumerate(one.true):
        if (found := one.partner(k)) is not None:
            yield Measured(lesion, found, one.likeness[k])


def belongs(lesion: TrueLesion, group: str) -> bool:
    """Whether a lesion is of a group of GROUPS."""
    if lesion.malignant is None or group == UNTOLD:
        return lesion.malignant is None and group == UNTOLD
    if lesion.malignant != group.startswith("malignant"):
        return False
    kind = lesion.kind if lesion.kind in ("pulmonary", "node") else "elsewhere"
    return group in ("malignant", "benign") or group.endswith(kind)


def shapes(pairs: list[list[Measured]], cohorts: Cohorts, group: str) -> list[Score]:
    """Dice and surface distances of lesions that both sides have drawn."""
    drawn = [[pair.likeness for pair in own if pair.likeness] for own in pairs]
    scores = cohorts.mean([[one.dice for one in own] for own in drawn], "shapes", "Dice", group)
    scores += cohorts.mean(
        [[one.surface_mean_mm for one in own] for own in drawn], "shapes", "surface distance, mean", group, unit="mm"
    )
    scores += cohorts.mean(
        [[one.surface_p95_mm for one in own] for own in drawn], "shapes", "surface distance, 95 %", group, unit="mm"
    )
    return scores


def sizes(pairs: list[list[Measured]], cohorts: Cohorts, group: str, name: str, field: str, unit: str) -> list[Score]:
    """Error of the median, its size, and how often the truth lies between the 5 % and 95 % quantiles (0.90 is honest)."""
    both = [[(getattr(pair.found, field), getattr(pair.true, field)) for pair in own] for own in pairs]
    both = [[(spread, true) for spread, true in own if true is not None] for own in both]
    errors = [[spread.q50 - true for spread, true in own] for own in both]
    scores = cohorts.mean(errors, "sizes", f"{name}, error", group, unit=unit)
    scores += cohorts.mean(
        [[abs(error) for error in own] for own in errors], "sizes", f"{name}, size of the error", group, unit=unit
    )
    return scores + cohorts.mean([[covers(*pair) for pair in own] for own in both], "sizes", f"{name}, inside 5 to 95 %", group)


def covers(spread: Spread, true: float) -> bool:
    """Whether the truth lies in the stated 90 %."""
    return spread.q05 <= true <= spread.q95
