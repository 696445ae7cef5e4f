"""The masks that the user wished to be looked at in, read onto the CT's own grid out, with a note that they are evidence."""

from __future__ import annotations

import numpy as np

from ..errors import ImpossibleRequest
from ..geometry import Grid
from ..records import Note
from ..records.given import Given, MaskSet
from ..tables import Priors
from .headers import Tags
from .inventory import count_of
from .names import is_lesion, meanings, region_called, side_of
from .read_masks import read_masks
from .wishes import Wishes

KINDS = ("lungs", "organs", "lesions")
NAMES_SHOWN = 8


def read_given(
    wishes: Wishes, grid: Grid, of_the_ct: tuple[Note, ...], priors: Priors | None = None, tags: Tags | None = None
) -> tuple[Given | None, tuple[Note, ...]]:
    """(Given or None, notes) of the masks that the wishes name.

    of_the_ct   notes on the CT's orientation: masks made of a CT with a lying header do not lie on the one that was turned
    tags        attributes of the CT, which masks in DICOM must agree with
    raises      ImpossibleRequest for that, for a path that is not there, and for lungs, organs or lesions without one among them
    """
    paths = {kind: getattr(wishes, kind) for kind in KINDS if getattr(wishes, kind) is not None}
    if not paths:
        return None, ()
    if any(note.code == "orientation_fixed" for note in of_the_ct):
        raise ImpossibleRequest(
            f"--fix-orientation turned the CT, and {next(iter(paths.values()))} was made of it as it lay; save the CT with a "
            "true header, and make the masks of that"
        )
    meant = {
        "lungs": lambda name: "lung" in meanings(name, "lung", priors),
        "organs": lambda name: region_called(name, priors) is not None,
        "lesions": lambda name: is_lesion(name, priors),
    }
    masks = {kind: read_masks(path, grid, wishes.max_ram_gb, meant.get(kind), tags) for kind, path in paths.items()}
    more = ()
    if "lesions" in masks:
        masks["lesions"], more = lesions_among(masks["lesions"], priors)
    if "organs" in masks:
        organs = masks["organs"]
        masks["organs"] = organs_among(organs, priors)
        if "lungs" not in masks and any(side_of(name, len(organs.names), priors) for name in organs.names):
            masks["lungs"] = lungs_among(organs, priors)
    notes = tuple(note_on(kind, masks[kind]) for kind in paths)
    if "lungs" in paths:
        masks["lungs"] = lungs_among(masks["lungs"], priors)
    return Given(**masks), (*notes, *more)


def note_on(kind: str, masks: MaskSet) -> Note:
    """What is said of given masks; their names are free text and may hold a patient's, so they are only counted."""
    text = f"{kind} from elsewhere are looked at: {count_of(len(masks.names), 'mask')}"
    return Note(f"{kind}_given", text, "taken as evidence, not as the answer")


def listed(names: tuple[str, ...]) -> str:
    """Names for a message, the first of many."""
    return ", ".join(names[:NAMES_SHOWN]) + ", …" * (len(names) > NAMES_SHOWN)


def lungs_among(masks: MaskSet, priors: Priors | None = None) -> MaskSet:
    """The lungs of a set as three masks, "right", "left" and "lung" (no side in its name); ImpossibleRequest if none is one."""
    sides = [side_of(name, len(masks.names), priors) for name in masks.names]
    if not any(sides):
        raise ImpossibleRequest(
            f"{masks.origin}: --lungs: none of its masks is called a lung ({listed(masks.names)}); name them right and left, "
            "or give a label map with 1 right and 2 left"
        )
    table = np.array([0, *sides], np.uint16)
    return MaskSet(masks.grid, table[masks.labels], ("right", "left", "lung"), masks.origin)


def organs_among(masks: MaskSet, priors: Priors | None = None) -> MaskSet:
    """The masks whose names are those of regions, called as the regions are; ImpossibleRequest if none is one."""
    regions = [region_called(name, priors) for name in masks.names]
    kept = tuple(dict.fromkeys(region for region in regions if region is not None))
    if not kept:
        raise ImpossibleRequest(
            f"{masks.origin}: --organs: none of its masks has the name of an organ ({listed(masks.names)}); give a folder "
            "with one file an organ, named as TotalSegmentator does"
        )
    table = np.array([0, *(0 if region is None else kept.index(region) + 1 for region in regions)], np.uint16)
    return MaskSet(masks.grid, table[masks.labels], kept, masks.origin)


def lesions_among(masks: MaskSet, priors: Priors | None = None) -> tuple[MaskSet, tuple[Note, ...]]:
    """(the lesions of a set by their names, a note on the others); ImpossibleRequest if none is one or none touches the CT."""
    kept = [name for name in masks.names if is_lesion(name, priors)]
    table = np.array([0, *(kept.index(name) + 1 if name in kept else 0 for name in masks.names)], np.uint16)
    labels = table[masks.labels]
    if not labels.any():
        raise ImpossibleRequest(
            f"{masks.origin}: --lesions: none of its masks on this CT is a lesion ({listed(masks.names)}); give a mask of "
            "lesions alone, or name them so"
        )
    others = len(masks.names) - len(kept)
    text = f"{count_of(others, 'mask')} given as lesions {'is' if others == 1 else 'are'} called an organ or a part of a plan"
    note = Note("lesions_given_others", text, "left out")
    return MaskSet(masks.grid, labels, tuple(kept), masks.origin), (note,) * bool(others)
