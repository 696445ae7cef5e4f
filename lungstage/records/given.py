"""Masks that another program or a physician made, on the CT's own grid: evidence, never an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from .arrays import freeze_on


@dataclass(frozen=True, eq=False)
class MaskSet:
    """Named masks of one source.

    grid     Grid of the CT
    labels   uint16 (z, y, x): k where the mask names[k - 1] is, 0 where none is; where two overlap, the first
    names    how the source calls each, such as "GTV-1" or "lung_upper_lobe_left"
    origin   file or folder they come from
    """

    grid: Grid
    labels: np.ndarray
    names: tuple[str, ...]
    origin: str = ""

    def __post_init__(self):
        freeze_on(self, self.grid, "labels")

    def __getitem__(self, name: str) -> np.ndarray:
        """Bool (z, y, x), where the mask of a name is; KeyError, listing the names, where there is none."""
        if name not in self.names:
            raise KeyError(f"{name} is none of {', '.join(self.names)}")
        return self.labels == self.names.index(name) + 1


@dataclass(frozen=True, eq=False)
class Given:
    """What the user gave beside the images; None where nothing.

    lungs     MaskSet with sides in its names; organs: by their names; lesions: one mask each
    """

    lungs: MaskSet | None = None
    organs: MaskSet | None = None
    lesions: MaskSet | None = None
