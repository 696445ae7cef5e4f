"""A result folder of `stage` in, PatientAnswer out: staging.json, and the landmarks and seconds of run.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UnreadableInput
from ..records import Spread
from .calls import LETTERS, Call, Words
from .reading import read_json

SCHEMA = "lungstage/staging/1"
MASKS = ("lesions", "lungs", "anatomy")


@dataclass(frozen=True, eq=False)
class FoundLesion:
    """One candidate as staging.json tells it; label: its value in masks/lesions.nii.gz."""

    id: str
    label: int
    kind: str
    centre_mm: np.ndarray
    side: dict[str, float]
    region: dict[str, float]
    station: dict[str, float] | None
    longest_diameter_mm: Spread
    solid_diameter_mm: Spread
    short_axis_mm: Spread
    volume_ml: Spread
    density: dict[str, float]
    contacts: dict[str, float]
    p_malignant: float


@dataclass(frozen=True, eq=False)
class FoundLandmark:
    """A landmark: LPS mm, its standard deviation in one direction, and whether it was found in the image."""

    point_mm: np.ndarray
    sd_mm: float
    seen: bool


@dataclass(frozen=True, eq=False)
class PatientAnswer:
    """editions: number -> Call, empty with "no_lungs"; seconds: of all stages, None where run.json is not there."""

    name: str
    outcome: str
    lesions: tuple[FoundLesion, ...]
    primary: dict[str, float]
    editions: dict[int, Call]
    coverage: dict[str, float]
    coverage_pet: dict[str, float] | None
    landmarks: dict[str, FoundLandmark]
    seconds: float | None
    masks: dict[str, Path]


def read_answer(folder: Path, name: str) -> PatientAnswer:
    """One patient's answer; UnreadableInput names the file and what is wrong with it."""
    path = folder / "staging.json"
    content = read_json(path, SCHEMA)
    run = read_json(folder / "run.json") if (folder / "run.json").is_file() else {}
    masks = {mask: folder / "masks" / f"{mask}.nii.gz" for mask in MASKS}
    try:
        return PatientAnswer(
            name=name,
            outcome=content["outcome"],
            lesions=tuple(read_lesion(one) for one in content["lesions"]),
            primary=content["primary"],
            editions={int(key): read_call(one) for key, one in content["editions"].items()},
            coverage=content["coverage"],
            coverage_pet=content.get("coverage_pet"),
            landmarks={
                key: FoundLandmark(np.array(one["point_mm"], float), float(one["sd_mm"]), one["seen"])
                for key, one in run.get("landmarks", {}).items()
            },
            seconds=sum(one["seconds"] for one in run["stages"]) if "stages" in run else None,
            masks={mask: file for mask, file in masks.items() if file.is_file()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableInput(f"{path}: {type(error).__name__}: {error}; this is no result of `stage`") from error


def read_lesion(entry: dict) -> FoundLesion:
    """One entry of `lesions`."""
    sizes = {key: Spread(**entry[key]) for key in ("longest_diameter_mm", "solid_diameter_mm", "short_axis_mm", "volume_ml")}
    place = entry["place"]
    return FoundLesion(
        id=entry["id"], label=int(entry["id"][1:]), kind=entry["kind"], centre_mm=np.array(entry["centre_mm"], float),
        side=place["side"], region=place["region"], station=place["station"], **sizes, density=entry["density"],
        contacts={one["structure"]: one["p_invaded"] for one in entry["contacts"]}, p_malignant=float(entry["p_malignant"]),
    )  # fmt: skip


def read_call(entry: dict) -> Call:
    """One edition."""
    choices = [Words(*(entry[name][letter] for letter in LETTERS)) for name in ("most_likely", "least_cost")]
    return Call(*(entry[letter] for letter in LETTERS), *choices)
