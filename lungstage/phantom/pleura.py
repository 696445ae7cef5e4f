"""An anatomy and a plan in, disease of the linings out: nodules and fluid of pleura and pericardium."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records.names import LOBES
from .anatomy import Anatomy
from .fields import FIELD
from .lesion import Lesion, lumpy
from .measure import union_distance
from .physiology import Worth
from .places import apart_from, lobe_points
from .solids import Solids, ellipsoid
from .wishes import Plan


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
