"""The lungs and the bones of one study, on the CT's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from .arrays import freeze_on
from .notes import Note

RIGHT, LEFT = 1, 2


@dataclass(frozen=True)
class LungQuality:
    """How good the lungs can be seen.

    covered        share in [0, 1] of the lungs that the field of view holds
    cut            which ends are missing: any of "top", "bottom", "right", "left", "front", "back"
    noise_hu       standard deviation of the noise in soft tissue or fat
    right_ml, left_ml, airway_ml   volumes as segmented
    notes          what is strange
    """

    covered: float
    cut: tuple[str, ...]
    noise_hu: float
    right_ml: float
    left_ml: float
    airway_ml: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class Lungs:
    """The lungs of one study.

    grid      Grid of the CT
    right     uint8 (z, y, x), 1 inside the right lung: with its vessels, without airway and tumour
    left      uint8, the same for the left lung
    airway    uint8, 1 inside trachea and bronchi (lumen)
    hull      uint8, 1 right, 2 left: what the lungs would fill without disease; lung, tumour, collapse and effusion
    body      uint8, 1 inside the patient's skin
    p_thorax  probability in [0, 1] that the scan shows lungs at all; below 0.5 all masks but the body are empty
    """

    grid: Grid
    right: np.ndarray
    left: np.ndarray
    airway: np.ndarray
    hull: np.ndarray
    body: np.ndarray
    p_thorax: float
    quality: LungQuality

    def __post_init__(self):
        freeze_on(self, self.grid, "right", "left", "airway", "hull", "body")

    def __repr__(self):
        q = self.quality
        return f"Lungs(right {q.right_ml / 1000:.1f} l, left {q.left_ml / 1000:.1f} l, p_thorax {self.p_thorax:.2f})"


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The bones of one study.

    labels      uint8 (z, y, x) on the CT's grid, codes of priors/atlas/regions.csv, 0 elsewhere
    p_ribs      probability in [0, 1] that the ribs are counted right; where it is low, labels give them no numbers; 0 where none
                could be followed
    """

    grid: Grid
    labels: np.ndarray
    p_ribs: float = 0.0

    def __post_init__(self):
        freeze_on(self, self.grid, "labels")
