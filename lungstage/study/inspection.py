"""A folder, file, zip or DICOMDIR in, its passport out; where nothing can be staged, it says what stopped the reading."""

from __future__ import annotations

from pathlib import Path

from ..errors import LungstageError
from ..records import Note, Passport
from .choose import best_of
from .headers import quietly
from .inventory import Watch, take_inventory
from .parameters import StudyParameters, load_study_parameters
from .passport import counts_of, digest_of, extents_of, inventory_notes
from .read_pet import Pet, pet_of_stack
from .read_study import read_study
from .reading import Reading, cards_of, other_cards, read_headers
from .wishes import Wishes


def inspect(path: str | Path, *, wishes: Wishes | None = None, parameters: StudyParameters | None = None,
            files: Watch | None = None) -> Passport:  # fmt: skip
    """What is behind a path, what would be used and what is wrong with it.

    files    called now and then with (files sorted, files in all), for progress
    raises   UnreadableInput where the path is wrong or nothing in it could be an image
    """
    numbers = parameters or load_study_parameters()
    wishes = wishes or Wishes()
    with quietly():
        try:
            return read_study(path, wishes=wishes, parameters=numbers, files=files).passport
        except LungstageError as problem:
            return passport_without_study(path, wishes, numbers, problem)


def passport_without_study(path, wishes: Wishes, numbers: StudyParameters, problem: LungstageError) -> Passport:
    """The passport where nothing can be staged; the problem itself where there is nothing to describe."""
    try:
        reading = read_headers(path, wishes, numbers)
    except LungstageError:
        inventory = take_inventory(path)  # raises again where the path itself is wrong
        reading = Reading(inventory.where, inventory, (), ())
        if not (inventory.slices or inventory.others or inventory.volumes or inventory.damaged):
            raise
    pet = None if any(one.refused is None for one in reading.ct) else pet_alone(reading, wishes, numbers)
    candidate = next((one for one in reading.pet if pet is not None and one.stack.uid == pet.card.uid), None)
    cards = cards_of(reading, None, candidate) if reading.ct or reading.pet else other_cards(reading.inventory)
    stopped = Note("not_staged", str(problem), "nothing can be staged")
    notes = (stopped, *(() if pet is None else pet.notes), *inventory_notes(reading.inventory))
    card = None if pet is None else pet.card
    return Passport(cards, None, card, extents_of(pet=pet), notes, digest_of(pet), **counts_of(reading))


def pet_alone(reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Pet | None:
    """The PET of a path without a CT, or None where there is none in SUV."""
    usable = [one for one in reading.pet if one.refused is None and one.stack.problem is None]
    try:
        return pet_of_stack(best_of(usable).stack, reading, wishes, numbers) if usable else None
    except LungstageError:
        return None
