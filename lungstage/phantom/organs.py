"""A person and the tables in, soft organs out: airway trunk, great vessels, heart, abdomen; and what keeps the lungs away."""

from __future__ import annotations

import numpy as np

from .bones import spine_line
from .fields import FIELD
from .parameters import PhantomParameters, Table, trunk_numbers
from .person import Person
from .solids import Solids, ellipsoid, join, path, tubes, turned
from .trees import Bronchi, trachea_points

HEART = {"pericardium", "heart_body", "right_atrium", "right_ventricle_wall", "right_ventricle", "left_atrium", "left_ventricle",
         "left_ventricle_cavity"}  # fmt: skip
NECK_MM, NECK_HALF_MM, NECK_THICK_MM = (10.0, 5.0), 19.0, 6.0
"""The sheet from the corner of a vertebra to the back of the ribs: its middle beside and behind the body's edge, half width, half
thickness."""
NECK_NORMAL = (0.82, -0.57, 0.0)
"""Which way that sheet faces on the left."""


def sinking(person: Person, numbers: PhantomParameters, share: float) -> np.ndarray:
    """How far something moves to the feet with this breath."""
    return np.array([0, 0, -share * numbers.dome_drop_mm * person.inspiration])


def vessel_paths(person: Person, table: Table) -> dict[str, Solids]:
    """Great vessels and oesophagus by name."""
    points, found = person.place(table.points()), {}
    for name in dict.fromkeys(table["name"]):
        own = [index for index, other in enumerate(table["name"]) if other == name]
        found[name] = path(table["tissue"][own[0]], points[own], table["radius"][own] * person.size)
    return found


def vessel_ends(person: Person, table: Table, name: str) -> np.ndarray:
    """The last point of a vessel."""
    own = [index for index, other in enumerate(table["name"]) if other == name]
    return person.place(table.points()[own[-1]])


def vessel_margins(person: Person, table: Table) -> Solids:
    """Vessels with the fat around them; stretches with a negative margin lie in the lung and keep nothing away."""
    points, parts = person.place(table.points()), []
    for index in range(len(table) - 1):
        same = table["name"][index] == table["name"][index + 1]
        margin = table["margin"][index + 1]
        if same and margin >= 0:
            radii = table["radius"][index : index + 2] * person.size + margin
            parts.append(path("fat", points[index : index + 2], radii))
    return join(*parts)


def organ(person: Person, table: Table, name: str, numbers: PhantomParameters) -> Solids:
    """One organ of the table."""
    row = table.row(table["name"].index(name))
    share = (
        trunk_numbers().sinks_heart
        if name in HEART
        else trunk_numbers().sinks_abdomen * float(np.clip((-60 - row["z"]) / 60, 0, 1)) * (row["z"] > -400)
    )
    centre = person.place((row["x"], row["y"], row["z"])) + sinking(person, numbers, share)
    if row["clip"] == "below":  # it goes up with a raised dome
        side = "right" if row["x"] < 0 else "left"
        centre[2] += trunk_numbers().follows_dome * person.variants.raised_mm[side]
    axes = turned(row["turn_x"], row["turn_y"], row["turn_z"]).T
    radii = np.array([row["rx"], row["ry"], row["rz"]]) * person.size
    if name in HEART:
        radii[1] *= person.front
    made = ellipsoid(row["tissue"], centre, radii, axes, row["exponent"])
    return made.clipped(FIELD[row["clip"]], -3.0) if row["clip"] else made


def airway_trunk(person: Person, bronchi: Bronchi) -> tuple[Solids, Solids]:
    """Walls and lumina of the trachea and the named bronchi."""
    points = trachea_points(person)
    wide = trunk_numbers().trachea_radius_mm[0 if person.sex == "male" else 1]
    trachea = path("airway", points, np.linspace(wide, wide * 0.97, len(points)))
    walls, lumina = [trachea.swollen(trunk_numbers().trachea_wall_mm).named("trachea_wall")], [trachea]
    for name, (start, end, radius) in bronchi.left.items():
        thick = 1.2 if name.endswith("main") or name == "intermedius" else 0.28 * radius
        tissue = "trachea_wall" if radius > 4 else "airway_wall"
        walls.append(tubes(tissue, start, end, radius + thick))
        lumina.append(tubes("airway", start, end, radius))
    return join(*walls), join(*lumina)


def what_keeps_lungs_away(person: Person, vessels: Table, organs: Table, vertebrae: Table, bronchi: Bronchi,
                          numbers: PhantomParameters) -> Solids:  # fmt: skip
    """Heart, great vessels, airway trunk, fat between them, and the spine with its muscles."""
    size, place = person.size, person.place
    heart = [organ(person, organs, name, numbers).swollen(2.0) for name in sorted(HEART) if name != "left_ventricle_cavity"]
    heart = [part for part in heart if part.tissue[0] != "pericardial_fat"] + [
        organ(person, organs, "pericardium", numbers).swollen(1.0)
    ]
    fat = [
        ellipsoid("fat", place((0, -4, 92)), np.array([40, 34, 34]) * size),
        ellipsoid("fat", place((0, -24, 40)), np.array([26, 24, 40]) * size),
        ellipsoid("fat", place((0, -66, 10)), np.array([9, 24, 62]) * size),
        ellipsoid("fat", place((2, 6, -24)), np.array([22, 22, 30]) * size),
        ellipsoid("fat", place((0, 10, -90)), np.array([24, 32, 70]) * size),
        # heart and fat rest on the middle of the diaphragm: no lung between them
        ellipsoid("fat", place((14, -46, -116)) + sinking(person, numbers, 0.9), np.array([42, 37, 25]) * size),
        ellipsoid(
            "fat", place((46, -88, -114)) + sinking(person, numbers, 0.8), np.array([25, 19, 13]) * size, turned(25, 0, -20).T
        ),
        ellipsoid(
            "fat", place((-26, -82, -112)) + sinking(person, numbers, 0.8), np.array([23, 17, 12]) * size, turned(25, 0, 20).T
        ),
    ]
    trachea = path(
        "fat", trachea_points(person), (trunk_numbers().trachea_radius_mm[0] + trunk_numbers().trachea_wall_mm + 2) * size
    )
    central = [
        tubes("fat", start, end, radius + 3) for name, (start, end, radius) in bronchi.left.items() if name.endswith("main")
    ]
    spine = []
    centres = spine_line(person, vertebrae)
    spine.append(path("fat", centres, (vertebrae["width"] + vertebrae["depth"]) / 4 * size + 2.0))
    behind = centres + np.stack([0 * centres[:, 1], (vertebrae["depth"] / 2 + 22) * size, 0 * centres[:, 2]], axis=1)
    spine.append(path("fat", behind, 27.0 * size))
    spine.append(beside_spine(person, vertebrae, 0.0))
    ivc = path("fat", place([(-32, -18, -88), (-26, -8, -150)]), 15 * size)
    return join(vessel_margins(person, vessels), *heart, *fat, trachea, *central, *spine, ivc)


