"""What the user asked for beside the folder: which series to use, and values that correct or complete the headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Wishes:
    """Wishes of one reading; None means that the headers decide.

    ct, pet          Series Instance UID (or its unmistakable ending), as `inspect` lists them; pet also a NIfTI, NRRD or
                     MHD file in SUV
    weight_kg, height_cm, dose_mbq, uptake_min   take the place of the tags; uptake is injection to scan, in minutes
    fix_orientation  turn the images where spine, ribs and organs contradict the header, instead of refusing them
    hu_offset        added to every HU, for scans whose rescale was lost
    max_ram_gb       refuse a study that would need more
    lungs, organs, lesions   masks from elsewhere, as `read_masks` reads them: evidence for the stages that ask for them
    """

    ct: str | None = None
    pet: str | Path | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    dose_mbq: float | None = None
    uptake_min: float | None = None
    fix_orientation: bool = False
    hu_offset: float = 0.0
    max_ram_gb: float | None = None
    lungs: str | Path | None = None
    organs: str | Path | None = None
    lesions: str | Path | None = None


def merged(wishes: Wishes | None, **named) -> Wishes:
    """The wishes with those named directly taking precedence; None says nothing. TypeError for a name that is no wish."""
    return replace(wishes or Wishes(), **{name: value for name, value in named.items() if value is not None})


def is_file(wish) -> bool:
    """Whether a wish names a file rather than a series."""
    return wish is not None and Path(wish).is_file()
