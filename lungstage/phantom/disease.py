"""An anatomy and a plan in, lesions out: primary tumour, nodes and metastases as shapes where the plan wants them.

A tumour without invasion is cut at the surface of its lobe, one with invasion grows through it. Sizes are reached by measuring
the shape and scaling it, so that the truth is a measurement of what is drawn.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records.names import LOBES
from .anatomy import Anatomy
from .distance import CENTRE
from .fields import FIELD
from .lesion import Lesion, egg, lumpy, resized, spikes
from .measure import measure_shape, union_distance
from .parameters import read_table
from .physiology import Physiology, Worth
from .places import apart_from, at_station, beside, in_lobe, lobe_points, other_lobes
from .solids import Solids, ellipsoid, join, tubes
from .streams import stream
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
REACHES = {
    "great_vessel": ("great_vessel", 0.15, 0.32), "heart": ("heart", 0.15, 0.32), "trachea": ("trachea", 0.15, 0.36),
    "carina": ("carina", 0.15, 0.34), "oesophagus": ("oesophagus", 0.15, 0.36), "azygos": ("azygos", 0.15, 0.38),
    "pericardium": ("pericardium", 0.28, 0.42), "visceral_pericardium": ("heart", 0.22, 0.40),
    "phrenic": ("pericardium", 0.30, 0.45), "thymus": ("thymus", 0.15, 0.36), "rln": ("aortopulmonary_window", 0.10, 0.40),
    "vagus": ("aortopulmonary_window", 0.15, 0.42), "hilar_vessel": ("pulmonary_artery", 0.15, 0.38),
    "subclavian": ("subclavian", 0.15, 0.40), "vertebral_body": ("vertebra", 0.15, 0.32), "spinal_canal": ("cord", 0.10, 0.36),
}  # fmt: skip
"""Feature -> the solid its tumour grows into, and how far off that is from the tumour's centre, as a share of its size."""
COLLAPSE = ("atel_part", "atel_lung", "atel_sub")
"""Features that come with lung that holds no air."""
DROWNED = (38.0, 5.0)
"""CT number of lung behind a closed bronchus, and its spread between patients (anatomy.md 1.2, consolidation)."""

LOBAR = {"right_upper_lobe": "RUL", "right_middle_lobe": "RML", "right_lower_lobe": "RLL", "left_upper_lobe": "LUL",
         "left_lower_lobe": "LLL"}  # fmt: skip
"""Lobe -> its bronchus in airways.csv."""
AIRWAY_DOWN = {"right": ("right_main", "intermedius", "RLL", "basal_right"), "left": ("left_main", "LLL", "basal_left")}
CLEAR_OF_CARINA_MM = 21.0
"""How far a tumour stays from the carina that is at least 2 cm from it."""


def place_disease(seed: int, anatomy: Anatomy, physiology: Physiology, plan: Plan) -> list[Lesion]:
    """All malignant lesions of a plan: the primary first, its satellites, nodes, metastases."""
    lesions: list[Lesion] = []
    if plan.primary is not None and plan.primary["density"] != "none":
        rng = stream(seed, "primary")
        lesions.append(primary_tumour(anatomy, physiology, plan, rng))
        lesions += satellites(anatomy, plan, lesions, rng)
        lesions += collapsed_lung(anatomy, plan, lesions[0], stream(seed, "collapse"))
    lesions += involved_nodes(anatomy, plan, lesions, stream(seed, "nodes"))
    for site, count in plan.metastases.items():
        lesions += metastases(anatomy, plan, site, count, lesions, stream(seed, f"metastases {site}"))
    return lesions


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


