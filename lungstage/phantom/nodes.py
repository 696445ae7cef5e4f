"""An anatomy and a plan in, lymph nodes out: at the stations that are involved, and one at any station for who asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .anatomy import Anatomy
from .lesion import Lesion, egg
from .parameters import read_table
from .physiology import Worth
from .places import apart_from, at_station
from .primary import tumour_hu
from .solids import Solids
from .wishes import Plan


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
