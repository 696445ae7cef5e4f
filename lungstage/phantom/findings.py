"""A healthy patient in, harmless findings out: normal nodes, and what a reader might take for disease.

They are as common as in life (priors/phantom/findings.csv) and drawn whether or not there is disease.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records.names import LOBES
from .anatomy import Anatomy
from .distance import CENTRE, END, KIND, RADII, TUBE
from .fields import FIELD
from .lesion import Lesion, egg, lumpy, spikes
from .metastases import inside_organ
from .nodes import one_node
from .parameters import read_table
from .physiology import Physiology, Worth
from .places import NoRoomError, apart_from, lobe_points
from .pleura import pleural_fluid
from .solids import Solids, ellipsoid, join, tubes
from .streams import stream
from .tumour_places import vertebral_bodies

NOTED_NODE_MM = 8.0
"""A healthy node of this short axis or more is written into the truth as a benign lesion."""
INVISIBLE = (
    "emphysema", "coronary_calcium", "aortic_calcium", "bulla", "osteophyte", "shoulder_joint", "bone_island", "port",
    "injection_leak", "brown_fat", "sternal_wires", "spine_rods",
)  # fmt: skip
"""Findings that are texture of the patient, not lesions of the truth."""


def place_findings(
    seed: int, anatomy: Anatomy, physiology: Physiology, disease: list[Lesion], asked: tuple[str, ...] = ()
) -> list[Lesion]:
    """Normal nodes and harmless findings, clear of the disease; asked: findings that this patient has for certain."""
    taken = [lesion.shape for lesion in disease]
    found = healthy_nodes(anatomy, physiology, taken, {one.station for one in disease}, stream(seed, "healthy nodes"))
    table = read_table("findings")
    for index in range(len(table)):
        row, rng = table.row(index), stream(seed, f"finding {table['finding'][index]}")
        if rng.random() >= row["share"] and row["finding"] not in asked:
            continue
        for _ in range(int(rng.integers(1, int(row["most"]) + 1))):
            size = float(np.exp(rng.normal(np.log(row["size"]), row["size_sigma"])))
            suv = float(np.exp(np.log(row["suv"]) + row["suv_sigma"] * np.clip(rng.normal(), -2, 2)))
            worth = Worth(row["hu"] + row["hu_sd"] * float(np.clip(rng.normal(), -2, 2)), 4, suv, 0.0)
            taken_now = taken + [one.shape for one in found if one.name not in ("normal node", *INVISIBLE)]
            try:
                made = MAKERS[row["finding"]](anatomy, size, worth, taken_now, rng)
            except NoRoomError:  # in a lobe that was taken
                continue
            if made is not None:
                found.append(replace(made, name=row["finding"], malignant=False, role="benign"))
    return found


def healthy_nodes(
    anatomy: Anatomy, physiology: Physiology, taken: list[Solids], sick: set, rng: np.random.Generator
) -> list[Lesion]:
    """The small nodes that everybody has."""
    table, made = read_table("stations"), []
    for index in range(len(table)):
        row = table.row(index)
        count = rng.poisson(row["count"])
        if row["station"] in sick:
            continue
        for _ in range(count):
            short = float(np.clip(np.exp(rng.normal(np.log(row["benign_mm"]), row["benign_sigma"])), 3, 13))
            ratio = float(np.clip(rng.normal(1.75, 0.35), 1.1, 2.6))
            others = taken + [one.shape for one in made if one.station == row["station"]]
            node = one_node(anatomy, row["station"], short, ratio, physiology.tissues["normal_node"], "normal_node", others, rng)
            painted = node.painted
            if short > 6 and rng.random() < 0.25:  # a fatty hilum
                painted = join(painted, egg("mediastinal_fat", node.shape.rows[0, CENTRE : CENTRE + 3], short * 0.35, ratio, rng))
            made.append(replace(node, name="normal node", painted=painted, worths={}))
    return made


def nodule(anatomy, size, worth, taken, rng) -> Lesion:
    """A small round nodule anywhere in the lungs."""
    lobe = LOBES[int(rng.choice(5, p=[0.2, 0.1, 0.3, 0.2, 0.2]))]
    points = apart_from(lobe_points(anatomy, lobe, rng, size / 2 + 2.0), taken, anatomy, size / 2 + 6)
    shape = lumpy("nodule", points[0], size, rng, height=0.04).clipped(FIELD[lobe], -0.3)
    return Lesion(name="", kind="pulmonary", malignant=False, shape=shape, painted=shape, worths={"nodule": worth},
                  side=lobe.split("_")[0], lobe=lobe)  # fmt: skip


def node_of(stations: dict[str, float], tissue: str):
    """A maker of nodes at one of the stations, by weight."""

    def make(anatomy, size, worth, taken, rng) -> Lesion:
        weights = np.array(list(stations.values()))
        station = list(stations)[int(rng.choice(len(stations), p=weights / weights.sum()))]
        return one_node(anatomy, station, min(size, 15), float(rng.uniform(1.1, 1.9)), worth, tissue, taken, rng)

    return make


def dependent_atelectasis(anatomy, size, worth, taken, rng) -> Lesion:
    """A dense band at the back of both lungs, `size` mm deep."""
    parts = []
    for side in (-1, 1):
        recess = anatomy.landmarks.get("recess_right" if side < 0 else "recess_left", np.array([0, 0, -160.0]))
        back = anatomy.person.place((0, 82, 0))[1]
        centre = (68 * side * anatomy.person.size, back, recess[2] + 75)
        lung = FIELD["lung_right" if side < 0 else "lung_left"]
        parts.append(ellipsoid("band", centre, (52, min(size, 16), 85)).clipped(lung).softened(6.0))
    return Lesion(name="", kind="collapse", malignant=False, shape=parts[0], painted=join(*parts), worths={"band": worth})


def apical_scar(anatomy, size, worth, taken, rng) -> Lesion:
    """An irregular cap at an apex."""
    side = "right" if rng.random() < 0.5 else "left"
    apex = anatomy.landmarks.get(f"apex_{side}")
    if apex is None or apex[2] > anatomy.range_mm[1]:
        return None
    shape = lumpy("scar", apex + np.array([0, 4, -1]), size * 2.2, rng, height=0.2).clipped(FIELD[f"lung_{side}"])
    strands = spikes("scar", apex, size * 1.6, 5, rng).clipped(FIELD[f"lung_{side}"])
    return Lesion(name="", kind="pulmonary", malignant=False, shape=shape, painted=join(strands, shape), worths={"scar": worth},
                  side=side, lobe=f"{side}_upper_lobe")  # fmt: skip


def linear_atelectasis(anatomy, size, worth, taken, rng) -> Lesion:
    """A plate above a dome."""
    lobe = ("right_lower_lobe", "left_lower_lobe", "right_middle_lobe")[int(rng.integers(3))]
    points = lobe_points(anatomy, lobe, rng, 6.0)
    low = points[np.argsort(points[:, 2])[: max(len(points) // 4, 1)]]
    centre = apart_from(low, taken, anatomy, 12)[0]
    direction = np.array([np.sign(centre[0]), rng.normal(0, 0.6), rng.normal(0, 0.25)])
    direction *= size / 2 / np.linalg.norm(direction)
    shape = tubes("plate", centre - direction, centre + direction, 5.0, 4.0, flat=0.22, normals=(0, 0.2, 1)).clipped(FIELD[lobe])
    return Lesion(name="", kind="collapse", malignant=False, shape=shape, painted=shape, worths={"plate": worth},
                  side=lobe.split("_")[0], lobe=lobe)  # fmt: skip


def emphysema(anatomy, size, worth, taken, rng) -> Lesion:
    """Holes in the lung, in the upper lobes four times out of five."""
    many, parts = int(rng.integers(40, 260)), []
    for lobe, share in zip(LOBES, (0.4, 0.06, 0.07, 0.4, 0.07), strict=True):
        if lobe in anatomy.person.variants.removed:
            continue
        points = lobe_points(anatomy, lobe, rng, 1.0, int(many * share))
        holes = [ellipsoid("hole", point, size / 2 * rng.uniform(0.5, 1.4) * rng.uniform(0.6, 1.2, 3)) for point in points]
        parts.append(join(*holes).clipped(FIELD[lobe], -1.0).softened(3.0))
    holes = join(*parts)
    return Lesion(name="", kind="pulmonary", malignant=False, shape=holes, painted=holes, worths={"hole": worth}, under=True)


def adrenal_adenoma(anatomy, size, worth, taken, rng) -> Lesion:
    """A fatty benign mass of an adrenal."""
    side = "left" if rng.random() < 0.6 else "right"
    centre = anatomy.landmarks[f"adrenal_{side}"] + np.array([0, 4, -3])
    if len(taken) and len(apart_from(centre[None], taken, anatomy, size)) == 0:
        return None
    shape = lumpy("adenoma", centre, size, rng, height=0.03)
    return Lesion(
        name="",
        kind="adrenal",
        malignant=False,
        shape=shape,
        painted=shape,
        worths={"adenoma": worth},
        side=side,
        organ="adrenal",
    )


def cyst_in(structure: str, kind: str):
    """A maker of water cysts in an organ."""

    def make(anatomy, size, worth, taken, rng) -> Lesion:
        centre = inside_organ(anatomy, anatomy.structures[structure], size * 0.6, taken, rng)
        shape = ellipsoid("cyst", centre, np.full(3, min(size, 40) / 2))
        return Lesion(name="", kind=kind, malignant=False, shape=shape, painted=shape, worths={"cyst": worth}, organ=structure)

    return make


def rib_fracture(anatomy, size, worth, taken, rng) -> Lesion:
    """A healing rib with callus."""
    ribs = anatomy.structures["bones"].of("rib_marrow")
    middle = (ribs.rows[:, CENTRE : CENTRE + 3] + ribs.rows[:, END : END + 3]) / 2
    fits = (
        (ribs.rows[:, KIND] == TUBE)
        & (middle[:, 2] > anatomy.range_mm[0] + 10)
        & (middle[:, 2] < 30)
        & (np.abs(middle[:, 0]) > 60)
    )
    if not fits.any():
        return None
    centre = middle[fits][int(rng.integers(fits.sum()))]
    shape = ellipsoid("callus", centre, np.array([0.6, 0.8, 0.8]) * size)
    return Lesion(name="", kind="bone", malignant=False, shape=shape, painted=shape, worths={"callus": worth}, organ="bone")


def coronary_calcium(anatomy, size, worth, taken, rng) -> Lesion:
    """A fleck in a coronary artery, in the grooves of the heart."""
    path_mm = np.array([(2, -56, -50), (22, -74, -52), (38, -81, -62), (54, -82, -80), (-14, -74, -58), (-26, -70, -80)])
    at = rng.uniform(0, 3) if rng.random() < 0.7 else rng.uniform(4, 5)
    low = int(at)
    point = path_mm[low] + (at - low) * (path_mm[min(low + 1, 5)] - path_mm[low])
    shape = ellipsoid("fleck", anatomy.person.place(point) + rng.normal(0, 1.5, 3), size / 2 * np.array([1, 0.6, 0.7]))
    return Lesion(name="", kind="soft_tissue", malignant=False, shape=shape, painted=shape, worths={"fleck": worth})


def aortic_calcium(anatomy, size, worth, taken, rng) -> Lesion:
    """A plaque in the wall of arch or descending aorta."""
    aorta = anatomy.structures["great_vessel"]
    wide = np.flatnonzero(
        (aorta.rows[:, 16] > 10 * anatomy.person.size) & (aorta.rows[:, CENTRE] > 0) & (aorta.rows[:, CENTRE + 1] > -25)
    )
    row = aorta.rows[wide[int(rng.integers(len(wide)))]]
    along = row[CENTRE : CENTRE + 3] + rng.random() * (row[END : END + 3] - row[CENTRE : CENTRE + 3])
    axis = row[END : END + 3] - row[CENTRE : CENTRE + 3]
    outward = np.cross(axis, rng.normal(size=3))
    outward /= np.linalg.norm(outward)
    radii = np.array([0.3, 0.8, 0.8]) * size * rng.uniform(0.6, 1.2)
    from .solids import axes_along

    shape = ellipsoid("plaque", along + outward * (row[16] - 0.6), radii, axes_along(outward))
    return Lesion(name="", kind="soft_tissue", malignant=False, shape=shape, painted=shape, worths={"plaque": worth})


def effusion_benign(anatomy, size, worth, taken, rng) -> Lesion:
    """A little fluid on one side."""
    made = pleural_fluid(anatomy, "right" if rng.random() < 0.6 else "left", min(size, 45))
    return replace(made, worths={"effusion": worth})


def bulla(anatomy, size, worth, taken, rng) -> Lesion:
    """Air without walls under the pleura of an upper lobe, or of a lower one's top."""
    lobe = ("right_upper_lobe", "left_upper_lobe", "right_lower_lobe")[int(rng.choice(3, p=[0.45, 0.45, 0.1]))]
    points = lobe_points(anatomy, lobe, rng, 0.5, 1500)
    costal = anatomy.fields.at("cage", points) > -7
    points = apart_from(points[costal] if costal.any() else points, taken, anatomy, size)
    shape = ellipsoid("bulla", points[0], size / 2 * rng.uniform(0.7, 1.2, 3)).clipped(FIELD[lobe], -0.5)
    return Lesion(name="", kind="pulmonary", malignant=False, shape=shape, painted=shape, worths={"bulla": worth}, under=True)


