"""A NIfTI, NRRD or MetaImage file in, an image out: int16 HU, or float32 SUV, in the house's axes.

The affine is read by us: rounding is straightened, shear is shifted away slice by slice, what is singular is refused. NaN
counts as not measured. DICOM knows more; these files come without names, tags and dates.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ImpossibleGeometry, UnreadableInput
from ..records import Note, SliceLabel
from .headers import quietly
from .images import Image, check_memory, shifted
from .inventory import reason
from .layout import FARTHEST_MM, Layout, tilt_note, widened
from .metaimage import check_header
from .nifti import TROUBLE, affine_of
from .nrrd import check_nrrd
from .parameters import StudyParameters
from .sources import Source
from .turn import empty_turned, stored_order, turned_grid

LABEL_VALUES = 64
HEADER_BYTES = 1 << 16  # in which the header of a volume names its other files
NRRD_ENDINGS = (".nrrd", ".nhdr")
STRAIGHT_DEG = 1.0
HEADERS_APART = (".mhd", ".nhdr", ".hdr")  # whose voxels lie in files of their own
PAIRED_ENDINGS = (".img", ".mat")  # of the files that belong to a header called .hdr


@dataclass(frozen=True, eq=False)
class VolumeFile:
    """A volume as its file holds it.

    stored   (slice, row, column), the file's own numbers
    slope, intercept   that make HU or SUV of them
    affine   4x4: (column, row, slice, 1) to LPS mm
    """

    source: Source
    stored: np.ndarray
    slope: float
    intercept: float
    affine: np.ndarray
    notes: tuple[Note, ...] = ()


def open_volume(source: Source, max_ram_gb: float | None = None) -> VolumeFile:
    """The file's array and affine; UnreadableInput, in one line, where it holds no single volume of numbers."""
    with quietly(), on_disk(source) as path:
        try:
            if source.name.lower().endswith((".nii", ".nii.gz", ".hdr")):
                return open_nifti(source, path, max_ram_gb)
            return open_with_itk(source, path, max_ram_gb)
        except TROUBLE as error:
            said = reason(error).replace(f"{Path(path).parent}/", "")
            raise UnreadableInput(f"{source.name}: this file cannot be read ({said}); save or copy it again") from error