def beside_spine(person: Person, vertebrae: Table, thinner_mm: float) -> Solids:
    """What covers the necks of the ribs on the transverse processes: the lung reaches far back beside it, not behind it."""
    centres, parts = spine_line(person, vertebrae), []
    half, thick = (one * person.size - thinner_mm for one in (NECK_HALF_MM, NECK_THICK_MM))
    for side in (-1, 1):
        beside, back = side * (vertebrae["width"] / 2 + NECK_MM[0]), vertebrae["depth"] / 2 + NECK_MM[1]
        middle = centres + np.stack([beside, back, 0 * back], axis=1) * person.size
        parts.append(path("muscle", middle, half, flat=thick / half, normals=np.array(NECK_NORMAL) * (side, 1, 1)))
    return join(*parts)


def back_muscles(person: Person, vertebrae: Table) -> Solids:
    """The muscles in the groove beside the spinous processes, inside the curve of the ribs, and those between their necks."""
    size, parts = person.size, [beside_spine(person, vertebrae, 2.0)]
    centres = spine_line(person, vertebrae)
    behind = centres + np.stack([0 * centres[:, 1], (vertebrae["depth"] / 2 + 26) * size, 0 * centres[:, 2]], axis=1)
    for side in (-1, 1):
        parts.append(path("muscle", behind + np.array([15 * side * size, 0, 0]), 11.0 * size))
    return join(*parts)


def small_abdomen(person: Person, numbers: PhantomParameters) -> dict[str, Solids]:
    """Adrenals, pancreas, thyroid, psoas, crura and the vessels of the liver, drawn as tubes."""
    size, down = person.size, sinking(person, numbers, trunk_numbers().sinks_abdomen)
    found = {}
    for name, x, y, z, side in (("adrenal_right", -27, 34, -172, -1), ("adrenal_left", 32, 28, -178, 1)):
        top = person.place((x, y, z)) + down
        limb = [top + np.array(v) * size for v in ((4 * side, 16, -14), (-7 * side, 14, -14))]
        found[name] = join(
            tubes("adrenal", [top + [0, -3, 3], top, top], [top, *limb], np.array([3.0, 2.5, 2.4]) * size),
        )
    pancreas = person.place([(-26, -18, -222), (4, -10, -208), (40, 4, -196), (72, 24, -176)]) + down
    found["pancreas"] = path("pancreas", pancreas, np.array([13, 10, 10, 8]) * size)
    lobes = [path("thyroid", person.place([(18 * s, -24, 112), (20 * s, -16, 142)]), np.array([9, 6]) * size) for s in (-1, 1)]
    found["thyroid"] = join(*lobes)
    psoas = [
        path("muscle", person.place([(20 * s, 36, -190), (38 * s, 30, -300), (62 * s, -8, -420), (96 * s, 4, -510)]),
             np.array([10, 22, 22, 12]) * size) for s in (-1, 1)
    ]  # fmt: skip
    found["psoas"] = join(*psoas)
    # veins of the liver run to the vena cava under the diaphragm, the portal vein comes from behind the pancreas
    trees = [
        ([(-25, -6, -126), (-52, -4, -138), (-84, 2, -160), (-108, 10, -190)], (6, 5, 3.5, 2)),
        ([(-25, -8, -126), (-44, -32, -138), (-62, -56, -162)], (6, 4.5, 2)),
        ([(-24, -10, -126), (-8, -36, -138), (22, -52, -146)], (5, 4, 2)),
        ([(-52, -4, -138), (-62, -26, -160), (-80, -40, -190)], (4, 3, 1.5)),
        ([(-6, -14, -212), (-30, -20, -198), (-52, -16, -188), (-82, -10, -186), (-104, -22, -200)], (7, 6.5, 5.5, 4, 2)),
        ([(-52, -16, -188), (-76, 18, -180), (-92, 34, -170)], (5, 3.5, 1.8)),
        ([(-44, -18, -190), (-24, -44, -172), (4, -58, -160)], (4.5, 3.5, 2)),
    ]
    found["liver_vessels"] = join(*(path("blood", person.place(way) + down, np.array(wide) * size) for way, wide in trees))
    crura = [path("diaphragm", person.place([(14 * s, 14, -130), (13 * s, 16, -240)]), np.array([4, 6]) * size) for s in (-1, 1)]
    found["crura"] = join(*crura)
    return found
