"""An anatomy, a site and a number in, metastases out: in the other lung, bone, liver, adrenals, brain, muscle, skin.

Nodes of the axilla are in `nodes.py`, pleura and pericardium in `pleura.py`; MAKERS knows them all by their site.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .anatomy import Anatomy
from .distance import CENTRE
from .fields import FIELD
from .lesion import Lesion, egg, lumpy
from .measure import union_distance
from .nodes import axillary_node
from .parameters import read_table
from .physiology import Worth
from .places import apart_from, other_lobes
from .pleura import effusion, pericardial_fluid, pericardial_nodule, pleural_nodule
from .primary import small_nodule
from .solids import Solids, join
from .tumour_places import vertebral_bodies
from .wishes import Plan


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


def contra_nodule(
    anatomy: Anatomy, plan: Plan, size: float, worth: Worth, others: list[Solids], rng: np.random.Generator
) -> Lesion:
    """A nodule of the other lung."""
    lobes = other_lobes(plan.lobe)[1]
    lobe = lobes[int(rng.integers(len(lobes)))]
    made = small_nodule("", lobe, min(size, 24), worth.suv, "metastasis", anatomy, others, rng)
    return replace(made, worths={"nodule": worth})


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


MAKERS = {
    "contra_nodule": contra_nodule, "pleural_nodules": pleural_nodule, "pleural_eff": effusion, "bone": bone_lesion,
    "liver": liver_lesion, "adrenal": adrenal_lesion, "brain": brain_lesion, "axillary_node": axillary_node,
    "pericard_eff": pericardial_fluid, "pericard_nodules": pericardial_nodule, "muscle": muscle_deposit, "skin": skin_deposit,
}  # fmt: skip