@contextmanager
def on_disk(source: Source) -> Iterator[str]:
    """The path of a source for libraries that read only paths; members of a zip are unpacked for as long as it is used."""
    if source.archive is None:
        yield source.path
        return
    with tempfile.TemporaryDirectory() as folder:
        for member in (source.path, *belonging(source)):
            place = Path(folder) / member
            place.parent.mkdir(parents=True, exist_ok=True)
            with source.archive.open(member) as packed, open(place, "wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
        yield str(Path(folder) / source.path)


def belonging(source: Source) -> list[str]:
    """The members of a zip in which the voxels of a header lie: those below its folder that it names, or all if by a pattern."""
    if not source.name.lower().endswith(HEADERS_APART):
        return []
    said, stem = source.read()[:HEADER_BYTES], source.path.rpartition(".")[0]
    folder = stem.rpartition("/")[0]
    beside = [
        name for name in source.archive.namelist()
        if name != source.path and not name.endswith("/") and name.startswith(f"{folder}/" if folder else "") and inside(name)
    ]  # fmt: skip
    if source.name.lower().endswith(".hdr"):
        return [name for name in beside if name.rpartition(".")[0] == stem and name.lower().endswith(PAIRED_ENDINGS)]
    return [name for name in beside if b"%" in said or name.rpartition("/")[2].encode() in said]


def inside(member: str) -> bool:
    """Whether the name of a zip's member stays inside the folder into which it is unpacked."""
    return not member.startswith("/") and ".." not in member.split("/")


def open_nifti(source: Source, path: str, max_ram_gb: float | None) -> VolumeFile:
    """A NIfTI or Analyze file, whole or as a pair of files of which `path` is the header."""
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    try:
        image = nibabel.load(path)
    except (ImageFileError, HeaderDataError) as error:
        raise ValueError(str(error)) from error
    shape = one_volume(source, image.shape)
    check_memory(shape[::-1], image.get_data_dtype().itemsize + 4.0, max_ram_gb, source.name)
    array = np.asanyarray(image.dataobj.get_unscaled()).reshape(shape).T
    slope, intercept = (float(image.dataobj.slope), float(image.dataobj.inter))
    if not np.isfinite([slope, intercept]).all() or slope == 0:
        raise ValueError(f"its scl_slope is {slope} and its scl_inter {intercept}")
    ras, notes = affine_of(source.name, image)
    return VolumeFile(source, plain_numbers(source, array), slope, intercept, np.diag([-1.0, -1, 1, 1]) @ ras, notes)


def open_with_itk(source: Source, path: str, max_ram_gb: float | None) -> VolumeFile:
    """A NRRD or MetaImage; ITK has made its axes LPS."""
    import SimpleITK

    is_nrrd = source.name.lower().endswith(NRRD_ENDINGS)
    if not is_nrrd:
        check_header(source.name, path)
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("NrrdImageIO" if is_nrrd else "MetaImageIO")  # no other library looks at the bytes
    reader.SetFileName(path)
    with overheard():
        reader.ReadImageInformation()
    size = one_volume(source, reader.GetSize())
    notes = check_nrrd(source.name, path) if is_nrrd else ()
    if reader.GetNumberOfComponents() != 1:
        raise UnreadableInput(f"{source.name}: each voxel holds {reader.GetNumberOfComponents()} numbers; a CT has one")
    check_memory(size[::-1], 8.0, max_ram_gb, source.name)
    with overheard():
        image = reader.Execute()
    affine = np.eye(4)
    dimension = image.GetDimension()
    affine[:3, :3] = (np.array(image.GetDirection()).reshape(dimension, dimension) * np.array(image.GetSpacing()))[:3, :3]
    affine[:3, 3] = image.GetOrigin()[:3]
    array = SimpleITK.GetArrayFromImage(image).reshape(size[::-1])
    return VolumeFile(source, plain_numbers(source, array), 1.0, 0.0, affine, notes)


@contextmanager
def overheard():
    """Nothing that a C++ library says reaches the terminal; where it fails, its own first words are the reason.

    MetaIO writes what is wrong to the terminal and raises an error about something else.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except RuntimeError as error:
            said.seek(0)
            first = said.readline().decode("utf-8", "replace").rpartition(": ")[2].strip()
            raise ValueError(first or str(error)) from error
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def one_volume(source: Source, shape) -> tuple[int, int, int]:
    """The three sides of the only volume in the file; UnreadableInput where there are several, or none."""
    shape = tuple(int(side) for side in shape)
    if len(shape) < 3 or min(shape, default=0) < 1:
        raise ImpossibleGeometry(f"{source.name}: a single slice of shape {shape}; a scan of neighbouring slices is needed")
    if any(side > 1 for side in shape[3:]):
        raise UnreadableInput(f"{source.name}: {np.prod(shape[3:])} volumes in one file; save the one to be staged by itself")
    return shape[:3]


def plain_numbers(source: Source, array: np.ndarray) -> np.ndarray:
    """The array if it holds real numbers."""
    if array.dtype.fields is not None or array.dtype.kind not in "iufb":
        raise UnreadableInput(f"{source.name}: its voxels are {array.dtype}, not numbers; save it as HU")
    return array


def kind_of(volume: VolumeFile) -> str:
    """What a volume's numbers look like: "ct" (there is air below -300), "labels" (few whole numbers), else "other".

    raises   UnreadableInput where not one number is finite
    """
    stride = tuple(max(1, side // 96) for side in volume.stored.shape)
    few = volume.stored[tuple(slice(None, None, step) for step in stride)].astype(np.float64)
    if not np.isfinite(few).any():
        refuse_nan(volume)
    few = few[np.isfinite(few)] * volume.slope + volume.intercept
    if few.size and few.min() < -300:
        return "ct"
    if few.size == 0 or (few.min() >= 0 and np.array_equal(few, np.rint(few)) and len(np.unique(few)) <= LABEL_VALUES):
        return "labels"
    return "other"


def refuse_nan(volume: VolumeFile) -> None:
    """UnreadableInput if the whole volume has no finite number."""
    if not any(np.isfinite(plane).any() for plane in volume.stored):
        raise UnreadableInput(f"{volume.source.name}: every voxel is NaN, so there is no image in it; save it again")


def layout_of(volume: VolumeFile, numbers: StudyParameters) -> Layout:
    """The geometry of a volume's affine; ImpossibleGeometry where it cannot be true."""
    name, affine = volume.source.name, volume.affine
    if not np.isfinite(affine).all():
        raise ImpossibleGeometry(f"{name}: its affine holds {affine[~np.isfinite(affine)][0]}; save it with a true affine")
    if np.abs(affine[:3, 3]).max() > FARTHEST_MM:
        raise ImpossibleGeometry(f"{name}: its origin {affine[:3, 3]} lies far from any scanner; save it with a true affine")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)  # column, row, slice
    low, high = numbers.pixel_mm[0], max(numbers.pixel_mm[1], numbers.step_mm[1])
    thinnest, thin, thick = sorted(spacing)  # any axis may be the one across the slices, which alone may be so thin
    if thinnest < numbers.step_mm[0] or thin < low or thick > high:
        raise ImpossibleGeometry(
            f"{name}: voxels of {spacing[0]:.3g} x {spacing[1]:.3g} x {spacing[2]:.3g} mm cannot be true; "
            "save it with millimetres"
        )
    if volume.stored.shape[0] < 2:
        raise ImpossibleGeometry(f"{name}: a single slice; a scan of at least two neighbouring slices is needed")
    return straightened(affine[:3, :3] / spacing, spacing, affine[:3, 3], volume.stored.shape, name, numbers)


