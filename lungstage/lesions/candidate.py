"""What a detector hands on: a place where something may be a lesion, with what surely is and what may be part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..geometry import Grid
from ..records.arrays import freeze_on
from ..records.names import KINDS


@dataclass(frozen=True, eq=False)
class Candidate:
    """One suspicion, before its shape is known.

    centre_mm   (x, y, z) LPS
    radius_mm   of a sphere about as large as the lesion, > 0
    p_kind      probabilities of the KINDS it can be, sum 1
    box         Grid with the CT's axes and any spacing: nothing outside it can belong to the lesion
    core        uint8 on box, at least one voxel: surely lesion, and tissue rather than the air of a cavity
    allowed     uint8 on box: may be lesion (for a lung tumour the hull without the airway, for a node what is not lung)
    score       how much it stands out, in the unit of its detector
    found_by    name of the detector
    taken       uint8 on box: belongs to a neighbour as dense as this; or None
    spill       uint8 on box: uptake there is that of another focus; or None
    isolated    its uptake is a small round island (Spot.isolated)
    """

    centre_mm: tuple[float, float, float]
    radius_mm: float
    p_kind: dict[str, float]
    box: Grid
    core: np.ndarray
    allowed: np.ndarray
    score: float
    found_by: str
    taken: np.ndarray | None = None
    spill: np.ndarray | None = None
    isolated: bool = False

    def __post_init__(self):
        freeze_on(self, self.box, "core", "allowed", "taken", "spill")
        object.__setattr__(self, "centre_mm", tuple(float(x) for x in self.centre_mm))
        if not set(self.p_kind) <= set(KINDS) or abs(sum(self.p_kind.values()) - 1) > 1e-6:
            raise ValueError(f"p_kind {self.p_kind} must sum to 1 over names of {KINDS}")
        if not self.radius_mm > 0 or not self.core.any():
            raise ValueError(f"a candidate needs a radius above 0 mm ({self.radius_mm}) and a voxel of core")

    @property
    def kind(self) -> str:
        """The most probable kind."""
        return max(self.p_kind, key=self.p_kind.get)


class Masks(NamedTuple):
    """uint8 (z, y, x) of one grid, as in Candidate; core with at least one voxel."""

    core: np.ndarray
    allowed: np.ndarray
    taken: np.ndarray | None = None
    spill: np.ndarray | None = None


def candidate_from(
    grid: Grid, masks: Masks, p_kind: dict[str, float], score: float, found_by: str, radius_mm: float | None = None
) -> Candidate:
    """The candidate whose core and allowed ground are masks of a whole grid; its box is cut out around the core.

    radius_mm   of a sphere of the lesion's size; None: that of the core's own volume. The lesion may reach twice as far
                beyond the core's bounding box, at least 10 mm
    """
    inside = np.argwhere(masks.core)
    if not len(inside):
        raise ValueError("a candidate needs a voxel of core")
    if radius_mm is None:
        radius_mm = float((750.0 / np.pi * len(inside) * grid.voxel_ml) ** (1 / 3))
    margin = np.ceil(max(10.0, 2 * radius_mm) / np.asarray(grid.spacing_mm))
    low = np.maximum(inside.min(0) - margin, 0).astype(int)
    high = np.minimum(inside.max(0) + margin + 1, grid.shape).astype(int)
    cut = tuple(slice(a, b) for a, b in zip(low, high))
    centre = tuple(grid.to_mm(inside.mean(0)))
    core, allowed, taken, spill = (
        None if mask is None else np.ascontiguousarray(mask[cut] != 0).astype(np.uint8) for mask in masks
    )
    return Candidate(centre, radius_mm, dict(p_kind), grid.box(low, high), core, allowed, score, found_by, taken, spill)
