"""What the scanner meant: images with unit and geometry, and the passport that says how they were made."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..geometry import Grid
from .arrays import freeze_on
from .given import Given
from .notes import Note

UNITS = ("HU", "SUVbw", "SUVrel")


@dataclass(frozen=True, eq=False)
class Volume:
    """An image on its grid.

    values   (z, y, x): int16 in HU, or float32 in SUV; z grows towards the head, y to the back, x to the left, as
             nearly as the scan's axes allow (`read_study` turns axes, never resamples for it)
    unit     "HU", "SUVbw" (body weight) or "SUVrel" (units of the patient's own reference)
    """

    values: np.ndarray
    grid: Grid
    unit: str

    def __post_init__(self):
        if self.unit not in UNITS:
            raise ValueError(f"unit {self.unit!r} is not one of {UNITS}")
        freeze_on(self, self.grid, "values")

    def __repr__(self):
        z, y, x = self.grid.spacing_mm
        return f"Volume({self.unit}, {' x '.join(map(str, self.grid.shape))}, {z:.3g} x {y:.3g} x {x:.3g} mm)"


@dataclass(frozen=True)
class SliceLabel:
    """How the scanner called one slice: its InstanceNumber (or index from 1 without DICOM) and SOP Instance UID."""

    number: int
    sop_instance_uid: str | None = None


@dataclass(frozen=True)
class StoredOrder:
    """How the array of a Volume came from the stored one: stored.transpose(axes), then flipped where `flips` says so."""

    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    def undo(self, values: np.ndarray) -> np.ndarray:
        """The array as the file stored it, from one in the order of `Volume.values`."""
        turned = np.flip(values, [axis for axis, flipped in enumerate(self.flips) if flipped])
        return np.transpose(turned, np.argsort(self.axes))


@dataclass(frozen=True)
class PatientHeader:
    """What the headers say of the patient; None where they are silent. Identity stays here and in report.html alone."""

    patient_id: str | None = None
    age_years: float | None = None
    sex: str | None = None  # "male", "female"
    weight_kg: float | None = None
    height_cm: float | None = None


@dataclass(frozen=True)
class SeriesCard:
    """One series found in the folder, and why it is not in use if it is not."""

    uid: str
    modality: str
    description: str
    kernel: str | None
    slices: int
    spacing_mm: tuple[float, float, float] | None
    tilt_deg: float | None
    chosen: bool
    why_not: str | None = None


@dataclass(frozen=True)
class SuvStep:
    """One step on the way from stored values to SUV, with the tag values it used, as text."""

    what: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageCard:
    """How an image in use was made. trust (PET only): "exact", "assumed" or "relative"; factor: SUV per stored unit."""

    uid: str
    grid: Grid
    unit: str
    trust: str | None = None
    steps: tuple[SuvStep, ...] = ()


@dataclass(frozen=True)
class Passport:
    """What is in there, what is used, what is wrong with it.

    coverage_mm          head-foot extent of CT and of PET
    breathing_shift_mm   how much higher the right dome of the diaphragm lies on PET than on CT; None where it is not seen
    """

    series: tuple[SeriesCard, ...]
    ct: ImageCard | None
    pet: ImageCard | None
    coverage_mm: dict[str, float]
    notes: tuple[Note, ...]
    input_digest: str
    patients: int = 1
    studies: int = 1
    other_files: int = 0
    origin: str = ""
    breathing_shift_mm: float | None = None


@dataclass(frozen=True, eq=False)
class Study:
    """One patient's images, ready to be looked at.

    ct        Volume in HU
    pet       Volume in SUV on its own grid, or None
    outside   uint8 on the CT's grid, 1 where the scanner measured nothing (padding), or None where there is no such place
    slices    one SliceLabel for each index of the CT's first axis, or () where stored slices run along another axis
    stored    how the CT's array came from the stored one; masks are written in that order
    given     masks that the user gave beside the images, on the CT's grid, or None
    """

    ct: Volume
    pet: Volume | None
    passport: Passport
    outside: np.ndarray | None = None
    slices: tuple[SliceLabel, ...] = ()
    stored: StoredOrder = StoredOrder()
    patient: PatientHeader = PatientHeader()
    given: Given | None = None

    def __post_init__(self):
        if self.ct.unit != "HU":
            raise ValueError(f"the CT of a study is in HU, not {self.ct.unit}")
        freeze_on(self, self.ct.grid, "outside")
