"""PET and Normal in, spots hotter than the physiology of their place explains out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..geometry import Grid
from ..records import Normal, PatientFrame, Study, Volume
from .parameters import SearchParameters
from .parts import parts_at_saddles
from .search import Search
from .spots import Spot, as_set

LEAST_RELATIVE = 1.5
"""In relative units a focus is at least so many times the patient's own reference."""
UNEXPECTED_SHARE = 0.6
"""The rim of a focus is blurred into normal tissue; this part of the limit still counts as unexpected."""
LEAST_TISSUE_HU = -600.0
SMALLEST_ISLAND = 0.6
"""Of the smallest volume of an island, however hot it is."""
MIRROR_REACH_MM = 12.0
"""No patient is quite straight: the mirror image of a place lies within this distance of where it is looked for."""
LINE_REACH_MM, LINE_NEAR_MM, LINE_LEVEL, LINE_VOXELS = 70.0, 8.0, 0.5, 4
"""A line is followed so far, from the hottest voxel so near, down to this share of it; of fewer voxels nothing is said."""
ASYMMETRIC, SYMMETRIC = 0.5, 0.9
"""Shares of the uptake found at the mirror image, from those of a one-sided place to those of a pair."""


def find_foci(study: Study, normal: Normal, search: Search, numbers: SearchParameters) -> list[Spot]:
    """Peaks of the PET inside the CT's field that are unexpected there, and small round islands, hottest first.

    Each comes with its hot surroundings. A wide atlas lets a heart, a kidney or a gut lie almost anywhere near them, so that
    a node or a metastasis there is never quite unexpected; but it is an island, and they are not.
    """
    if study.pet is None or normal.z_pet is None:
        return []
    suv = study.pet.values
    islands = {top: (region, low) for top, region, low in find_islands(study.pet, normal.z_pet, numbers)}
    least = numbers.focus_suv if study.pet.unit == "SUVbw" else LEAST_RELATIVE
    unexpected = (normal.z_pet >= UNEXPECTED_SHARE * numbers.focus_z) & (suv >= numbers.focus_share * least)
    hottest = (normal.z_pet >= numbers.focus_z) & (suv >= least)
    spots, known = [], set()
    for top, region, low in peaks(suv, unexpected, hottest, numbers.focus_share, numbers.focus_saddle):
        if hottest[top]:
            spots.append(focus(study, normal, search, region, low, isolated=top in islands))
            known |= set(map(tuple, np.argwhere(region) + low))
    spots += [focus(study, normal, search, *island, isolated=True) for top, island in islands.items() if top not in known]
    return [spot for spot in sorted(spots, key=lambda one: -one.suv) if study.ct.grid.holds(spot.centre_mm[None])[0]]


def find_islands(pet: Volume, z: np.ndarray, numbers: SearchParameters):
    """Peaks, as in `peaks`, whose hot surroundings are small and round."""
    least = numbers.island_suv if pet.unit == "SUVbw" else LEAST_RELATIVE * numbers.island_suv / numbers.focus_suv
    warm = pet.values >= numbers.island_share * least
    hottest = (pet.values >= least) & (z >= numbers.island_z)
    for top, region, low in peaks(pet.values, warm, hottest, numbers.island_share, numbers.focus_saddle):
        volume_ml = np.count_nonzero(region) * pet.grid.voxel_ml
        diagonal_mm = float(np.linalg.norm(np.array(region.shape) * pet.grid.spacing_mm))
        round_enough = np.cbrt(6.0 * volume_ml * 1000.0 / np.pi) >= numbers.island_roundness * diagonal_mm
        # what is hotter is less likely noise, and PET draws a small hot thing smaller at a share of its peak
        least_ml = numbers.island_ml[0] * max(least / pet.values[top], SMALLEST_ISLAND)
        small_enough = least_ml <= volume_ml <= numbers.island_ml[1]
        cut_off = low[0] == 0 or low[0] + region.shape[0] == pet.grid.shape[0]  # the rest of it was not scanned
        if hottest[top] and small_enough and round_enough and not cut_off:
            yield top, region, low


