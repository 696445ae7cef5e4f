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

    lungs     MaskSet with the names "right", "left" and "lung"
    organs    MaskSet with names of priors/atlas/regions.csv
    lesions   MaskSet; a mask may hold several lesions
    """

    lungs: MaskSet | None = None
    organs: MaskSet | None = None
    lesions: MaskSet | None = None


@dataclass(frozen=True, eq=False)
class MarkedRegions:
    """Masks of regions as evidence of where the regions are.

    masks    MaskSet with names of regions
    misses   P(a place of a region lies outside of its mask), as tumours do that a program left out of an organ
    strays   P(a mask holds a place that is not of its region)
    """

    masks: MaskSet
    misses: float
    strays: float

    def weigh(self, probability: np.ndarray, names: tuple[str, ...], points_mm: np.ndarray) -> np.ndarray:
        """P(region | place) after the masks are seen: (n, regions), rows sum to 1.

        probability   (n, regions) before, columns `names`
        points_mm     (n, 3) LPS
        """
        grid = self.masks.grid
        index = np.rint(grid.to_index(points_mm)).astype(int)
        held = np.all((index >= 0) & (index < grid.shape), axis=1)
        labels = self.masks.labels[tuple(index[held].T)]
        likelihood = np.ones((len(self.masks.names) + 1, len(names)), np.float32)
        for label, name in enumerate(self.masks.names, start=1):
            likelihood[label] = self.strays
            if name in names:
                column = names.index(name)
                likelihood[label, column] = 1.0 - self.misses
                likelihood[0, column] = self.misses / (1.0 - self.strays)
        weighed = np.array(probability)
        weighed[held] *= likelihood[labels]
        return weighed / weighed.sum(axis=1, keepdims=True)
