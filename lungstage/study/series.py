"""Slices in, stacks out: each of one series, one orientation, one matrix, one kernel and one pass of the scanner.

A stack is sorted by position, never by name or number. What a series holds twice is told apart first: copies of a slice,
phases, reconstructions stored under one UID.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleGeometry, LungstageError
from ..records import Note
from .headers import Slice, Tags
from .layout import Layout, heights_of, lay_out
from .parameters import StudyParameters

# what may tell apart slices that a series holds at the same place, most telling first
PASSES = (
    "TemporalPositionIndex", "TemporalPositionIdentifier", "ImageType", "AcquisitionNumber", "ContrastBolusAgent",
    "SliceThickness", "AcquisitionTime",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices that belong together.

    uid, kind    of the series; "CT" or "PET"
    part         "" or which part of the series this is, in words
    slices       sorted by height along their normal, one at each place
    layout       their geometry, or None where it cannot be true
    problem      why not, or None
    """

    uid: str
    kind: str
    part: str
    slices: tuple[Slice, ...]
    layout: Layout | None
    problem: LungstageError | None
    notes: tuple[Note, ...] = ()

    @property
    def tags(self) -> Tags:
        """The attributes of the first slice, which all share what describes the series."""
        return self.slices[0].tags

    @property
    def name(self) -> str:
        """How messages call the series."""
        return name_of(self.slices[0], self.part)


def name_of(piece: Slice, part: str = "") -> str:
    """A series as a user knows it: its description, or the end of its UID."""
    description = piece.tags.text("SeriesDescription")
    label = f'"{description}"' if description else "…" + piece.tags.text("SeriesInstanceUID")[-12:]
    return f"{piece.kind} series {label}{', ' * bool(part)}{part}"


def stack_slices(slices: Iterable[Slice], pixels: Callable[[Slice], bytes], numbers: StudyParameters) -> list[Stack]:
    """All stacks, in the order of series UID, height and part.

    pixels   gives the stored pixels of a slice; asked only for slices at the same place
    """
    groups: dict[tuple, list[Group]] = defaultdict(list)
    for piece in in_number_order(tuple(slices)):
        alike = groups[hard_key(piece)]
        if not any(group.took(piece) for group in alike):
            alike.append(Group([piece], patient_of_slice(piece)))
    stacks = []
    for key in sorted(groups):
        for group in groups[key]:
            stacks += stacks_of(tuple(group.slices), pixels, numbers)
    return stacks


@dataclass
class Group:
    """Slices that share their planes and their patient, while they are being gathered; patient "" while none is named."""

    slices: list[Slice]
    patient: str

    def took(self, piece: Slice) -> bool:
        """Whether a slice belongs here, and then it is in; a series UID that two patients share does not make them one."""
        patient = patient_of_slice(piece)
        if (patient and self.patient and patient != self.patient) or not same_planes(self.slices[0], piece):
            return False
        self.slices.append(piece)
        self.patient = self.patient or patient
        return True


def patient_of_slice(piece: Slice) -> str:
    """PatientID, else the name, else ""."""
    return piece.tags.text("PatientID") or piece.tags.text("PatientName")


def hard_key(piece: Slice) -> tuple:
    """What every slice of a stack has in common, as text and whole numbers."""
    tags = piece.tags
    placed = piece.position_mm is not None and piece.row is not None
    return (
        tags.text("SeriesInstanceUID"), piece.kind, tags.text("FrameOfReferenceUID"), placed, piece.rows, piece.columns,
        tags.text("ConvolutionKernel"), "LOCALIZER" in tags.words("ImageType"),
    )  # fmt: skip


def same_planes(one: Slice, other: Slice) -> bool:
    """Whether two slices are parallel and have equal pixels, up to the rounding of headers."""
    if one.row is None or other.row is None:
        return one.row is None and other.row is None
    turned = max(np.abs(one.row - other.row).max(), np.abs(one.column - other.column).max())
    if one.pixel_mm is None or other.pixel_mm is None:
        return turned < 0.005 and one.pixel_mm == other.pixel_mm
    return bool(turned < 0.005 and np.allclose(one.pixel_mm, other.pixel_mm, rtol=0.005))


