"""A lesion's shapes in, the structures it touches out, each with how far it probably grows into them.

What lies within `REACH_MM` of the shape and outside of the lung is told apart by bone labels, airway and the atlas. Contact is
not invasion: the prior by size (priors/contacts.csv) is moved by length, angle and lost fat, whose evidence is averaged
because it is one and the same extent seen three times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Anatomy, Contact, Lungs, ShapeSamples, Skeleton, Study
from ..tables import Priors, read_rows

REACH_MM = 3.0
LONG_CONTACT_MM, LENGTH_BLUR_MM = 30.0, 6.0
WIDE_ANGLE_DEG, ANGLE_BLUR_DEG = 90.0, 20.0
FAT_BELOW_HU = -30.0
LEAST_CONTACT_MM = 4.0
SIZES_MM = (10.0, 20.0, 30.0, 40.0, 50.0, 70.0)
SIZE_KEYS = ("upto10", "upto20", "upto30", "upto40", "upto50", "upto70", "more")
SIGNS = ("length", "angle", "fat")
COLUMNS = ("structure", *SIZE_KEYS, *(f"{sign}_{word}" for sign in SIGNS for word in ("sens", "spec")), "source", "verified")
STRUCTURE_OF_REGION = {
    "heart": "heart", "aorta": "great_vessel", "pulmonary_artery": "great_vessel", "vena_cava": "great_vessel",
    "oesophagus": "oesophagus", "mediastinum": "mediastinum", "hilum_right": "mediastinum", "hilum_left": "mediastinum",
    "thymus": "mediastinum", "diaphragm": "diaphragm", "liver": "diaphragm", "spleen": "diaphragm", "stomach": "diaphragm",
    "chest_wall_right": "chest_wall", "chest_wall_left": "chest_wall", "pleura_right": "chest_wall",
    "pleura_left": "chest_wall", "back": "chest_wall", "axilla_right": "chest_wall", "axilla_left": "chest_wall",
    "breast_right": "chest_wall", "breast_left": "chest_wall", "trachea_wall": "trachea",
}  # fmt: skip
CARINA_MM, MAIN_BRONCHUS_MM = 15.0, 50.0
RIBS, VERTEBRAE = ((100, 132),), ((60, 83), (85, 85))


@dataclass(frozen=True)
class InvasionRow:
    """One structure of priors/contacts.csv: prior by size, and (sensitivity, specificity) of each sign."""

    by_size: tuple[float, ...]
    signs: dict[str, tuple[float, float]]


def invasion_table(priors: Priors) -> dict[str, InvasionRow]:
    """Structure to its row."""
    return {
        row["structure"]: InvasionRow(
            tuple(float(row[key]) for key in SIZE_KEYS),
            {sign: (float(row[f"{sign}_sens"]), float(row[f"{sign}_spec"])) for sign in SIGNS},
        )
        for row in read_rows(priors, "contacts.csv", COLUMNS)
    }


def measure_contacts(
    study: Study,
    lungs: Lungs,
    skeleton: Skeleton,
    anatomy: Anatomy,
    samples: ShapeSamples,
    lobes: dict[str, float],
    table: dict[str, InvasionRow],
) -> tuple[Contact, ...]:
    """Every structure touched over more than a few millimetres, and the neighbouring lobe where the shape may cross a fissure.

    lobes   lobe -> share of the shape's points that probably lie in it
    table   structure -> its row of priors/contacts.csv
    """  # fmt: skip
    shape = samples.probability() >= 0.5
    if not shape.any():
        return ()
    points, hu, names = touched(study, lungs, skeleton, anatomy, samples, shape)
    point_mm2 = samples.box.voxel_ml * 1000.0 / REACH_MM
    contacts = []
    for structure in sorted(set(names)):
        here = np.array([name == structure for name in names])
        contacts.append(contact_of(structure, float(here.sum()) * point_mm2, hu[here], samples, table[structure]))
    if names:
        contacts.append(contact_of("visceral_pleura", len(names) * point_mm2, hu, samples, table["visceral_pleura"]))
    contacts += crossing(lobes, samples, table["adjacent_lobe"])
    return tuple(contact for contact in contacts if contact.contact_mm >= LEAST_CONTACT_MM)


def touched(study, lungs, skeleton, anatomy, samples: ShapeSamples, shape) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Points (n, 3) of the shell around the shape that lie outside of the hull, their HU, and what they are."""
    from ..kernels.morphology import grow_mm

    shell = (grow_mm(shape, samples.box.spacing_mm, REACH_MM) > 0) & ~shape
    points = samples.box.to_mm(np.argwhere(shell))
    index = np.rint(study.ct.grid.to_index(points)).astype(int)
    inside = np.all((index >= 0) & (index < study.ct.grid.shape), axis=1)
    points, index = points[inside], tuple(index[inside].T)
    airway = lungs.airway[index] > 0
    wall = (lungs.hull[index] == 0) | airway
    points, index = points[wall], tuple(axis[wall] for axis in index)
    if not len(points):
        return points, np.empty(0), []
    names = name_points(anatomy, points, skeleton.labels[index], airway[wall])
    known = np.array([name != "" for name in names])
    return points[known], study.ct.values[index][known].astype(float), [name for name in names if name]


