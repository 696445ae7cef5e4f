"""A patient's geometry in, the truth of his bones out: which voxels belong to which rib, vertebra or other bone."""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..tables import read_rows, shipped_priors
from .anatomy import Anatomy
from .bones import CageLine, one_vertebra, pelvis, rib, sacrum, shoulders, skull, spine_line, sternum, upright
from .masks import filled, solids_box
from .paint import LATTICE, paint
from .parameters import read_table
from .solids import Solids, join

NO_BONE = ("cartilage", "brain", "gas", "muscle", "cord", "disc")


def draw_bones(anatomy: Anatomy, grid: Grid) -> np.ndarray:
    """uint8 (z, y, x) on a grid: the codes of priors/atlas/regions.csv, shoulders and pelvis as `bone`; 0 elsewhere.

    Ribs are bone alone, without their cartilage, with cortex and marrow. Disease and findings are not in it. Of a bone that
    reaches into a lung or a vessel only what these leave of it in the image is there.
    """
    codes = {
        row["name"]: int(row["code"])
        for row in read_rows(shipped_priors(), "atlas/regions.csv", ("code", "name", "group", "text"))
    }
    labels = np.zeros(grid.shape, np.uint8)
    for name, solids in named_bones(anatomy):
        bone = solids.keep(np.array([tissue not in NO_BONE for tissue in solids.tissue], bool))
        box = solids_box(bone, anatomy, grid)
        labels[box][filled(bone, anatomy, grid, box)] = codes[name]
    labels[seen_share(anatomy, grid) < 0.5] = 0
    return labels


def seen_share(anatomy: Anatomy, grid: Grid) -> np.ndarray:
    """float32 (z, y, x): how much of a voxel is bone after everything that is painted later."""
    bones = anatomy.structures["bones"]
    solids = join(bones, anatomy.lungs, anatomy.middle)
    worth = np.zeros((len(solids), 4))
    worth[: len(bones), 0] = [tissue not in NO_BONE for tissue in bones.tissue]
    return paint(solids, worth, anatomy.fields, grid, anatomy.person.pose, 0.0, np.zeros((LATTICE,) * 3, np.float32))


def named_bones(anatomy: Anatomy) -> list[tuple[str, Solids]]:
    """(name of the region, solids) of every bone, in painting order."""
    person, outline, vertebrae, ribs = anatomy.person, *(read_table(name) for name in ("outline", "vertebrae", "ribs"))
    line = CageLine(outline, person)
    named = [
        (f"rib_{name}_{ribs.row(index)['rib']}", rib(person, line, ribs.row(index), vertebrae, side))
        for index in range(len(ribs))
        for name, side in (("right", -1), ("left", 1))
    ]
    named += [("sternum", sternum(person, line)), ("bone", shoulders(person)), ("bone", pelvis(person))]
    centres = spine_line(person, vertebrae)
    tangents = np.gradient(centres, axis=0)
    for index in range(len(vertebrae)):
        row = vertebrae.row(index)
        named.append((f"vertebra_{row['name']}", one_vertebra(person, row, centres[index], upright(tangents[index]))))
    return [*named, ("sacrum", sacrum(person)), ("skull", skull(person))]