def stacks_of(slices: tuple[Slice, ...], pixels, numbers: StudyParameters) -> list[Stack]:
    """The stacks of slices with one hard key."""
    if slices[0].position_mm is None or slices[0].row is None:
        return [finished(in_number_order(slices), "", (), numbers)]
    slices, notes = without_same_instances(by_height(slices), pixels)
    parts = parted(slices)
    if len(parts) > 1:
        notes += parts_note(slices[0], parts)
        return [finished(by_height(part), label, notes, numbers) for label, part in parts]
    try:
        slices, more = without_equal_copies(slices, pixels)
    except ImpossibleGeometry as problem:
        ranked = parted_by_rank(slices)
        if len(ranked) > 1:
            notes += parts_note(slices[0], ranked)
            return [finished(part, label, notes, numbers) for label, part in ranked]
        uid = slices[0].tags.text("SeriesInstanceUID")
        return [Stack(uid, slices[0].kind, "", slices, None, problem, notes)]
    return [finished(slices, "", (*notes, *more), numbers)]


def parts_note(piece: Slice, parts: list) -> tuple[Note, ...]:
    """What is said of a series that scans the same place several times: phases, frames of a dynamic PET, reconstructions."""
    text = f"{name_of(piece)}: the same place lies in it {len(parts)} times ({'; '.join(label for label, _ in parts[:4])})"
    return (Note("series_parted", text, "one of them is used, as the list of series says"),)


def finished(slices: tuple[Slice, ...], part: str, notes: tuple[Note, ...], numbers: StudyParameters) -> Stack:
    """A stack with its layout or its problem."""
    uid, kind = slices[0].tags.text("SeriesInstanceUID"), slices[0].kind
    try:
        layout = lay_out(slices, name_of(slices[0], part), numbers)
    except ImpossibleGeometry as problem:
        return Stack(uid, kind, part, slices, None, problem, notes)
    return Stack(uid, kind, part, slices, layout, None, (*notes, *layout.notes))


