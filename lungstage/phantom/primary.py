"""An anatomy and a plan in, what grows in the lung out: the primary tumour, its satellites, and the lung it closes off.

Sizes are reached by measuring the shape and scaling it, so that the truth is a measurement of what is drawn.
"""

from __future__ import annotations

import numpy as np

from .anatomy import Anatomy
from .distance import CENTRE
from .fields import FIELD
from .lesion import Lesion, lumpy, resized, spikes
from .measure import measure_shape
from .physiology import Physiology, Worth
from .places import apart_from, lobe_points, other_lobes
from .solids import Solids, ellipsoid, join, tubes
from .tumour_places import LOBAR, tumour_place
from .wishes import Plan

SPICULATED, NECROTIC, CAVITATED, TAGGED = 0.6, 0.45, 0.10, 0.8
"""Shares of solid tumours with strands, of those above 40 mm with a dead core, of those above 25 mm with a hole, of tumours at
the pleura with tags to it (priors.md 2.4)."""
UPTAKE = {"solid": (1.95, 0.5), "part_solid": (0.79, 0.45), "ground_glass": (0.0, 0.3)}
"""Logarithm of SUVmax at 30 mm and its standard deviation (priors.md 2.5)."""
UPTAKE_SLOPE = 0.25
STRUCTURE_OF = {
    "pl1_pl2": "visceral_pleura", "adjacent_lobe": "adjacent_lobe", "mb_ge2": "main_bronchus", "mb_lt2": "main_bronchus",
    "chest_wall": "chest_wall", "diaphragm": "diaphragm", "mediastinum": "mediastinum", "great_vessel": "great_vessel",
    "heart": "heart", "vertebral_body": "vertebral_body", "parietal_pleura": "chest_wall", "superior_sulcus": "chest_wall",
    "trachea": "trachea", "carina": "carina", "oesophagus": "oesophagus", "rln": "mediastinum", "vagus": "mediastinum",
    "thymus": "mediastinum", "visceral_pericardium": "heart", "spinal_canal": "vertebral_body", "subclavian": "great_vessel",
}  # fmt: skip
"""What a T feature means in words of the records; the others grow into something that has no word there."""
COLLAPSE = ("atel_part", "atel_lung", "atel_sub")
"""Features that come with lung that holds no air."""
DROWNED = (38.0, 5.0)
"""CT number of lung behind a closed bronchus, and its spread between patients (anatomy.md 1.2, consolidation)."""


def primary_tumour(anatomy: Anatomy, physiology: Physiology, plan: Plan, rng: np.random.Generator) -> Lesion:
    """The tumour itself."""
    kind, feature = plan.primary, plan.primary["feature"]
    size = float(np.exp(rng.uniform(np.log(kind["low"]), np.log(kind["high"]))))
    for _ in range(12):
        centre, cut = tumour_place(anatomy, plan, size, rng)
        shape = lumpy("tumour", centre, size, rng)
        shape = shape if cut is None else shape.clipped(FIELD[cut], -0.6)
        shape = reach_size(shape, size, (kind["low"], kind["high"]), anatomy)
        if shape is not None:
            break
        size = kind["low"] + 0.35 * (size - kind["low"])
    else:  # a small chest: the smallest of its kind, where the lobe is deepest, whatever it then measures
        shape = lumpy("tumour", centre, kind["low"] * 1.05, rng)
        shape = shape if cut is None else shape.clipped(FIELD[cut], -0.6)
    suv = tumour_uptake(kind["density"], size, rng)
    structure = STRUCTURE_OF.get(feature)
    common = {
        "name": "primary", "kind": "pulmonary", "malignant": True, "side": plan.side, "role": "primary",
        "lobe": None if structure == "main_bronchus" else plan.lobe, "invades": (structure,) if structure else (),
    }  # fmt: skip
    if kind["density"] in ("ground_glass", "part_solid"):
        return subsolid_tumour(common, shape, kind, size, suv, anatomy, physiology, rng)
    return solid_tumour(common, shape, centre, size, suv, feature, anatomy, rng)