def pneumonia(anatomy, size, worth, taken, rng) -> Lesion:
    """Patches of soft density around small bronchi of one lobe, low more often than high."""
    lobe = LOBES[int(rng.choice(5, p=[0.15, 0.15, 0.3, 0.15, 0.25]))]
    points = apart_from(lobe_points(anatomy, lobe, rng, 5.0), taken, anatomy, size)
    spots = points[0] + rng.normal(0, size * 0.32, (int(rng.integers(9, 18)), 3))
    patches = [ellipsoid("patch", spot, size * rng.uniform(0.10, 0.28) * rng.uniform(0.7, 1.3, 3)) for spot in spots]
    shape = join(*patches).clipped(FIELD[lobe], -0.4)
    return Lesion(name="", kind="pulmonary", malignant=False, shape=shape, painted=shape.softened(5.0), worths={"patch": worth},
                  side=lobe.split("_")[0], lobe=lobe)  # fmt: skip


def perifissural_node(anatomy, size, worth, taken, rng) -> Lesion:
    """A flat smooth nodule on a fissure: a lymph node inside the lung."""
    sheet, lobe = (
        ("oblique_right", "right_lower_lobe"),
        ("horizontal_right", "right_middle_lobe"),
        ("oblique_left", "left_lower_lobe"),
    )[int(rng.integers(3))]
    points = lobe_points(anatomy, lobe, rng, 1.0, 3000)
    near = np.abs(anatomy.fields.at(sheet, points)) < 3.5
    points = apart_from(points[near] if near.any() else points, taken, anatomy, size + 4)
    shape = ellipsoid("nodule", points[0], size / 2 * np.array([1.0, 0.9, 0.6])).clipped(FIELD[lobe], 0.0)
    return Lesion(name="", kind="pulmonary", malignant=False, shape=shape, painted=shape, worths={"nodule": worth},
                  side=lobe.split("_")[0], lobe=lobe)  # fmt: skip


