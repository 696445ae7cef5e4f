"""truth.json in, PatientTruth out: whatever part of it is there; what is absent is None and is not scored.

Synthetic patients have all of it. Who has only annotations leaves fields out, and may say two things more: "complete": false,
that there may be more lesions than are listed, so that a candidate elsewhere is not called wrong; and of a lesion "reach_mm",
how far from its centre it is still the same one, where neither volume nor outline is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import ImpossibleRequest, UnreadableInput
from ..records.names import DENSITIES, KINDS, LOBES, ROLES, STATIONS
from ..tnm import EDITIONS, read_edition, stage_group
from .calls import LETTERS, Words
from .reading import read_json

SCHEMA = "lungstage/truth/1"
SIDES = ("right", "left")
MASKS = ("lesions", "lobes", "lungs")


@dataclass(frozen=True)
class TrueLesion:
    """One lesion as it is; None where that is not known. Positions LPS mm; label: its value in masks/lesions.nii.gz."""

    id: str
    label: int
    kind: str | None
    malignant: bool | None
    role: str | None
    density: str | None
    centre_mm: tuple[float, float, float] | None
    longest_diameter_mm: float | None
    solid_diameter_mm: float | None
    short_axis_mm: float | None
    volume_ml: float | None
    reach_mm: float | None
    side: str | None
    lobe: str | None
    station: str | None
    contacts: dict[str, bool]
    suv: float | None


@dataclass(frozen=True)
class PatientTruth:
    """lesions: None where nothing is said of them; complete: every lesion worth a mention is listed.

    editions   number -> Words;  landmarks: name -> LPS mm;  coverage: name -> share in the scan;  masks: name -> file
    """

    name: str
    lesions: tuple[TrueLesion, ...] | None
    complete: bool
    landmarks: dict[str, tuple[float, float, float]]
    editions: dict[int, Words]
    coverage: dict[str, float] | None
    features: tuple[str, ...]
    masks: dict[str, Path]


def read_truth(path: Path, name: str) -> PatientTruth:
    """One patient; UnreadableInput names the file and what is wrong with it."""
    content = read_json(path, SCHEMA)
    lesions = content.get("lesions")
    masks = {mask: path.parent / "masks" / f"{mask}.nii.gz" for mask in MASKS}
    try:
        return PatientTruth(
            name=name,
            lesions=None if lesions is None else tuple(read_lesion(k, one) for k, one in enumerate(lesions, start=1)),
            complete=bool(content.get("complete", True)),
            landmarks={key: point(value, key) for key, value in content.get("landmarks", {}).items()},
            editions={int(key): read_words(int(key), value) for key, value in content.get("editions", {}).items()},
            coverage=content.get("coverage"),
            features=tuple(content.get("features", ())),
            masks={mask: file for mask, file in masks.items() if file.is_file()},
        )
    except (ValueError, TypeError, AttributeError, ImpossibleRequest) as error:
        raise UnreadableInput(f"{path}: {error}") from error


def read_lesion(number: int, entry: dict) -> TrueLesion:
    """One entry of `lesions`."""
    name = str(entry.get("id", f"P{number}"))
    centre = entry.get("centre_mm")
    malignant = entry.get("malignant")
    if malignant not in (True, False, None):
        raise ValueError(f"lesion {name}: malignant = {malignant!r} is not true or false")
    return TrueLesion(
        id=name,
        label=int(entry.get("label", number)),
        kind=one_of(entry, "kind", KINDS, name),
        malignant=malignant,
        role=one_of(entry, "role", ROLES, name),
        density=one_of(entry, "density", DENSITIES, name),
        centre_mm=None if centre is None else point(centre, name),
        **{key: length(entry, key, name) for key in
           ("longest_diameter_mm", "solid_diameter_mm", "short_axis_mm", "volume_ml", "reach_mm", "suv")},
        side=one_of(entry, "side", SIDES, name),
        lobe=one_of(entry, "lobe", LOBES, name),
        station=one_of(entry, "station", STATIONS, name),
        contacts={one["structure"]: bool(one["invaded"]) for one in entry.get("contacts", ())},
    )  # fmt: skip


def one_of(entry: dict, key: str, allowed: tuple[str, ...], name: str) -> str | None:
    """A word of a closed list."""
    value = entry.get(key)
    if value is not None and value not in allowed:
        raise ValueError(f"lesion {name}: {key} {value!r} is not one of {', '.join(allowed)}")
    return value


def length(entry: dict, key: str, name: str) -> float | None:
    """A number from 0 on."""
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        raise ValueError(f"lesion {name}: {key} = {value!r} is not a number from 0 on")
    return float(value)


def point(value, name: str) -> tuple[float, float, float]:
    """Three finite millimetres."""
    numbers = tuple(float(one) for one in value)
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{name}: {value!r} is not a point (x, y, z) in mm")
    return numbers


def read_words(edition: int, entry: dict) -> Words:
    """T, N, M and stage of one edition; the stage follows where only the other three are told."""
    if edition not in EDITIONS:
        raise ValueError(f"edition {edition} is not one of {', '.join(map(str, EDITIONS))}")
    book = read_edition(edition)
    words = {letter: entry.get(letter) for letter in LETTERS}
    for letter, word in words.items():
        if word is not None:
            book.index_of(letter.upper() if letter != "stage" else letter, word)
    if words["stage"] is None and None not in (words["t"], words["n"], words["m"]):
        words["stage"] = stage_group(words["t"], words["n"], words["m"], edition)
    return Words(**words)
