"""An anatomy, a plan and a size in, where the primary grows out: its centre, and the surface that cuts it off.

A tumour without invasion stays inside its lobe; one with invasion lies so near to what it grows into that it reaches it.
"""

from __future__ import annotations

import numpy as np

from .anatomy import Anatomy
from .measure import union_distance
from .places import beside, in_lobe
from .solids import Solids
from .wishes import Plan

REACHES = {
    "great_vessel": ("great_vessel", 0.15, 0.32), "heart": ("heart", 0.15, 0.32), "trachea": ("trachea", 0.15, 0.36),
    "carina": ("carina", 0.15, 0.34), "oesophagus": ("oesophagus", 0.15, 0.36), "azygos": ("azygos", 0.15, 0.38),
    "pericardium": ("pericardium", 0.28, 0.42), "visceral_pericardium": ("heart", 0.22, 0.40),
    "phrenic": ("pericardium", 0.30, 0.45), "thymus": ("thymus", 0.15, 0.36), "rln": ("aortopulmonary_window", 0.10, 0.40),
    "vagus": ("aortopulmonary_window", 0.15, 0.36), "hilar_vessel": ("pulmonary_artery", 0.15, 0.38),
    "subclavian": ("subclavian", 0.15, 0.40), "vertebral_body": ("vertebra", 0.15, 0.32), "spinal_canal": ("cord", 0.10, 0.36),
}  # fmt: skip
"""Feature -> the solid its tumour grows into, and how far off that is from the tumour's centre, as a share of its size."""
LOBAR = {"right_upper_lobe": "RUL", "right_middle_lobe": "RML", "right_lower_lobe": "RLL", "left_upper_lobe": "LUL",
         "left_lower_lobe": "LLL"}  # fmt: skip
"""Lobe -> its bronchus in airways.csv."""
AIRWAY_DOWN = {"right": ("right_main", "intermedius", "RLL", "basal_right"), "left": ("left_main", "LLL", "basal_left")}
CLEAR_OF_CARINA_MM = 21.0
"""How far a tumour stays from the carina that is at least 2 cm from it."""


def tumour_place(anatomy: Anatomy, plan: Plan, size: float, rng: np.random.Generator) -> tuple[np.ndarray, str | None]:
    """Centre of the tumour, and the field that cuts it off (None: nothing does)."""
    lobe, feature, fields = plan.lobe, plan.primary["feature"], anatomy.fields

    def cage_depth(points):
        return -fields.at("cage", points)

    def low_place(points):  # where ribs and not the heart are near
        return -np.abs(points[:, 2]) * 0.2 + np.abs(points[:, 0])

    if feature in ("mb_ge2", "mb_lt2"):
        way = CLEAR_OF_CARINA_MM + size / 2 if feature == "mb_ge2" else main_share(anatomy, plan.side, 10.0 + 0.4 * size)
        return along_airway(anatomy, plan.side, way), None
    if feature in ("atel_part", "atel_lung"):
        return at_bronchus(anatomy, plan, size, rng), None
    if feature == "pl1_pl2":
        return beside(anatomy, lobe, cage_depth, size, (0.28, 0.38), [], rng, low_place), lobe
    if feature == "parietal_pleura":
        return beside(anatomy, lobe, cage_depth, size, (0.24, 0.30), [], rng, low_place), None
    if feature == "superior_sulcus" and "subclavian" not in plan.features:
        return sulcus_place(anatomy, plan.side, lobe, size, rng), None
    if feature == "chest_wall":
        return beside(anatomy, lobe, cage_depth, size, (0.10, 0.22), [], rng, low_place), None
    if feature == "diaphragm":

        def depth(points):
            return fields.at("below", points)

        return beside(anatomy, lobe, depth, size, (0.12, 0.25), [], rng, cage_depth), None
    if feature == "adjacent_lobe":
        sheet = f"oblique_{plan.side}"
        return beside(anatomy, lobe, lambda points: np.abs(fields.at(sheet, points)), size, (0.05, 0.2), [], rng,
                      lambda points: -fields.at(f"lung_{plan.side}", points)), f"lung_{plan.side}"  # fmt: skip
    if feature in ("mediastinum", "mediastinal_pleura"):

        def middle(points):
            away = -fields.at(f"lung_{plan.side}", points)
            return np.where((cage_depth(points) > 28) & (np.abs(points[:, 2]) < 60), away, 1e3)

        depth = (0.10, 0.22) if feature == "mediastinum" else (0.30, 0.40)
        return beside(anatomy, lobe, middle, size, depth, [], rng), None if feature == "mediastinum" else f"lung_{plan.side}"
    reached = "subclavian" if "subclavian" in plan.features else feature
    if reached in REACHES:
        name, *depth = REACHES[reached]
        target = solid_named(anatomy, name, plan.side)

        def away(points):
            return union_distance(points, target, fields)

        return moved_towards(away, beside(anatomy, lobe, away, size, depth, [], rng), depth[1] * size), None
    return in_lobe(anatomy, lobe, size, [], rng), lobe


