"""A person and the tables in, the skeleton out: spine, ribs with cartilage, sternum, shoulder girdle, pelvis, skull.

Bones are cortical shapes with marrow inside; ribs run along the cage's cross-section and sink towards the front.
"""

from __future__ import annotations

import numpy as np

from .parameters import Table
from .person import Person
from .solids import Solids, axes_along, cylinder, ellipsoid, join, path, tubes

RIB_STEPS = 40
FIRST_TURN = 0.1  # a rib lies on the cage from near its neck on; a straight line to further aside would run through the lung
CORTEX_MM = 1.1


class CageLine:
    """Cross-sections of the cage at any height, in the person's frame."""

    def __init__(self, outline: Table, person: Person):
        from scipy.interpolate import PchipInterpolator

        self.roundness, self.sides, self.scale_z = person.roundness, person.sides, person.scale[2]
        order = np.argsort(outline["z"])
        heights = outline["z"][order] * person.scale[2]
        scales = {"cage_half": person.scale[0], "cage_front": person.scale[1] * person.front, "cage_back": person.scale[1]}
        self.curves = {name: PchipInterpolator(heights, outline[name][order] * scale) for name, scale in scales.items()}

    def front(self, z: float) -> float:
        """y of the inner front wall at height z."""
        return float(self.curves["cage_front"](z))

    def point(self, turn, z, side: int, outside_mm: float) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 3) on the cage, `outside_mm` beyond it, and outward normals; turn (n): 0 at the back, pi in front."""
        wider, turned = self.sides.at(np.asarray(z) / self.scale_z)
        half = self.curves["cage_half"](z) * (1 + side * wider) + outside_mm
        front, back = self.curves["cage_front"](z) - outside_mm, self.curves["cage_back"](z) + outside_mm
        power = 2 / np.where(np.cos(turn) < 0, *self.roundness)
        across = side * half * np.abs(np.sin(turn)) ** power
        along = (front + back) / 2 + (back - front) / 2 * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power
        points = np.stack([across, along + turned * across, z], axis=-1)
        normals = np.stack([across / half**2, (along - (front + back) / 2) / ((back - front) / 2) ** 2, 0 * z], axis=-1)
        return points, normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def build_bones(person: Person, tables: dict[str, Table]) -> Solids:
    """The skeleton, cartilage first."""
    line, vertebrae, ribs = CageLine(tables["outline"], person), tables["vertebrae"], tables["ribs"]
    return join(
        *(rib(person, line, ribs.row(index), vertebrae, side) for index in range(len(ribs)) for side in (-1, 1)),
        sternum(person, line), shoulders(person), pelvis(person), spine(person, vertebrae), skull(person),
    )  # fmt: skip


def hollow(cortex: Solids, marrow: str = "marrow", wall_mm: float = CORTEX_MM) -> Solids:
    """A bone's outer shape with marrow inside."""
    return join(cortex, cortex.swollen(-wall_mm).named(marrow))


def spine_line(person: Person, vertebrae: Table) -> np.ndarray:
    """(n, 3) centres of the vertebral bodies, with the bow to a side that some have."""
    off = person.variants.spine_off_mm(vertebrae["z"])
    return person.place(np.stack([off, vertebrae["y"], vertebrae["z"]], axis=1))


def spine_points(person: Person, vertebrae: Table, behind_body_mm: float) -> np.ndarray:
    """(n, 3) points behind the front of each body: its depth and `behind_body_mm` behind its centre."""
    size = person.size
    points = spine_line(person, vertebrae)
    points[:, 1] += size * (vertebrae["depth"] / 2 + behind_body_mm)
    return points


def spine(person: Person, vertebrae: Table) -> Solids:
    """Bodies, discs, arches, processes and the canal with its cord."""
    size, parts = person.size, []
    centres = spine_line(person, vertebrae)
    tangents = np.gradient(centres, axis=0)
    radii = np.stack([vertebrae["width"], vertebrae["depth"]], axis=1) / 2 * size
    for index in range(len(vertebrae) - 1):
        axes = upright(tangents[index])
        middle = (centres[index] + centres[index + 1]) / 2
        gap = np.linalg.norm(centres[index + 1] - centres[index]) / 2
        parts.append(cylinder("disc", middle, (*(radii[index] * 0.94), gap), axes))
    for index in range(len(vertebrae)):
        parts.append(one_vertebra(person, vertebrae.row(index), centres[index], upright(tangents[index])))
    canal = spine_points(person, vertebrae, 8.5)
    return join(*parts, path("cord", canal, 8.0 * size), sacrum(person))


def upright(tangent) -> np.ndarray:
    """Axes (left, back, head) of a vertebra whose spine runs along `tangent`."""
    head = np.asarray(tangent) / np.linalg.norm(tangent) * -np.sign(tangent[2])
    head = head if head[2] > 0 else -head
    left = np.cross([0.0, 1.0, 0.0], head)
    left /= np.linalg.norm(left)
    back = np.cross(head, left)
    return np.array([left, back, head])


