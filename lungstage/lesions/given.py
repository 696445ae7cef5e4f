"""Survey with masks that someone took for lesions in, Candidates with shapes that agree with the masks out.

Such a mask says that something is there and what its shape is, not what it is: kind, place, contacts and malignancy are
judged as of whatever else is found. Each connected part is a lesion of its own. Another careful reader would have drawn the
border a little elsewhere, so a shape sample is the mask grown or shrunk by an offset of its own. Numbers: lesions.toml.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..geometry import Grid
from ..records import Note, ShapeSamples
from ..records.given import MaskSet
from .appearance import learn_appearance
from .candidate import Candidate
from .kinds import candidate_of
from .scene import IN_LUNG, Scene, look_at, on_box, signed_distance_mm
from .shape import draw_readings, measured
from .spots import Spot
from .survey import Survey, nodal_nearness
from .uptake import find_foci

GIVEN = "given"
IN_BODY = 0.5
"""Of a marked lesion at least this part lies in the patient."""
OWN_SHARE = 0.5
"""A focus is a marked lesion's own where it shares this part of the smaller one of the two."""


@dataclass(frozen=True, eq=False)
class Part:
    """A connected part of a mask: bool on a box of the CT's grid."""

    grid: Grid
    mask: np.ndarray

    @property
    def points_mm(self) -> np.ndarray:
        """LPS (n, 3) of its voxels."""
        return self.grid.to_mm(np.argwhere(self.mask))


@dataclass(frozen=True, eq=False)
class Marked:
    """A lesion that someone marked, ready to be measured."""

    spot: Spot
    candidate: Candidate
    samples: ShapeSamples


def find_marked(survey: Survey) -> tuple[list[Marked], tuple[Note, ...]]:
    """(what the masks of the study mark, largest first; what was left aside)."""
    given = survey.study.given
    if given is None or given.lesions is None:
        return [], ()
    most = int(survey.numbers.search.candidates_at_most)
    parts = parts_of(given.lesions)
    foci = find_foci(survey.study, survey.normal, survey.search, survey.numbers.search)
    marked = [one for part in parts[:most] if (one := marked_of(part, foci, survey)) is not None]
    notes, astray = (), min(len(parts), most) - len(marked)
    if astray:
        text = (
            f"{astray} of {min(len(parts), most)} given lesions {'lies' if astray == 1 else 'lie'} in the air around the patient"
        )
        notes += (Note("given_lesions_doubted", text, "left out; are they of this scan?"),)
    if len(parts) > most:
        text = f"the given lesions fall into {len(parts)} parts"
        notes += (Note("given_lesions_many", text, f"the {most} largest are looked at; are they masks of lesions?"),)
    return marked, notes


def parts_of(masks: MaskSet) -> list[Part]:
    """The connected parts of every mask, largest first; pieces one voxel apart are one, as contours of every other slice."""
    from scipy.ndimage import binary_dilation, find_objects, label

    parts = []
    around = np.ones((3, 3, 3), bool)
    for number, box in enumerate(find_objects(masks.labels), start=1):
        if box is None:
            continue
        mask = np.pad(masks.labels[box] == number, 1)
        pieces, _ = label(binary_dilation(mask, around), around)
        pieces *= mask
        low = np.array([side.start for side in box]) - 1
        for piece, inner in enumerate(find_objects(pieces), start=1):
            first, last = (np.array([getattr(side, end) for side in inner]) for end in ("start", "stop"))
            parts.append(Part(masks.grid.box(low + first, low + last), pieces[inner] == piece))
    return sorted(parts, key=lambda part: (-int(part.mask.sum()), part.grid.origin_mm))


