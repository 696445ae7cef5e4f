"""A path in, its headers sorted into stacks out, and of these the CT and PET that would be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ImpossibleRequest, LungstageError
from ..records import Note, SeriesCard
from .choose import (
    Candidate,
    card_of,
    choose_ct,
    choose_pet,
    facts_of,
    frame_of,
    head_foot_mm,
    patient_of,
    refuse_without_ct,
    scored,
    why_not,
)
from .clock import moment
from .inventory import Inventory, Watch, refuse_emptiness, take_inventory
from .parameters import StudyParameters
from .pixels import PixelReader
from .series import Stack, stack_slices
from .wishes import Wishes, is_file


@dataclass(frozen=True, eq=False)
class Reading:
    """What is known of a path once its headers are read."""

    where: str
    inventory: Inventory
    ct: tuple[Candidate, ...]
    pet: tuple[Candidate, ...]
    reader: PixelReader = field(default_factory=PixelReader)


@dataclass(frozen=True, eq=False)
class Choice:
    """What is used (None where there is none), what is strange about it, and a card for every stack."""

    ct: Stack | None
    pet: Stack | None
    notes: tuple[Note, ...]
    cards: tuple[SeriesCard, ...]


def read_headers(path: str | Path, wishes: Wishes, numbers: StudyParameters, files: Watch | None = None) -> Reading:
    """Inventory, stacks and their points; files: told of progress, as in `take_inventory`."""
    inventory = take_inventory(path, files)
    refuse_emptiness(inventory)
    reader = PixelReader()
    stacks = stack_slices(inventory.slices, reader.raw, numbers)
    facts = {id(stack): facts_of(stack, numbers, wishes) for stack in stacks}
    pets = [stack for stack in stacks if stack.kind == "PET"]
    frames = {frame_of(stack) for stack in pets if scored(stack, facts[id(stack)], numbers).refused is None} - {""}
    ct = []
    for stack in stacks:
        if stack.kind == "CT":
            facts[id(stack)]["frame_of_pet"] = frame_of(stack) in frames if frames else None
            ct.append(scored(stack, facts[id(stack)], numbers))
    pet = tuple(scored(stack, facts[id(stack)], numbers) for stack in pets)
    return Reading(inventory.where, inventory, tuple(ct), pet, reader)


def choose(reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Choice:
    """The CT and the PET to use; an error where there is no CT, or where its geometry cannot be true."""
    ct = choose_ct(list(reading.ct), wishes, reading.where)
    if ct is None:
        refuse_without_ct(list(reading.ct), list(reading.pet), reading.where)
    if wishes.ct is None:
        refuse_several_studies(reading, ct)
    if ct.stack.problem is not None:
        raise located(ct.stack.problem, reading.where)
    pets = [with_ct(one, ct.stack, numbers, wishes) for one in reading.pet]
    pet = None if is_file(wishes.pet) else choose_pet(pets, ct.stack, wishes, reading.where)
    notes = ()
    if pet is not None:
        pet, said = beside(pet, ct.stack, reading.where, wishes, numbers)
        notes += said
    elif pets and not is_file(wishes.pet):
        reasons = sorted({f"{one.stack.name}: {one.refused or 'of another patient'}" for one in pets})
        notes += (Note("pet_not_used", "; ".join(reasons), "staged on CT alone"),)
    return Choice(ct.stack, None if pet is None else pet.stack, notes, cards_of(reading, ct, pet))


def refuse_several_studies(reading: Reading, ct: Candidate) -> None:
    """ImpossibleRequest, naming them, where other examinations of the patient hold a CT that could have been meant as well."""
    usable = [one for one in reading.ct if one.refused is None and one.stack.problem is None]
    studies = {}
    for one in sorted(usable, key=lambda one: one.points):  # of each study its best CT
        if patient_of(one.stack) == patient_of(ct.stack):
            studies[one.stack.tags.text("StudyInstanceUID")] = one.stack
    if len(studies) > 1:
        named = "; ".join(
            sorted(f"{stack.tags.text('StudyDate') or 'without a date'}: {stack.name}, {stack.uid}" for stack in studies.values())
        )
        raise ImpossibleRequest(
            f"{reading.where}: {len(studies)} examinations of this patient hold a CT ({named}); give the folder of one, or "
            "choose a series with --ct"
        )


def located(problem: LungstageError, where: str) -> LungstageError:
    """The same error with the path in front."""
    return type(problem)(f"{where}: {problem}")


def in_place(reading: Reading, read: Callable):
    """The result of `read`, with the path in front of what goes wrong."""
    try:
        return read()
    except LungstageError as problem:
        raise located(problem, reading.where) from problem


def with_ct(candidate: Candidate, ct: Stack, numbers: StudyParameters, wishes: Wishes) -> Candidate:
    """A PET scored again beside the CT it would go with."""
    stack = candidate.stack
    facts = facts_of(stack, numbers, wishes)
    facts |= {
        "share_of_ct": share_of(ct, stack),
        "frame_of_ct": same_frame(ct, stack),
        "study_of_ct": same_study(ct, stack),
    }
    return scored(stack, facts, numbers)


def same_frame(one: Stack, other: Stack) -> bool:
    """Whether two stacks name one frame of reference."""
    return bool(frame_of(one)) and frame_of(one) == frame_of(other)


def same_study(one: Stack, other: Stack) -> bool:
    """Whether two stacks are of one examination."""
    return one.tags.text("StudyInstanceUID") == other.tags.text("StudyInstanceUID")


def head_foot_range(stack: Stack) -> tuple[float, float] | None:
    """Lowest and highest z of the stack's first voxels, mm."""
    if stack.layout is None:
        return None
    heights = [piece.position_mm[2] for piece in (stack.slices[0], stack.slices[-1])]
    if abs(heights[0] - heights[1]) < 1e-3:  # slices not stacked from foot to head
        middle, half = float(heights[0]), (head_foot_mm(stack) or 0.0)
        return middle - half, middle + half
    return min(heights), max(heights)