def pleural_plaque(anatomy, size, worth, taken, rng) -> Lesion:
    """A flat plate on the costal pleura, often calcified."""
    side = "right" if rng.random() < 0.5 else "left"
    lobe = f"{side}_lower_lobe" if rng.random() < 0.6 else f"{side}_upper_lobe"
    points = lobe_points(anatomy, lobe, rng, 0.3, 3000)
    costal = (anatomy.fields.at("cage", points) > -3.5) & (anatomy.fields.at("below", points) > 15)
    point = apart_from(points[costal] if costal.any() else points, taken, anatomy, size)[0]
    outward = slope_of(anatomy, "cage", point)
    from .solids import axes_along

    shape = ellipsoid("plaque", point, (rng.uniform(2.0, 4.5), size / 2, size * 0.4), axes_along(outward), 2.6)
    shape = shape.clipped(FIELD[f"lung_{side}"], 0.2)
    return Lesion(name="", kind="pleural", malignant=False, shape=shape, painted=shape, worths={"plaque": worth}, side=side,
                  organ="pleura")  # fmt: skip


def slope_of(anatomy: Anatomy, field: str, point: np.ndarray) -> np.ndarray:
    """Unit direction in which a field rises at a point."""
    around = point + 2.0 * np.concatenate([np.eye(3), -np.eye(3)])
    values = anatomy.fields.at(field, around)
    rise = values[:3] - values[3:]
    return rise / max(float(np.linalg.norm(rise)), 1e-6)


