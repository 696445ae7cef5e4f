"""A NIfTI or Analyze image in, its affine to RAS out, and what is said where the file contradicts itself or says nothing.

The sform goes before the qform. Sizes of voxels that nothing states are never assumed. Fields: NIfTI-1 standard (nifti1.h).
"""

from __future__ import annotations

import numpy as np

from ..errors import ImpossibleGeometry
from ..records import Note
from .headers import DICOM_TROUBLE

SAME_SIZE = 0.02  # share by which two statements of a voxel's side may differ: rounding, not another size
TROUBLE = (*DICOM_TROUBLE, ArithmeticError)
MM_OF = {"meter": 1000.0, "micron": 0.001}  # of the units of xyzt_units; all others are millimetres


def affine_of(name: str, image) -> tuple[np.ndarray, tuple[Note, ...]]:
    """(4x4 affine to RAS mm, notes) of an image as nibabel opens it.

    name     how messages call the file
    raises   ImpossibleGeometry where the file does not say how large its voxels are, or says it twice and differently
    """
    import nibabel

    if isinstance(image, nibabel.Nifti1Pair):
        affine, notes = affine_of_nifti(name, image)
        affine = np.diag([*[MM_OF.get(image.header.get_xyzt_units()[0], 1.0)] * 3, 1.0]) @ affine
        return affine, notes
    check_sizes(name, image)
    note = Note("orientation_assumed", f"{name}: an Analyze file says nothing of its orientation",
                "its axes are taken as Analyze has them; left and right may be wrong")  # fmt: skip
    return np.array(image.affine, float), (note,)


def check_sizes(name: str, image) -> None:
    """ImpossibleGeometry where pixdim, on which the affine rests, holds no sizes."""
    sides = stated_sides(image)
    if not np.isfinite(sides).all() or not (sides != 0).all():
        raise ImpossibleGeometry(
            f"{name}: its pixdim is {' x '.join(f'{side:g}' for side in sides)}, so nobody knows how large its voxels are; "
            "save it with a true affine"
        )


def stated_sides(image) -> np.ndarray:
    """The sides of a voxel (3) as they stand in the file, before nibabel puts 1 where there is 0."""
    header, files = image.header, image.file_map
    with files.get("header", files["image"]).get_prepare_fileobj() as file:
        written = type(header)(file.read(header.template_dtype.itemsize), header.endianness, check=False)
    return np.array(written["pixdim"][1:4], float)


def affine_of_nifti(name: str, image) -> tuple[np.ndarray, tuple[Note, ...]]:
    """(4x4 affine to RAS, notes): the sform, else the qform, and what is said where the two contradict each other.

    raises   ImpossibleGeometry where they give voxels different sizes, so that nobody knows how large a tumour is
    """
    forms = {"sform": form_of(image.header.get_sform), "qform": form_of(image.header.get_qform)}
    stated = {form: affine for form, affine in forms.items() if affine is not None}
    if forms["sform"] is None:
        check_sizes(name, image)
    usable = {form: affine for form, affine in stated.items() if regular(affine)}
    if not stated:
        note = Note("orientation_assumed", f"{name}: the file says nothing of its orientation (qform and sform are 0)",
                    "its axes are taken as NIfTI assumes them; left and right may be wrong")  # fmt: skip
        return np.array(image.affine, float), (note,)
    if not usable:  # refused by its layout, which says why
        return next(iter(stated.values())), ()
    used, affine = next(iter(usable.items()))
    sizes = {form: np.linalg.norm(one[:3, :3], axis=0) for form, one in usable.items()}
    sizes["pixdim"] = np.array(image.header.get_zooms()[:3], float)
    words = {form: " x ".join(f"{side:.3g}" for side in size) for form, size in sizes.items()}
    if len(usable) == 2 and not np.allclose(sizes["sform"], sizes["qform"], rtol=SAME_SIZE):
        raise ImpossibleGeometry(
            f"{name}: by its sform voxels are {words['sform']} mm, by its qform {words['qform']}; save it with one true affine"
        )
    if len(stated) > len(usable):
        text, effect = f"{name}: one of its sform and qform cannot be true", f"its {used} is used"
        return affine, (Note("affine_contradicted", text, effect),)
    if len(usable) == 2 and (apart := apart_mm(*usable.values(), image.shape)) > sizes[used].min() / 2:
        text = f"{name}: its sform and qform lay the same voxels up to {apart:.0f} mm apart"
        return affine, (Note("affine_contradicted", text, "the sform is used; sides and places rest on it"),)
    if not np.allclose(sizes[used], sizes["pixdim"], rtol=SAME_SIZE):
        text = f"{name}: by its {used} voxels are {words[used]} mm, by its pixdim {words['pixdim']}"
        return affine, (Note("affine_contradicted", text, f"its {used} is used; sizes rest on it"),)
    return affine, ()


def form_of(get) -> np.ndarray | None:
    """The affine of a sform or qform, or None where its code says that there is none, or where it cannot be computed."""
    try:
        affine, code = get(coded=True)
    except TROUBLE:  # a quaternion longer than 1
        return np.full((4, 4), np.nan)
    return np.array(affine, float) if code > 0 and affine is not None else None


def regular(affine: np.ndarray) -> bool:
    """Whether an affine is finite and gives voxels a volume."""
    return bool(np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-9)


def apart_mm(one: np.ndarray, other: np.ndarray, shape) -> float:
    """How far apart two affines lay the corner of a volume for which they differ most."""
    corners = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)], float)
    corners[:, :3] *= np.array(shape[:3]) - 1
    return float(np.linalg.norm(corners @ (one - other).T, axis=1).max())
