"""A stack in, the image out: int16 HU or float32 of the PET's own unit, on a grid in the house's axes.

Each slice is decoded, scaled by its own rescale and written to its place in the final array, so that little more than one
copy of the image is ever in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleGeometry, NotEnoughMemory
from ..geometry import Grid
from ..records import Note, SliceLabel, StoredOrder
from .headers import Slice
from .layout import Layout
from .parameters import StudyParameters
from .pixels import PixelReader, for_each_slice
from .series import Stack
from .turn import empty_turned, stored_order, turned_grid
from .wishes import Wishes

RESCALE_MOST = 1e7  # nothing in HU or Bq/ml has a larger step or offset


@dataclass(frozen=True, eq=False)
class Image:
    """An image as read.

    values    (z, y, x) int16 HU, or float32
    outside   uint8, 1 where nothing was measured, or None where there is no such place
    slices    SliceLabel of each index of the first axis, or () where stored slices run along another
    sources   for each index of the *stored* first axis, the number of the slice it came from (after resampling, the nearest)
    """

    values: np.ndarray
    grid: Grid
    stored: StoredOrder
    outside: np.ndarray | None
    slices: tuple[SliceLabel, ...]
    sources: np.ndarray
    notes: tuple[Note, ...] = ()


def rescale_of(piece: Slice) -> tuple[float, float]:
    """Slope and intercept of one slice; 1 and 0 where the header has none. Enhanced PET names its unit with its own pair."""
    slope = piece.tags.number("RescaleSlope")
    intercept = piece.tags.number("RescaleIntercept")
    if piece.kind == "PET" and piece.tags.number("RealWorldValueSlope"):
        slope, intercept = piece.tags.number("RealWorldValueSlope"), piece.tags.number("RealWorldValueIntercept")
    slope, intercept = 1.0 if slope is None else slope, 0.0 if intercept is None else intercept
    if slope == 0.0:
        raise ImpossibleGeometry(f"{piece.source.name}: RescaleSlope is 0, so every voxel has one value; export the scan again")
    if max(abs(slope), abs(intercept)) > RESCALE_MOST:
        raise ImpossibleGeometry(
            f"{piece.source.name}: RescaleSlope {slope:g} with RescaleIntercept {intercept:g} cannot be true; "
            "export the scan again"
        )
    return slope, intercept


def check_rescales(stack: Stack) -> None:
    """ImpossibleGeometry where some slices of a CT have a rescale and others none: stored numbers among HU."""
    silent = [piece for piece in stack.slices if piece.tags.number("RescaleIntercept") is None]
    if not 0 < len(silent) < len(stack.slices):
        return
    raise ImpossibleGeometry(
        f"{stack.name}: RescaleIntercept is missing in {len(silent)} of its {len(stack.slices)} slices, such as "
        f"{silent[0].source.name}, so their values are not HU; export the series again, or choose another with --ct"
    )


def check_memory(shape, bytes_each: float, max_ram_gb: float | None, name: str, base_gb: float = 0.0, work: str = "read") -> None:
    """NotEnoughMemory, with the number, if the work on an image would not fit into what is allowed or into the machine.

    bytes_each, base_gb   memory for each voxel, and beside all voxels
    """
    import os

    needed_gb = base_gb + float(np.prod([float(side) for side in shape])) * bytes_each / 1e9
    machine_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    allowed_gb = min(machine_gb, max_ram_gb or machine_gb)
    if needed_gb > allowed_gb:
        raise NotEnoughMemory(
            f"{name}: {shape[0]} slices of {shape[1]} x {shape[2]} need {needed_gb:.1f} GB to be {work} and "
            f"{allowed_gb:.1f} GB are allowed; take a machine with more, raise --max-ram, or choose a thicker series with --ct"
        )


MASK_BYTES = 4.0  # labels of 16 bits, and as much again while they are laid on the CT


def check_staging(shape, wishes: Wishes, name: str, numbers: StudyParameters) -> None:
    """The same for all stages of a CT with the masks the user gives, asked before any pixel is read."""
    masks = sum(path is not None for path in (wishes.lungs, wishes.organs, wishes.lesions))
    bytes_each = numbers.staging_bytes + MASK_BYTES * masks
    check_memory(shape, bytes_each, wishes.max_ram_gb, name, numbers.staging_gb, "staged")


def read_ct(stack: Stack, reader: PixelReader, wishes: Wishes, numbers: StudyParameters) -> Image:
    """The CT of a stack in HU, padding replaced by air and remembered as `outside`."""
    check_staging(stack.layout.shape, wishes, stack.name, numbers)
    check_rescales(stack)

    def hu_plane(piece: Slice, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return hu_of(piece, pixels, wishes.hu_offset, numbers)

    return gathered(stack, reader, np.int16, hu_plane, numbers.air_hu)


def read_activity(stack: Stack, reader: PixelReader, max_ram_gb=None) -> Image:
    """The PET of a stack in the unit its headers say, each slice by its own rescale."""
    check_memory(stack.layout.shape, 8.0, max_ram_gb, stack.name)

    def activity_plane(piece: Slice, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slope, intercept = rescale_of(piece)
        return (pixels * slope + intercept).astype(np.float32), np.zeros(pixels.shape, bool)

    return gathered(stack, reader, np.float32, activity_plane, 0.0)


def gathered(stack: Stack, reader: PixelReader, dtype, plane_of: Callable, empty: float) -> Image:
    """The image of a stack, slice by slice.

    plane_of   gives (values, bool not measured) of one slice and its stored pixels
    empty      what stands where a tilted slice does not reach
    """
    layout = stack.layout
    stored = stored_order(layout.axes)
    even = layout.heights_mm is None
    shape = (len(stack.slices), *layout.shape[1:])
    values, planes = empty_turned(shape, stored, dtype) if even else (None, np.zeros(shape, dtype))
    outside, outside_planes = empty_turned(shape, stored, np.uint8) if even else (None, np.zeros(shape, np.uint8))

    def place(index: int, pixels: np.ndarray) -> None:
        plane, unmeasured = plane_of(stack.slices[index], pixels)
        if layout.shifts is not None:
            plane, unmeasured = shifted(plane, unmeasured, layout.shifts[index], shape[1:], empty)
        planes[index] = plane
        if unmeasured.any():  # memory nobody writes to costs nothing
            outside_planes[index] = unmeasured

    for_each_slice(stack.slices, reader, place)
    if not even:
        values, outside = evened(planes, layout, stored), evened(outside_planes, layout, stored)
    return laid_out(stack, layout, stored, values, outside)


def evened(planes: np.ndarray, layout: Layout, stored: StoredOrder) -> np.ndarray:
    """Planes at uneven heights as an array of the house's axes with equal steps."""
    values, out = empty_turned(layout.shape, stored, planes.dtype)
    resample_heights(planes, layout, out)
    return values


