"""The rows of priors/study/ in, points and reasons out: which series is used is decided by a table, not by code."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from ..errors import ImpossibleRequest
from ..tables import Priors, read_rows, shipped_priors

COMPARISONS = ("above", "up_to", "is", "any_of", "says")
SHARPNESS = ("soft", "sharp")
PET_WORDS = ("uncorrected", "fdg")  # what a row of pet_words.csv may mean
SERIES_TABLE = "study/series.toml"


@dataclass(frozen=True)
class Rule:
    """One row: `points` where fact compares, or `refuse`, the reason why such a series is never used."""

    id: str
    fact: str
    comparison: str
    operand: object
    points: float
    because: str
    refuse: str | None

    def holds(self, facts: dict[str, object]) -> bool:
        """Whether the row's condition holds; a fact that is not known holds nothing."""
        value = facts.get(self.fact)
        if value is None:
            return False
        if self.comparison == "above":
            return value > self.operand
        if self.comparison == "up_to":
            return value <= self.operand
        if self.comparison == "is":
            return value == self.operand
        if self.comparison == "any_of":
            return value in self.operand
        return any(f" {word.lower()} " in value for word in self.operand)


def spaced(text: str) -> str:
    """Lower case words with single spaces around each, so that `says` finds whole words only."""
    return f" {' '.join(''.join(c if c.isalnum() else ' ' for c in text.lower()).split())} "


@cache
def series_rules(kind: str, priors: Priors | None = None) -> tuple[Rule, ...]:
    """The rows for "ct" or "pet"; ImpossibleRequest naming a row that cannot be."""
    priors = priors or shipped_priors()
    return tuple(rule_of(f"{priors.name}/{SERIES_TABLE}", row) for row in priors.toml(SERIES_TABLE).get(kind, []))


def rule_of(where: str, row: dict) -> Rule:
    """One row, checked."""
    name = row.get("id", "a row without id")
    compared = [word for word in COMPARISONS if word in row]
    allowed = {"id", "fact", "points", "because", "refuse", *COMPARISONS}
    if len(compared) != 1 or not isinstance(row.get("fact"), str) or set(row) - allowed:
        raise ImpossibleRequest(f"{where}: {name} needs id, fact, one of {', '.join(COMPARISONS)}, and points or refuse")
    if ("refuse" in row) == ("points" in row):
        raise ImpossibleRequest(f"{where}: {name} needs either points or refuse")
    operand = row[compared[0]]
    return Rule(
        row["id"], row["fact"], compared[0], tuple(operand) if isinstance(operand, list) else operand,
        float(row.get("points", 0.0)), row.get("because", ""), row.get("refuse"),
    )  # fmt: skip


@cache
def kernel_sharpness(kernel: str, priors: Priors | None = None) -> str:
    """ "soft", "sharp" or "unknown", by priors/study/kernels.csv."""
    name = kernel.upper().strip()
    return next((sharp for pattern, sharp in kernel_patterns(priors) if name and fnmatchcase(name, pattern)), "unknown")


@cache
def kernel_patterns(priors: Priors | None = None) -> tuple[tuple[str, str], ...]:
    """(pattern, "soft" or "sharp") of each row of priors/study/kernels.csv; ImpossibleRequest for another word."""
    priors = priors or shipped_priors()
    rows = read_rows(priors, "study/kernels.csv", ("pattern", "sharpness", "text", "source"))
    for row in rows:
        if row["sharpness"] not in SHARPNESS:
            raise ImpossibleRequest(
                f"{priors.name}/study/kernels.csv: {row['pattern']} is {row['sharpness']!r}, not one of {', '.join(SHARPNESS)}"
            )
    return tuple((row["pattern"], row["sharpness"]) for row in rows)


@dataclass(frozen=True)
class Nuclide:
    """A PET nuclide by its DICOM codes and the words by which headers call it."""

    name: str
    codes: tuple[str, ...]
    words: tuple[str, ...]
    half_life_s: float


@cache
def nuclides(priors: Priors | None = None) -> tuple[Nuclide, ...]:
    """The rows of priors/study/nuclides.csv."""
    priors = priors or shipped_priors()
    columns = ("nuclide", "codes", "words", "half_life_s", "source", "verified")
    return tuple(nuclide_of_row(priors, row) for row in read_rows(priors, "study/nuclides.csv", columns))


def nuclide_of_row(priors: Priors, row: dict[str, str]) -> Nuclide:
    """One row; ImpossibleRequest where its half-life is no time."""
    try:
        half_life_s = float(row["half_life_s"])
    except ValueError:
        half_life_s = 0.0
    if not 0 < half_life_s < float("inf"):
        raise ImpossibleRequest(
            f"{priors.name}/study/nuclides.csv: the half-life of {row['nuclide']} is {row['half_life_s']!r}, not seconds above 0"
        )
    return Nuclide(row["nuclide"], tuple(row["codes"].split()), tuple(row["words"].split()), half_life_s)


@cache
def pet_words(means: str, priors: Priors | None = None) -> tuple[str, ...]:
    """The words of priors/study/pet_words.csv that mean one of PET_WORDS; ImpossibleRequest for a row that is never met."""
    priors = priors or shipped_priors()
    rows = read_rows(priors, "study/pet_words.csv", ("word", "means", "text", "source", "verified"))
    for row in rows:
        where = f"{priors.name}/study/pet_words.csv"
        if row["means"] not in PET_WORDS:
            raise ImpossibleRequest(f"{where}: {row['word']} means {row['means']!r}, not one of {', '.join(PET_WORDS)}")
        plain = spaced(row["word"]).strip() if row["means"] == "uncorrected" else row["word"].lower()
        if not row["word"] or row["word"] != plain:
            raise ImpossibleRequest(f"{where}: {row['word']!r} is never met: small letters and single spaces are compared")
    return tuple(row["word"] for row in rows if row["means"] == means)