def solid_named(anatomy: Anatomy, name: str, side: str) -> Solids:
    """A solid of REACHES; what there are two of is taken from the tumour's side."""
    if name == "vertebra":
        return vertebral_bodies(anatomy)
    if name == "cord":
        return anatomy.structures["bones"].of("cord")
    return anatomy.structures[name] if name in anatomy.structures else anatomy.structures[f"{name}_{side}"]


def moved_towards(away, point: np.ndarray, most_mm: float) -> np.ndarray:
    """The point, or, where `away(points)` says that it is farther off than `most_mm`, one nearer by that."""
    around = point + np.concatenate([np.eye(3), -np.eye(3)])
    far = float(away(point[None])[0])
    slope = away(around)
    outward = slope[:3] - slope[3:]
    return point if far <= most_mm else point - outward / max(float(np.linalg.norm(outward)), 1e-6) * (far - most_mm)


def main_share(anatomy: Anatomy, side: str, way_mm: float) -> float:
    """The way from the carina, or as much of it as the main bronchus has."""
    start, end, _ = anatomy.bronchi.named[f"{side}_main"]
    return min(way_mm, 0.9 * float(np.linalg.norm(end - start)))


def along_airway(anatomy: Anatomy, side: str, way_mm: float) -> np.ndarray:
    """The point so far from the carina along the main bronchus and what goes on downwards from it."""
    for name in AIRWAY_DOWN[side]:
        start, end, _ = anatomy.bronchi.named[name]
        length = float(np.linalg.norm(end - start))
        if way_mm <= length:
            return start + (end - start) / length * way_mm
        way_mm -= length
    return end


def at_bronchus(anatomy: Anatomy, plan: Plan, size: float, rng: np.random.Generator) -> np.ndarray:
    """A point of the lobe at the bronchus that the tumour closes."""
    trunk = {"atel_lung": "LUL" if plan.side == "left" else "intermedius"}.get(plan.primary["feature"], LOBAR[plan.lobe])
    end = anatomy.bronchi.named[trunk][1]
    return beside(anatomy, plan.lobe, lambda points: np.linalg.norm(points - end, axis=1), size, (0.0, 0.35), [], rng)


def sulcus_place(anatomy: Anatomy, side: str, lobe: str, size: float, rng: np.random.Generator) -> np.ndarray:
    """A point under the apex from which a tumour of that size grows through the cupola."""
    apex = anatomy.landmarks[f"apex_{side}"]

    def depth(points):
        return -anatomy.fields.at(f"lung_{side}", points)

    return beside(anatomy, lobe, depth, size, (0.10, 0.26), [], rng, lambda points: -np.linalg.norm(points - apex, axis=1))


def vertebral_bodies(anatomy: Anatomy) -> Solids:
    """Bodies of the vertebrae."""
    return anatomy.structures["bones"].of("vertebral_shell")
