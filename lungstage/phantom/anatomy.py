"""A seed in, a healthy patient out: every organ as solids in painting order, the fields, and the landmarks.

First who it is, then what stands in the middle of the chest, then the lungs that flow around it, then bronchi and vessels that
fill the lungs, bones, abdomen. Nodes and harmless findings come from `findings.py`, disease from `disease.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .bones import build_bones, spine_points
from .fields import FIELD, Fields, sample_places
from .muscles import build_muscles, glands
from .organs import (
    HEART,
    airway_trunk,
    back_muscles,
    organ,
    sinking,
    small_abdomen,
    vessel_ends,
    vessel_paths,
    what_keeps_lungs_away,
)  # fmt: skip
from .parameters import PhantomParameters, read_table, trunk_numbers
from .person import Person, draw_person
from .solids import Solids, ellipsoid, inside, join, path, sheet
from .streams import stream
from .trees import Bronchi, grow_lungs, name_bronchi, trachea_points
from .trunk import build_fields, domes
from .variants import vessels_of

COVERAGE_MM = {"thorax": (-205.0, 112.0), "body": (-640.0, 415.0)}
"""Lowest and highest z of the scan in the reference man."""
HALF_WIDTH_MM, BACK_MM = 262.0, 165.0
BEYOND_SKIN_MM = 46.0
"""How far fields are sampled in front of the deepest trunk: breasts lie upon it, and beyond its samples a field is not known."""
FISSURE_MM = 0.9
STAPLE_MM = 0.8


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A healthy patient.

    wall, lungs, middle    solids in painting order: trunk and bones; lungs with bronchi and vessels; mediastinum and abdomen
    structures             name -> Solids, for contact and clearance (great_vessel, heart, trachea, main_bronchus, ...)
    landmarks              name -> (3,) mm in the frame
    range_mm               lowest and highest z that is scanned
    """

    person: Person
    fields: Fields
    wall: Solids
    lungs: Solids
    middle: Solids
    structures: dict[str, Solids]
    bronchi: Bronchi
    landmarks: dict[str, np.ndarray]
    range_mm: tuple[float, float]


def build_anatomy(seed: int, coverage: str, numbers: PhantomParameters, needed: frozenset[str] = frozenset()) -> Anatomy:
    """One healthy patient; coverage: a key of COVERAGE_MM; needed: lobes that no operation may have taken."""
    person = draw_person(seed, numbers)
    person = replace(person, variants=person.variants.sparing(needed))
    tables = {name: read_table(name) for name in ("outline", "airways", "ribs", "vertebrae", "organs", "muscles")}
    tables["great_vessels"] = vessels_of(person.variants)
    bronchi = name_bronchi(person, tables["airways"], stream(seed, "bronchi"))
    low, high = (z * person.scale[2] for z in COVERAGE_MM[coverage])
    low += sinking(person, numbers, 0.8 if coverage == "thorax" else 0.0)[2]
    front = float(tables["outline"]["skin_front"].min()) * person.scale[1] * person.front - max(person.fat_mm, 0) - BEYOND_SKIN_MM
    samples = sample_places((-HALF_WIDTH_MM, front, low - 30), (HALF_WIDTH_MM, BACK_MM, high + 30), numbers.field_step_mm)
    keep_out = what_keeps_lungs_away(person, tables["great_vessels"], tables["organs"], tables["vertebrae"], bronchi, numbers)
    fields = build_fields(person, tables["outline"], keep_out, samples, numbers, stream(seed, "surfaces"))

    vessels = vessel_paths(person, tables["great_vessels"])
    trunk_walls, trunk_lumina = airway_trunk(person, bronchi)
    ends = {name: vessel_ends(person, tables["great_vessels"], name) for name in vessels if name.startswith("pulmonary")}
    veins = {
        f"{level}_{side}": ends[f"pulmonary_vein_{side}_{level}"]
        for level in ("superior", "inferior")
        for side in ("right", "left")
    }
    arteries = {side: ends[f"pulmonary_artery_{side}"] for side in ("right", "left")}
    lung_vessels, walls, lumina = grow_lungs(fields, bronchi, veins, arteries, numbers, stream(seed, "trees"))

    organs = {name: organ(person, tables["organs"], name, numbers) for name in tables["organs"]["name"]}
    small = small_abdomen(person, numbers)
    bones = build_bones(person, tables)
    trunk = join(
        inside("skin", FIELD["skin"]).hidden(FIELD["skin"], -6.0),
        inside("fat", FIELD["skin"], -2.0).hidden(FIELD["wall"], -6.0),
        inside("muscle", FIELD["wall"]).hidden(FIELD["cage"], -6.0),
        glands(person, stream(seed, "glands")), build_muscles(person, tables),
        inside("mediastinal_fat", FIELD["cage"]).hidden(FIELD["lungs"], -6.0), back_muscles(person, tables["vertebrae"]),
        inside("diaphragm", FIELD["below"]).hidden(FIELD["below"], -9.0), inside("abdominal_fat", FIELD["below"], -3.0),
        bones,
    )  # fmt: skip
    pulmonary = join(
        inside("lung", FIELD["lung_right"]), inside("lung", FIELD["lung_left"]),
        sheet("fissure", FIELD["oblique_right"], FISSURE_MM).clipped(FIELD["pleura"]),
        sheet("fissure", FIELD["horizontal_right"], FISSURE_MM).clipped(FIELD["pleura"]),
        sheet("fissure", FIELD["oblique_left"], FISSURE_MM).clipped(FIELD["pleura"]),
        azygos_fissure(person), operated(person), lung_vessels, walls, lumina,
    )  # fmt: skip
    heart = [organs[name] for name in organs if name in HEART]
    abdomen = [organs[name] for name in organs if name not in HEART]
    middle = join(
        small["psoas"], small["crura"], *abdomen, small["liver_vessels"], small["pancreas"],
        small["adrenal_right"], small["adrenal_left"],
        small["thyroid"], *heart, *vessels.values(), trunk_walls, trunk_lumina,
    )  # fmt: skip
    structures = {
        "great_vessel": join(*(vessels[name] for name in vessels if name != "oesophagus" and not name.startswith("iliac"))),
        "oesophagus": vessels["oesophagus"],
        "heart": join(*(organs[name] for name in ("right_atrium", "right_ventricle_wall", "left_atrium", "left_ventricle"))),
        "airway": trunk_walls, "liver": join(organs["liver_right"], organs["liver_left"]), "spleen": organs["spleen"],
        "kidney": join(organs["kidney_right"], organs["kidney_left"]),
        "adrenal_right": small["adrenal_right"], "adrenal_left": small["adrenal_left"], "bones": bones,
        "lung_vessels": lung_vessels, "bronchi": walls,
        "trachea": trunk_walls.keep(np.arange(len(trunk_walls)) < len(trachea_points(person)) - 1),
        "carina": ellipsoid("airway", (0, 0, 2), (4, 4, 4)), "pericardium": organs["pericardium"], "azygos": vessels["azygos"],
        "thymus": ellipsoid("fat", person.place((0, -52, 14)), np.array([9, 9, 32]) * person.size),
        "aortopulmonary_window": ellipsoid("fat", person.place((29, -10, 6)), np.array([5, 6, 5]) * person.size),
        **{name: vessels[name] for name in vessels if name.startswith(("subclavian", "pulmonary_artery"))},
    }  # fmt: skip
    landmarks = find_landmarks(person, bronchi, fields, tables, numbers)
    return Anatomy(person, fields, trunk, pulmonary, middle, structures, bronchi, landmarks, (low, high))


