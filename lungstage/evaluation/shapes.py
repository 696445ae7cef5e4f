"""Two masks in, how alike they are out: Dice, and the distances between their surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Likeness:
    """dice in [0, 1]; mean and 95 % quantile of the distances (mm) from each surface to the other, both ways together."""

    dice: float
    surface_mean_mm: float
    surface_p95_mm: float


def compare_masks(one: np.ndarray, other: np.ndarray, spacing_mm) -> Likeness | None:
    """Likeness of two bool masks (z, y, x) on one grid with spacing (z, y, x) mm; None where one is empty."""
    if not (one.any() and other.any()):
        return None
    distances = surface_distances(one, other, spacing_mm)
    return Likeness(dice(one, other), float(distances.mean()), float(np.quantile(distances, 0.95)))


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """2 |A and B| / (|A| + |B|); 1 for two empty masks."""
    total = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / total if total else 1.0


def surface_distances(one: np.ndarray, other: np.ndarray, spacing_mm) -> np.ndarray:
    """Distances (n) in mm of the surface voxels of each mask to the nearest surface voxel of the other, centre to centre."""
    from scipy.ndimage import distance_transform_edt

    low, high = bounds(one | other)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    first, second = surface(one[box]), surface(other[box])
    to_first = distance_transform_edt(~first, sampling=spacing_mm)
    to_second = distance_transform_edt(~second, sampling=spacing_mm)
    return np.concatenate([to_second[first], to_first[second]])


def surface(mask: np.ndarray) -> np.ndarray:
    """bool: voxels of the mask with a face neighbour outside; outside the array is outside."""
    from scipy.ndimage import binary_erosion

    return mask & ~binary_erosion(mask)


def bounds(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First index and one past the last of what is set, (3,) each."""
    spans = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    return np.array([span[0] for span in spans]), np.array([span[-1] + 1 for span in spans])
