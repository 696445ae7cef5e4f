"""A person and the table of muscles in, muscles of the trunk and glands of the breast out: flat strips over the cage."""

from __future__ import annotations

import numpy as np

from .bones import CageLine
from .fields import FIELD
from .parameters import Table
from .person import Person
from .solids import Solids, ellipsoid, join, path, turned

FAT_OVER_MM = 4.0
"""Skin and fat that lie over every muscle."""


def build_muscles(person: Person, tables: dict[str, Table]) -> Solids:
    """The muscles of the trunk, both sides."""
    line, table, parts = CageLine(tables["outline"], person), tables["muscles"], []
    for name in dict.fromkeys(table["muscle"]):
        own = np.array([index for index, other in enumerate(table["muscle"]) if other == name])
        turn, z = np.deg2rad(table["turn"][own]), table["z"][own] * person.scale[2]
        half, thick = table["half"][own] * person.size, table["thick"][own] * person.size * person.muscle
        for side in (-1, 1):
            points, normals = strip(line, turn, z, table["outside"][own] * person.size, side)
            flat = float(np.mean(thick / 2 / half)) * person.sides.muscles[side]
            parts.append(path("muscle", points, half, flat=flat, normals=normals))
    return join(*parts).clipped(FIELD["skin"], -FAT_OVER_MM)


def strip(line: CageLine, turn, z, outside_mm, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) over the cage, each at its own distance, and outward normals there."""
    pairs = [line.point(turn[k : k + 1], z[k : k + 1], side, float(outside_mm[k])) for k in range(len(turn))]
    return np.concatenate([point for point, _ in pairs]), np.concatenate([normal for _, normal in pairs])


def glands(person: Person, rng: np.random.Generator) -> Solids:
    """What is left of the glands of a woman's breasts: strands in the fat."""
    if person.sex == "male":
        return join()
    parts, dense = [], float(rng.uniform(0.15, 0.75))
    for side in (-1, 1):
        middle = np.array([84 * side, -130, -30.0])
        for _ in range(14):
            centre = person.place(middle + rng.normal(0, (17, 7, 17)) * dense)
            radii = rng.uniform(3, 11, 3) * (0.5 + dense) * person.size
            parts.append(ellipsoid("gland", centre, radii, turned(*rng.uniform(-90, 90, 3)).T))
    return join(*parts).clipped(FIELD["skin"], -6.0).softened(2.0)