def marked_of(part: Part, foci: list[Spot], survey: Survey) -> Marked | None:
    """One part with what it may be and its shapes; None where it lies mostly outside of the body."""
    spot = spot_of(part, foci, survey)
    if survey.search.body[tuple(spot.blocks.T)].mean() < IN_BODY:
        return None
    as_focus = replace(spot, found_by="focus")  # which may be of any kind that its place allows
    near = nodal_nearness(survey, spot.centre_mm)
    candidate = candidate_of(as_focus, survey.search, survey.anatomy, near, survey.numbers)
    if candidate is None:
        return None
    candidate = replace(candidate, found_by=GIVEN, allowed=candidate.allowed | near_blocks(spot.blocks, survey, candidate.box))
    return Marked(spot, candidate, shapes_of(part, candidate, survey))


def spot_of(part: Part, foci: list[Spot], survey: Survey) -> Spot:
    """Where a part lies on the search blocks, with the hottest focus that is its own."""
    points = part.points_mm
    search = survey.search
    index = np.rint(search.grid.to_index(points)).astype(int).clip(0, np.array(search.hu.shape) - 1)
    blocks, count = np.unique(index, axis=0, return_counts=True)
    half = 0.5 * search.grid.voxel_ml / part.grid.voxel_ml
    blocks = blocks[count >= min(half, count.max())]
    radius_mm = float((750.0 / np.pi * len(points) * part.grid.voxel_ml) ** (1 / 3))
    own = own_foci(blocks, foci)
    suv = max((foci[i].suv for i in own), default=None)
    spill = np.concatenate([np.empty((0, 3), int), *(focus.blocks for i, focus in enumerate(foci) if i not in own)])
    return Spot(points.mean(axis=0), radius_mm, float(len(points)), GIVEN, blocks, suv, spill=spill)


def own_foci(blocks: np.ndarray, foci: list[Spot]) -> set[int]:
    """Positions of the foci that lie in a part, or that it lies in."""
    here = set(map(tuple, blocks))
    shared = [len(here.intersection(map(tuple, focus.blocks))) for focus in foci]
    return {i for i, focus in enumerate(foci) if shared[i] > OWN_SHARE * max(1, min(len(here), len(focus.blocks)))}


def near_blocks(blocks: np.ndarray, survey: Survey, box: Grid) -> np.ndarray:
    """uint8 on a candidate's box: the blocks of a part and those next to them, where its shape may lie whatever is there."""
    from scipy.ndimage import binary_dilation

    low = np.rint(survey.search.grid.to_index(np.asarray(box.origin_mm))).astype(int)
    near = np.zeros(box.shape, bool)
    index = blocks - low
    near[tuple(index[np.all((index >= 0) & (index < box.shape), axis=1)].T)] = True
    return binary_dilation(near, np.ones((3, 3, 3), bool)).astype(np.uint8)


def shapes_of(part: Part, candidate: Candidate, survey: Survey, seed: int = 0) -> ShapeSamples:
    """Equally likely shapes: the mask with its border moved by what readers differ by."""
    from scipy.special import ndtri

    numbers = survey.numbers.shape
    scene = look_at(survey.study, survey.normal, candidate, numbers)
    looks = learn_appearance(
        scene, candidate.kind in IN_LUNG, numbers.halo_excess_hu, numbers.halo_spread_hu, numbers.pet_hot_ratio
    )
    readings = draw_readings(numbers, looks, scene, seed)
    count = len(readings.level)
    order = np.random.default_rng([seed, 11]).permutation(count)
    offsets = survey.numbers.search.given_border_sd_mm * ndtri((order + 0.5) / count)
    away = away_mm(part, scene)
    masks = away <= np.maximum(offsets, away.min()).astype(np.float32)[:, None, None, None]
    return measured(masks.astype(np.uint8), scene, looks, readings)


def away_mm(part: Part, scene: Scene) -> np.ndarray:
    """float32 on the scene's box: distance to the border of the part, negative inside."""
    share = on_box(part.mask.astype(np.float32), part.grid, scene.box, fill=0.0)
    return signed_distance_mm(share >= min(0.5, float(share.max())), scene.box)
