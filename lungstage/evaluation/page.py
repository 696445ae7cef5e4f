"""Scores in, scores.html out: one file that needs no network and no script. What stands where is scores.html.j2."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ..tnm import EDITIONS
from .bootstrap import Score, number, words_of
from .plots import SIDE, bars, froc_line, froc_x, reliability_dots, size_dots
from .scores import Scores
from .stages import METHODS

LATEST = max(EDITIONS)
LETTERS = ("stage", "T", "N", "M")
STAGE_COLUMNS = (
    "right", "probability of the truth", "log loss", "Brier", "calibration error", "cost, most likely", "cost, least costly",
)  # fmt: skip
TICKS = (0.125, 0.5, 2, 8)
TABLES = {
    "answers": "Answers", "detection": "Lesions found and invented", "honesty": "Honesty of p_malignant",
    "shapes": "Shapes", "sizes": "Sizes", "places": "Places of found lesions", "landmarks": "Landmarks",
}  # fmt: skip


@cache
def template():
    """The page's template; every value is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, words=words_of)
    return environment.from_string(files(__package__).joinpath("scores.html.j2").read_text(encoding="utf-8"))


def page(scores: Scores) -> str:
    """The whole page."""
    dots, end_mm = size_dots(scores.sizes)
    return template().render(
        scores=scores,
        editions=[(edition, stage_rows(scores, edition)) for edition in sorted(EDITIONS, reverse=True)],
        columns=STAGE_COLUMNS,
        cost_bars=[(letter, bars(picked(scores, "cost, least costly", letter))) for letter in LETTERS],
        reliability=[(name, reliability_dots(bins)) for name, bins in scores.reliability.items() if bins],
        froc=froc_line(scores.froc) if scores.froc else "",
        ticks=[(f"{rate:g}", froc_x(rate)) for rate in TICKS],
        size_dots=dots,
        size_end_mm=end_mm,
        tables=[(title, rows) for topic, title in TABLES.items() if (rows := rows_of(scores, topic))],
        side=SIDE,
        latest=LATEST,
    )


def picked(scores: Scores, name: str, letter: str) -> list[Score]:
    """One score of the latest edition, method by method."""
    group = f"{letter}, {LATEST}th edition"
    return [score for score in scores.table if (score.name, score.group) == (name, group)]


def stage_rows(scores: Scores, edition: int) -> list[tuple[str, str, list[Score | None]]]:
    """Letter, method, and a cell for each of STAGE_COLUMNS."""
    known = {(s.group, s.method, s.name): s for s in scores.table if s.topic == "stages"}
    rows = []
    for letter in LETTERS:
        for method in METHODS:
            cells = [known.get((f"{letter}, {edition}th edition", method, column)) for column in STAGE_COLUMNS]
            if any(cells):
                rows.append((letter, method, cells))
    return rows


def rows_of(scores: Scores, topic: str) -> list[Score]:
    """Everything of one topic, in the order of the table."""
    return [score for score in scores.table if score.topic == topic]
