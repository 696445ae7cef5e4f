"""A lesion's shapes in, the structures it touches out, each with how far it probably grows into them.

What lies within reach of the shape and outside of the lung is told apart by bone labels, airway and the atlas; a vertebra is
also where the other half of it says that it should be. How probably it has grown into each is invasion.py's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records import Anatomy, Contact, ShapeSamples
from .beyond import Beyond, uptake_beyond
from .invasion import ContactParameters, InvasionRow, Signs, invaded
from .lost_bone import VERTEBRAE, LostBone, close_to, lost_vertebra
from .survey import Survey

STRUCTURE_OF_REGION = {
    "heart": "heart", "aorta": "great_vessel", "pulmonary_artery": "great_vessel", "vena_cava": "great_vessel",
    "oesophagus": "oesophagus", "mediastinum": "mediastinum", "hilum_right": "mediastinum", "hilum_left": "mediastinum",
    "thymus": "mediastinum", "diaphragm": "diaphragm", "liver": "diaphragm", "spleen": "diaphragm", "stomach": "diaphragm",
    "chest_wall_right": "chest_wall", "chest_wall_left": "chest_wall", "pleura_right": "chest_wall",
    "pleura_left": "chest_wall", "back": "chest_wall", "axilla_right": "chest_wall", "axilla_left": "chest_wall",
    "breast_right": "chest_wall", "breast_left": "chest_wall", "trachea_wall": "trachea",
}  # fmt: skip
RIBS = ((100, 132),)


def measure_contacts(samples: ShapeSamples, lobes: dict[str, float], spill: np.ndarray, survey: Survey) -> tuple[Contact, ...]:
    """Every structure touched over more than a few millimetres, and the neighbouring lobe where the shape may cross a fissure.

    lobes   lobe -> share of the shape's points that probably lie in it
    spill   (n, 3) search blocks of foci other than the lesion's own
    """  # fmt: skip
    shape = samples.probability() >= 0.5
    if not shape.any():
        return ()
    table, numbers = survey.numbers.invasion, survey.numbers.contacts
    lost = lost_vertebra(samples, survey)
    points, hu, names = touched(samples, shape, lost, survey)
    beyond = uptake_beyond(samples, spill, survey)
    told = name_beyond(beyond, lost, survey)
    point_mm2 = samples.box.voxel_ml * 1000.0 / numbers.reach_mm
    contacts = []
    for structure in sorted(set(names)):
        here = np.array([name == structure for name in names])
        signs = signs_of(float(here.sum()) * point_mm2, hu[here], samples, numbers)
        away = None if beyond is None else beyond.of(told == structure)
        gone = lost.volume_ml if structure == "vertebral_body" else None
        contacts.append(contact_of(structure, replace(signs, beyond=away, bone_lost_ml=gone), samples, table, numbers))
    if names:
        signs = signs_of(len(names) * point_mm2, hu, samples, numbers)
        contacts.append(contact_of("visceral_pleura", signs, samples, table, numbers))
    contacts += crossing(lobes, samples, table["adjacent_lobe"], numbers)
    return tuple(contact for contact in contacts if contact.contact_mm >= numbers.least_contact_mm)


def touched(samples: ShapeSamples, shape: np.ndarray, lost: LostBone, survey: Survey) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Points (n, 3) of the shell around the shape that lie outside of the hull, their HU, and what they are."""
    from ..kernels.morphology import grow_mm

    grid, numbers = survey.study.ct.grid, survey.numbers.contacts
    shell = (grow_mm(shape, samples.box.spacing_mm, numbers.reach_mm) > 0) & ~shape
    points = samples.box.to_mm(np.argwhere(shell))
    index = np.rint(grid.to_index(points)).astype(int)
    inside = np.all((index >= 0) & (index < grid.shape), axis=1)
    points, index = points[inside], tuple(index[inside].T)
    airway = survey.lungs.airway[index] > 0
    wall = (survey.lungs.hull[index] == 0) | airway
    points, index = points[wall], tuple(axis[wall] for axis in index)
    if not len(points):
        return points, np.empty(0), []
    names = name_points(survey.anatomy, points, survey.skeleton.labels[index], airway[wall], numbers)
    names = ["vertebral_body" if gone else name for name, gone in zip(names, close_to(points, lost, survey))]
    known = np.array([name != "" for name in names])
    return points[known], survey.study.ct.values[index][known].astype(float), [name for name in names if name]