def lobe_box(anatomy: Anatomy, field_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner of what lies inside a field, mm."""
    fields = anatomy.fields
    index = np.argwhere(fields.values[FIELD[field_name]] < 0)
    return index.min(axis=0)[::-1] * fields.step_mm + fields.origin_mm, index.max(axis=0)[
        ::-1
    ] * fields.step_mm + fields.origin_mm


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


def vertebral_bodies(anatomy: Anatomy) -> Solids:
    """Bodies of the vertebrae."""
    return anatomy.structures["bones"].of("vertebral_shell")


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


def node_uptake(short_mm: float, rng: np.random.Generator) -> float:
    """True uptake of an involved node (priors.md 4.4, before partial volume)."""
    return float(np.exp(np.log(9.0 if short_mm >= 12 else 7.0) + 0.4 * np.clip(rng.normal(), -1.8, 2)))


def one_node(anatomy: Anatomy, station: str, short_mm: float, ratio: float, worth: Worth, tissue: str, others: list[Solids],
             rng: np.random.Generator) -> Lesion:  # fmt: skip
    """One lymph node at a station; vessels and airways stand out of it."""
    table = read_table("stations")
    row = table.row(table["station"].index(station))
    centre = at_station(
        anatomy, (row["x"], row["y"], row["z"]), (row["spread_x"], row["spread_y"], row["spread_z"]), short_mm, others, rng
    )
    shape = egg(tissue, centre, short_mm, ratio, rng)
    side = {"R": "right", "L": "left"}.get(station[-1])
    return Lesion(name=f"node {station}", kind="node", malignant=False, shape=shape, painted=shape, worths={tissue: worth},
                  under=True, side=side, station=station)  # fmt: skip


def involved_nodes(anatomy: Anatomy, plan: Plan, lesions: list[Lesion], rng: np.random.Generator) -> list[Lesion]:
    """Nodes of the involved stations, one or two each."""
    table, made = read_table("stations"), []
    for station in plan.stations:
        row = table.row(table["station"].index(station))
        for _ in range(1 + int(rng.random() < 0.25)):
            short = float(np.clip(np.exp(rng.normal(np.log(row["malignant_mm"]), row["malignant_sigma"])), 6.5, 28))
            ratio = float(np.clip(rng.normal(1.3, 0.2), 1.0, 1.9))
            suv = node_uptake(short, rng)
            worth = Worth(tumour_hu(anatomy, rng) - 2, 5, suv, 0.1 * suv)
            # other nodes are kept clear of; the primary may reach into a station
            others = [one.shape for one in lesions + made]
            node = one_node(anatomy, station, short, ratio, worth, "involved_node", others, rng)
            made.append(replace(node, malignant=True, role="node"))
    return made


def metastases(
    anatomy: Anatomy, plan: Plan, site: str, count: int, lesions: list[Lesion], rng: np.random.Generator
) -> list[Lesion]:
    """The metastases of one site."""
    table = read_table("metastases")
    row, made = table.row(table["site"].index(site)), []
    for index in range(count):
        size = float(np.clip(np.exp(rng.normal(np.log(row["size"]), row["size_sigma"])), 6, 70))
        suv = float(np.exp(np.log(row["suv"]) + row["suv_sigma"] * np.clip(rng.normal(), -1.8, 1.8)))
        worth = Worth(
            row["hu"] + rng.normal(0, 5) + (25 if anatomy.person.contrast and site != "pleural_eff" else 0), 4, suv, 0.1 * suv
        )
        others = [one.shape for one in lesions + made]
        one = MAKERS[site](anatomy, plan, size, worth, others, rng)
        made.append(replace(one, name=f"{site} {index + 1}", malignant=True, role="metastasis"))
    return made


def pericardial_fluid(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """Fluid in the pericardium, as thick as a tenth of `size`; the heart stands out of it."""
    shape = anatomy.structures["pericardium"].swollen(float(np.clip(size / 10, 5, 14))).named("pericardial_fluid")
    return Lesion(name="", kind="effusion", malignant=True, shape=shape, painted=shape, worths={"pericardial_fluid": worth},
                  under=True, organ="pericardium")  # fmt: skip


def pericardial_nodule(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A nodule on the pericardium, towards a lung."""
    sac = anatomy.structures["pericardium"]
    points = rng.uniform(sac.low[0], sac.high[0], (4000, 3))
    near = np.abs(union_distance(points, sac, anatomy.fields)) < 2.5
    beside_lung = near & (np.abs(anatomy.fields.at("lungs", points)) < 6)
    points = apart_from(points[beside_lung if beside_lung.any() else near], others, anatomy, size)
    shape = lumpy("pericardial_nodule", points[0], float(np.clip(size, 8, 22)), rng, height=0.06)
    return Lesion(name="", kind="soft_tissue", malignant=True, shape=shape, painted=shape, worths={"pericardial_nodule": worth},
                  organ="pericardium")  # fmt: skip


def muscle_deposit(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A lesion in a muscle of the back or the chest."""
    sign = 1 if rng.random() < 0.5 else -1
    spots = np.array([(27 * sign, 97, -70), (27 * sign, 97, 20), (72 * sign, -78, 18), (112 * sign, 66, 12)])
    points = anatomy.person.place(spots[rng.permutation(len(spots))]) + rng.normal(0, 3, 3)
    centre = apart_from(points, others, anatomy, size)[0]
    shape = egg("muscle_deposit", centre, float(np.clip(size, 10, 26)), 1.4, rng)
    return Lesion(name="", kind="soft_tissue", malignant=True, shape=shape, painted=shape, worths={"muscle_deposit": worth},
                  organ="muscle", side="left" if sign > 0 else "right")  # fmt: skip


def skin_deposit(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A nodule in the fat right under the skin of the trunk."""
    fields = anatomy.fields
    index = np.argwhere((fields.values[FIELD["skin"]] < -4) & (fields.values[FIELD["skin"]] > -9))
    points = index[rng.permutation(len(index))[:4000], ::-1] * fields.step_mm + fields.origin_mm
    low, high = anatomy.range_mm
    seen = (points[:, 2] > low + 25) & (points[:, 2] < min(high, 40) - 15) & (np.abs(points[:, 0]) < 170)
    centre = apart_from(points[seen], others, anatomy, size + 20)[0]
    shape = egg("skin_deposit", centre, float(np.clip(size * 0.7, 7, 18)), 1.3, rng)
    return Lesion(name="", kind="soft_tissue", malignant=True, shape=shape, painted=shape, worths={"skin_deposit": worth},
                  organ="skin", side="left" if centre[0] > 0 else "right")  # fmt: skip


def contra_nodule(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A nodule of the other lung."""
    lobes = other_lobes(plan.lobe)[1]
    lobe = lobes[int(rng.integers(len(lobes)))]
    made = small_nodule("", lobe, min(size, 24), worth.suv, "metastasis", anatomy, others, rng)
    return replace(made, worths={"nodule": worth})


def pleural_nodule(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A flat nodule on the costal pleura of the tumour's side."""
    fields, lung = anatomy.fields, f"lung_{plan.side}"
    lobe = [one for one in LOBES if one.startswith(plan.side)][int(rng.integers(3 if plan.side == "right" else 2))]
    points = lobe_points(anatomy, lobe, rng, 0.5, 4000)
    costal = (fields.at("cage", points) > -4) & (fields.at("below", points) > 12)
    points = apart_from(points[costal] if costal.any() else points, others, anatomy, size)
    shape = lumpy("pleural_nodule", points[0], size * 1.2, rng, height=0.05).clipped(FIELD[lung], 0.0)
    return Lesion(name="", kind="pleural", malignant=True, shape=shape, painted=shape, worths={"pleural_nodule": worth},
                  side=plan.side, organ="pleura")  # fmt: skip


def effusion(anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator) -> Lesion:
    """Fluid in the dependent pleural space of the tumour's side, `size` mm thick at most."""
    made = pleural_fluid(anatomy, plan.side, size)
    return replace(made, worths={"effusion": worth})


def pleural_fluid(anatomy: Anatomy, side: str, thick_mm: float) -> Lesion:
    """Fluid behind and below a lung of a supine patient."""
    sign, size = (-1 if side == "right" else 1), anatomy.person.size
    recess = anatomy.landmarks.get(f"recess_{side}", np.array([70.0 * sign, 60.0, -160.0]))
    back = anatomy.person.place((0, 82, 0))[1]
    centre = np.array([66 * sign * size, back - thick_mm * 0.05, recess[2] + 40])
    shape = ellipsoid("effusion", centre, np.array([76 * size, thick_mm, 95 * size]), exponent=2.3).clipped(
        FIELD[f"lung_{side}"], 0.8
    )
    return Lesion(name="", kind="effusion", malignant=True, shape=shape, painted=shape, worths={}, side=side, organ="pleura")


def bone_lesion(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A lytic lesion in a vertebra or a rib of the scan."""
    bones = anatomy.structures["bones"]
    ribs, bodies = bones.of("rib_marrow"), vertebral_bodies(anatomy)
    spine = rng.random() < 0.6
    places = bodies.rows[:, CENTRE : CENTRE + 3] if spine else ribs.rows[:, CENTRE : CENTRE + 3]
    seen = (places[:, 2] > anatomy.range_mm[0] + 15) & (places[:, 2] < anatomy.range_mm[1] - 15)
    places = apart_from(places[seen], others, anatomy, 14)
    centre = places[int(rng.integers(len(places)))] + rng.normal(0, 3.0 if spine else 0.5, 3)
    shape = lumpy("bone_lesion", centre, min(size, 30) if spine else np.clip(size, 14, 26), rng, height=0.05)
    if not spine:  # along the rib and a little beyond it
        shape = shape.clipped(FIELD["wall"], -2.0)
    return Lesion(name="", kind="bone", malignant=True, shape=shape, painted=shape, worths={"bone_lesion": worth}, organ="bone",
                  side=None if abs(centre[0]) < 8 else ("left" if centre[0] > 0 else "right"))  # fmt: skip


def liver_lesion(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A lesion inside the liver."""
    centre = inside_organ(anatomy, anatomy.structures["liver"], min(size, 45), others, rng)
    shape = lumpy("liver_lesion", centre, min(size, 45), rng, height=0.05)
    return Lesion(
        name="", kind="liver", malignant=True, shape=shape, painted=shape, worths={"liver_lesion": worth}, organ="liver"
    )


def inside_organ(anatomy: Anatomy, organ: Solids, size: float, others: list[Solids], rng: np.random.Generator) -> np.ndarray:
    """A point inside an organ and the scan, deep enough for the size where the organ allows."""
    low, high = organ.low.min(axis=0), organ.high.max(axis=0)
    low[2], high[2] = max(low[2], anatomy.range_mm[0] + size / 2 + 4), min(high[2], anatomy.range_mm[1] - size / 2)
    points = rng.uniform(low, np.maximum(high, low + 1), (3000, 3))
    distance = union_distance(points, organ, anatomy.fields)
    deep = points[distance < -size / 2 - 2]
    points = deep if len(deep) else points[np.argsort(distance)[:20]]
    return apart_from(points, others, anatomy, size / 2 + 4)[0]


def adrenal_lesion(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A mass of one adrenal, of the other where one has it already."""
    sides = ["left", "right"] if rng.random() < 0.55 else ["right", "left"]
    free = [side for side in sides if not others or union_distance(
        anatomy.landmarks[f"adrenal_{side}"][None], join(*others), anatomy.fields)[0] > 5]  # fmt: skip
    side = (free or sides)[0]
    size = float(np.clip(size, 14, 42))
    centre = anatomy.landmarks[f"adrenal_{side}"] + np.array([0, 4, -3]) * anatomy.person.size
    shape = lumpy("adrenal_lesion", centre, size, rng, height=0.05)
    return Lesion(name="", kind="adrenal", malignant=True, shape=shape, painted=shape, worths={"adrenal_lesion": worth},
                  organ="adrenal", side=side)  # fmt: skip


def brain_lesion(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A lesion inside the brain."""
    brain = anatomy.structures["bones"].of("brain")
    centre = inside_organ(anatomy, brain, min(size, 40), others, rng)
    shape = lumpy("brain_lesion", centre, min(size, 40), rng, height=0.05)
    return Lesion(name="", kind="brain", malignant=True, shape=shape, painted=shape, worths={"brain_lesion": worth},
                  organ="brain", side="left" if centre[0] > 0 else "right")  # fmt: skip


def axillary_node(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A node in the fat of an axilla; distant, so without a station."""
    sign = 1 if rng.random() < 0.5 else -1
    centre = anatomy.person.place((128 * sign, 14, 58)) + rng.normal(0, (5, 12, 12))
    points = apart_from(centre + rng.normal(0, 9, (60, 3)), others, anatomy, 8)
    shape = egg("axillary_node", points[0], float(np.clip(size, 9, 26)), 1.3, rng)
    return Lesion(name="", kind="node", malignant=True, shape=shape, painted=shape, worths={"axillary_node": worth},
                  organ="axilla", side="left" if sign > 0 else "right")  # fmt: skip


MAKERS = {
    "contra_nodule": contra_nodule, "pleural_nodules": pleural_nodule, "pleural_eff": effusion, "bone": bone_lesion,
    "liver": liver_lesion, "adrenal": adrenal_lesion, "brain": brain_lesion, "axillary_node": axillary_node,
    "pericard_eff": pericardial_fluid, "pericard_nodules": pericardial_nodule, "muscle": muscle_deposit, "skin": skin_deposit,
}  # fmt: skip