def laid_out(stack: Stack, layout: Layout, stored: StoredOrder, values: np.ndarray, outside) -> Image:
    """The image with its grid and the names of its slices."""
    grid = turned_grid(layout.shape, layout.spacing_mm, layout.origin_mm, layout.axes, stored)
    sources = sources_of(layout)
    labels = tuple(SliceLabel(stack.slices[k].number or int(k) + 1, stack.slices[k].sop_instance_uid) for k in sources)
    along = labels[::-1] if stored.flips[0] else labels
    return Image(
        values, grid, stored, outside if outside is not None and outside.any() else None,
        along if stored.axes[0] == 0 else (), sources,
    )  # fmt: skip


def sources_of(layout: Layout) -> np.ndarray:
    """The number of the slice nearest to each index of the stored first axis."""
    if layout.heights_mm is None:
        return np.arange(layout.shape[0])
    wanted = np.arange(layout.shape[0]) * layout.spacing_mm[0]
    return np.abs(layout.heights_mm[None] - wanted[:, None]).argmin(axis=1)


def hu_of(piece: Slice, pixels: np.ndarray, offset_hu: float, numbers: StudyParameters) -> tuple[np.ndarray, np.ndarray]:
    """(int16 HU, bool not measured) of one slice's stored pixels."""
    slope, intercept = rescale_of(piece)
    unmeasured = padded(piece, pixels, slope, intercept, numbers)
    hu, lowest, highest = scaled(pixels, slope, intercept + offset_hu)
    if lowest < numbers.outside_hu:
        unmeasured |= hu < numbers.outside_hu
    low, high = (int(limit) for limit in numbers.clip_hu)
    if lowest < low or highest > high:
        np.clip(hu, low, high, out=hu)
    hu = hu.astype(np.int16, copy=False)
    if unmeasured.any():
        hu[unmeasured] = np.int16(numbers.air_hu)
    return hu, unmeasured


