"""A name out of priors/phantom/cases.csv in, the plan of that patient out: the hand-written cases that staging is taught with.

A case says what is in the patient; its T, N, M were written by hand and are for tests alone: the truth derives its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import ImpossibleRequest
from ..tables import read_rows, shipped_priors
from .wishes import Plan

PATH = "phantom/cases.csv"
COLUMNS = (
    "case", "what", "side", "lobe", "density", "size", "solid", "features", "stations", "metastases", "coverage", "also",
    "t7", "n7", "m7", "stage7", "t8", "n8", "m8", "stage8", "t9", "n9", "m9", "stage9", "source", "verified",
)  # fmt: skip
BORDERS_MM = (10.0, 20.0, 30.0, 40.0, 50.0, 70.0)
"""Where T changes with size in one edition or another; a tumour of that size is the largest of its class."""
BELOW_MM, AROUND_MM = 0.7, 0.45
"""How far a measured size may lie below a border, and from any other size."""
PLAIN_STATIONS = {"3aR": "3a", "3aL": "3a", "8R": "8", "8L": "8", "13R": "12R", "14R": "12R", "13L": "12L", "14L": "12L"}
"""Stations a patient is drawn with by a plainer name (12 stands for 12 to 14, 3a and 8 carry no side)."""


@dataclass(frozen=True)
class NamedCase:
    """One hand-written case.

    what      in words
    plan      what is drawn
    coverage  "thorax" or "body": what it takes to see it
    also      a harmless finding (of findings.csv) that belongs to it, or None
    labels    edition -> (T, N, M, stage) as written by hand
    """

    name: str
    what: str
    plan: Plan
    coverage: str
    also: str | None
    labels: dict[int, tuple[str, str, str, str]]


@cache
def named_cases() -> dict[str, NamedCase]:
    """All cases by name."""
    return {row["case"]: read_case(row) for row in read_rows(shipped_priors(), PATH, COLUMNS)}


def named_case(name: str) -> NamedCase:
    """One case; ImpossibleRequest lists the names there are."""
    cases = named_cases()
    if name not in cases:
        raise ImpossibleRequest(f"no case is named {name!r}; there are {', '.join(cases)}")
    return cases[name]


def read_case(row: dict[str, str]) -> NamedCase:
    """A case from its row."""
    features = tuple(row["features"].split())
    primary = {
        "primary": f"case {row['case']}",
        "density": row["density"],
        "feature": features[0] if features else "",
        "weight": 0.0,
    }
    for name, column in (("", "size"), ("solid_", "solid")):
        low, high = around(float(row[column])) if row[column] else (float("nan"),) * 2
        primary |= {f"{name}low": low, f"{name}high": high}
    stations = dict.fromkeys(PLAIN_STATIONS.get(one, one) for one in row["stations"].split())
    metastases = {site: int(count) for site, count in (one.split(":") for one in row["metastases"].split())}
    plan = Plan(primary, row["lobe"], row["side"], tuple(stations), metastases, features)
    labels = {edition: tuple(row[f"{word}{edition}"] for word in ("t", "n", "m", "stage")) for edition in (7, 8, 9)}
    return NamedCase(row["case"], row["what"], plan, row["coverage"], row["also"] or None, labels)


def around(size_mm: float) -> tuple[float, float]:
    """The smallest and largest size that a reader would call so, without crossing a border of T."""
    if size_mm == 0:
        return 0.0, 0.0
    if size_mm in BORDERS_MM:
        return size_mm - BELOW_MM, size_mm - 0.02
    low = max([border + 0.05 for border in BORDERS_MM if border < size_mm], default=0.0)
    return max(size_mm - AROUND_MM, low), size_mm + AROUND_MM
