"""Files in, what is in them out: slices of CT and PET, other DICOM objects, volume files, and what is no image at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnreadableInput
from .headers import DICOM_TROUBLE, DICOMDIR, Other, Slice, looks_like_dicom, quietly, read_header, slices_of
from .sources import Source, find_sources, printable, siblings


@dataclass(frozen=True, eq=False)
class Inventory:
    """What lies behind one path.

    where      how messages call the path
    slices     every plane of every CT and PET
    others     DICOM objects that hold none
    volumes    NIfTI, NRRD and MetaImage files
    damaged    files that begin as DICOM and cannot be read, each with the reason
    strangers  number of files that are neither
    unopened   what may hold images and cannot be opened from here, such as links that lead nowhere
    """

    where: str
    slices: tuple[Slice, ...]
    others: tuple[Other, ...]
    volumes: tuple[Source, ...]
    damaged: tuple[tuple[Source, str], ...]
    strangers: int
    unopened: tuple[Source, ...] = ()


Watch = Callable[[int, int], None]
TOLD_EVERY = 50


def take_inventory(path: str | Path, files: Watch | None = None) -> Inventory:
    """Read the headers behind a path; UnreadableInput if there is nothing at all that could be an image.

    files   is called now and then with (files sorted, files in all), for progress

    A single DICOM file stands for its series, so the files beside it that belong to the same series are read too.
    """
    sources = find_sources(path)
    with quietly():
        inventory = sort_out(printable(path), sources, files)
        if Path(path).is_file() and len(sources) == 1 and inventory.slices and inventory.slices[0].frame is None:
            uid = inventory.slices[0].tags.text("SeriesInstanceUID")
            around = sort_out(printable(path), siblings(sources[0]))
            same = tuple(piece for piece in around.slices if piece.tags.text("SeriesInstanceUID") == uid)
            inventory = Inventory(printable(path), same, (), (), (), 0)
    return inventory


def sort_out(where: str, sources: tuple[Source, ...], files: Watch | None = None) -> Inventory:
    """Open every file once and put it where it belongs."""
    slices, others, volumes, damaged, strangers = [], [], [], [], 0
    for number, source in enumerate(sources):
        if files is not None and number % TOLD_EVERY == 0:
            files(number, len(sources))
        if source.unopened:
            continue
        if source.is_volume_file:
            volumes.append(source)
            continue
        if source.is_hopeless:
            strangers += 1
            continue
        try:
            read = read_header(source)
            found = [] if read is None else slices_of(source, *read)
        except DICOM_TROUBLE as error:
            if begins_as_dicom(source):
                damaged.append((source, reason(error)))
            else:
                strangers += 1
            continue
        if read is None:
            strangers += 1
        elif isinstance(found, Other):
            if found.why_not == DICOMDIR:
                strangers += 1
            elif not found.tags.text("Modality"):
                damaged.append((source, "its header ends early"))
            else:
                others.append(found)
        else:
            slices += found
    unopened = tuple(source for source in sources if source.unopened)
    return Inventory(where, tuple(slices), tuple(others), tuple(volumes), tuple(damaged), strangers, unopened)


def begins_as_dicom(source: Source) -> bool:
    """Whether a file that could not be read claims to be DICOM."""
    try:
        with source.open() as file:
            return looks_like_dicom(file.read(132))
    except DICOM_TROUBLE:
        return False


def reason(error: Exception) -> str:
    """What a library said, in one short line; of ITK what follows the place in its source and in memory, of NRRD the cause."""
    said = re.sub(r"\w+\(0x[0-9a-f]+\): ", "", str(error).rpartition("ERROR: ")[2]).rpartition("[nrrd] ")[2]
    return " ".join(said.split())[:120] or type(error).__name__


def refuse_emptiness(inventory: Inventory) -> None:
    """UnreadableInput, saying what is there instead, if nothing in the inventory could be an image."""
    if inventory.slices or inventory.volumes:
        return
    if inventory.damaged:
        source, why = inventory.damaged[0]
        raise UnreadableInput(
            f"{inventory.where}: {source.name} begins as DICOM and cannot be read ({why}); copy or export the scan again"
        )
    if inventory.others:
        kinds = sorted({other.why_not for other in inventory.others})
        raise UnreadableInput(f"{inventory.where}: no CT or PET image here, only {', '.join(kinds)}; give the folder of the scan")
    if inventory.unopened:
        source = inventory.unopened[0]
        raise UnreadableInput(f"{inventory.where}: no image here, but {source.name} ({source.unopened})")
    raise UnreadableInput(
        f"{inventory.where}: no image here ({count_of(inventory.strangers, 'file')} that "
        f"{'is' if inventory.strangers == 1 else 'are'} neither DICOM nor NIfTI, NRRD or MetaImage); give the folder of the scan"
    )


def count_of(number: int, thing: str) -> str:
    """A number with its noun, such as "1 file" or "3 files"; series stay series."""
    return f"{number} {thing if number == 1 or thing.endswith('s') else thing + 's'}"