def reach_size(shape: Solids, size: float, allowed: tuple[float, float], anatomy: Anatomy) -> Solids | None:
    """The shape scaled until its longest diameter is `size`; None where the place does not allow it."""
    for _ in range(7):
        measured = measure_shape(shape, None, anatomy.fields)
        if measured is None:
            return None
        if allowed[0] <= measured.longest_mm <= allowed[1] and abs(measured.longest_mm / size - 1) < 0.06:
            return shape
        shape = resized(shape, float(np.clip(size / measured.longest_mm, 0.7, 1.3)))
    measured = measure_shape(shape, None, anatomy.fields)
    return shape if measured and allowed[0] <= measured.longest_mm <= allowed[1] else None


def tumour_uptake(density: str, size: float, rng: np.random.Generator) -> float:
    """True uptake of a tumour of that density and size."""
    mean, sd = UPTAKE[density]
    return float(np.exp(mean + UPTAKE_SLOPE * np.log(size / 30) + sd * np.clip(rng.normal(), -2, 2)))


def tumour_hu(anatomy: Anatomy, rng: np.random.Generator) -> float:
    """CT number of solid tumour."""
    return float(np.clip(rng.normal(38, 8), 20, 60) + (35 if anatomy.person.contrast else 0))


def solid_tumour(common: dict, shape: Solids, centre, size: float, suv: float, feature: str, anatomy: Anatomy,
                 rng: np.random.Generator) -> Lesion:  # fmt: skip
    """A solid tumour with strands, dead core or hole as they come."""
    worths = {"tumour": Worth(tumour_hu(anatomy, rng), 7, suv, 0.12 * suv)}
    painted, density = [shape], "solid"
    lobe = common["lobe"]
    if lobe and rng.random() < SPICULATED:
        painted.insert(0, spikes("tumour", centre, size, int(rng.integers(10, 22)), rng).clipped(FIELD[lobe]))
    if feature == "pl1_pl2" and rng.random() < TAGGED:
        painted.insert(0, pleural_tags(anatomy, centre, size, rng))
    if size > 40 and rng.random() < NECROTIC:
        worths["necrosis"] = Worth(18, 5, 0.35 * suv, 0.05 * suv)
        core = ellipsoid("necrosis", centre, size * rng.uniform(0.2, 0.3) * np.array([1, 0.8, 0.9])).softened(5)
        painted.append(core)
    elif size > 25 and not feature and rng.random() < CAVITATED:
        worths["cavity"] = Worth(-960, 10, 0.4, 0)
        painted.append(ellipsoid("cavity", centre, size * rng.uniform(0.13, 0.24) * np.array([1, 0.9, 0.8])))
        density = "cavitating"
    return Lesion(shape=shape, painted=join(*painted), worths=worths, density=density, **common)


def pleural_tags(anatomy: Anatomy, centre, size: float, rng: np.random.Generator) -> Solids:
    """Strands from a tumour to the chest wall."""
    step = 2.0
    around = np.eye(3)
    slope = np.array([anatomy.fields.at("cage", centre + step * axis)[0] - anatomy.fields.at("cage", centre - step * axis)[0]
                      for axis in around])  # fmt: skip
    outward = slope / max(np.linalg.norm(slope), 1e-6)
    ends = centre + outward * size * 0.75 + rng.normal(0, size * 0.25, (4, 3))
    return tubes("tumour", np.broadcast_to(centre, (4, 3)), ends, 1.6, 0.7).clipped(FIELD["cage"], -0.3)


def subsolid_tumour(common: dict, shape: Solids, kind: dict, size: float, suv: float, anatomy: Anatomy, physiology: Physiology,
                    rng: np.random.Generator) -> Lesion:  # fmt: skip
    """Pure ground glass, or with a solid part of the wished size."""
    lung = physiology.tissues["lung"]
    veil = float(np.clip(rng.normal(-640, 60), lung.hu + 90, -480))
    glass_suv = max(float(np.exp(rng.normal(0.0, 0.2))), 1.2 * lung.suv)
    worths = {"glass": Worth(veil, 45, glass_suv, 0.1)}
    glass = shape.named("glass").softened(2.0)
    if kind["density"] == "ground_glass":
        return Lesion(shape=shape, painted=glass, worths=worths, density="ground_glass", solid=join(), **common)
    worths["tumour"] = Worth(tumour_hu(anatomy, rng), 7, suv, 0.1 * suv)
    target = float(rng.uniform(kind["solid_low"], kind["solid_high"]))
    middle = shape.rows[0, CENTRE : CENTRE + 3] + rng.normal(0, max(size - target, 0) * 0.08, 3)
    core = lumpy("tumour", middle, target, rng, height=0.06)
    core = reach_size(core, target, (kind["solid_low"], kind["solid_high"]), anatomy) or core
    return Lesion(shape=shape, painted=join(glass, core), worths=worths, density="part_solid", solid=core, **common)


