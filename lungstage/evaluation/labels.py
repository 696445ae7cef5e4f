"""NIfTI label volumes in, arrays (z, y, x) on a Grid out, whatever order their files stored; one laid onto another's grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UnreadableInput
from ..geometry import Grid

SAME_PLACE_MM = 0.05
"""Affines are stored as float32 and rounded; grids that differ by less are one."""


@dataclass(frozen=True, eq=False)
class Labels:
    """values: whole numbers (z, y, x), 0 is nothing; axes grow to the patient's left, back and head."""

    values: np.ndarray
    grid: Grid


def read_labels(path: Path) -> Labels:
    """A label volume; UnreadableInput if it is none."""
    import nibabel

    try:
        image = nibabel.as_closest_canonical(nibabel.load(path))
        values = np.asarray(image.dataobj)
    except Exception as error:  # nibabel and gzip have no common error
        raise UnreadableInput(f"{path}: {type(error).__name__}: {error}; this is no NIfTI label volume") from error
    if values.ndim != 3:
        raise UnreadableInput(f"{path}: {values.ndim} dimensions; a label volume has three")
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    first = affine @ [values.shape[0] - 1, values.shape[1] - 1, 0, 1]
    sides = affine[:3, :3] * [-1, -1, 1]
    spacing = np.linalg.norm(sides, axis=0)
    try:
        grid = Grid(values.shape[::-1], tuple(spacing[::-1]), tuple(first[:3]), tuple((sides / spacing).ravel()))
    except ValueError as error:
        raise UnreadableInput(f"{path}: {error}") from error
    if values.dtype.kind not in "iub":
        values = np.rint(values).astype(np.int32)
    return Labels(values[::-1, ::-1].transpose(2, 1, 0), grid)


def on_grid(labels: Labels, grid: Grid) -> np.ndarray:
    """The labels (z, y, x) at the voxel centres of another grid, the nearest voxel's; 0 outside."""
    if labels.grid.shape == grid.shape and same_place(labels.grid, grid):
        return labels.values
    from scipy.ndimage import affine_transform

    start = labels.grid.to_index(grid.to_mm(np.zeros(3)))
    steps = np.array([labels.grid.to_index(grid.to_mm(np.eye(3)[axis])) - start for axis in range(3)]).T
    values = labels.values if labels.values.dtype != bool else labels.values.astype(np.uint8)
    return affine_transform(values, steps, start, grid.shape, order=0, mode="constant", cval=0)


def same_place(one: Grid, other: Grid) -> bool:
    """Whether the corners of two grids of one shape coincide."""
    return bool(np.abs(one.corners_mm() - other.corners_mm()).max() < SAME_PLACE_MM)
