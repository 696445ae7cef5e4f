"""A folder, file, zip or DICOMDIR in; the Study, the PET alone, or the passport out.

Headers first, then stacks, then the choice, then the pixels of what was chosen: CT in HU, PET in SUV. `inspect` walks the same
way and writes down what would stop it. Numbers: priors/parameters/study.toml; the choice of series: priors/study/series.toml.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import LungstageError, MissingImage, UnreadableInput
from ..records import ImageCard, Note, Passport, PatientHeader, SeriesCard, Study, SuvStep, Volume
from .choose import (
    Candidate,
    Choice,
    best_of,
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
from .headers import Tags, quietly
from .hounsfield import check_hounsfield
from .images import Image, read_activity, read_ct
from .inventory import Inventory, count_of, refuse_emptiness, take_inventory
from .parameters import StudyParameters, load_study_parameters
from .patient import patient_header
from .pixels import PixelReader
from .series import Stack, stack_slices
from .sources import Source
from .suv import Scale, body_mean, climb, pet_header, with_wishes
from .volume_files import kind_of, open_volume, volume_image
from .wishes import Wishes


@dataclass(frozen=True, eq=False, repr=False)
class Pet(Volume):
    """A PET alone: a Volume in SUV that carries how it was made and what is strange."""

    card: ImageCard | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class Reading:
    """What is known of a path once its headers are read."""

    where: str
    inventory: Inventory
    ct: tuple[Candidate, ...]
    pet: tuple[Candidate, ...]
    reader: PixelReader = field(default_factory=PixelReader)


def read_study(path: str | Path, *, ct=None, pet=None, wishes: Wishes | None = None,
               parameters: StudyParameters | None = None) -> Study:  # fmt: skip
    """The study behind a path: CT in HU, PET in SUV where there is one, and the passport.

    path        folder (searched to the bottom), zip, DICOMDIR, one DICOM file (stands for its series), NIfTI, NRRD or MHD
    ct, pet     Series Instance UIDs to use (pet also a NIfTI file in SUV); the same wishes as in `wishes`
    wishes      everything the user may ask for beside the path
    parameters  by default those that ship with the package
    raises      UnreadableInput, ImpossibleGeometry, MissingImage (PET without CT), ImpossibleRequest (several patients, a
                UID that is not there), NotEnoughMemory; each in one line
    """
    numbers = parameters or load_study_parameters()
    wishes = merged(wishes, ct, pet)
    with quietly():
        reading = read_headers(path, wishes, numbers)
        if not any(one.refused is None for one in reading.ct) and not reading.pet and reading.inventory.volumes:
            return study_of_volume(reading, wishes, numbers)
        choice = choose(reading, wishes, numbers)
        return study_of_stacks(reading, choice, wishes, numbers)


def read_pet(path: str | Path, *, pet=None, wishes: Wishes | None = None, parameters: StudyParameters | None = None) -> Pet:
    """The PET behind a path in SUV, whether there is a CT or not.

    raises   UnreadableInput where there is no PET whose values can be used; else as `read_study`
    """
    numbers = parameters or load_study_parameters()
    wishes = merged(wishes, None, pet)
    with quietly():
        reading = read_headers(path, wishes, numbers)
        if is_file(wishes.pet):
            return pet_of_file(wishes.pet, wishes, numbers)
        chosen = choose_pet(list(reading.pet), None, wishes, reading.where)
        if chosen is None:
            reasons = sorted({f"{one.stack.name} is {one.refused}" for one in reading.pet})
            raise UnreadableInput(f"{reading.where}: no PET in SUV here ({'; '.join(reasons) or 'no PET at all'})")
        return pet_of_stack(chosen.stack, reading, wishes, numbers)


def inspect(path: str | Path, *, wishes: Wishes | None = None, parameters: StudyParameters | None = None) -> Passport:
    """What is behind a path, what would be used and what is wrong with it; also where nothing can be staged.

    raises   UnreadableInput where the path is wrong or holds no file at all
    """
    numbers = parameters or load_study_parameters()
    wishes = wishes or Wishes()
    try:
        return read_study(path, wishes=wishes, parameters=numbers).passport
    except LungstageError as problem:
        if not Path(path).exists():
            raise
        return passport_of_failure(path, wishes, numbers, problem)


def merged(wishes: Wishes | None, ct, pet) -> Wishes:
    """The wishes with series named directly taking precedence."""
    wishes = wishes or Wishes()
    named = {name: value for name, value in (("ct", ct), ("pet", pet)) if value is not None}
    return replace(wishes, **named)


def is_file(wish) -> bool:
    """Whether a wish names a file rather than a series."""
    return wish is not None and Path(wish).is_file()


# --- headers and choice ----------------------------------------------------------------------------------------------


def read_headers(path: str | Path, wishes: Wishes, numbers: StudyParameters) -> Reading:
    """Inventory, stacks and their points."""
    inventory = take_inventory(path)
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
    return Reading(str(path), inventory, tuple(ct), pet, reader)


def choose(reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Choice:
    """The CT and the PET to use; an error where there is no CT, or where its geometry cannot be true."""
    ct = choose_ct(list(reading.ct), wishes, reading.where)
    if ct is None:
        refuse_without_ct(list(reading.ct), list(reading.pet), reading.where)
    if ct.stack.problem is not None:
        raise located(ct.stack.problem, reading.where)
    pets = [with_ct(one, ct.stack, numbers, wishes) for one in reading.pet]
    pet = None if is_file(wishes.pet) else choose_pet(pets, ct.stack, wishes, reading.where)
    notes: tuple[Note, ...] = ()
    if pet is not None:
        pet, notes = beside(pet, ct.stack, reading.where, wishes)
    elif pets and not is_file(wishes.pet):
        reasons = sorted({f"{one.stack.name}: {one.refused or 'of another patient'}" for one in pets})
        notes = (Note("pet_not_used", "; ".join(reasons), "staged on CT alone"),)
    return Choice(ct.stack, None if pet is None else pet.stack, notes, cards_of(reading, ct, pet))


def located(problem: LungstageError, where: str) -> LungstageError:
    """The same error with the path in front."""
    return type(problem)(f"{where}: {problem}")


def with_ct(candidate: Candidate, ct: Stack, numbers: StudyParameters, wishes: Wishes) -> Candidate:
    """A PET scored again beside the CT it would go with."""
    stack = candidate.stack
    facts = facts_of(stack, numbers, wishes)
    facts |= {
        "share_of_ct": share_of(ct, stack),
        "frame_of_ct": bool(frame_of(ct)) and frame_of(ct) == frame_of(stack),
        "study_of_ct": ct.tags.text("StudyInstanceUID") == stack.tags.text("StudyInstanceUID"),
    }
    return scored(stack, facts, numbers)


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


def beside(pet: Candidate, ct: Stack, where: str, wishes: Wishes) -> tuple[Candidate | None, tuple[Note, ...]]:
    """(the PET, or None where it cannot lie on this CT, and what is said of it)."""
    stack = pet.stack
    if stack.problem is not None:
        if wishes.pet is not None:
            raise located(stack.problem, where)
        return None, (Note("pet_not_used", str(stack.problem), "staged on CT alone"),)
    same_frame = frame_of(ct) == frame_of(stack) and bool(frame_of(ct))
    same_study = ct.tags.text("StudyInstanceUID") == stack.tags.text("StudyInstanceUID")
    if not share_of(ct, stack):
        return None, (Note("pet_not_used", f"{stack.name} covers no part of the CT", "staged on CT alone"),)
    if same_frame:
        return pet, ()
    if not same_study and wishes.pet is None:
        text = f"{stack.name} is of another examination and of another frame of reference than the CT"
        return None, (Note("pet_not_used", text, "staged on CT alone; choose it with --pet if they fit"),)
    text = f"{stack.name} and the CT do not name the same frame of reference"
    return pet, (Note("pet_other_frame", text, "they are laid over each other as their positions say; uptake may lie elsewhere"),)


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


# --- pixels ----------------------------------------------------------------------------------------------------------


def study_of_stacks(reading: Reading, choice: Choice, wishes: Wishes, numbers: StudyParameters) -> Study:
    """The study of a chosen CT and PET."""
    image = in_place(reading, choice.ct, lambda: read_ct(
        choice.ct, reading.reader, wishes.hu_offset, numbers, wishes.max_ram_gb))  # fmt: skip
    notes = check_hounsfield(image.values, image.outside, choice.ct.name, numbers)
    pet, pet_notes = None, choice.notes
    if is_file(wishes.pet):
        pet = pet_of_file(wishes.pet, wishes, numbers)
    elif choice.pet is not None:
        pet = pet_of_stack(choice.pet, reading, wishes, numbers)
    tags = Tags(*choice.ct.tags.datasets, *(() if choice.pet is None else choice.pet.tags.datasets))
    card = ImageCard(choice.ct.uid, image.grid, "HU")
    notes = (*choice.ct.notes, *notes, *image.notes, *pet_notes, *inventory_notes(reading.inventory))
    return finished(reading, image, card, pet, notes, choice.cards, patient_header(tags, numbers))


def in_place(reading: Reading, stack: Stack, read: Callable[[], Image]) -> Image:
    """Read, with the path in front of what goes wrong."""
    try:
        return read()
    except LungstageError as problem:
        raise located(problem, reading.where) from problem


def pet_of_stack(stack: Stack, reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Pet:
    """A PET in SUV."""
    if stack.problem is not None:
        raise located(stack.problem, reading.where)
    image = in_place(reading, stack, lambda: read_activity(stack, reading.reader, numbers, wishes.max_ram_gb))
    header = with_wishes(pet_header([piece.tags for piece in stack.slices], numbers), wishes)
    scale = climb(header, numbers, lambda: body_mean(image.values))
    if scale.trust == "refused":
        raise UnreadableInput(f"{reading.where}: {stack.name} gives no SUV ({scale.why}); choose another with --pet")
    values, scale = in_suv(image, scale, numbers)
    card = ImageCard(stack.uid, image.grid, scale.unit, scale.trust, scale.steps)
    return Pet(values, image.grid, scale.unit, card, (*stack.notes, *scale.notes))


def in_suv(image: Image, scale: Scale, numbers: StudyParameters) -> tuple[np.ndarray, Scale]:
    """(float32 values in SUV, the scale with the step that was missing) of an image in its own unit."""
    values = image.values
    if not np.isfinite(values).all():
        raise UnreadableInput("the PET holds values that are not finite; export it again")
    factors, steps = scale.factors, scale.steps
    if factors is None:
        mean = body_mean(values)
        if mean <= 0:
            raise UnreadableInput("the PET is empty: no voxel is above 0; export it again")
        factors = 1.0 / mean
        steps = (*steps, SuvStep(f"divided by the mean of the body, {mean:.6g}", {}))
    if np.ndim(factors):
        image.stored.undo(values)[:] *= factors[image.sources].astype(np.float32)[:, None, None]
    elif factors != 1.0:
        np.multiply(values, np.float32(factors), out=values)
    notes = scale.notes
    if scale.unit == "SUVbw":
        mean, (low, high) = body_mean(values), numbers.body_suv
        if not low <= mean <= high:
            notes += (Note("pet_suv_unusual", f"the mean SUV of the body is {mean:.2f} ({low:g} to {high:g} are usual)",
                           "weight, dose or times in the headers may be wrong"),)  # fmt: skip
    return values, replace(scale, steps=steps, notes=notes)


def pet_of_file(path: str | Path, wishes: Wishes, numbers: StudyParameters) -> Pet:
    """A PET that a user gave as NIfTI, NRRD or MHD: taken as SUVbw, because the file says nothing of it."""
    volume = open_volume(Source(str(path), Path(path).name), wishes.max_ram_gb)
    image = volume_image(volume, numbers, np.float32)
    step = SuvStep("taken as SUVbw, as the user gave it", {})
    note = Note("pet_file", f"{Path(path).name} says nothing of its unit", "taken as SUVbw")
    card = ImageCard(Path(path).name, image.grid, "SUVbw", "assumed", (step,))
    return Pet(image.values, image.grid, "SUVbw", card, (note, *image.notes))


def study_of_volume(reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Study:
    """The study of the one CT among volume files."""
    source, volume, cards = choose_volume(reading, wishes)
    image = in_place(reading, None, lambda: volume_image(volume, numbers, np.int16, wishes.hu_offset))
    notes = check_hounsfield(image.values, image.outside, source.name, numbers)
    pet = pet_of_file(wishes.pet, wishes, numbers) if is_file(wishes.pet) else None
    card = ImageCard(source.name, image.grid, "HU")
    notes = (*notes, *image.notes, *inventory_notes(reading.inventory))
    return finished(reading, image, card, pet, notes, cards, PatientHeader())


def choose_volume(reading: Reading, wishes: Wishes):
    """(source, volume, cards) of the CT among volume files; labels and masks are never taken for one."""
    from ..errors import ImpossibleRequest

    sources = reading.inventory.volumes
    if wishes.ct is not None:
        sources = tuple(source for source in sources if wishes.ct in (source.name, source.path, Path(source.name).name))
        if not sources:
            raise ImpossibleRequest(f"{reading.where}: --ct {wishes.ct} is no file here; give a name that `inspect` lists")
    kinds: dict[Source, str] = {}
    problems: dict[Source, LungstageError] = {}
    kept = None
    for source in sources:
        try:
            volume = open_volume(source, wishes.max_ram_gb)
            kinds[source] = kind_of(volume)
        except LungstageError as problem:
            problems[source] = problem
            continue
        if kept is None or (kinds[source] == "ct") > (kinds[kept[0]] == "ct") or kinds[kept[0]] == "labels":
            kept = source, volume
        del volume
    cts = [source for source in kinds if kinds[source] == "ct"] or [source for source in kinds if kinds[source] == "other"]
    if len(cts) > 1:
        raise ImpossibleRequest(
            f"{reading.where}: {len(cts)} volumes could be the CT ({', '.join(source.name for source in cts)}); give one of them"
        )
    if not cts:
        if problems:
            raise located(next(iter(problems.values())), reading.where)
        raise UnreadableInput(
            f"{reading.where}: only masks or label maps here ({', '.join(source.name for source in kinds)}); give the CT itself"
        )
    reasons = {
        "labels": "a mask or label map; masks are used only when they are passed",
        "other": "no air in it, so not a CT in HU",
    }  # fmt: skip
    cards = []
    for source in reading.inventory.volumes:
        used = source == cts[0]
        reason = None if used else str(problems.get(source) or reasons.get(kinds.get(source, ""), "another file was chosen"))
        cards.append(SeriesCard(source.name, "CT" if used else "?", source.name, None, 1, None, None, used, reason))
    source, volume = kept
    spacing = tuple(np.round(np.linalg.norm(volume.affine[:3, :3], axis=0)[::-1], 4).tolist())
    cards = [replace(card, slices=len(volume.stored), spacing_mm=spacing) if card.chosen else card for card in cards]
    return source, volume, tuple(sorted(cards, key=lambda card: not card.chosen))


# --- passport --------------------------------------------------------------------------------------------------------


def inventory_notes(inventory: Inventory) -> tuple[Note, ...]:
    """What is said of files that could not be used."""
    notes = ()
    if inventory.damaged:
        source, why = inventory.damaged[0]
        text = f"{count_of(len(inventory.damaged), 'DICOM file')} cannot be read, such as {source.name} ({why})"
        notes += (Note("damaged_files", text, "left out"),)
    masks = sum("masks are used only" in other.why_not for other in inventory.others)
    if masks:
        text = f"{count_of(masks, 'file')} with segmentations or contours {'lies' if masks == 1 else 'lie'} beside the images"
        notes += (Note("masks_found", text, "not used; pass it with --lungs, --organs or --lesions"),)
    return notes


def beyond_notes(ct: Image, pet: Pet | None) -> tuple[Note, ...]:
    """What is said of a PET that reaches farther than the CT."""
    if pet is None:
        return ()
    ct_z, pet_z = (grid.corners_mm()[:, 2] for grid in (ct.grid, pet.grid))
    ends = []
    for name, beyond in (("head", pet_z.max() - ct_z.max()), ("feet", ct_z.min() - pet_z.min())):
        if beyond > 2 * pet.grid.spacing_mm[0]:
            ends.append(f"{beyond:.0f} mm towards the {name}")
    if not ends:
        return ()
    return (Note("pet_beyond_ct", f"the PET reaches {' and '.join(ends)} beyond the CT", "uptake there has no CT to go with"),)


def digest_of(*images: tuple[np.ndarray, object]) -> str:
    """sha256 of values and geometry of the images in use, whatever their files were called."""
    total = hashlib.sha256()
    for values, grid in images:
        place = [*grid.shape, *np.round([*grid.spacing_mm, *grid.origin_mm, *grid.direction], 4) + 0.0]
        total.update(" ".join(f"{number:.4f}" for number in place).encode())
        total.update(np.ascontiguousarray(values).data)
    return total.hexdigest()


def extents(**images) -> dict[str, float]:
    """Head-foot extent of each image, mm."""
    return {
        name: round(float(np.ptp(image.grid.corners_mm()[:, 2])), 2) for name, image in images.items() if image is not None
    }


def finished(reading, image: Image, card: ImageCard, pet: Pet | None, notes, cards, patient: PatientHeader) -> Study:
    """The study with its passport."""
    used = [(image.values, image.grid)] + ([] if pet is None else [(pet.values, pet.grid)])
    notes = (*notes, *(() if pet is None else pet.notes), *beyond_notes(image, pet))
    passport = Passport(
        cards, card, None if pet is None else pet.card, extents(ct=image, pet=pet), notes, digest_of(*used), **counts_of(reading)
    )
    volume = None if pet is None else Volume(pet.values, pet.grid, pet.unit)
    return Study(
        Volume(image.values, image.grid, "HU"), volume, passport, image.outside, image.slices, image.stored, patient
    )


def counts_of(reading: Reading) -> dict[str, object]:
    """Patients, studies and strangers behind the path."""
    stacks = [one.stack for one in (*reading.ct, *reading.pet)]
    return {
        "patients": max(1, len({patient_of(stack) for stack in stacks})),
        "studies": max(1, len({stack.tags.text("StudyInstanceUID") for stack in stacks})),
        "other_files": reading.inventory.strangers,
        "origin": reading.where,
    }


def passport_of_failure(path, wishes: Wishes, numbers: StudyParameters, problem: LungstageError) -> Passport:
    """The passport where nothing can be staged: what is there, the PET if there is one, and what stopped the reading."""
    stopped = Note("not_staged", str(problem), "nothing can be staged")
    with quietly():
        try:
            reading = read_headers(path, wishes, numbers)
        except LungstageError:
            inventory = take_inventory(path)
            reading = Reading(str(path), inventory, (), ())
        pet, chosen = None, None
        usable = [one for one in reading.pet if one.refused is None and one.stack.problem is None]
        if isinstance(problem, MissingImage) and usable:
            chosen = best_of(usable)
            pet = pet_of_stack(chosen.stack, reading, wishes, numbers)
    cards = cards_of(reading, None, chosen) if reading.ct or reading.pet else other_cards(reading.inventory)
    used = [] if pet is None else [(pet.values, pet.grid)]
    return Passport(
        cards, None, None if pet is None else pet.card, extents(pet=pet),
        (stopped, *(() if pet is None else pet.notes), *inventory_notes(reading.inventory)), digest_of(*used),
        **counts_of(reading),
    )  # fmt: skip