def on_vertebra(tissue: str, kind: str):
    """A maker of new bone at the rim of a vertebral body, in front or at a side."""

    def make(anatomy, size, worth, taken, rng) -> Lesion:
        bodies = vertebral_bodies(anatomy).rows
        seen = (bodies[:, CENTRE + 2] > anatomy.range_mm[0] + 8) & (bodies[:, CENTRE + 2] < 70)
        body = bodies[seen][int(rng.integers(seen.sum()))]
        turn = rng.normal(0, 0.9)  # 0 in front
        rim = np.array([np.sin(turn) * body[RADII], -np.cos(turn) * body[RADII + 1], body[RADII + 2] * rng.choice((-1, 1))])
        centre = body[CENTRE : CENTRE + 3] + rim
        shape = ellipsoid(tissue, centre, size / 2 * np.array([1.0, 0.8, 0.9]))
        return Lesion(name="", kind=kind, malignant=False, shape=shape, painted=shape, worths={tissue: worth}, organ="bone")

    return make


def bone_island(anatomy, size, worth, taken, rng) -> Lesion:
    """A dense spot inside a vertebral body."""
    bodies = vertebral_bodies(anatomy).rows
    seen = (bodies[:, CENTRE + 2] > anatomy.range_mm[0] + 8) & (bodies[:, CENTRE + 2] < 70)
    body = bodies[seen][int(rng.integers(seen.sum()))]
    centre = body[CENTRE : CENTRE + 3] + rng.uniform(-0.5, 0.5, 3) * body[RADII : RADII + 3]
    shape = ellipsoid("island", centre, np.full(3, size / 2))
    return Lesion(name="", kind="bone", malignant=False, shape=shape, painted=shape, worths={"island": worth}, organ="bone")


