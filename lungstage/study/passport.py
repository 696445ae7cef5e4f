"""What was read in, the words and numbers of its passport out: notes, extents, digest, counts."""

from __future__ import annotations

import hashlib

import numpy as np

from ..geometry import Grid
from ..records import Given, Note, Volume
from .choose import persons
from .inventory import Inventory, count_of
from .reading import Reading


def inventory_notes(inventory: Inventory) -> tuple[Note, ...]:
    """What is said of files that could not be used."""
    notes = ()
    if inventory.damaged:
        source, why = inventory.damaged[0]
        text = f"{count_of(len(inventory.damaged), 'DICOM file')} cannot be read, such as {source.name} ({why})"
        notes += (Note("damaged_files", text, "left out"),)
    if inventory.unopened:
        source = inventory.unopened[0]
        text = f"{count_of(len(inventory.unopened), 'thing')} could not be opened, such as {source.name} ({source.unopened})"
        notes += (Note("unopened_files", text, "if images are in them, they are missing here"),)
    masks = sum("masks are used only" in other.why_not for other in inventory.others)
    if masks:
        text = f"{count_of(masks, 'file')} with segmentations or contours {'lies' if masks == 1 else 'lie'} beside the images"
        notes += (Note("masks_found", text, "not used unless passed"),)
    return notes


def beyond_notes(ct: Grid, pet: Grid | None) -> tuple[Note, ...]:
    """What is said of a PET that reaches farther than the CT."""
    if pet is None:
        return ()
    ct_z, pet_z = (grid.corners_mm()[:, 2] for grid in (ct, pet))
    ends = []
    for name, beyond in (("head", pet_z.max() - ct_z.max()), ("feet", ct_z.min() - pet_z.min())):
        if beyond > 2 * pet.spacing_mm[0]:
            ends.append(f"{beyond:.0f} mm towards the {name}")
    if not ends:
        return ()
    return (Note("pet_beyond_ct", f"the PET reaches {' and '.join(ends)} beyond the CT", "uptake there has no CT to go with"),)


def digest_of(*volumes: Volume | None, given: Given | None = None) -> str:
    """sha256 of values and geometry of the images in use, and of given masks, whatever their files were called."""
    total = hashlib.sha256()
    for volume in volumes:
        if volume is not None:
            grid = volume.grid
            place = [*grid.shape, *np.round([*grid.spacing_mm, *grid.origin_mm, *grid.direction], 4) + 0.0]
            total.update(" ".join(f"{number:.4f}" for number in place).encode())
            total.update(volume.values.data)
    for kind in () if given is None else ("lungs", "organs", "lesions"):
        masks = getattr(given, kind)
        if masks is not None:
            total.update(f"{kind} {masks.names}".encode())
            total.update(masks.labels.data)
    return total.hexdigest()


def extents_of(**volumes: Volume | None) -> dict[str, float]:
    """Head-foot extent of each image, mm."""
    there = {name: volume for name, volume in volumes.items() if volume is not None}
    return {name: round(float(np.ptp(volume.grid.corners_mm()[:, 2])), 2) for name, volume in there.items()}


def counts_of(reading: Reading) -> dict[str, object]:
    """How many patients, studies and other files lie behind the path."""
    stacks = [one.stack for one in (*reading.ct, *reading.pet)]
    return {
        "patients": max(1, len(persons(stacks))),
        "studies": max(1, len({stack.tags.text("StudyInstanceUID") for stack in stacks})),
        "other_files": reading.inventory.strangers,
        "origin": reading.where,
    }
