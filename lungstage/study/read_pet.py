"""A folder, file, zip or DICOMDIR in, its PET in SUV out, whether there is a CT or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ImpossibleGeometry, UnreadableInput
from ..records import ImageCard, Note, SuvStep, Volume
from .choose import choose_pet
from .headers import quietly
from .images import Image, read_activity
from .parameters import StudyParameters, load_study_parameters
from .pet_header import pet_header, with_wishes
from .reading import Reading, in_place, located, read_headers
from .series import Stack
from .sources import source_at
from .suv import Scale, climb
from .suv_repairs import body_mean
from .volume_files import open_volume, volume_image
from .wishes import Wishes, is_file, merged


@dataclass(frozen=True, eq=False, repr=False)
class Pet(Volume):
    """A PET alone: a Volume in SUV that carries how it was made and what is strange."""

    card: ImageCard | None = None
    notes: tuple[Note, ...] = ()


def read_pet(path: str | Path, *, pet=None, wishes: Wishes | None = None, parameters: StudyParameters | None = None) -> Pet:
    """The PET behind a path in SUV, whether there is a CT or not.

    raises   UnreadableInput where there is no PET whose values can be used; else as `read_study`
    """
    numbers = parameters or load_study_parameters()
    wishes = merged(wishes, pet=pet)
    with quietly():
        reading = read_headers(path, wishes, numbers)
        if is_file(wishes.pet):
            return pet_of_file(wishes.pet, wishes, numbers)
        chosen = choose_pet(list(reading.pet), None, wishes, reading.where)
        if chosen is None:
            reasons = sorted({f"{one.stack.name} is {one.refused}" for one in reading.pet})
            raise UnreadableInput(f"{reading.where}: no PET in SUV here ({'; '.join(reasons) or 'no PET at all'})")
        return pet_of_stack(chosen.stack, reading, wishes, numbers)


def pet_of_stack(stack: Stack, reading: Reading, wishes: Wishes, numbers: StudyParameters) -> Pet:
    """A PET in SUV."""
    if stack.problem is not None:
        raise located(stack.problem, reading.where)
    image = in_place(reading, lambda: read_activity(stack, reading.reader, wishes.max_ram_gb))
    header = with_wishes(pet_header([piece.tags for piece in stack.slices], numbers), wishes)
    scale = climb(header, numbers, lambda: body_mean(image.values))
    if scale.trust == "refused":
        raise UnreadableInput(f"{reading.where}: {stack.name} gives no SUV ({scale.why}); choose another with --pet")
    values, scale = in_place(reading, lambda: in_suv(image, scale, numbers))
    card = ImageCard(stack.uid, image.grid, scale.unit, scale.trust, scale.steps)
    return Pet(values, image.grid, scale.unit, card, (*stack.notes, *scale.notes))


def in_suv(image: Image, scale: Scale, numbers: StudyParameters) -> tuple[np.ndarray, Scale]:
    """(float32 values in SUV, the scale with the step that was missing) of an image in its own unit."""
    values = image.values
    if not np.isfinite(values).all():
        raise UnreadableInput("the PET holds values that are not finite; export it again")
    mean = body_mean(values)
    if mean <= 0:
        raise UnreadableInput("the PET is empty: no voxel is above 0; export it again, or give the folder of the CT alone")
    factors, steps = scale.factors, scale.steps
    if factors is None:
        factors = numbers.usual_body_suv / mean
        steps = (*steps, SuvStep(f"laid on a mean of {numbers.usual_body_suv:g} in the body ({mean:.6g} in its own unit)", {}))
    if np.ndim(factors):
        with np.errstate(over="ignore"):  # what is not finite is refused below
            image.stored.undo(values)[:] *= factors[image.sources].astype(np.float32)[:, None, None]
    elif factors != 1.0:
        with np.errstate(over="ignore"):
            np.multiply(values, np.float32(factors), out=values)
    if not np.isfinite(values).all():
        raise UnreadableInput("SUV made of its headers is not finite; export the PET again, or give weight, dose and uptake time")
    notes = unusual_notes(body_mean(values), numbers) if scale.unit == "SUVbw" else ()
    return values, replace(scale, steps=steps, notes=(*scale.notes, *notes))


def unusual_notes(mean: float, numbers: StudyParameters) -> tuple[Note, ...]:
    """A note where the mean SUV of the body is not as bodies have it."""
    low, high = numbers.body_suv
    if low <= mean <= high:
        return ()
    text = f"the mean SUV of the body is {mean:.2f} ({low:g} to {high:g} are usual)"
    return (Note("pet_suv_unusual", text, "weight, dose or times in the headers may be wrong"),)


def pet_of_file(path: str | Path, wishes: Wishes, numbers: StudyParameters) -> Pet:
    """A PET that a user gave as NIfTI, NRRD or MHD: taken as SUVbw, because the file says nothing of it."""
    volume = open_volume(source_at(Path(path)), wishes.max_ram_gb)
    image = volume_image(volume, numbers, np.float32)
    mean, lowest = body_mean(image.values), float(image.values.min())
    low, high = numbers.body_suv
    far = numbers.file_suv_far
    if lowest < numbers.file_suv_lowest or not low / far <= mean <= high * far:
        raise ImpossibleGeometry(
            f"{Path(path).name}: values down to {lowest:.4g} with a mean of {mean:.4g} in the body are no SUV "
            f"({low:g} to {high:g} are usual); give --pet a file in SUV of body weight"
        )
    step = SuvStep("taken as SUVbw, as the user gave it", {})
    note = Note("pet_file", f"{Path(path).name} says nothing of its unit", "taken as SUVbw")
    card = ImageCard(Path(path).name, image.grid, "SUVbw", "assumed", (step,))
    return Pet(image.values, image.grid, "SUVbw", card, (note, *image.notes, *unusual_notes(mean, numbers)))
