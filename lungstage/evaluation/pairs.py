"""Two folders in, pairs of truth and answer out: patients by the names of their folders, and those that lack the other half."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import UnreadableInput


@dataclass(frozen=True)
class Pairs:
    """found: (name, truth.json, result folder) by name; without_result, without_truth: names of the rest."""

    found: tuple[tuple[str, Path, Path], ...]
    without_result: tuple[str, ...]
    without_truth: tuple[str, ...]


def pair_patients(truth_dir: Path, result_dir: Path) -> Pairs:
    """The patients of two folders, or of two folders of patients; UnreadableInput where there is no pair at all."""
    truths, results = patients_in(truth_dir, truth_file, "truth.json"), patients_in(result_dir, answer_file, "staging.json")
    if truth_file(truth_dir) and answer_file(result_dir):
        # two single patients are meant for each other, whatever their folders are called
        (name, truth), (_, result) = *truths.items(), *results.items()
        return Pairs(((name, truth, result.parent),), (), ())
    shared = sorted(truths.keys() & results.keys())
    if not shared:
        raise UnreadableInput(
            f"{truth_dir} and {result_dir}: no patient is in both; the first has {some(truths)}, the second {some(results)}"
        )
    return Pairs(
        tuple((name, truths[name], results[name].parent) for name in shared),
        tuple(sorted(truths.keys() - results.keys())),
        tuple(sorted(results.keys() - truths.keys())),
    )


def patients_in(folder: Path, find, what: str) -> dict[str, Path]:
    """Name -> file; the folder may be a patient itself."""
    if not folder.is_dir():
        raise UnreadableInput(f"{folder}: there is no such folder")
    if (own := find(folder)) is not None:
        return {folder.absolute().name: own}
    inside = {one.name: find(one) for one in sorted(folder.iterdir()) if one.is_dir()}
    found = {name: file for name, file in inside.items() if file is not None}
    if not found:
        raise UnreadableInput(f"{folder}: no {what} in it or in the folders one level below")
    return found


def truth_file(folder: Path) -> Path | None:
    """truth/truth.json as the phantom writes it, or truth.json."""
    return next((path for path in (folder / "truth" / "truth.json", folder / "truth.json") if path.is_file()), None)


def answer_file(folder: Path) -> Path | None:
    """staging.json of a result."""
    path = folder / "staging.json"
    return path if path.is_file() else None


def some(names, most: int = 5) -> str:
    """The first few names."""
    names = sorted(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
