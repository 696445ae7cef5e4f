"""Scores in, points of small plots out, in the pixels of an SVG whose origin is at the top left.

A plot is a list of plain numbers; the lines and circles around them stand in scores.html.j2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .bootstrap import Score, words_of
from .calibration import ReliabilityBin
from .detection import FrocPoint
from .scores import SizePair

SIDE = 220
"""Width and height of the field of a plot."""
FEWEST, MOST = 0.1, 30.0
"""Ends of the FROC plot's axis of false positives per patient, which is logarithmic."""


@dataclass(frozen=True)
class Dot:
    """A point with the ends of its interval along the upright axis, and what it says."""

    x: float
    y: float
    top: float
    bottom: float
    size: float
    words: str


def reliability_dots(bins: tuple[ReliabilityBin, ...]) -> list[Dot]:
    """Predicted to the right, observed upwards; the more answers the larger."""
    most = max((one.items for one in bins), default=1)
    dots = []
    for one in bins:
        low, high = (one.observed if end is None else end for end in (one.observed_low, one.observed_high))
        words = f"{one.items} answers: {one.predicted:.2f} said, {one.observed:.2f} so"
        size = 2.5 + 4 * math.sqrt(one.items / most)
        dots.append(Dot(SIDE * one.predicted, up(one.observed), up(high), up(low), size, words))
    return dots


def froc_line(curve: tuple[FrocPoint, ...]) -> str:
    """Points of the curve for an SVG polyline, as steps."""
    points, height = [], 0.0
    for one in curve:
        x = froc_x(one.false_positives)
        points += [(x, up(height)), (x, up(one.sensitivity))]
        height = one.sensitivity
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in [*points, (float(SIDE), up(height))])


def froc_x(rate: float) -> float:
    """Where a rate of false positives stands."""
    share = math.log(min(max(rate, FEWEST), MOST) / FEWEST) / math.log(MOST / FEWEST)
    return SIDE * share


def size_dots(pairs: tuple[SizePair, ...]) -> tuple[list[Dot], float]:
    """True size to the right, measured upwards with its 5 to 95 % spread, and the mm at the end of both axes."""
    end = 10.0 * math.ceil(max((max(one.true, one.q95) for one in pairs), default=10.0) / 10)
    scale = 1 / end
    dots = [
        Dot(SIDE * one.true * scale, up(one.q50 * scale), up(one.q95 * scale), up(one.q05 * scale), 3.0,
            f"{one.kind}: {one.true:.0f} mm, measured {one.q50:.0f} ({one.q05:.0f} to {one.q95:.0f})")
        for one in pairs
    ]  # fmt: skip
    return dots, end


@dataclass(frozen=True)
class Bar:
    """A score as a bar: width and ends of its interval in shares of the longest one."""

    name: str
    width: float
    low: float | None
    high: float | None
    words: str


def bars(scores: list[Score]) -> list[Bar]:
    """Scores of one sort side by side, by method."""
    longest = max((score.value if score.high is None else score.high for score in scores), default=0.0) or 1.0
    return [
        Bar(score.method, score.value / longest, *(None if end is None else end / longest for end in (score.low, score.high)),
            words_of(score))
        for score in scores
    ]  # fmt: skip


def up(share: float) -> float:
    """Pixels from the top of the field."""
    return SIDE * (1 - share)
