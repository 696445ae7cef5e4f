"""The lungs and the bones of one study, on the CT's own grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..geometry import Grid
from .arrays import freeze_on, frozen
from .notes import Note

RIGHT, LEFT = 1, 2
RIBS, VERTEBRAE = 12, 24
"""Of a side; from C1 to L5."""


@dataclass(frozen=True)
class LungQuality:
    """How good the lungs can be seen.

    covered        share in [0, 1] of the lungs that the field of view holds
    cut            which ends are missing: any of "top", "bottom", "right", "left", "front", "back"
    noise_hu       standard deviation of the noise in soft tissue or fat
    right_ml, left_ml, airway_ml   volumes as segmented
    notes          what is strange
    heart_motion_mm   how far the heart's left border moved while it was scanned, mm; None where too little of it is seen
    doubled_share     share in [0, 1] of the lungs' base that is met twice, one above the other: 0 where the breath was held
    """

    covered: float
    cut: tuple[str, ...]
    noise_hu: float
    right_ml: float
    left_ml: float
    airway_ml: float
    notes: tuple[Note, ...] = ()
    heart_motion_mm: float | None = None
    doubled_share: float = 0.0


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
    p_rib       float (2, 12), probability in [0, 1] that the number of a right (first row) or left rib 1 to 12 is right; where it
                is low, labels give it none, and 0 stands here
    p_vertebra  float (24), the same of C1 to L5
    """

    grid: Grid
    labels: np.ndarray
    p_rib: np.ndarray = field(default_factory=lambda: np.zeros((2, RIBS)))
    p_vertebra: np.ndarray = field(default_factory=lambda: np.zeros(VERTEBRAE))

    @property
    def p_ribs(self) -> float:
        """Median probability of the ribs that have a number, 0 where none has."""
        return float(np.median(self.p_rib[self.p_rib > 0])) if (self.p_rib > 0).any() else 0.0

    def __post_init__(self):
        freeze_on(self, self.grid, "labels")
        for name, shape in (("p_rib", (2, RIBS)), ("p_vertebra", (VERTEBRAE,))):
            if np.shape(getattr(self, name)) != shape:
                raise ValueError(f"Skeleton.{name} has shape {np.shape(getattr(self, name))}, not {shape}")
            object.__setattr__(self, name, frozen(getattr(self, name)))