def at_places(tissue: str, kind: str, places, together: bool = False, jitter_mm: float = 2.0):
    """A maker of something at one of some places of the reference man (at all of them where `together`)."""

    def make(anatomy, size, worth, taken, rng) -> Lesion:
        spots = anatomy.person.place(np.asarray(places, float)) + rng.normal(0, jitter_mm, (len(places), 3))
        if not together:
            spots = spots[[int(rng.integers(len(spots)))]]
        shape = join(*(ellipsoid(tissue, spot, size / 2 * rng.uniform(0.7, 1.3, 3)) for spot in spots)).softened(2.0)
        return Lesion(name="", kind=kind, malignant=False, shape=shape, painted=shape, worths={tissue: worth})

    return make


def injection_leak(anatomy, size, worth, taken, rng) -> Lesion:
    """Tracer beside a vein of one arm."""
    side = 1 if rng.random() < 0.5 else -1
    place = (176 * side, 4, 150) if anatomy.person.arms_up else (214 * side, 22, -110)
    shape = ellipsoid("leak", anatomy.person.place(place) + rng.normal(0, 6, 3), size / 2 * np.array([0.7, 0.7, 1.4])).softened(
        4.0
    )
    return Lesion(name="", kind="soft_tissue", malignant=False, shape=shape, painted=shape, worths={"leak": worth})