def scaled(pixels: np.ndarray, slope: float, offset: float) -> tuple[np.ndarray, float, float]:
    """(pixels x slope + offset rounded, the lowest, the highest); in 16 bits where they hold it, which is most often."""
    ends = float(pixels.min()), float(pixels.max())
    whole = slope == 1.0 and float(offset).is_integer() and abs(offset) < 2**15
    if whole and all(-(2**15) <= end + shift < 2**15 for end in ends for shift in (0.0, offset)):
        hu = pixels.astype(np.int16)
        hu += np.int16(offset)
    else:
        hu = np.rint(pixels * np.float64(slope) + offset)
    low, high = sorted(end * slope + offset for end in ends)
    return hu, low - 1, high + 1  # one more on either side for the rounding


def padded(piece: Slice, pixels: np.ndarray, slope: float, intercept: float, numbers: StudyParameters) -> np.ndarray:
    """Bool, where the padding tags say that nothing was measured.

    A padding value that air can have too counts only where it reaches the border of the slice: black noise in the windpipe
    is not padding.
    """
    value = piece.tags.number("PixelPaddingValue")
    if value is None:
        return np.zeros(pixels.shape, bool)
    if value >= 2**15 and np.issubdtype(pixels.dtype, np.signedinteger) and pixels.dtype.itemsize == 2:
        value -= 2**16  # written with the other sign
    limit = piece.tags.number("PixelPaddingRangeLimit")
    low, high = (value, value) if limit is None else sorted((value, limit))
    mask = (pixels >= low) & (pixels <= high)
    if high * slope + intercept < numbers.clip_hu[0] or not mask.any():
        return mask
    if high * slope + intercept > numbers.air_hu + 100:
        return np.zeros(pixels.shape, bool)  # a padding tag in the middle of the scale is a mistake
    from scipy import ndimage

    pieces, _ = ndimage.label(mask)
    border = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    return np.isin(pieces, border[border > 0])


def shifted(plane: np.ndarray, unmeasured: np.ndarray, shift, shape, empty: float) -> tuple[np.ndarray, np.ndarray]:
    """A slice moved by `shift` (rows, columns, not negative) voxels into a plane of `shape`, linearly; the rest unmeasured."""
    whole = np.floor(shift).astype(int)
    part = np.asarray(shift) - whole
    total = np.full(shape, empty, np.float32)
    lost = np.ones(shape, bool)
    rows, columns = plane.shape
    body = np.full((rows + 2, columns + 2), empty, np.float32)
    body[1:-1, 1:-1] = plane
    holes = np.ones(body.shape, bool)
    holes[1:-1, 1:-1] = unmeasured
    mixed = np.zeros((rows + 1, columns + 1), np.float32)
    mixed_holes = np.zeros(mixed.shape, bool)
    for down, weight_down in ((0, part[0]), (1, 1 - part[0])):
        for right, weight_right in ((0, part[1]), (1, 1 - part[1])):
            weight = weight_down * weight_right
            if weight > 1e-6:
                window = slice(down, down + rows + 1), slice(right, right + columns + 1)
                mixed += np.float32(weight) * body[window]
                mixed_holes |= holes[window]
    high = np.minimum(whole + mixed.shape, shape)
    target = slice(whole[0], high[0]), slice(whole[1], high[1])
    source = slice(0, high[0] - whole[0]), slice(0, high[1] - whole[1])
    total[target], lost[target] = mixed[source], mixed_holes[source]
    total[lost] = empty
    return (np.rint(total) if np.issubdtype(plane.dtype, np.integer) else total).astype(plane.dtype), lost


def resample_heights(planes: np.ndarray, layout: Layout, out: np.ndarray) -> None:
    """Fill `out` (slices, rows, columns) at equal heights from planes at uneven ones, linearly; masks become 1 where mixed."""
    heights = layout.heights_mm
    for index in range(len(out)):
        wanted = index * layout.spacing_mm[0]
        below = int(np.clip(np.searchsorted(heights, wanted, side="right") - 1, 0, len(heights) - 2))
        share = np.float32(np.clip((wanted - heights[below]) / (heights[below + 1] - heights[below]), 0.0, 1.0))
        if planes.dtype == np.uint8:
            out[index] = (planes[below] * (share < 1)) | (planes[below + 1] * (share > 0))
        else:
            mixed = planes[below] * (1 - share) + planes[below + 1] * share
            out[index] = np.rint(mixed) if planes.dtype == np.int16 else mixed
