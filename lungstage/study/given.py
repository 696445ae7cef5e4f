"""The masks that the user wished to be looked at in, read onto the CT's own grid out, with a note that they are evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from ..errors import ImpossibleRequest
from ..geometry import Grid
from ..records import Note
from ..records.given import Given, MaskSet
from ..records.lungs import LEFT, RIGHT
from ..tables import Priors, read_rows, shipped_priors
from .inventory import count_of
from .read_masks import read_masks
from .wishes import Wishes

UNKNOWN_SIDE = 3
KINDS = ("lungs", "organs", "lesions")


def read_given(wishes: Wishes, grid: Grid, of_the_ct: tuple[Note, ...], priors: Priors | None = None):
    """(Given or None, notes) of the masks that the wishes name.

    of_the_ct   notes on the CT's orientation: masks made of a CT with a lying header do not lie on the one that was turned
    raises      ImpossibleRequest for that, for a path that is not there, and for lungs without a lung among them
    """
    paths = {kind: getattr(wishes, kind) for kind in KINDS if getattr(wishes, kind) is not None}
    if not paths:
        return None, ()
    if any(note.code == "orientation_fixed" for note in of_the_ct):
        raise ImpossibleRequest(
            f"--fix-orientation turned the CT, and {next(iter(paths.values()))} was made of it as it lay; save the CT with a "
            "true header, and make the masks of that"
        )
    given = Given(**{kind: read_masks(path, grid, wishes.max_ram_gb) for kind, path in paths.items()})
    if given.lungs is not None:
        given = replace(given, lungs=lungs_among(given.lungs, priors))
    notes = tuple(note_on(kind, getattr(given, kind)) for kind in paths)
    return given, notes


def note_on(kind: str, masks: MaskSet) -> Note:
    """What is said of given masks; their names are free text and may hold a patient's, so they are only counted."""
    text = f"{kind} from elsewhere are looked at: {count_of(len(masks.names), 'mask')}"
    return Note(f"{kind}_given", text, "taken as evidence, not as the answer")


def lungs_among(masks: MaskSet, priors: Priors | None = None) -> MaskSet:
    """The lungs of a set as three masks, "right", "left" and "lung" (no side in its name); ImpossibleRequest if none is one."""
    sides = [side_of(name, len(masks.names), priors) for name in masks.names]
    if not any(sides):
        raise ImpossibleRequest(
            f"{masks.origin}: --lungs: none of its masks is called a lung ({', '.join(masks.names)}); name them right and left, "
            "or give a label map with 1 right and 2 left"
        )
    table = np.array([0, *sides], np.uint16)
    return MaskSet(masks.grid, table[masks.labels], ("right", "left", "lung"), masks.origin)


def side_of(name: str, count: int, priors: Priors | None = None) -> int:
    """RIGHT, LEFT, UNKNOWN_SIDE, or 0 where a mask is not a lung's; count: of all masks of the set."""
    if name in (str(RIGHT), str(LEFT)) and count > 1:
        return int(name)
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    means = {meaning for word in words if (meaning := lung_words(priors).get(word))}
    if "lung" not in means:
        return UNKNOWN_SIDE if count == 1 and not means - {"lung"} else 0  # the only mask of a file given as --lungs
    return RIGHT if "right" in means else LEFT if "left" in means else UNKNOWN_SIDE


@cache
def lung_words(priors: Priors | None = None) -> dict[str, str]:
    """Word to what it means, of priors/study/lung_names.csv."""
    rows = read_rows(priors or shipped_priors(), "study/lung_names.csv", ("word", "means", "text"))
    return {row["word"]: row["means"] for row in rows}
