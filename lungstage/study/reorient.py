"""Images whose header lies in, the same turned as the anatomy says out: refused unless the user wished it mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ImpossibleGeometry
from ..records import Note, StoredOrder, Volume
from .bearings import Bearings, take_bearings
from .images import Image
from .parameters import StudyParameters
from .read_pet import Pet
from .turn import stored_order, turned_grid

UNJUDGED_NOTE = Note(
    "orientation_unjudged", "too little of a chest is seen to check where head, back and left are",
    "they rest on the header alone",
)  # fmt: skip
WAYS = (("head", "feet"), ("back", "front"), ("left", "right"))


def believed(image: Image, pet: Pet | None, name: str, fix: bool, numbers: StudyParameters):
    """(CT, PET, notes) with head, back and left where the anatomy has them.

    fix      whether the user allowed to turn them; a PET is turned with its CT, whose frame of reference it shares
    raises   ImpossibleGeometry, naming what contradicts the header, where it lies and `fix` is False
    """
    seen = take_bearings(Volume(image.values, image.grid, "HU"), numbers.orientation)
    if not seen.judged:
        return image, pet, (UNJUDGED_NOTE,)
    notes = () if seen.sure_of_sides else (sides_note(name, seen.sides, numbers.orientation.sides_votes),)
    notes += () if seen.sure_of_head else (unsure_note("head", f"{name}: ribs and windpipe do not tell head from feet"),)
    notes += () if seen.sure_of_back else (unsure_note("back", f"{name}: the spine does not tell back from front"),)
    if seen.as_the_header:
        return image, pet, notes
    if not fix:
        raise ImpossibleGeometry(f"{name}: {contradiction(seen)}; export it again, or use --fix-orientation")
    rotation = rotation_of(image.grid.axes, seen.turn)
    centre_mm = image.grid.corners_mm().mean(axis=0)
    note = Note("orientation_fixed", f"{name}: {contradiction(seen)}; turned as the anatomy says",
                "positions in millimetres are those of the turned image; masks keep the order of the stored file")  # fmt: skip
    return turned_image(image, rotation, centre_mm), None if pet is None else turned_pet(pet, rotation, centre_mm), (note, *notes)


def contradiction(seen: Bearings) -> str:
    """What the anatomy says against the header, in words."""
    if [axis for axis, _ in seen.turn] != [0, 1, 2]:
        to = [WAYS[axis][1 if backwards else 0] for axis, backwards in seen.turn]
        return f"head, back and left of this patient lie where its header has {to[0]}, {to[1]} and {to[2]} (by spine and ribs)"
    head, back, left = (backwards for _, backwards in seen.turn)
    if head and back:
        return "its header exchanges head and feet, and front and back (the spine lies in front, ribs and windpipe upside down)"
    if head:
        return "its header exchanges head and feet (the windpipe lies below and the ribs rise towards the front)"
    if back:
        return (
            "its header exchanges front and back (the spine lies in front)"
            if not left
            else ("its header turns the patient half around (the spine lies in front)")
        )
    return "its header exchanges left and right (aorta, heart and liver say so), unless this patient's organs are mirrored"


def unsure_note(where: str, text: str) -> Note:
    """What is said where a chest shows too little to tell its head from its feet, or its back from its front."""
    return Note(f"{where}_unsure", text, f"where the {where} is, and with it left and right, rests on the header alone")


def sides_note(name: str, sides: tuple[float | None, ...], plainly: float) -> Note:
    """What is said where the organs do not tell left from right: which were seen, and whether they speak against the header.

    sides     votes of aorta, heart and liver, as in Bearings
    plainly   a sum of votes so far below 0 speaks plainly against the header
    """
    votes = dict(zip(("aorta", "heart", "liver"), sides, strict=True))
    unseen = [organ for organ, vote in votes.items() if vote is None]
    missing = f"; the {' and the '.join(unseen)} {'is' if len(unseen) == 1 else 'are'} not in the scan" * bool(unseen)
    against = [organ for organ, vote in votes.items() if vote is not None and vote < 0]
    if sum(vote or 0.0 for vote in votes.values()) <= -plainly:
        text = f"{name}: {' and '.join(against)} {'lies' if len(against) == 1 else 'lie'} as if left and right were exchanged"
        effect = "too little to contradict the header, which is believed: check the sides before N3 or M1a is"
        return Note("sides_doubted", text + missing, effect)
    seen = " and ".join(organ for organ in votes if organ not in unseen)
    told = f"{seen} {'do' if ' and ' in seen else 'does'} not tell left from right" if seen else "nothing tells left from right"
    return Note("sides_unsure", f"{name}: {told}{missing}", "the sides rest on the header alone")


def rotation_of(axes: np.ndarray, turn) -> np.ndarray:
    """3x3: header LPS direction to true LPS direction, a turn by right angles in the image's own axes; it may mirror.

    axes   columns: LPS unit vectors along which the x, y and z index grow
    turn   of Bearings, for z, y, x
    """
    order = np.zeros((3, 3))
    for true, (axis, backwards) in enumerate(turn):
        order[2 - true, 2 - axis] = -1.0 if backwards else 1.0
    return axes @ order @ axes.T


def turned(grid, rotation: np.ndarray, centre_mm: np.ndarray):
    """(StoredOrder from the array as it is to the house's axes, grid) after a turn about a point."""
    axes = rotation @ grid.axes
    order = stored_order(axes)
    origin = rotation @ (np.asarray(grid.origin_mm) - centre_mm) + centre_mm
    return order, turned_grid(grid.shape, grid.spacing_mm, origin, axes, order)


def rearranged(values: np.ndarray, order: StoredOrder) -> np.ndarray:
    """A contiguous array with its axes in the given order and direction."""
    flips = [axis for axis, flipped in enumerate(order.flips) if flipped]
    return np.ascontiguousarray(np.flip(np.transpose(values, order.axes), flips))


def turned_image(image: Image, rotation: np.ndarray, centre_mm: np.ndarray) -> Image:
    """A CT after a turn about a point; it still knows how its file stored it."""
    order, grid = turned(image.grid, rotation, centre_mm)
    first = image.stored
    stored = StoredOrder(
        tuple(first.axes[axis] for axis in order.axes),
        tuple(first.flips[axis] != flipped for axis, flipped in zip(order.axes, order.flips)),
    )
    labels = image.slices[::-1] if order.flips[0] else image.slices
    return replace(
        image, values=rearranged(image.values, order), grid=grid, stored=stored,
        outside=None if image.outside is None else rearranged(image.outside, order), slices=labels if order.axes[0] == 0 else (),
    )  # fmt: skip


def turned_pet(pet: Pet, rotation: np.ndarray, centre_mm: np.ndarray) -> Pet:
    """A PET after the turn of its CT."""
    order, grid = turned(pet.grid, rotation, centre_mm)
    return replace(pet, values=rearranged(pet.values, order), grid=grid, card=replace(pet.card, grid=grid))