def one_vertebra(person: Person, row: dict, centre, axes) -> Solids:
    """Body with shell, pedicles, laminae, transverse and spinous process."""
    size = person.size
    half = np.array([row["width"], row["depth"], row["height"]]) / 2 * size
    left, back, head = axes
    # waist of the body: a cylinder for the rims, the shell a little thicker at the ends
    body = cylinder("vertebral_shell", centre, half, axes)
    inner = cylinder("marrow", centre, half - np.array([1.0, 1.0, 0.7]), axes)
    behind = centre + back * half[1]
    neck = row["name"].startswith("C")
    arm, spike = (12, 16) if neck else (24, 31)
    starts, ends, radii = [], [], []
    for side in (-1, 1):
        foot = behind + side * left * half[0] * 0.62
        knee = behind + side * left * half[0] * 0.72 + back * 13 * size
        starts += [foot - back * 2, knee, knee]
        ends += [knee, behind + back * 21 * size - head * 3, knee + side * left * arm * size + back * 8 * size + head * 1]
        radii += [4.6, 3.8, 4.4]
    arches = tubes("cortical_bone", starts, ends, np.array(radii) * size)
    spinous = tubes(
        "cortical_bone", [behind + back * 20 * size], [behind + back * (20 + spike) * size - head * 0.45 * spike * size],
        6.5 * size, 5.0 * size, flat=0.5, normals=left,
    )  # fmt: skip
    return join(hollow(join(arches, spinous), wall_mm=1.3), body, inner)


def sacrum(person: Person) -> Solids:
    """Sacrum and coccyx."""
    points = person.place([[0, 36, -338], [0, 54, -375], [0, 62, -415], [0, 52, -450]])
    size = person.size
    wings = ellipsoid("cortical_bone", person.place((0, 42, -350)), np.array([52, 17, 26]) * size, exponent=2.4)
    body = path("cortical_bone", points, np.array([34, 30, 22, 9]) * size, flat=0.55, normals=(0, 1, 0.3))
    return hollow(join(wings, body))


def rib(person: Person, line: CageLine, row: dict, vertebrae: Table, side: int) -> Solids:
    """One rib with its cartilage, side -1 right, +1 left."""
    size, sz = person.size, person.scale[2]
    turn = np.linspace(FIRST_TURN, np.pi - 0.12, RIB_STEPS)
    z = (row["head_z"] - row["drop"] * (1 - np.cos(turn)) / 2) * sz
    along, normals = line.point(turn, z, side, row["thickness"] / 2 * size + 0.3)
    level = np.argmin(np.abs(vertebrae["z"] - row["head_z"]))
    body = spine_points(person, vertebrae, 0.0)[level]
    head = np.array([body[0] + side * (vertebrae["width"][level] / 2 + 2) * size, body[1] - 3 * size, row["head_z"] * sz + 2])
    neck = np.array([body[0] + side * (vertebrae["width"][level] / 2 + 17) * size, body[1] + 15 * size, row["head_z"] * sz])
    beyond = side * along[:, 0] > side * neck[0] + 6
    points = np.concatenate([[head, neck], along[beyond]])
    normals = np.concatenate([[(0, 1, 0), (side * 0.3, 1, 0)], normals[beyond]])
    reach = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    bony = reach <= row["length"] * size
    soft = (reach > row["length"] * size - 12) & (reach <= (row["length"] + row["cartilage"]) * size)
    half, flat = row["height"] / 2 * size, row["thickness"] / row["height"]
    parts = []
    if soft.sum() > 1:
        gristle = points[soft]
        if np.isfinite(row["sternum_z"]):
            end_z = row["sternum_z"] * sz
            gristle = np.concatenate([gristle, [(side * 17 * size, line.front(end_z) - 6 * size, end_z)]])
        middle = np.gradient(gristle, axis=0)
        facing = np.cross(middle, [0, 0, 1])
        parts.append(path("cartilage", gristle, half * 0.9, flat=min(flat * 1.3, 1.0), normals=facing + np.array([0, 1e-3, 0])))
    shaft, facing = points[bony], normals[bony]
    parts.append(path("cortical_bone", shaft, half, flat=flat, normals=facing))
    thin = row["thickness"] / 2 * size - 0.9
    parts.append(path("rib_marrow", shaft, half - 1.0, flat=thin / (half - 1.0), normals=facing))
    return join(*parts)


def sternum(person: Person, line: CageLine) -> Solids:
    """Manubrium, body and xiphoid in front of the cage."""
    size, sz = person.size, person.scale[2]
    heights = np.array([66, 52, 30, 14, 10, -20, -60, -90])
    widths = np.array([20, 30, 26, 19, 17, 17, 21, 12]) * size
    points = np.array([(0.0, line.front(z * sz) - 7.5 * size, z * sz) for z in heights])
    upper = path("cortical_bone", points[:4], widths[:4], flat=0.24, normals=(0, 1, 0.25))
    lower = path("cortical_bone", points[4:], widths[4:], flat=0.30, normals=(0, 1, 0.3))
    xiphoid = path("cartilage", [points[-1], points[-1] + person.place((0, 2, -26))], 7 * size, flat=0.4, normals=(0, 1, 0))
    return join(xiphoid, hollow(upper), hollow(lower))


