"""PET and Normal in, spots hotter than the physiology of their place explains out."""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..records import Normal, PatientFrame, Study, Volume
from .parameters import SearchParameters
from .parts import parts_at_saddles
from .search import Search
from .spots import Spot

LEAST_RELATIVE = 1.5
"""In relative units a focus is at least so many times the patient's own reference."""
UNEXPECTED_SHARE = 0.6
"""The rim of a focus is blurred into normal tissue; this part of the limit still counts as unexpected."""
LEAST_TISSUE_HU = -600.0
MIRROR_REACH_MM = 12.0
"""No patient is quite straight: the mirror image of a place lies within this distance of where it is looked for."""
ASYMMETRIC, SYMMETRIC = 0.5, 0.9
"""Shares of the uptake found at the mirror image, from those of a one-sided place to those of a pair."""


def find_foci(study: Study, normal: Normal, search: Search, numbers: SearchParameters) -> list[Spot]:
    """Peaks of the PET inside the CT's field that are unexpected there, each with its hot surroundings, hottest first."""
    if study.pet is None or normal.z_pet is None:
        return []
    from scipy.ndimage import find_objects, label

    suv = study.pet.values
    least = numbers.focus_suv if study.pet.unit == "SUVbw" else LEAST_RELATIVE
    unexpected = (normal.z_pet >= UNEXPECTED_SHARE * numbers.focus_z) & (suv >= numbers.focus_share * least)
    labels, _ = label(unexpected)
    spots = []
    for number, box in enumerate(find_objects(labels), start=1):
        here = labels[box] == number
        peak = here & (normal.z_pet[box] >= numbers.focus_z) & (suv[box] >= least)
        if peak.any():
            low = np.array([axis.start for axis in box])
            for region in hot_parts(suv[box], here, peak, numbers):
                spots.append(focus(study, normal, search, region, low))
    return [spot for spot in sorted(spots, key=lambda one: -one.suv) if study.ct.grid.holds(spot.centre_mm[None])[0]]


def hot_parts(suv: np.ndarray, where: np.ndarray, peak: np.ndarray, numbers: SearchParameters):
    """Masks: for every peak with a saddle around it what is connected to it and at least `focus_share` as hot."""
    from scipy.ndimage import label

    parts, count = parts_at_saddles(np.log(np.maximum(suv, 1e-3)), where, -np.log(numbers.focus_saddle))
    for part in range(1, count + 1):
        own = np.where(parts == part, suv, 0.0)
        top = np.unravel_index(np.argmax(own), own.shape)
        if peak[top]:
            hot, _ = label(own >= numbers.focus_share * own[top])
            yield hot == hot[top]


def focus(study: Study, normal: Normal, search: Search, region: np.ndarray, low: np.ndarray) -> Spot:
    """The spot of one hot region of the PET, given from index `low` on."""
    suv, grid = study.pet.values, study.pet.grid
    from scipy.ndimage import find_objects

    (own,) = find_objects(region.astype(np.uint8))
    low = low + np.array([axis.start for axis in own])
    region = region[own]
    index = np.argwhere(region) + low
    radius = float((3 * len(index) * grid.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
    weight = suv[tuple(index.T)].astype(np.float64)
    centre = grid.to_mm((index * weight[:, None]).sum(axis=0) / weight.sum())
    top = tuple(index[np.argmax(weight)])
    blocks = blocks_within(search, grid.box(low, low + np.array(region.shape)), region)
    return Spot(centre, radius, float(normal.z_pet[top]), "focus", blocks, float(suv[top]))


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