def azygos_fissure(person: Person) -> Solids:
    """The sheet of pleura over an azygos vein that runs through the lung."""
    if "azygos_lobe" not in person.variants.names:
        return join()
    points = np.array([(-22, 44, 60), (-38, 28, 60), (-47, 6, 60), (-46, -14, 60), (-36, -30, 60)], float)
    along = np.gradient(points, axis=0)
    half = 32.0 * person.size
    return path("fissure", person.place(points), half, flat=FISSURE_MM / 2 / half, normals=np.cross(along, [0, 0, 1.0])).clipped(
        FIELD["lung_right"]
    )


def operated(person: Person) -> Solids:
    """What an operation left: fluid in the space of a lung, staples on a stump."""
    parts, size = [], person.size
    for side, out in (("right", -1), ("left", 1)):
        if person.variants.lungless == side:
            space = ellipsoid("fluid", person.place((72 * out, 4, -14)), np.array([60, 76, 78]) * size, exponent=2.8)
            parts.append(space.clipped(FIELD["cage"], -5.0))
        if any(lobe.startswith(side) for lobe in person.variants.removed):
            stump = person.place([(42 * out, 2, -6), (47 * out, 6, -22)])
            parts.append(path("staple", stump, STAPLE_MM))
    return join(*parts)


def find_landmarks(
    person: Person, bronchi: Bronchi, fields: Fields, tables: dict, numbers: PhantomParameters
) -> dict[str, np.ndarray]:
    """Named points of the patient, from the geometry that is painted (anatomy.md 10)."""
    right_dome, left_dome = domes(person, numbers)
    found = {
        "carina": np.zeros(3),
        "trachea_top": trachea_points(person)[2],
        "rul_split": bronchi.named["RUL"][0],
        "lul_split": bronchi.named["LUL"][0],
        "dome_right": right_dome,
        "dome_left": left_dome,
        "heart_centre": organ(person, tables["organs"], "pericardium", numbers).rows[0, 1:4],
        "liver_centre": organ(person, tables["organs"], "liver_right", numbers).rows[0, 1:4],
        "spleen_centre": organ(person, tables["organs"], "spleen", numbers).rows[0, 1:4],
    }
    for side in ("right", "left"):
        index = np.argwhere(fields.values[FIELD[f"lung_{side}"]] < 0)
        if len(index):
            found[f"apex_{side}"] = index[index[:, 0].argmax()][::-1] * fields.step_mm + fields.origin_mm
            found[f"recess_{side}"] = index[index[:, 0].argmin()][::-1] * fields.step_mm + fields.origin_mm
    arch = person.place([(18, -20, 27), (27, -3, 24)]).mean(axis=0) + [0, 0, 13.5 * person.size]
    found["arch_top"] = arch
    canal = spine_points(person, tables["vertebrae"], 8.5)
    for name, point in zip(tables["vertebrae"]["name"], canal, strict=True):
        found[f"canal_{name}"] = point
    down = sinking(person, numbers, trunk_numbers().sinks_abdomen)
    found["adrenal_right"] = person.place((-27, 34, -172)) + down
    found["adrenal_left"] = person.place((32, 28, -178)) + down
    return found