def straightened(columns, spacing, origin, shape, name: str, numbers: StudyParameters) -> Layout:
    """A layout with perpendicular axes: rounding is straightened, a sheared third axis becomes shifts of its slices."""
    cosines = np.abs(columns.T @ columns - np.eye(3))
    skew_deg = float(np.degrees(np.arcsin(min(1.0, cosines.max()))))
    if skew_deg <= STRAIGHT_DEG and abs(np.linalg.det(columns)) > 0.9:
        u, _, v = np.linalg.svd(columns)
        note = Note("axes_straightened", f"{name}: its axes were {skew_deg:.2f} degrees from perpendicular",
                    "straightened; no voxel moves by more than a fraction of a degree")  # fmt: skip
        return Layout(shape, tuple(spacing[::-1]), origin, u @ v, notes=(note,) * (skew_deg > 0.05))
    row, column = columns[:, 0], columns[:, 1]
    normal = np.cross(row, column)
    tilt_deg = float(np.degrees(np.arccos(np.clip(abs(columns[:, 2] @ normal), 0, 1))))
    if cosines[0, 1] > np.sin(np.radians(STRAIGHT_DEG)) or tilt_deg > numbers.tilt_most_deg:
        raise ImpossibleGeometry(
            f"{name}: its axes are sheared by {max(skew_deg, tilt_deg):.0f} degrees, which no scanner does; "
            "save it with a true affine"
        )
    column = column - (column @ row) * row
    column = column / np.linalg.norm(column)
    normal = np.cross(row, column) * np.sign(columns[:, 2] @ normal)
    along = np.arange(shape[0])[:, None] * spacing[2] * columns[:, 2]
    shifts = along @ np.stack([column, row], axis=1) / spacing[[1, 0]]
    shifts, plane, origin = widened(shifts, shape[1:], origin, np.stack([column * spacing[1], row * spacing[0]]))
    note = tilt_note(f"{name}: its slices are sheared by {tilt_deg:.1f} degrees")
    step = float(spacing[2] * abs(columns[:, 2] @ normal))
    return Layout((shape[0], *plane), (step, spacing[1], spacing[0]), origin,
                  np.stack([row, column, normal], axis=1), shifts, None, tilt_deg, (note,))  # fmt: skip


def volume_image(volume: VolumeFile, numbers: StudyParameters, dtype, offset: float = 0.0) -> Image:
    """The image of a volume file: dtype int16 for HU, float32 for SUV."""
    refuse_nan(volume)
    layout = layout_of(volume, numbers)
    stored = stored_order(layout.axes)
    values, planes = empty_turned(layout.shape, stored, dtype)
    outside, outside_planes = empty_turned(layout.shape, stored, np.uint8)
    is_hu = np.dtype(dtype) == np.int16
    empty = numbers.air_hu if is_hu else 0.0
    lost_voxels = 0
    for index, numbers_stored in enumerate(volume.stored):
        plane = numbers_stored.astype(np.float64) * volume.slope + (volume.intercept + offset)
        lost = ~np.isfinite(plane)
        lost_voxels += int(np.count_nonzero(lost))
        plane[lost] = empty
        if is_hu:
            lost |= plane < numbers.outside_hu
            plane = np.rint(np.clip(plane, *numbers.clip_hu))
            plane[lost] = empty
        plane = plane.astype(dtype)
        if layout.shifts is not None:
            plane, lost = shifted(plane, lost, layout.shifts[index], layout.shape[1:], empty)
        planes[index], outside_planes[index] = plane, lost
    notes = (*volume.notes, *layout.notes)
    if lost_voxels:
        notes += (Note("nan_voxels", f"{volume.source.name}: {lost_voxels} voxels are NaN or infinite",
                       "taken as not measured"),)  # fmt: skip
    labels = tuple(SliceLabel(k + 1) for k in range(layout.shape[0]))
    return Image(
        values, turned_grid(layout.shape, layout.spacing_mm, layout.origin_mm, layout.axes, stored), stored,
        outside if outside.any() else None,
        (labels[::-1] if stored.flips[0] else labels) if stored.axes[0] == 0 else (), np.arange(layout.shape[0]), notes,
    )  # fmt: skip