def peaks(suv: np.ndarray, where: np.ndarray, hottest: np.ndarray, share: float, saddle: float):
    """For every peak with a saddle around it: its index, a mask of what is connected to it and at least `share` as hot, and
    the index of the mask's first voxel. Pieces of `where` without any of `hottest` are passed over: most are noise."""
    from scipy.ndimage import find_objects, label

    labels, _ = label(where)
    hot_pieces = set(np.unique(labels[hottest & where]))
    for number, box in enumerate(find_objects(labels), start=1):
        if number not in hot_pieces:
            continue
        parts, _ = parts_at_saddles(np.log(np.maximum(suv[box], 1e-3)), labels[box] == number, -np.log(saddle))
        for part, inner in enumerate(find_objects(parts), start=1):
            if inner is None:
                continue
            own = np.where(parts[inner] == part, suv[box][inner], 0.0)
            top = np.unravel_index(np.argmax(own), own.shape)
            hot, _ = label(own >= share * own[top])
            region = hot == hot[top]
            (cut,) = find_objects(region.astype(np.uint8))
            first = np.array([a.start + b.start for a, b in zip(box, inner)])
            low = first + [axis.start for axis in cut]
            yield tuple(int(i) for i in first + top), region[cut], low


def focus(study: Study, normal: Normal, search: Search, region: np.ndarray, low: np.ndarray, isolated: bool) -> Spot:
    """The spot of one hot region of the PET, given from index `low` on."""
    suv, grid = study.pet.values, study.pet.grid
    index = np.argwhere(region) + low
    radius = float((3 * len(index) * grid.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
    weight = suv[tuple(index.T)].astype(np.float64)
    centre = grid.to_mm((index * weight[:, None]).sum(axis=0) / weight.sum())
    top = tuple(index[np.argmax(weight)])
    blocks = blocks_within(search, grid.box(low, low + np.array(region.shape)), region)
    return Spot(centre, radius, float(normal.z_pet[top]), "focus", blocks, float(suv[top]), isolated=isolated)


def blocks_within(search: Search, grid: Grid, region: np.ndarray) -> np.ndarray:
    """(n, 3) search blocks whose centre lies in the region and in the body, not in air."""
    corners = search.grid.to_index(grid.corners_mm())
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, search.hu.shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, search.hu.shape)
    if (high <= low).any():
        return np.empty((0, 3), int)
    index = np.moveaxis(np.indices(tuple(high - low)), 0, -1).reshape(-1, 3) + low
    inside = np.rint(grid.to_index(search.points_mm(index))).astype(int)
    held = np.all((inside >= 0) & (inside < region.shape), axis=1)
    index, inside = index[held], inside[held]
    index = index[region[tuple(inside.T)]]
    here = tuple(index.T)
    return index[search.body[here] & ~search.airway[here] & (search.hu[here] > LEAST_TISSUE_HU)]


def without_cold(mass: Spot, foci: list[Spot], pet: Volume, search: Search, numbers: SearchParameters) -> list[Spot]:
    """A dense part of the CT without what has no uptake, if a focus fills the rest; and what has none, if that is much.

    A tumour at the hilum, the great vessels behind it and the lung that it has collapsed are one to the CT. A tumour may be
    cold inside: what lies within reach of uptake, or between places that do, is its own.
    """
    own = as_set(mass.blocks)
    filling = [focus for focus in foci if 2 * len(as_set(focus.blocks) & own) > len(focus.blocks) > 0]
    if not filling:
        return [mass]
    hottest = max(focus.suv for focus in filling)
    least = numbers.focus_suv if pet.unit == "SUVbw" else LEAST_RELATIVE
    warm = near_uptake(mass.blocks, min(least, 0.5 * hottest), pet, search, numbers)
    if not warm.any() or np.count_nonzero(~warm) < numbers.cold_share * len(warm):
        return [mass]
    return [
        spot_of_blocks(mass, part, rest, search)
        for part, rest in ((mass.blocks[warm], mass.blocks[~warm]), (mass.blocks[~warm], mass.blocks[warm]))
        if len(part) * search.grid.voxel_ml >= numbers.mass_ml
    ]


def near_uptake(blocks: np.ndarray, least: float, pet: Volume, search: Search, numbers: SearchParameters) -> np.ndarray:
    """bool (n): which search blocks (n, 3) lie within reach of uptake of at least `least` in them, gaps between it closed."""
    from ..kernels.distance import squared_distance_mm2

    index = np.rint(pet.grid.to_index(search.points_mm(blocks))).astype(int).clip(0, np.array(pet.grid.shape) - 1)
    hot = blocks[pet.values[tuple(index.T)] >= least]
    if not len(hot):
        return np.zeros(len(blocks), bool)
    reach, gap = numbers.cold_reach_mm, numbers.cold_gap_mm
    margin = np.ceil((reach + gap) / np.array(search.grid.spacing_mm)).astype(int) + 1
    low = blocks.min(axis=0) - margin
    mask = np.zeros(blocks.max(axis=0) + margin + 1 - low, bool)
    mask[tuple((hot - low).T)] = True
    far = squared_distance_mm2(mask, search.grid.spacing_mm, np.inf) > (reach + gap) ** 2
    near = squared_distance_mm2(far, search.grid.spacing_mm, np.inf) > gap**2
    return near[tuple((blocks - low).T)]


def spot_of_blocks(mass: Spot, part: np.ndarray, rest: np.ndarray, search: Search) -> Spot:
    """A part of a mass as a spot of its own, into the rest of which it may not reach."""
    radius = float((3 * len(part) * search.grid.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
    centre = search.points_mm(part.mean(axis=0))
    beside = np.concatenate([mass.beside, rest])
    return replace(mass, centre_mm=centre, radius_mm=radius, score=float(len(part)), blocks=part, beside=beside)


def line_of_uptake(pet: Volume, centre_mm: np.ndarray) -> tuple[float, float]:
    """How much longer than wide the uptake at a place is, and how upright it runs (cosine), half of its hottest followed.

    Nodes and deposits are round, the oesophagus and the ureters are lines along the body. (1, 0) where there is little of it.
    """
    from scipy.ndimage import label

    spacing = np.asarray(pet.grid.spacing_mm)
    middle = np.rint(pet.grid.to_index(centre_mm)).astype(int).clip(0, np.array(pet.grid.shape) - 1)
    steps, near = (np.ceil(reach / spacing).astype(int) for reach in (LINE_REACH_MM, LINE_NEAR_MM))
    low = np.maximum(middle - steps, 0)
    values = pet.values[tuple(slice(a, b) for a, b in zip(low, middle + steps + 1))]
    start = np.maximum(middle - near, 0) - low
    inner = values[tuple(slice(a, b) for a, b in zip(start, middle + near + 1 - low))]
    top = tuple(np.array(np.unravel_index(np.argmax(inner), inner.shape)) + start)
    labels, _ = label(values >= LINE_LEVEL * values[top])
    points = np.argwhere(labels == labels[top]) * spacing
    if len(points) < LINE_VOXELS:
        return 1.0, 0.0
    lengths, axes = np.linalg.eigh(np.cov(points.T) + np.diag(spacing**2) / 12.0)
    longest = float(np.sqrt(12.0 * lengths[-1]))  # of a rod of even uptake
    width = 2.0 * np.sqrt(len(points) * pet.grid.voxel_ml * 1000.0 / (np.pi * longest))
    return longest / float(width), float(abs(axes[0, -1]))


def p_symmetric(
    pet: Volume | None, frame: PatientFrame, centre_mm: np.ndarray, longest_mm: float, suv_max: float | None
) -> float:
    """P(the other side of the body is as hot): 0 without PET, beyond its field, or where a place is its own mirror image."""
    if pet is None or not suv_max:
        return 0.0
    mirror = frame.to_mm(frame.to_frame(centre_mm) * (-1.0, 1.0, 1.0))
    if np.linalg.norm(mirror - centre_mm) <= longest_mm + MIRROR_REACH_MM or not pet.grid.holds(mirror[None])[0]:
        return 0.0
    middle = np.rint(pet.grid.to_index(mirror)).astype(int)
    reach = np.maximum(np.rint(MIRROR_REACH_MM / np.asarray(pet.grid.spacing_mm)).astype(int), 1)
    box = tuple(slice(max(at - step, 0), at + step + 1) for at, step in zip(middle, reach))
    there = float(np.nanmax(pet.values[box])) / suv_max
    return float(np.clip((there - ASYMMETRIC) / (SYMMETRIC - ASYMMETRIC), 0.0, 1.0))