def name_beyond(beyond: Beyond | None, lost: LostBone, survey: Survey) -> np.ndarray:
    """(n) what each block of `beyond` is."""
    if beyond is None or not len(beyond.points_mm):
        return np.empty(0, object)
    grid, points = survey.study.ct.grid, beyond.points_mm
    index = np.rint(grid.to_index(points)).astype(int).clip(0, np.array(grid.shape) - 1)
    bone = survey.skeleton.labels[tuple(index.T)]
    names = name_points(survey.anatomy, points, bone, np.zeros(len(points), bool), survey.numbers.contacts)
    gone = close_to(points, lost, survey)
    return np.array(["vertebral_body" if here else name for name, here in zip(names, gone)], object)


def name_points(
    anatomy: Anatomy, points: np.ndarray, bone: np.ndarray, airway: np.ndarray, numbers: ContactParameters
) -> list[str]:
    """The structure at each point, "" where the atlas puts none."""
    probability = anatomy.region_probability(points)
    columns = np.array([name in STRUCTURE_OF_REGION for name in anatomy.region_names])
    if columns.any():
        best = np.where(columns, probability, -1.0).argmax(axis=1)
        names = [STRUCTURE_OF_REGION[anatomy.region_names[column]] for column in best]
    else:
        names = [""] * len(points)
    to_carina = np.linalg.norm(points - anatomy.landmarks["carina"].point_mm, axis=1)
    above = anatomy.frame.to_frame(points)[:, 2] > 0
    for i in range(len(points)):
        if airway[i] or names[i] == "trachea":
            names[i] = airway_part(to_carina[i], bool(above[i]), numbers)
        elif within(bone[i], RIBS):
            names[i] = "rib"
        elif within(bone[i], VERTEBRAE):
            names[i] = "vertebral_body"
    return names


def airway_part(to_carina_mm: float, above: bool, numbers: ContactParameters) -> str:
    """Carina, trachea or main bronchus by distance; "" for smaller bronchi, which are the lung's own."""
    if to_carina_mm <= numbers.carina_mm:
        return "carina"
    if above:
        return "trachea"
    return "main_bronchus" if to_carina_mm <= numbers.main_bronchus_mm else ""


def within(code: int, ranges) -> bool:
    """Whether a bone label lies in one of the code ranges."""
    return any(low <= code <= high for low, high in ranges)


def signs_of(area_mm2: float, hu: np.ndarray, samples: ShapeSamples, numbers: ContactParameters) -> Signs:
    """Length: diameter of a disc of the touched area; angle: the chord that length makes, both of each shape; lost fat."""
    length = 2.0 * float(np.sqrt(area_mm2 / np.pi))
    longest = longest_of(samples)
    lengths = length * longest / float(np.median(longest))
    angles = 2.0 * np.degrees(np.arcsin(np.minimum(lengths / longest, 1.0)))
    return Signs(lengths, angles, float(np.mean(hu > numbers.fat_below_hu)) if len(hu) else 0.0)


def longest_of(samples: ShapeSamples) -> np.ndarray:
    """(n) mm, of each shape; never nothing."""
    return np.maximum(np.asarray(samples.longest_mm, float), 1.0)


def contact_of(
    structure: str, signs: Signs, samples: ShapeSamples, table: dict[str, InvasionRow], numbers: ContactParameters
) -> Contact:
    """P(invaded) of each shape from the signs."""
    p = invaded(longest_of(samples), signs, table[structure], numbers)
    length, angle = float(np.median(signs.length_mm)), float(np.median(signs.angle_deg))
    return Contact(structure, float(p.mean()), length, angle, signs.fat_lost, p)


def crossing(lobes: dict[str, float], samples: ShapeSamples, row: InvasionRow, numbers: ContactParameters) -> list[Contact]:
    """The neighbouring lobe of the same side, as far as the shape's points reach into it."""
    ranked = sorted(lobes.items(), key=lambda pair: -pair[1])
    if not ranked:
        return []
    side = ranked[0][0].split("_")[0]
    second = next((share for name, share in ranked[1:] if name.startswith(side)), 0.0)
    longest = longest_of(samples)
    touching = 2.0 * min(second, 0.5)  # certain contact where half of the shape lies beyond the fissure
    p = touching * invaded(longest, Signs(np.zeros(len(longest)), np.zeros(len(longest)), 0.0), row, numbers)
    return [Contact("adjacent_lobe", float(p.mean()), second * float(np.median(longest)), 0.0, 0.0, p)]
