"""A patient's geometry in, truth masks out: lungs, lobes and lesions on the CT's grid, as NIfTI."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..geometry import Grid
from ..records.names import LOBES
from .anatomy import Anatomy
from .fields import FIELD
from .lesion import Lesion
from .measure import shape_distance
from .paint import LATTICE, index_boxes, paint
from .solids import Solids, ellipsoid, inside
from .truth import hidden_by

RIGHT, LEFT, AIRWAY = 1, 2, 3
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def draw_masks(anatomy: Anatomy, lesions: list[Lesion], grid: Grid) -> dict[str, np.ndarray]:
    """name -> label volume (z, y, x): lungs (1 right, 2 left, 3 airway; without tumours), lobes (1 to 5 in the order of LOBES),
    lesions (the label of the truth; where two overlap, the later one)."""
    labels = lesion_labels(anatomy, lesions, grid)
    tumour = [False, *(lesion.malignant and lesion.kind == "pulmonary" for lesion in lesions)]
    lungs, lobes = np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.uint8)
    box = lung_box(anatomy, grid)
    for side, code in (("right", RIGHT), ("left", LEFT)):
        lungs[box][filled(inside("lung", FIELD[f"lung_{side}"]), anatomy, grid, box)] = code
    for code, lobe in enumerate(LOBES, start=1):
        lobes[box][filled(inside("lung", FIELD[lobe]), anatomy, grid, box)] = code
    lungs[box][np.array(tumour)[labels[box]]] = 0
    for airway in (anatomy.middle.of("airway"), anatomy.lungs.of("airway")):
        own = solids_box(airway, anatomy, grid)
        lungs[own][filled(airway, anatomy, grid, own)] = AIRWAY
    return {"lungs": lungs, "lobes": lobes, "lesions": labels}


def lung_box(anatomy: Anatomy, grid: Grid) -> tuple[slice, slice, slice]:
    """The part of the grid (z, y, x) that holds the lungs."""
    fields = anatomy.fields
    index = np.nonzero(fields.values[FIELD["lungs"]] < fields.step_mm)
    low, high = (fields.origin_mm + fields.step_mm * np.array([end(axis) for axis in index[::-1]]) for end in (np.min, np.max))
    return solids_box(ellipsoid("box", (low + high) / 2, (high - low) / 2, exponent=4.0), anatomy, grid)


def solids_box(solids: Solids, anatomy: Anatomy, grid: Grid) -> tuple[slice, slice, slice]:
    """The part of the grid (z, y, x) that holds the solids."""
    low, high = index_boxes(solids, anatomy.person.pose @ grid.affine_lps, grid.shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(low.min(axis=0)[::-1], high.max(axis=0)[::-1], strict=True))


def filled(solids: Solids, anatomy: Anatomy, grid: Grid, box: tuple[slice, slice, slice]) -> np.ndarray:
    """bool (z, y, x) on a part of the grid: voxels at least half filled by the solids."""
    shape = tuple(part.stop - part.start for part in box)
    if not all(shape):
        return np.zeros(shape, bool)
    part = replace(grid, shape=shape, origin_mm=tuple(grid.to_mm([one.start for one in box])))
    ones = np.tile([1.0, 0, 0, 0], (len(solids), 1))
    flat = np.zeros((LATTICE,) * 3, np.float32)
    return paint(solids, ones, anatomy.fields, part, anatomy.person.pose, 0.0, flat) >= 0.5


def lesion_labels(anatomy: Anatomy, lesions: list[Lesion], grid: Grid) -> np.ndarray:
    """uint16 (z, y, x): k where the centre of a voxel lies in lesion k."""
    labels = np.zeros(grid.shape, np.uint16)
    to_frame = anatomy.person.pose @ grid.affine_lps
    for k, lesion in enumerate(lesions, start=1):
        low, high = index_boxes(lesion.shape, to_frame, grid.shape)
        low, high = low.min(axis=0), high.max(axis=0)
        size = np.maximum(high - low, 0)
        if not size.all():
            continue
        index = np.moveaxis(np.indices(size[::-1]), 0, -1)[..., ::-1] + low  # (z, y, x, 3) of x, y, z
        points = index.reshape(-1, 3) @ to_frame[:3, :3].T + to_frame[:3, 3]
        held = shape_distance(points, lesion.shape, hidden_by(lesion, anatomy), anatomy.fields).reshape(size[::-1]) < 0
        box = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
        labels[box][held] = k
    return labels


def write_masks(folder: Path, masks: dict[str, np.ndarray], grid: Grid) -> None:
    """`folder`/NAME.nii.gz, the same bytes every time."""
    import nibabel

    folder.mkdir(parents=True)
    for name, labels in masks.items():
        image = nibabel.Nifti1Image(labels.transpose(2, 1, 0), LPS_TO_RAS @ grid.affine_lps)
        image.set_sform(image.affine, code=1)
        image.set_qform(image.affine, code=1)
        image.header.set_xyzt_units("mm")
        with open(folder / f"{name}.nii.gz", "wb") as file:
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=1) as packed:
                packed.write(image.to_bytes())
