"""The codes of priors/atlas/regions.csv that this stage gives."""

from __future__ import annotations

from functools import cache

from ..tables import read_rows, shipped_priors

VERTEBRAE = tuple(f"{part}{k}" for part, count in (("C", 7), ("T", 12), ("L", 5)) for k in range(1, count + 1))
"""Names of the vertebrae from the head down."""


@cache
def code_of(name: str) -> int:
    """The code of a region by its name."""
    rows = read_rows(shipped_priors(), "atlas/regions.csv", ("code", "name", "group", "text"))
    return next(int(row["code"]) for row in rows if row["name"] == name)