def small_nodule(name: str, lobe: str, size: float, suv: float, role: str, anatomy: Anatomy, others: list[Solids],
                 rng: np.random.Generator, near=None) -> Lesion:  # fmt: skip
    """A round solid nodule in a lobe; near: a point it should not be far from."""
    points = apart_from(lobe_points(anatomy, lobe, rng, size / 2 + 3.0), others, anatomy, size / 2 + 8)
    centre = points[0] if near is None else points[np.argmin(np.abs(np.linalg.norm(points - near, axis=1) - 45))]
    shape = lumpy("nodule", centre, size, rng, height=0.06).clipped(FIELD[lobe], -0.6)
    shape = reach_size(shape, size, (size * 0.93, size * 1.07), anatomy) or shape
    worths = {"nodule": Worth(tumour_hu(anatomy, rng), 5, suv, 0.1 * suv)}
    return Lesion(name=name, kind="pulmonary", malignant=True, shape=shape, painted=shape, worths=worths, role=role,
                  side=lobe.split("_")[0], lobe=lobe)  # fmt: skip


def satellites(anatomy: Anatomy, plan: Plan, lesions: list[Lesion], rng: np.random.Generator) -> list[Lesion]:
    """Separate nodules of the same or another lobe of the side, where the plan wants them."""
    feature = next((one for one in plan.told if one in ("nod_same_lobe", "nod_diff_ipsi")), None)
    if feature is None:
        return []
    made = []
    main = lesions[0].shape.rows[0, CENTRE : CENTRE + 3]
    for index in range(1 + int(rng.random() < 0.3)):
        lobe = plan.lobe
        if feature == "nod_diff_ipsi":
            choices = other_lobes(plan.lobe)[0]
            lobe = choices[int(rng.integers(len(choices)))]
        size = float(np.clip(np.exp(rng.normal(np.log(9), 0.25)), 6.5, 15))
        others = [one.shape for one in lesions + made]
        near = main if feature == "nod_same_lobe" else None
        suv = float(np.exp(rng.normal(1.3, 0.4)))
        made.append(small_nodule(f"satellite {index + 1}", lobe, size, suv, "satellite", anatomy, others, rng, near))
    return made


def collapsed_lung(anatomy: Anatomy, plan: Plan, primary: Lesion, rng: np.random.Generator) -> list[Lesion]:
    """Lung without air behind a closed bronchus: the lobe, the whole lung, or a wedge behind the tumour."""
    feature = plan.primary["feature"]
    if feature not in COLLAPSE:
        return []
    where = f"lung_{plan.side}" if feature == "atel_lung" else plan.lobe
    low, high = lobe_box(anatomy, where)
    centre, radii = (low + high) / 2, (high - low) * 0.9 + 5.0
    if feature == "atel_sub":
        middle = primary.shape.rows[0, CENTRE : CENTRE + 3]
        outward = middle - anatomy.bronchi.named[LOBAR[plan.lobe]][1]
        outward /= max(float(np.linalg.norm(outward)), 1e-6)
        centre, radii = middle + outward * 22.0, np.array([20.0, 20.0, 20.0])
    shape = ellipsoid("drowned", centre, radii, exponent=4.0 if feature != "atel_sub" else 2.0).clipped(FIELD[where], 0.3)
    worth = Worth(
        float(rng.normal(*DROWNED)) + (30 if anatomy.person.contrast else 0), 6, float(np.exp(rng.normal(0.7, 0.3))), 0.15
    )
    return [Lesion(name="collapse", kind="collapse", malignant=False, shape=shape, painted=shape, worths={"drowned": worth},
                   side=plan.side, lobe=None if feature == "atel_lung" else plan.lobe)]  # fmt: skip


def lobe_box(anatomy: Anatomy, field_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner of what lies inside a field, mm."""
    fields = anatomy.fields
    index = np.argwhere(fields.values[FIELD[field_name]] < 0)
    return index.min(axis=0)[::-1] * fields.step_mm + fields.origin_mm, index.max(axis=0)[
        ::-1
    ] * fields.step_mm + fields.origin_mm
