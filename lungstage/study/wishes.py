"""What the user asked for beside the folder: which series to use, and values that correct or complete the headers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ImpossibleRequest

LARGEST_OFFSET_HU = 10000.0  # more than any scale of 16 bits is off by


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

    def __post_init__(self):
        for name in ("ct", "pet", "lungs", "organs", "lesions"):
            if getattr(self, name) is not None and not str(getattr(self, name)).strip():
                raise ImpossibleRequest(f"--{name} is empty; leave it out, or say what to use")
        for name in ("weight_kg", "height_cm", "dose_mbq", "uptake_min", "max_ram_gb"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ImpossibleRequest(f"--{name.replace('_', '-')} {value}: a number above 0 is needed")
        if not abs(self.hu_offset) <= LARGEST_OFFSET_HU:
            raise ImpossibleRequest(
                f"--hu-offset {self.hu_offset:g}: it lies between -{LARGEST_OFFSET_HU:g} and {LARGEST_OFFSET_HU:g} HU; a lost "
                "rescale is most often mended by -1024"
            )


def merged(wishes: Wishes | None, **named) -> Wishes:
    """The wishes with those named directly taking precedence; None says nothing. TypeError for a name that is no wish."""
    return replace(wishes or Wishes(), **{name: value for name, value in named.items() if value is not None})


def is_file(wish) -> bool:
    """Whether a wish names a file rather than a series."""
    return wish is not None and Path(wish).is_file()