def share_of(ct: Stack, pet: Stack) -> float | None:
    """The share of the CT's length that a PET covers, in the same frame of reference."""
    spans = head_foot_range(ct), head_foot_range(pet)
    if None in spans:
        return None
    (low, high), (pet_low, pet_high) = spans
    return max(0.0, min(high, pet_high) - max(low, pet_low)) / max(high - low, 1e-6)


def beside(
    pet: Candidate, ct: Stack, where: str, wishes: Wishes, numbers: StudyParameters
) -> tuple[Candidate | None, tuple[Note, ...]]:
    """(the PET, or None where it cannot lie on this CT, and what is said of it)."""
    stack = pet.stack
    if stack.problem is not None:
        if wishes.pet is not None:
            raise located(stack.problem, where)
        return None, (Note("pet_not_used", str(stack.problem), "staged on CT alone"),)
    if not share_of(ct, stack):
        return None, (Note("pet_not_used", f"{stack.name} covers no part of the CT", "staged on CT alone"),)
    hours = hours_between(ct, stack)
    if wishes.pet is None and hours is not None and hours > numbers.visit_hours:
        text = f"{stack.name} was taken {hours:.0f} hours from the CT"
        return None, (Note("pet_not_used", text, "staged on CT alone; choose it with --pet if they fit"),)
    if same_frame(ct, stack):
        return pet, ()
    if not same_study(ct, stack) and wishes.pet is None:
        text = f"{stack.name} is of another examination and of another frame of reference than the CT"
        return None, (Note("pet_not_used", text, "staged on CT alone; choose it with --pet if they fit"),)
    text = f"{stack.name} and the CT do not name the same frame of reference"
    return pet, (Note("pet_other_frame", text, "they are laid over each other as their positions say; uptake may lie elsewhere"),)


def hours_between(one: Stack, other: Stack) -> float | None:
    """Hours between the acquisitions of two stacks, or None where a date is missing."""
    times = [
        moment(stack.tags.text("AcquisitionDate") or stack.tags.text("SeriesDate") or stack.tags.text("StudyDate"),
               stack.tags.text("AcquisitionTime") or "1200") for stack in (one, other)
    ]  # fmt: skip
    return None if None in times else abs((times[0] - times[1]).total_seconds()) / 3600


def cards_of(reading: Reading, ct: Candidate | None, pet: Candidate | None) -> tuple[SeriesCard, ...]:
    """A card for each stack, used ones first, and for each object that is no image."""
    cards = []
    for candidates, chosen in ((reading.ct, ct), (reading.pet, pet)):
        for one in sorted(candidates, key=lambda c: (chosen is None or c.stack is not chosen.stack, -c.points, c.stack.uid)):
            used = chosen is not None and one.stack is chosen.stack
            cards.append(card_of(one, used, None if used else why_not(one, chosen)))
    return (*sorted(cards, key=lambda card: not card.chosen), *other_cards(reading.inventory))


def other_cards(inventory: Inventory) -> tuple[SeriesCard, ...]:
    """A card for each series of objects that are no images of a CT or PET, and for each volume file beside DICOM."""
    series: dict[tuple[str, str], list] = {}
    for other in inventory.others:
        series.setdefault((other.tags.text("SeriesInstanceUID"), other.why_not), []).append(other)
    cards = [
        SeriesCard(uid, others[0].tags.text("Modality") or "?", others[0].tags.text("SeriesDescription"), None, len(others), None,
                   None, False, reason)
        for (uid, reason), others in series.items()
    ]  # fmt: skip
    if inventory.slices:
        cards += [
            SeriesCard(source.name, "volume file", "", None, 1, None, None, False, "not DICOM, which is used where there is any")
            for source in inventory.volumes
        ]
    return tuple(sorted(cards, key=lambda card: (card.modality, card.uid)))
