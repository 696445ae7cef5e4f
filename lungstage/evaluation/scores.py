"""Scores: the result of an evaluation, as a record, as JSON, as a table, and saved as a folder with a page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..folders import fresh_folder
from .bootstrap import Score, words_of
from .calibration import ReliabilityBin
from .detection import FrocPoint
from .stages import Confusion

SCHEMA = "lungstage/scores/1"
MARKER = "scores.json"
COLUMNS = ("topic", "name", "group", "method", "value", "low", "high", "patients", "items", "unit")


@dataclass(frozen=True)
class PatientRow:
    """One patient in short: fold, outcome, and for the latest edition what is true, what was called and what that costs."""

    name: str
    fold: int
    outcome: str
    true: str
    called: str
    p_stage: float | None
    cost: float | None
    malignant_lesions: int
    called_malignant: int
    false_positives: int | None


@dataclass(frozen=True)
class SizePair:
    """Longest diameter of a malignant lesion in mm: true, and the quantiles as measured."""

    true: float
    q05: float
    q50: float
    q95: float
    kind: str


@dataclass(frozen=True)
class Missing:
    """Patients that could not be scored: names without the other half, and (name, why) of those that cannot be read."""

    without_result: tuple[str, ...]
    without_truth: tuple[str, ...]
    unusable: tuple[tuple[str, str], ...]

    def lines(self) -> list[str]:
        """One sentence a sort."""
        said = []
        if self.without_result:
            said.append(f"no result for {', '.join(self.without_result)}")
        if self.without_truth:
            said.append(f"no truth for {', '.join(self.without_truth)}")
        return said + [f"{name} cannot be scored: {why}" for name, why in self.unusable]


@dataclass(frozen=True, eq=False)
class Scores:
    """An evaluation.

    table        every number; see Score
    not_scored   sentences: what neither truth nor answer of any patient tells
    reliability  name of a probability -> bins
    """

    patients: tuple[PatientRow, ...]
    missing: Missing
    table: tuple[Score, ...]
    not_scored: tuple[str, ...]
    froc: tuple[FrocPoint, ...]
    reliability: dict[str, tuple[ReliabilityBin, ...]]
    confusion: tuple[Confusion, ...]
    sizes: tuple[SizePair, ...]
    costly: tuple[tuple[str, float], ...]
    provenance: dict[str, str | float]

    def find(self, name: str, group: str = "all", method: str = "lungstage") -> Score:
        """One score by its name; KeyError if it is not there."""
        for score in self.table:
            if (score.name, score.group, score.method) == (name, group, method):
                return score
        raise KeyError(f"{name}, {group}, {method}")

    def lines(self) -> list[str]:
        """The summary for a terminal: T, N, M and stage of the latest edition beside the references, then the lesions."""
        latest = max((one.edition for one in self.confusion), default=None)
        lines = [f"{len(self.patients)} patient{'s' * (len(self.patients) != 1)} scored"]
        for letter in ("T", "N", "M", "stage"):
            group = f"{letter}, {latest}th edition"
            right = [score for score in self.table if (score.name, score.group) == ("right", group)]
            lines += [f"{group:<20} " + "   ".join(f"{score.method} {words_of(score)}" for score in right)] if right else []
        names = {"recall, called malignant", "false positives called malignant", "the true primary is the likeliest one"}
        lines += [f"{one.name}, {one.group}: {words_of(one)} {one.unit}" for one in self.table
                  if one.name in names and one.group in ("all", "all malignant")]  # fmt: skip
        costs = [one for one in self.table if (one.name, one.group) == ("cost, least costly", f"stage, {latest}th edition")]
        return lines + ["cost of the stage    " + "   ".join(f"{one.method} {words_of(one)}" for one in costs)] * bool(costs)

    def as_json(self) -> dict:
        """The content of scores.json."""
        return {"schema": SCHEMA, **asdict(self)}

    def as_csv(self) -> str:
        """The table as CSV, one score a row, numbers to four digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for score in self.table:
            cells = [getattr(score, column) for column in COLUMNS]
            writer.writerow([f"{cell:.4g}" if isinstance(cell, float) else "" if cell is None else cell for cell in cells])
        return text.getvalue()

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write scores.json and scores.html; UnwritableOutput if it cannot be, and then nothing is left behind."""
        from .page import page

        with fresh_folder(folder, MARKER, overwrite) as work:
            content = json.dumps(self.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
            (work / MARKER).write_text(content + "\n", encoding="utf-8")
            (work / "scores.html").write_text(page(self), encoding="utf-8")
        return Path(folder)

    def __repr__(self):
        return f"Scores({len(self.patients)} patients, {len(self.table)} scores)"