def reactive_axilla(anatomy, size, worth, taken, rng) -> Lesion:
    """A node of one axilla after an injection into that arm."""
    side = 1 if anatomy.person.offset_mm[0] > 0 else -1  # the same arm for all of a patient's
    centre = anatomy.person.place((118 * side, 10, 52)) + rng.normal(0, (6, 12, 14))
    shape = egg("axillary_node", apart_from(centre + rng.normal(0, 6, (40, 3)), taken, anatomy, 6)[0], size, 1.5, rng)
    return Lesion(name="", kind="node", malignant=False, shape=shape, painted=shape, worths={"axillary_node": worth},
                  organ="axilla", side="left" if side > 0 else "right")  # fmt: skip


def port(anatomy, size, worth, taken, rng) -> Lesion:
    """A venous port or a pacemaker under the skin of the chest, with its line into the vena cava."""
    side = -1 if rng.random() < 0.6 else 1
    spots = anatomy.person.place(
        [(70 * side, 0, 48), (60 * side, -42, 84), (34 * side, -30, 84), (-24, -34, 46), (-33, -26, -20)]
    )
    along = np.stack([np.full(400, spots[0, 0]), np.linspace(-170, -40, 400), np.full(400, spots[0, 2])], axis=1)
    skin = anatomy.fields.at("skin", along)
    spots[0, 1] = float(along[np.argmax(skin < -11), 1]) if (skin < -11).any() else -80.0
    from .solids import path

    case = ellipsoid("metal", spots[0], (size / 2, 5.5, size / 2), exponent=4.0)
    line = path("line", spots, 1.1)
    worths = {"metal": worth, "line": Worth(0.25 * worth.hu, 0, worth.suv, 0)}
    return Lesion(name="", kind="soft_tissue", malignant=False, shape=case, painted=join(line, case), worths=worths)


def sternal_wires(anatomy, size, worth, taken, rng) -> Lesion:
    """Loops of wire around the sternum of who had his heart operated on."""
    from .solids import path

    line = anatomy.structures["bones"].of("cortical_bone")
    flat = line.rows[(line.rows[:, KIND] == TUBE) & (np.abs(line.rows[:, CENTRE]) < 2) & (line.rows[:, RADII + 2] < 0.5)]
    front = flat[flat[:, CENTRE + 1] < -20 * anatomy.person.size]
    loops = []
    for share in np.linspace(0.08, 0.92, 6):
        row = front[int(share * len(front))]
        at = row[CENTRE : CENTRE + 3] + rng.uniform(0.2, 0.8) * (row[END : END + 3] - row[CENTRE : CENTRE + 3])
        wide, deep = row[RADII] * 0.75, row[RADII] * row[RADII + 2] + size
        ring = [(wide * np.cos(a), deep * np.sin(a), rng.normal(0, 0.5)) for a in np.linspace(0, 2 * np.pi, 9)]
        loops.append(path("wire", at + np.array(ring), size / 2))
    shape = join(*loops)
    return Lesion(name="", kind="soft_tissue", malignant=False, shape=shape, painted=shape, worths={"wire": worth})


