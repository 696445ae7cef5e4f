"""A Report in, masks out: NIfTI label volumes on the CT's own grid, in the order its files stored it."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ..geometry import Grid
from ..records import Lesion, StoredOrder
from ..records.names import LOBES
from ..tables import Priors, read_rows

RIGHT, LEFT, AIRWAY = 1, 2, 3
REGION_COLUMNS = ("code", "name", "group", "text")
MAP_STEP_MM = 4.0
"""Regions are smooth; their map is made on blocks of about this size and shown on the full grid."""


def write_masks(report, folder: Path) -> None:
    """lungs, hull, lesions and anatomy (contract section 2) into `folder`."""
    folder.mkdir()
    grid, stored = report.study.ct.grid, report.study.stored
    write_nifti(lung_labels(report.lungs), grid, stored, folder / "lungs.nii.gz")
    write_nifti(report.lungs.hull, grid, stored, folder / "hull.nii.gz")
    write_nifti(lesion_labels(report), grid, stored, folder / "lesions.nii.gz")
    write_nifti(anatomy_labels(report), grid, stored, folder / "anatomy.nii.gz")


def lung_labels(lungs) -> np.ndarray:
    """uint8 (z, y, x): 1 right, 2 left, 3 airway."""
    labels = np.zeros(lungs.grid.shape, np.uint8)
    labels[lungs.right > 0] = RIGHT
    labels[lungs.left > 0] = LEFT
    labels[lungs.airway > 0] = AIRWAY
    return labels


def lesion_labels(report) -> np.ndarray:
    """uint16 (z, y, x): k where lesion Lk is; where two overlap, the more suspicious."""
    grid = report.study.ct.grid
    labels = np.zeros(grid.shape, np.uint16)
    for lesion in sorted(report.lesions, key=lambda one: one.p_malignant):
        low, mask = median_shape(lesion, grid)
        box = tuple(slice(start, start + size) for start, size in zip(low, mask.shape, strict=True))
        labels[box][mask] = int(lesion.id[1:])
    return labels


def median_shape(lesion: Lesion, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """The lesion's shape on the CT's grid: first index (3,), and bool mask of the box that starts there."""
    box = lesion.samples.box
    corners = grid.to_index(box.corners_mm())
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, grid.shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, grid.shape)
    index = np.moveaxis(np.indices(np.maximum(high - low, 0)), 0, -1) + low
    inside = np.rint(box.to_index(grid.to_mm(index))).astype(int)
    held = np.all((inside >= 0) & (inside < box.shape), axis=-1)
    probability = lesion.samples.probability()
    mask = np.zeros(held.shape, bool)
    mask[held] = probability[tuple(inside[held].T)] >= 0.5
    return low, mask


def anatomy_labels(report) -> np.ndarray:
    """uint8 (z, y, x): codes of regions.csv; lobes, airway and bones from their masks, the rest where it most probably is."""
    from scipy.ndimage import binary_dilation

    lungs, anatomy = report.lungs, report.anatomy
    if anatomy is None:
        return np.zeros(lungs.grid.shape, np.uint8)
    codes = region_codes(report.priors)
    coarse = working_grid(lungs.grid)
    index = np.moveaxis(np.indices(coarse.shape), 0, -1).reshape(-1, 3)
    fine = np.rint(lungs.grid.to_index(coarse.to_mm(index))).astype(int).clip(0, np.array(lungs.grid.shape) - 1)
    body, hull = (mask[tuple(fine.T)] > 0 for mask in (lungs.body, lungs.hull))
    # blocks beside the hull need a lobe too: their voxels may lie in it
    hull = binary_dilation(hull.reshape(coarse.shape), iterations=2).ravel()
    body |= hull
    lobe_codes = np.array([codes[name] for name in LOBES], np.uint8)
    own_codes = np.array([codes[name] for name in anatomy.region_names], np.uint8)
    right, left, regions = (np.zeros(len(index), np.uint8) for _ in range(3))
    probability = in_batches(anatomy.lobe_probability, coarse.to_mm(index[hull]))
    # a lobe cannot be where the other side's hull is, so sides come from the hull, not from the map
    right[hull] = lobe_codes[:3][probability[:, :3].argmax(axis=1)]
    left[hull] = lobe_codes[3:][probability[:, 3:].argmax(axis=1)]
    soft = body
    regions[soft] = own_codes[in_batches(anatomy.region_probability, coarse.to_mm(index[soft])).argmax(axis=1)]
    right, left, regions = (map_.reshape(coarse.shape) for map_ in (right, left, regions))
    outside_lung = ~np.isin(regions, lobe_codes)
    labels = np.zeros(lungs.grid.shape, np.uint8)
    nearest = [np.minimum(np.arange(n) * m // n, m - 1) for n, m in zip(lungs.grid.shape, coarse.shape, strict=True)]
    for z in range(lungs.grid.shape[0]):
        plane = np.ix_(nearest[1], nearest[2])
        body, hull = lungs.body[z] > 0, lungs.hull[z]
        here = labels[z]
        shown = body & outside_lung[nearest[0][z]][plane] & (hull == 0)
        here[shown] = regions[nearest[0][z]][plane][shown]
        for side, lobes in ((RIGHT, right), (LEFT, left)):
            shown = hull == side
            here[shown] = lobes[nearest[0][z]][plane][shown]
        here[lungs.airway[z] > 0] = codes["airway"]
    bone = report.skeleton.labels > 0
    labels[bone] = report.skeleton.labels[bone]
    return labels


def working_grid(grid: Grid) -> Grid:
    """About MAP_STEP_MM, covering the whole of `grid`."""
    shape = [max(1, round(n * step / MAP_STEP_MM)) for n, step in zip(grid.shape, grid.spacing_mm, strict=True)]
    spacing = [n * step / m for n, step, m in zip(grid.shape, grid.spacing_mm, shape, strict=True)]
    first = [(wide / step - 1) / 2 for wide, step in zip(spacing, grid.spacing_mm, strict=True)]
    return Grid(tuple(shape), tuple(spacing), tuple(grid.to_mm(first)), grid.direction)


def in_batches(function, points: np.ndarray, size: int = 100_000) -> np.ndarray:
    """function(points) without all of its temporary memory at once."""
    if not len(points):
        return function(np.zeros((1, 3)))[:0]
    return np.concatenate([function(points[start : start + size]) for start in range(0, len(points), size)])


def region_codes(priors: Priors) -> dict[str, int]:
    """Name to code."""
    return {row["name"]: int(row["code"]) for row in read_rows(priors, "atlas/regions.csv", REGION_COLUMNS)}


def stored_affine_ras(grid: Grid, stored: StoredOrder) -> np.ndarray:
    """4x4 from the index (i, j, k) of the array as NIfTI holds it (fastest axis first) to RAS mm."""
    shape = np.array(grid.shape)
    sides = np.empty((3, 3))
    first = np.zeros(3)
    for turned, (axis, flipped) in enumerate(zip(stored.axes, stored.flips, strict=True)):
        step = np.zeros(3)
        step[turned] = -1.0 if flipped else 1.0
        sides[axis] = grid.to_mm(step) - grid.to_mm(np.zeros(3))
        first[turned] = shape[turned] - 1 if flipped else 0
    affine = np.eye(4)
    affine[:3, :3] = sides[::-1].T
    affine[:3, 3] = grid.to_mm(first)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def write_nifti(labels: np.ndarray, grid: Grid, stored: StoredOrder, path: Path) -> None:
    """One label volume, gzip without name and time so that equal labels are equal bytes."""
    import nibabel

    affine = stored_affine_ras(grid, stored)
    image = nibabel.Nifti1Image(np.ascontiguousarray(stored.undo(labels)).transpose(2, 1, 0), affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=3) as packed:
        packed.write(image.to_bytes())
