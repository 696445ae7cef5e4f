"""A patient's geometry in, truth masks out: lungs, lobes and lesions on the CT's grid, as NIfTI."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ..geometry import Grid
from ..records.names import LOBES
from .anatomy import Anatomy
from .fields import FIELD
from .lesion import Lesion
from .measure import shape_distance
from .paint import LATTICE, index_boxes, paint
from .solids import Solids, inside
from .truth import hidden_by

RIGHT, LEFT, AIRWAY = 1, 2, 3
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def draw_masks(anatomy: Anatomy, lesions: list[Lesion], grid: Grid) -> dict[str, np.ndarray]:
    """name -> label volume (z, y, x): lungs (1 right, 2 left, 3 airway; without tumours), lobes (1 to 5 in the order of LOBES),
    lesions (the label of the truth; where two overlap, the later one)."""
    labels = lesion_labels(anatomy, lesions, grid)
    growth = np.isin(labels, [k for k, lesion in enumerate(lesions, start=1) if lesion.malignant and lesion.kind == "pulmonary"])
    lungs = np.zeros(grid.shape, np.uint8)
    lungs[filled(inside("lung", FIELD["lung_right"]), anatomy, grid)] = RIGHT
    lungs[filled(inside("lung", FIELD["lung_left"]), anatomy, grid)] = LEFT
    lobes = np.zeros(grid.shape, np.uint8)
    for code, lobe in enumerate(LOBES, start=1):
        lobes[filled(inside("lung", FIELD[lobe]), anatomy, grid)] = code
    lungs[growth] = 0
    lungs[filled(anatomy.middle.of("airway"), anatomy, grid) | filled(anatomy.lungs.of("airway"), anatomy, grid)] = AIRWAY
    return {"lungs": lungs, "lobes": lobes, "lesions": labels}


def filled(solids: Solids, anatomy: Anatomy, grid: Grid) -> np.ndarray:
    """bool (z, y, x): voxels at least half filled by the solids."""
    ones = np.tile([1.0, 0, 0, 0], (len(solids), 1))
    flat = np.zeros((LATTICE,) * 3, np.float32)
    return paint(solids, ones, anatomy.fields, grid, anatomy.person.pose, 0.0, flat) >= 0.5


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
        image = nibabel.Nifti1Image(np.ascontiguousarray(labels.transpose(2, 1, 0)), LPS_TO_RAS @ grid.affine_lps)
        image.set_sform(image.affine, code=1)
        image.set_qform(image.affine, code=1)
        image.header.set_xyzt_units("mm")
        with open(folder / f"{name}.nii.gz", "wb") as file:
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=1) as packed:
                packed.write(image.to_bytes())