def spine_rods(anatomy, size, worth, taken, rng) -> Lesion:
    """Two rods behind the spine with a screw into each vertebra they pass."""
    from .solids import path

    bodies = vertebral_bodies(anatomy).rows
    order = bodies[np.argsort(bodies[:, CENTRE + 2])]
    seen = order[(order[:, CENTRE + 2] > anatomy.range_mm[0]) & (order[:, CENTRE + 2] < 60)]
    count = min(int(rng.integers(3, 7)), len(seen))
    first = int(rng.integers(len(seen) - count + 1))
    held = seen[first : first + count]
    parts = []
    for side in (-1, 1):
        screws = held[:, CENTRE : CENTRE + 3] + np.outer(side * held[:, RADII] * 0.62, [1, 0, 0])
        heads = screws + np.outer(held[:, RADII + 1] + 24 * anatomy.person.size, [0, 1, 0])
        parts += [tubes("rod", screws, heads, size / 2), path("rod", heads, size / 2)]
    shape = join(*parts)
    return Lesion(name="", kind="soft_tissue", malignant=False, shape=shape, painted=shape, worths={"rod": worth})


HILAR_AND_LOW = {"10R": 3, "10L": 3, "11R": 2, "11L": 2, "4R": 2.9, "7": 1.6, "5": 1, "2R": 0.3}
BROWN_FAT = [(40, 6, 104), (-40, 6, 104), (58, -2, 92), (-58, -2, 92), (25, 42, 30), (-25, 42, 30), (27, 46, -20), (-27, 46, -20)]
"""Where brown fat lies: above the clavicles and beside the spine."""
OESOPHAGUS_LOW = [(9, 16, -112), (12, 11, -126)]
STRAINED = [(26, 97, -40), (-26, 97, 30), (62, 92, 50), (-62, 92, 50), (30, -4, 110)]
"""Muscles that are sore now and then: erector, rhomboid, scalene."""
MAKERS = {
    "granuloma_calcified": nodule, "benign_nodule": nodule, "granuloma_avid": nodule,
    "node_calcified": node_of(HILAR_AND_LOW, "calcified_node"), "node_reactive": node_of(HILAR_AND_LOW, "reactive_node"),
    "dependent_atelectasis": dependent_atelectasis, "apical_scar": apical_scar, "linear_atelectasis": linear_atelectasis,
    "emphysema": emphysema, "adrenal_adenoma": adrenal_adenoma, "liver_cyst": cyst_in("liver", "liver"),
    "kidney_cyst": cyst_in("kidney", "soft_tissue"), "rib_fracture": rib_fracture, "coronary_calcium": coronary_calcium,
    "aortic_calcium": aortic_calcium, "effusion_benign": effusion_benign, "bulla": bulla, "pneumonia": pneumonia,
    "perifissural_node": perifissural_node, "pleural_plaque": pleural_plaque, "rib_fracture_old": rib_fracture,
    "osteophyte": on_vertebra("osteophyte", "bone"), "spine_degenerative": on_vertebra("worn_bone", "bone"),
    "shoulder_joint": at_places("joint", "bone", [(150, 22, 80), (-150, 22, 80)], together=True), "bone_island": bone_island,
    "brown_fat": at_places("brown_fat", "soft_tissue", BROWN_FAT, together=True, jitter_mm=5.0),
    "injection_leak": injection_leak, "oesophagitis": at_places("inflamed_oesophagus", "soft_tissue", OESOPHAGUS_LOW),
    "muscle_strain": at_places("strained", "soft_tissue", STRAINED),
    "node_sarcoid": node_of({"4R": 3, "7": 3, "10R": 3, "10L": 3, "11R": 2, "11L": 2, "4L": 1.5, "5": 1}, "sarcoid_node"),
    "node_axilla_reactive": reactive_axilla, "port": port, "sternal_wires": sternal_wires, "spine_rods": spine_rods,
}  # fmt: skip