def name_points(anatomy: Anatomy, points: np.ndarray, bone: np.ndarray, airway: np.ndarray) -> list[str]:
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
            names[i] = airway_part(to_carina[i], bool(above[i]))
        elif within(bone[i], RIBS):
            names[i] = "rib"
        elif within(bone[i], VERTEBRAE):
            names[i] = "vertebral_body"
    return names


def airway_part(to_carina_mm: float, above: bool) -> str:
    """Carina, trachea or main bronchus by distance; "" for smaller bronchi, which are the lung's own."""
    if to_carina_mm <= CARINA_MM:
        return "carina"
    if above:
        return "trachea"
    return "main_bronchus" if to_carina_mm <= MAIN_BRONCHUS_MM else ""


def within(code: int, ranges) -> bool:
    """Whether a bone label lies in one of the code ranges."""
    return any(low <= code <= high for low, high in ranges)


def contact_of(structure: str, area_mm2: float, hu: np.ndarray, samples: ShapeSamples, row: InvasionRow) -> Contact:
    """Length: diameter of a disc of the touched area; angle: the chord that length makes; P(invaded) of each shape."""
    length = 2.0 * float(np.sqrt(area_mm2 / np.pi))
    longest = np.maximum(np.asarray(samples.longest_mm, float), 1.0)
    middle = float(np.median(longest))
    lengths = length * longest / middle
    angles = 2.0 * np.degrees(np.arcsin(np.minimum(lengths / longest, 1.0)))
    fat_lost = float(np.mean(hu > FAT_BELOW_HU)) if len(hu) else 0.0
    p = invaded(longest, lengths, angles, fat_lost, row)
    return Contact(structure, float(p.mean()), length, float(np.median(angles)), fat_lost, p)


def invaded(longest, lengths, angles, fat_lost: float, row: InvasionRow) -> np.ndarray:
    """(n): posterior of invasion from size and the averaged evidence of the three signs."""
    centres = (5.0, *((a + b) / 2 for a, b in zip(SIZES_MM, SIZES_MM[1:])), 85.0)
    prior = np.interp(longest, centres, row.by_size)
    present = {
        "length": soft_step((lengths - LONG_CONTACT_MM) / LENGTH_BLUR_MM),
        "angle": soft_step((angles - WIDE_ANGLE_DEG) / ANGLE_BLUR_DEG),
        "fat": np.full(len(longest), fat_lost),
    }
    evidence = np.mean([log_ratio(present[sign], *row.signs[sign]) for sign in SIGNS], axis=0)
    odds = np.log(prior / (1.0 - prior)) + evidence
    return 1.0 / (1.0 + np.exp(-odds))


def log_ratio(present: np.ndarray, sensitivity: float, specificity: float) -> np.ndarray:
    """Log likelihood ratio of a sign seen with probability `present`."""
    seen = sensitivity / (1.0 - specificity)
    absent = (1.0 - sensitivity) / specificity
    return np.log(present * seen + (1.0 - present) * absent)


def soft_step(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 around 0: a threshold on something measured with an error."""
    from scipy.special import ndtr

    return ndtr(np.asarray(x, float))


def crossing(lobes: dict[str, float], samples: ShapeSamples, row: InvasionRow) -> list[Contact]:
    """The neighbouring lobe of the same side, as far as the shape's points reach into it."""
    ranked = sorted(lobes.items(), key=lambda pair: -pair[1])
    if not ranked:
        return []
    side = ranked[0][0].split("_")[0]
    second = next((share for name, share in ranked[1:] if name.startswith(side)), 0.0)
    longest = np.maximum(np.asarray(samples.longest_mm, float), 1.0)
    touching = 2.0 * min(second, 0.5)  # certain contact where half of the shape lies beyond the fissure
    centre = invaded(longest, np.zeros(len(longest)), np.zeros(len(longest)), 0.0, row)
    p = touching * centre
    return [Contact("adjacent_lobe", float(p.mean()), second * float(np.median(longest)), 0.0, 0.0, p)]
