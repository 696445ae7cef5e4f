"""The anatomy asked at points of a coarse lattice, and what it says spread over a finer grid.

Regions change over centimetres, so their mixture is asked every `lattice_mm` and interpolated; a volume of probabilities is
never made, only the two fields of moments that come of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..geometry import Grid
from ..records import Anatomy

NO_SOFT_TISSUE = ("right_upper_lobe", "right_middle_lobe", "right_lower_lobe", "left_upper_lobe", "left_lower_lobe", "airway")
BONES = (
    "vertebra", "sacrum", "skull", "bone", "sternum", "clavicle", "scapula", "humerus", "pelvis", "femur", "rib",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lattice:
    """Region probabilities at every `steps`-th voxel of a grid.

    grid            the fine Grid;  steps (z, y, x) in its voxels;  shape (z, y, x) of the lattice
    probabilities   (points, regions), columns `names`, rows sum to 1
    """

    grid: Grid
    steps: tuple[int, int, int]
    shape: tuple[int, int, int]
    probabilities: np.ndarray
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.probabilities)

    def points_mm(self) -> np.ndarray:
        """Where the points lie, LPS (points, 3)."""
        index = np.stack(np.meshgrid(*(np.arange(n) * s for n, s in zip(self.shape, self.steps)), indexing="ij"), axis=-1)
        return self.grid.to_mm(index.reshape(-1, 3))

    def soft(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Probabilities among soft regions alone, (points, regions), and their names; lung and bone are told by masks."""
        kept = [k for k, name in enumerate(self.names) if is_soft(name)]
        shares = self.probabilities[:, kept] + 1e-9
        return shares / shares.sum(1, keepdims=True), tuple(self.names[k] for k in kept)

    def spread_out(self, values: np.ndarray) -> np.ndarray:
        """Values (points) at the lattice interpolated to the whole grid, float32 (z, y, x)."""
        field = np.asarray(values, np.float32).reshape(self.shape)
        for axis in (2, 1, 0):  # the slices last, for whole slices are added fastest
            field = stretched(field, axis, self.steps[axis], self.grid.shape[axis])
        return field

    def at_lattice(self, volume: np.ndarray) -> np.ndarray:
        """A volume of the grid read at the points of the lattice, (points)."""
        index = [np.minimum(np.arange(n) * s, count - 1) for n, s, count in zip(self.shape, self.steps, self.grid.shape)]
        return volume[np.ix_(*index)].ravel()


def is_soft(region: str) -> bool:
    """Whether a region is neither lung, airway nor bone."""
    return region not in NO_SOFT_TISSUE and region.split("_")[0] not in BONES or region == "pelvis_organs"


def ask_lattice(grid: Grid, anatomy: Anatomy, lattice_mm: float) -> Lattice:
    """Region probabilities about every `lattice_mm` of a grid."""
    steps = tuple(max(1, round(lattice_mm / side)) for side in grid.spacing_mm)
    shape = tuple(-(-(count - 1) // step) + 1 for count, step in zip(grid.shape, steps))
    empty = Lattice(grid, steps, shape, np.empty((0, 0)), tuple(anatomy.region_names))
    return replace(empty, probabilities=anatomy.region_probability(empty.points_mm()))


def stretched(field: np.ndarray, axis: int, step: int, count: int) -> np.ndarray:
    """Linear interpolation along one axis from every `step`-th to each of `count` places."""
    place = np.arange(count) / step
    low = np.minimum(place.astype(int), field.shape[axis] - 1)
    high = np.minimum(low + 1, field.shape[axis] - 1)
    weight = (place - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
    return field.take(low, axis) * (1 - weight) + field.take(high, axis) * weight


def mixture(shares: np.ndarray, means: np.ndarray, spreads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (points) of mixtures: shares (points, kinds), means and spreads (kinds)."""
    means, spreads = np.asarray(means, float), np.asarray(spreads, float)
    mean = shares @ means
    return mean, np.maximum(shares @ (spreads**2 + means**2) - mean**2, 0.0)
