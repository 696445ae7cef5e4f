"""A folder, file, zip or DICOMDIR in; the Study out: CT in HU, PET in SUV, and the passport.

Headers first, then stacks, then the choice, then the pixels of what was chosen, then whether the anatomy agrees with the
header. Numbers: priors/parameters/study.toml and orientation.toml; the choice of series: priors/study/series.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..records import Given, ImageCard, Note, Passport, PatientHeader, SeriesCard, Study, Volume
from .breathing import breathing_notes, breathing_shift_mm
from .choose_volume import choose_volume
from .given import read_given
from .headers import Tags, quietly
from .hounsfield import check_hounsfield
from .images import Image, check_staging, read_ct
from .inventory import Watch
from .parameters import StudyParameters, load_study_parameters
from .passport import beyond_notes, counts_of, digest_of, extents_of, inventory_notes
from .patient import patient_header
from .read_pet import Pet, pet_of_file, pet_of_stack
from .reading import Choice, Reading, choose, in_place, read_headers
from .reorient import believed
from .volume_files import volume_image
from .wishes import Wishes, is_file, merged


def read_study(path: str | Path, *, ct=None, pet=None, wishes: Wishes | None = None,
               parameters: StudyParameters | None = None, files: Watch | None = None) -> Study:  # fmt: skip
    """The study behind a path: CT in HU, PET in SUV where there is one, and the passport.

    path        folder (searched to the bottom), zip, DICOMDIR, one DICOM file (stands for its series), NIfTI, NRRD or MHD
    ct, pet     Series Instance UIDs to use (pet also a NIfTI file in SUV); the same wishes as in `wishes`
    wishes      everything the user may ask for beside the path
    parameters  by default those that ship with the package
    files       called now and then with (files sorted, files in all), for progress
    raises      UnreadableInput, ImpossibleGeometry, MissingImage (PET without CT), ImpossibleRequest (several patients, a
                UID that is not there), NotEnoughMemory; each in one line
    """
    numbers = parameters or load_study_parameters()
    wishes = merged(wishes, ct=ct, pet=pet)
    with quietly():
        reading = read_headers(path, wishes, numbers, files)
        if not any(one.refused is None for one in reading.ct) and not reading.pet and reading.inventory.volumes:
            return study_of_volume(reading, wishes, numbers)
        choice = choose(reading, wishes, numbers)
        return study_of_stacks(reading, choice, wishes, numbers)


@dataclass(frozen=True, eq=False)
class Parts:
    """What a study is made of once everything is read: the CT and its card, the PET, what was strange, a card for each series."""

    image: Image
    card: ImageCard
    pet: Pet | None
    notes: tuple[Note, ...]
    cards: tuple[SeriesCard, ...]
    patient: PatientHeader
    given: Given | None


def study_of_stacks(reading: Reading, choice: Choice, wishes: Wishes, numbers: StudyParameters) -> Study:
    """The study of a chosen CT and PET."""
    image = in_place(reading, lambda: read_ct(choice.ct, reading.reader, wishes, numbers))
    notes = in_place(reading, lambda: check_hounsfield(image.values, image.outside, choice.ct.name, numbers))
    pet, pet_notes = None, choice.notes
    if is_file(wishes.pet):
        pet = pet_of_file(wishes.pet, wishes, numbers)
    elif choice.pet is not None:
        pet = pet_of_stack(choice.pet, reading, wishes, numbers)
    tags = Tags(*choice.ct.tags.datasets, *(() if choice.pet is None else choice.pet.tags.datasets))
    image, pet, more = in_place(reading, lambda: believed(image, pet, choice.ct.name, wishes.fix_orientation, numbers))
    given, of_given = read_given(wishes, image.grid, more, numbers.priors, choice.ct.tags)
    card = ImageCard(choice.ct.uid, image.grid, "HU")
    notes = (*choice.ct.notes, *notes, *image.notes, *more, *pet_notes, *inventory_notes(reading.inventory))
    notes = (*notes, *of_given, *wish_notes(wishes))
    return finished(reading, Parts(image, card, pet, notes, choice.cards, patient_header(tags, numbers), given), numbers)


def study_of_volume(reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Study:
    """The study of the one CT among volume files."""
    volume, cards = choose_volume(reading, wishes)
    in_place(reading, lambda: check_staging(volume.stored.shape, wishes, volume.source.name, numbers))
    image = in_place(reading, lambda: volume_image(volume, numbers, np.int16, wishes.hu_offset))
    name = volume.source.name
    notes = in_place(reading, lambda: check_hounsfield(image.values, image.outside, name, numbers))
    pet = pet_of_file(wishes.pet, wishes, numbers) if is_file(wishes.pet) else None
    image, pet, more = in_place(reading, lambda: believed(image, pet, name, wishes.fix_orientation, numbers))
    given, of_given = read_given(wishes, image.grid, more, numbers.priors)
    notes = (*notes, *image.notes, *more, *inventory_notes(reading.inventory), *of_given, *wish_notes(wishes))
    return finished(reading, Parts(image, ImageCard(name, image.grid, "HU"), pet, notes, cards, PatientHeader(), given), numbers)


def wish_notes(wishes: Wishes) -> tuple[Note, ...]:
    """What the user changed in the CT."""
    if not wishes.hu_offset:
        return ()
    return (Note("hu_offset", f"the user added {wishes.hu_offset:g} to every HU", "densities rest on it"),)


def finished(reading: Reading, parts: Parts, numbers: StudyParameters) -> Study:
    """The study with its passport."""
    image, pet, notes = parts.image, parts.pet, parts.notes
    ct = Volume(image.values, image.grid, "HU")
    shift_mm = None if pet is None else breathing_shift_mm(ct, pet, numbers)
    if pet is not None:
        notes = (*notes, *pet.notes, *beyond_notes(ct.grid, pet.grid), *breathing_notes(shift_mm, numbers))
    pet_card = None if pet is None else pet.card
    extents, digest = extents_of(ct=ct, pet=pet), digest_of(ct, pet, given=parts.given)
    shift_mm = None if shift_mm is None else round(shift_mm, 1)
    passport = Passport(
        parts.cards, parts.card, pet_card, extents, notes, digest, **counts_of(reading), breathing_shift_mm=shift_mm
    )  # fmt: skip
    return Study(
        ct, None if pet is None else Volume(pet.values, pet.grid, pet.unit), passport, image.outside, image.slices,
        image.stored, parts.patient, parts.given,
    )  # fmt: skip