def in_number_order(slices: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """Sorted as the scanner numbered them, UIDs deciding between equals, so that file names never matter."""
    return tuple(sorted(slices, key=lambda piece: (piece.number, piece.sop_instance_uid or "", piece.frame or 0)))


def by_height(slices: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """Sorted along the normal of the slices."""
    slices = in_number_order(slices)
    order = np.argsort(np.round(heights_of(slices), 4), kind="stable")
    return tuple(slices[index] for index in order)


def places(slices: tuple[Slice, ...]) -> list[list[Slice]]:
    """Slices sorted by height, grouped into those at the same place."""
    heights = heights_of(slices)
    same_mm = max(0.01, 0.02 * float(np.median(np.diff(np.unique(np.round(heights, 2)))))) if len(slices) > 1 else 0.01
    grouped = [[slices[0]]]
    for height, below, piece in zip(heights[1:], heights[:-1], slices[1:]):
        if height - below <= same_mm:
            grouped[-1].append(piece)
        else:
            grouped.append([piece])
    return grouped


def without_same_instances(slices: tuple[Slice, ...], pixels) -> tuple[tuple[Slice, ...], tuple[Note, ...]]:
    """The slices with each SOP instance once where its copies are equal (one file twice in the folder)."""
    kept, copies = {}, 0
    for piece in slices:
        key = (piece.sop_instance_uid or id(piece), piece.frame, tuple(np.round(piece.position_mm, 3)))
        if key in kept and fingerprint(kept[key], pixels) == fingerprint(piece, pixels):
            copies += 1
        else:
            kept[key if key not in kept else (*key, piece.source.name)] = piece
    return tuple(kept.values()), copies_note(slices[0], copies)


def without_equal_copies(slices: tuple[Slice, ...], pixels) -> tuple[tuple[Slice, ...], tuple[Note, ...]]:
    """One slice at each place, where those at the same place have equal pixels; ImpossibleGeometry where they have not."""
    kept, copies = [], 0
    for same in places(slices):
        if len(same) > 1 and len({fingerprint(piece, pixels) for piece in same}) > 1:
            numbers = " and ".join(str(piece.number) for piece in same[:2])
            raise ImpossibleGeometry(
                f"{name_of(slices[0])}: slices {numbers} lie at the same place and differ; export the series again, "
                "or choose another with --ct or --pet"
            )
        kept.append(same[0])
        copies += len(same) - 1
    return tuple(kept), copies_note(slices[0], copies)


def copies_note(piece: Slice, copies: int) -> tuple[Note, ...]:
    """What is said of slices stored more than once."""
    if not copies:
        return ()
    subject = "1 slice is" if copies == 1 else f"{copies} slices are"
    return (Note("copies", f"{name_of(piece)}: {subject} stored twice with equal pixels", "one copy of each is used"),)


def fingerprint(piece: Slice, pixels) -> str:
    """A digest of a slice's stored pixels and of the scale that gives them meaning."""
    scale = (piece.tags.number("RescaleSlope"), piece.tags.number("RescaleIntercept"))
    return hashlib.sha256(pixels(piece) + repr(scale).encode()).hexdigest()


def parted(slices: tuple[Slice, ...]) -> list[tuple[str, tuple[Slice, ...]]]:
    """(words, slices) of each pass, where an attribute tells passes over the same place apart; else the slices as one."""
    heights = heights_of(slices)
    most = max(len(same) for same in places(slices))
    if most == 1 and even(heights):
        return [("", slices)]
    for keyword in PASSES:
        groups = defaultdict(list)
        for piece in slices:
            groups[piece.tags.text(keyword)].append(piece)
        passes = [tuple(group) for group in groups.values()]
        few = 1 < len(passes) <= 2 * most + (most == 1)
        if few and overlapping(passes) and all(whole_pass(one, heights) for one in passes):
            return [(f"{keyword} {value or 'empty'}", tuple(groups[value])) for value in sorted(groups)]
    return [("", slices)]


def even(heights: np.ndarray) -> bool:
    """Whether sorted heights are equally spaced, as nearly as two passes over the same place cannot be."""
    steps = np.diff(heights)
    return len(steps) < 3 or bool(steps.min() > 0.5 * np.median(steps))


def overlapping(passes: list[tuple[Slice, ...]]) -> bool:
    """Whether each pass shares half of its own length with another; parts that follow each other are one scan."""
    ends = sorted((float(heights.min()), float(heights.max())) for heights in map(heights_of, passes))
    shared = [
        max(min(high, other[1]) - max(low, other[0]) for k, other in enumerate(ends) if k != index) > 0.5 * (high - low)
        for index, (low, high) in enumerate(ends)
    ]
    return all(shared)


def whole_pass(group: tuple[Slice, ...], heights: np.ndarray) -> bool:
    """Whether a group covers much of the series by itself, each place once and evenly."""
    if len(group) < 2:
        return False
    own = heights_of(group)
    covers = own.max() - own.min() > 0.3 * (heights.max() - heights.min())
    return bool(covers) and max(len(same) for same in places(group)) == 1 and even(own)


def parted_by_rank(slices: tuple[Slice, ...]) -> list[tuple[str, tuple[Slice, ...]]]:
    """Where every place holds the same number of differing slices: the first at each place, the second, and so on."""
    same = places(slices)
    count = len(same[0])
    if count == 1 or len(same) == 1 or any(len(pieces) != count for pieces in same):
        return [("", slices)]
    ordered = [in_number_order(tuple(pieces)) for pieces in same]
    return [(f"pass {rank + 1} of {count}", tuple(pieces[rank] for pieces in ordered)) for rank in range(count)]