def shoulders(person: Person) -> Solids:
    """Clavicles, scapulae and humeri."""
    size, parts, up = person.size, [], person.arms_up
    for side in (-1, 1):
        off = np.array(person.sides.shoulders[side])

        def place(points, off=off):
            return person.place(np.asarray(points, float) + off)

        tip = (148 * side, 12, 108) if up else (150 * side, 18, 88)
        clavicle = [(20 * side, -56, 60), (62 * side, -58, 74), (105 * side, -22, 96), tip]
        head = (163 * side, 20, 96) if up else (165 * side, 22, 66)
        elbow = (184 * side, 4, 330) if up else (212 * side, 30, -210)
        parts.append(hollow(path("cortical_bone", place(clavicle), 6.2 * size), "rib_marrow", 1.6))
        blade = np.array([(94 * side, 92, -28), (97 * side, 84, 36), (116 * side, 72, 82)])
        if up:
            blade = blade + np.array([12 * side, -5, 6])
        parts.append(
            path("cortical_bone", place(blade), np.array([16, 34, 16]) * size, flat=0.09, normals=(side * 0.62, 0.78, 0))
        )
        spine_of_it = np.array([(92 * side, 94, 46), (138 * side, 84, 92), (156 * side, 44, 108 if up else 90)])
        parts.append(hollow(path("cortical_bone", place(spine_of_it), np.array([5, 7, 8]) * size), "rib_marrow", 1.6))
        neck = path("cortical_bone", place([blade[2], (148 * side, 36, 92 if up else 72)]), np.array([10, 15]) * size)
        parts.append(hollow(neck, "rib_marrow", 1.4))
        parts.append(hollow(ellipsoid("cortical_bone", place(head), np.full(3, 24) * size), "cancellous", 1.4))
        below = np.array(head) + 0.1 * (np.array(elbow) - head)  # the shaft ends where the head begins, not in its middle
        parts.append(hollow(path("dense_bone", place([below, elbow]), np.array([13, 11]) * size), "long_marrow", 4.0))
    return join(*parts)


def pelvis(person: Person) -> Solids:
    """Hip bones and femora."""
    size, place, parts = person.size, person.place, []
    for side in (-1, 1):
        wing_axes = axes_along((side * 0.88, 0.35, -0.25))
        wing = ellipsoid("cortical_bone", place((92 * side, 24, -372)), np.array([8, 58, 62]) * size, wing_axes)
        socket = ellipsoid("cortical_bone", place((76 * side, 8, -458)), np.array([22, 30, 38]) * size)
        pubis = path("cortical_bone", place([(70 * side, -8, -470), (10 * side, -52, -492)]), 9 * size)
        ischium = path("cortical_bone", place([(72 * side, 18, -480), (56 * side, 22, -530)]), np.array([16, 14]) * size)
        parts.append(hollow(join(wing, socket, pubis, ischium), wall_mm=1.5))
        parts.append(hollow(ellipsoid("cortical_bone", place((92 * side, 4, -472)), np.full(3, 24) * size), wall_mm=1.3))
        neck = path("cortical_bone", place([(92 * side, 4, -472), (128 * side, 14, -500)]), np.array([15, 20]) * size)
        parts.append(hollow(neck, wall_mm=2.0))
        parts.append(
            hollow(path("dense_bone", place([(126 * side, 12, -510), (106 * side, 4, -800)]), 15 * size), "long_marrow", 5.0)
        )
    return join(*parts)


def skull(person: Person) -> Solids:
    """Vault with its brain, face and jaw, and the air of nose and throat."""
    size, place = person.size, person.place
    vault = ellipsoid("skull", place((0, 0, 305)), np.array([74, 92, 76]) * size)
    brain = ellipsoid("brain", place((0, 0, 306)), np.array([67.5, 85.5, 69.5]) * size)
    face = ellipsoid("skull", place((0, -58, 258)), np.array([46, 30, 40]) * size, exponent=2.5)
    inner = ellipsoid("gas", place((0, -60, 256)), np.array([30, 22, 26]) * size, exponent=2.2)
    septa = tubes("muscle", place([[-18, -84, 262], [18, -84, 262]]), place([[-18, -44, 262], [18, -44, 262]]), 11 * size)
    jaw = np.array([(-48, -8, 232), (-44, -44, 205), (0, -86, 196), (44, -44, 205), (48, -8, 232)])
    throat = path("gas", place([(0, -36, 250), (0, -26, 205), (0, -24, 165)]), np.array([8, 7, 7]) * size)
    return join(face, inner, septa, vault, brain, hollow(path("skull", place(jaw), 8 * size), "long_marrow", 3.0), throat)
