"""Slices in, their common geometry out: one direction, equal steps; or what is wrong with it, in one line.

Distances are measured along the normal of the slices, from ImagePositionPatient alone: thickness, spacing and tilt tags are
often wrong. A sheared stack (tilted gantry) keeps its planes and shifts each within itself; uneven steps are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleGeometry
from ..records import Note
from .headers import Slice
from .parameters import StudyParameters

FARTHEST_MM = 1e5  # from the origin of the scanner's axes, beyond which no scanner is


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the voxels of a stack are, in the order (slice, row, column) in which they are stored.

    shape, spacing_mm   (slice, row, column), of the grid on which the image is laid out
    origin_mm           LPS (3) of its first voxel
    axes                3x3, columns: LPS unit vectors along which column, row and slice index grow
    shifts              (slices, 2) voxels by which each stored slice is moved along rows and columns, or None: no shear
    heights_mm          (slices) true height of each stored slice above the first, or None: equal steps
    tilt_deg            angle between the slices' normal and the line through their first voxels
    notes               what is strange
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: np.ndarray
    axes: np.ndarray
    shifts: np.ndarray | None = None
    heights_mm: np.ndarray | None = None
    tilt_deg: float = 0.0
    notes: tuple[Note, ...] = ()


def heights_of(slices) -> np.ndarray:
    """Height (slices) of each slice along the common normal, mm."""
    return np.stack([piece.position_mm for piece in slices]) @ np.cross(slices[0].row, slices[0].column)


def lay_out(slices: tuple[Slice, ...], name: str, numbers: StudyParameters) -> Layout:
    """The layout of slices sorted by height, all at different ones; ImpossibleGeometry where it cannot be true.

    name   how messages call the series
    """
    first = slices[0]
    check_pixels(first, name, numbers)
    if len(slices) == 1:
        raise ImpossibleGeometry(f"{name}: a single slice; a scan of at least two neighbouring slices is needed")
    heights = heights_of(slices)
    steps = np.diff(heights)
    check_steps(slices, steps, name, numbers)
    positions = np.stack([piece.position_mm for piece in slices])
    normal = np.cross(first.row, first.column)
    offsets = (positions - positions[0]) @ np.stack([first.column, first.row], axis=1)
    shifts, tilt_deg, notes = shear_of(offsets, heights - heights[0], first.pixel_mm, name, numbers)
    step, true_heights, more = evenness(heights, steps, name, numbers)
    more += apart_notes(first, step, name, numbers)
    count = len(slices) if true_heights is None else int(np.floor((heights[-1] - heights[0]) / step + 1e-3)) + 1
    plane, origin = (first.rows, first.columns), positions[0].copy()
    if shifts is not None:
        sides = np.stack([first.column, first.row]) * np.array(first.pixel_mm)[:, None]
        shifts, plane, origin = widened(shifts, plane, origin, sides)
    return Layout(
        (count, *plane), (float(step), *first.pixel_mm), origin,
        np.stack([first.row, first.column, normal], axis=1), shifts, true_heights, tilt_deg, (*notes, *more),
    )  # fmt: skip


def widened(shifts: np.ndarray, plane: tuple[int, int], origin: np.ndarray, sides: np.ndarray):
    """(shifts from 0 on, (rows, columns), origin in mm) of planes wide enough for every slice where its shift puts it.

    shifts   (slices, 2) voxels along rows and columns, of any sign
    sides    (2, 3) LPS mm from one row to the next, and from one column to the next
    """
    low = np.floor(shifts.min(axis=0))
    shifts = shifts - low
    rows, columns = (int(side) for side in np.array(plane) + np.ceil(shifts.max(axis=0)))
    return shifts, (rows, columns), origin + low @ sides


def check_pixels(piece: Slice, name: str, numbers: StudyParameters) -> None:
    """ImpossibleGeometry unless the pixels of a slice have a size and a place that can be true."""
    if piece.position_mm is None or piece.row is None:
        missing = "ImagePositionPatient" if piece.position_mm is None else "a usable ImageOrientationPatient"
        raise ImpossibleGeometry(f"{name}: {missing} is missing, so nobody knows where its slices are; export the series again")
    if np.abs(piece.position_mm).max() > FARTHEST_MM:
        raise ImpossibleGeometry(f"{name}: ImagePositionPatient {piece.position_mm} lies far from any scanner; export it again")
    low, high = numbers.pixel_mm
    if piece.pixel_mm is None or not all(low <= side <= high for side in piece.pixel_mm):
        raise ImpossibleGeometry(f"{name}: PixelSpacing {piece.pixel_mm} is not from {low:g} to {high:g} mm; export it again")


def check_steps(slices: tuple[Slice, ...], steps: np.ndarray, name: str, numbers: StudyParameters) -> None:
    """ImpossibleGeometry where slices are missing, or where their distance cannot be true."""
    for index in range(len(steps)):
        usual = usual_around(steps, index)
        if steps[index] > numbers.missing_steps * usual + numbers.step_tolerance_mm:
            missing = max(1, round(steps[index] / usual) - 1)
            below, above = sorted((slices[index].number, slices[index + 1].number))
            if above - below == missing + 1:
                which = f"slice {below + 1}" if missing == 1 else f"slices {below + 1} to {above - 1}"
            else:
                which = f"{missing} slice{'s' * (missing > 1)} between {below} and {above}"
            raise ImpossibleGeometry(
                f"{name}: {which} {'is' if missing == 1 else 'are'} missing (a gap of {steps[index]:.1f} mm where {usual:.1f} mm "
                "are usual); export the series again, or choose another with --ct or --pet"
            )
    low, high = numbers.step_mm
    middle = float(np.median(steps))
    if not low <= middle <= high:
        raise ImpossibleGeometry(f"{name}: slices {middle:.3g} mm apart are not from {low:g} to {high:g} mm; export it again")


def usual_around(steps: np.ndarray, index: int) -> float:
    """The step that is usual around one: the larger of the medians of the five before and the five after it.

    A step that is long beside both its neighbours is a gap; one that is long beside one of them is where the protocol changed.
    """
    sides = [side for side in (steps[max(0, index - 5) : index], steps[index + 1 : index + 6]) if len(side)]
    return max(float(np.median(side)) for side in sides) if sides else float(steps[index])


def shear_of(offsets, heights, pixel_mm, name: str, numbers: StudyParameters):
    """(shifts in voxels or None, tilt in degrees, notes) from where each slice's first voxel lies within its own plane.

    offsets   (slices, 2) mm along rows and along columns, of the first voxel from that of the lowest slice
    """
    slope = heights @ offsets / max(heights @ heights, 1e-12)
    strayed = float(np.abs(offsets - np.outer(heights, slope)).max())
    if strayed > numbers.line_tolerance_mm:
        raise ImpossibleGeometry(
            f"{name}: the first voxels of its slices stray {strayed:.1f} mm from a straight line, so they are not of one scan; "
            "export the series again"
        )
    tilt_deg = float(np.degrees(np.arctan(np.hypot(*slope))))
    if tilt_deg > numbers.tilt_most_deg:
        raise ImpossibleGeometry(
            f"{name}: its slices are sheared by {tilt_deg:.0f} degrees, which no gantry does; export it again"
        )
    if np.abs(offsets).max() < 0.5 * min(pixel_mm):
        return None, 0.0, ()
    return offsets / np.asarray(pixel_mm), tilt_deg, (tilt_note(f"{name}: the gantry was tilted by {tilt_deg:.1f} degrees"),)


def tilt_note(text: str) -> Note:
    """What is said where slices were shifted."""
    return Note("gantry_tilt", text, "each slice was shifted within its plane onto a rectangular grid; masks lie on that grid")


def apart_notes(piece: Slice, step_mm: float, name: str, numbers: StudyParameters) -> tuple[Note, ...]:
    """A note where slices are much thinner than they lie apart, as in old high-resolution scans of the lung."""
    thickness = piece.tags.number("SliceThickness")
    if not thickness or thickness < 0 or step_mm <= numbers.apart_noted * thickness:
        return ()
    text = f"{name}: slices of {thickness:g} mm lie {step_mm:g} mm apart, so {1 - thickness / step_mm:.0%} was not scanned"
    return (Note("slices_apart", text, "what lies between them is not seen, and sizes along the body are less sure"),)


def evenness(heights, steps, name: str, numbers: StudyParameters):
    """(step in mm, heights above the first or None where steps are equal, notes)."""
    mean = float((heights[-1] - heights[0]) / len(steps))
    allowed = max(numbers.step_tolerance_share * mean, numbers.step_tolerance_mm)
    drift = float(np.abs(heights - heights[0] - mean * np.arange(len(heights))).max())
    largest = float(np.abs(steps - mean).max())
    if largest <= allowed and drift <= 0.5 * mean:
        noted = largest > 0.01 * mean and largest > 0.015
        note = Note(
            "steps_vary", f"{name}: slice steps run from {steps.min():.2f} to {steps.max():.2f} mm",
            f"taken as {mean:.3f} mm each; no slice is moved by more than {drift:.2f} mm",
        )  # fmt: skip
        return mean, None, (note,) * noted
    # the fine part decides the step of the whole, so that nothing seen there is lost
    step = float(np.quantile(steps, 0.25, method="higher"))
    note = Note(
        "uneven_steps", f"{name}: slice steps run from {steps.min():.2f} to {steps.max():.2f} mm",
        f"resampled to {step:.2f} mm; masks lie on that grid",
    )  # fmt: skip
    return step, heights - heights[0], (note,)
