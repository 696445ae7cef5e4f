"""A patient.toml in, the Facts it states out; an unknown key or an impossible value is named with what is allowed."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ..errors import ImpossibleRequest, UnreadableInput
from ..records import Biopsy, Facts

NUMBERS = {"age": (0, 120), "smoking_pack_years": (0, 300), "weight_kg": (20, 350)}
WORDS = {
    "sex": ("male", "female"),
    "histology": ("adenocarcinoma", "squamous", "small_cell", "large_cell", "carcinoid", "unknown"),
}
SWITCHES = ("cancer_before", "treated")
RESULTS = {
    "brain_mri": ("clear", "metastasis", "indeterminate"),
    "effusion_cytology": ("positive", "negative", "inadequate"),
}
BIOPSY_RESULTS = ("positive", "negative", "inadequate")
POPULATIONS = ("clinic", "surgical", "screening")


def read_facts(path: str | Path, population: str = "clinic") -> Facts:
    """The facts of a TOML file (contract section 5); UnreadableInput or ImpossibleRequest in one line if it cannot be."""
    path = Path(path)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}; --patient names a file such as patient.toml") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImpossibleRequest(f"{path}: {error}; this is not TOML") from error
    return facts_of(entries, str(path), population)


def facts_of(entries: dict, where: str = "patient", population: str = "clinic") -> Facts:
    """The facts of parsed TOML."""
    known = {*NUMBERS, *WORDS, *SWITCHES, *RESULTS, "biopsy"}
    if unknown := sorted(set(entries) - known):
        raise ImpossibleRequest(f"{where}: unknown key {unknown[0]}; known are {', '.join(sorted(known))}")
    if population not in POPULATIONS:
        raise ImpossibleRequest(f"population {population!r} is not one of {', '.join(POPULATIONS)}")
    values: dict = {}
    for key, value in entries.items():
        at = f"{where}: {key}"
        if key in NUMBERS:
            values[key] = number_between(at, value, *NUMBERS[key])
        elif key in WORDS:
            values[key] = one_of(at, value, WORDS[key])
        elif key in SWITCHES:
            values[key] = one_of(at, value, (True, False))
        elif key in RESULTS:
            table(at, value, {"result"})
            values[key] = one_of(f"{at}.result", value.get("result"), RESULTS[key])
        else:
            values["biopsies"] = tuple(biopsy_of(at, entry) for entry in listed(at, value))
    return Facts(**values, population=population)


def biopsy_of(where: str, entry) -> Biopsy:
    """One [[biopsy]]; its site is checked by the staging, which knows the lesions."""
    table(where, entry, {"site", "method", "result"})
    if not isinstance(entry.get("site"), str) or not isinstance(entry.get("method", "biopsy"), str):
        raise ImpossibleRequest(f"{where}: site (a station, a lesion id or an organ) and method are words")
    return Biopsy(entry["site"], entry.get("method", "biopsy"), one_of(f"{where}.result", entry.get("result"), BIOPSY_RESULTS))


def number_between(where: str, value, low: float, high: float) -> float:
    """The value as a number inside its range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ImpossibleRequest(f"{where} = {value!r} is not a number from {low} to {high}")
    return float(value)


def one_of(where: str, value, allowed: tuple):
    """The value if it is allowed."""
    if not any(value is word or (isinstance(value, str) and value == word) for word in allowed):
        shown = ", ".join(str(word).lower() if isinstance(word, bool) else word for word in allowed)
        raise ImpossibleRequest(f"{where} = {value!r} is not one of {shown}")
    return value


def table(where: str, entry, keys: set[str]) -> None:
    """Check that the entry is a table of known keys."""
    if not isinstance(entry, dict):
        raise ImpossibleRequest(f"{where} = {entry!r} is not a table; write [{where.rsplit(': ')[-1]}] and below it result = …")
    if unknown := sorted(set(entry) - keys):
        raise ImpossibleRequest(f"{where}: unknown key {unknown[0]}; known are {', '.join(sorted(keys))}")


def listed(where: str, value) -> list:
    """The value if it is a list of tables."""
    if not isinstance(value, list):
        raise ImpossibleRequest(f"{where} must be written as [[biopsy]], once for each")
    return value
