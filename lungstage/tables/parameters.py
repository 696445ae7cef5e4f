"""One TOML file of priors in, one frozen record of numbers out, checked.

Each entry is a table with `value`, `unit`, `range`, `meaning`, `source` and, for numbers no source was read for,
`verified = false`. The record has one field for each entry; a list in the file is a tuple in the record.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from functools import cache
from typing import TypeVar

from ..errors import ImpossibleRequest
from .priors import Priors

Record = TypeVar("Record")
ENTRY_KEYS = {"value", "unit", "range", "meaning", "source", "verified"}
NEEDED_KEYS = ENTRY_KEYS - {"verified", "range"}


@cache
def read_parameters(priors: Priors, path: str, record: type[Record]) -> Record:
    """Fill `record`, a frozen dataclass, from the file `path` of `priors`.

    Raises ImpossibleRequest, naming file and key, for an unknown, missing, unsourced or out-of-range number.
    """
    entries = priors.toml(path)
    where = f"{priors.name}/{path}"
    names = {field.name for field in fields(record) if field.init}
    optional = {field.name for field in fields(record) if field.default is not MISSING or field.default_factory is not MISSING}
    if unknown := sorted(set(entries) - names):
        raise ImpossibleRequest(f"{where}: unknown key {unknown[0]}; known are {', '.join(sorted(names))}")
    if missing := sorted(names - set(entries) - optional):
        raise ImpossibleRequest(f"{where}: {missing[0]} is missing")
    sources = priors.sources()
    return record(**{key: checked_value(f"{where}: {key}", entry, sources) for key, entry in entries.items()})


def checked_value(where: str, entry: dict, sources: frozenset[str]):
    """The value of one entry, or ImpossibleRequest that says what is wrong with it."""
    if not isinstance(entry, dict) or not NEEDED_KEYS <= set(entry) <= ENTRY_KEYS:
        raise ImpossibleRequest(f"{where} must be a table with {', '.join(sorted(NEEDED_KEYS))}, and range for numbers")
    value = entry["value"]
    if isinstance(value, str | bool):
        return value
    numbers = value if isinstance(value, list) else [value]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ImpossibleRequest(f"{where} = {value} is not a finite number or a list of them")
    if "range" not in entry:
        raise ImpossibleRequest(f"{where} has no range")
    low, high = entry["range"]
    for number in numbers:
        if not low <= number <= high:
            raise ImpossibleRequest(f"{where} = {number} is outside [{low}, {high}]; it is: {entry['meaning']}")
    if entry["source"] not in sources:
        raise ImpossibleRequest(f"{where}: source {entry['source']} is not in sources.bib")
    return tuple(value) if isinstance(value, list) else value
