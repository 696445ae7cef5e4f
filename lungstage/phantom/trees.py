"""Lungs and hila in, bronchi and pulmonary vessels out: trees that split the lung between their ends.

Named bronchi come from a table down to the segments; beyond, a branch runs part of the way to the middle of what it feeds and
splits it in two (after Tawhai 2000), until each end is fed. It splits early, so that long slender branches fan out from the hilum
to the pleura, and unevenly, so that a vessel gives off side branches. Arteries go beside the bronchi, veins between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.names import LOBES
from .fields import FIELD, Fields
from .parameters import PhantomParameters, Table
from .person import Person
from .solids import Solids, join, tubes

SHORTEST_MM = 2.0
BEND = 0.05
"""Sideways bow of a branch as a share of its length: paths some 3 % longer than straight (anatomy.md 3.4)."""
LONG_MM = 14.0
"""A longer branch is drawn in four pieces instead of two, so that it bends smoothly."""
WALL_PER_LUMEN = 0.20
SMALLEST_LUMEN_MM = 2.0


@dataclass(frozen=True, eq=False)
class Branches:
    """starts, ends (n, 3) mm; feeds (n) how many ends each branch feeds."""

    starts: np.ndarray
    ends: np.ndarray
    feeds: np.ndarray


@dataclass(frozen=True, eq=False)
class Bronchi:
    """Named bronchi: name -> (start, end, lumen radius), points (3,) mm in the person's frame; lobe_of: those that feed a lobe;
    cut: those that went with a removed lobe."""

    named: dict[str, tuple[np.ndarray, np.ndarray, float]]
    lobe_of: dict[str, str]
    cut: frozenset[str] = frozenset()

    @property
    def left(self) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
        """Those of `named` that no operation took."""
        return {name: branch for name, branch in self.named.items() if name not in self.cut}


def name_bronchi(person: Person, table: Table, rng: np.random.Generator) -> Bronchi:
    """The table's bronchi for one person, each direction and length a little different."""
    named, lobe_of, ends = {}, {}, {"carina": np.zeros(3)}
    for index in range(len(table)):
        row = table.row(index)
        direction = np.array([row["dx"], row["dy"], row["dz"]]) + rng.normal(0, 0.08, 3)
        direction /= np.linalg.norm(direction)
        length = row["length"] * person.size * np.clip(rng.normal(1, 0.08), 0.8, 1.2)
        start = ends[row["parent"]]
        ends[row["name"]] = start + direction * length
        radius = row["diameter"] / 2 * person.size * np.clip(rng.normal(1, 0.08), 0.8, 1.2)
        named[row["name"]] = (start, ends[row["name"]], radius)
        if row["lobe"]:
            lobe_of[row["name"]] = row["lobe"]
    gone = person.variants.removed
    feeds = dict(zip(table["name"], table["lobe"], strict=True))
    cut = {name for name in named if (fed := lobes_fed(name, table)) and fed <= gone and name not in ("right_main", "left_main")}
    return Bronchi(named, {name: lobe for name, lobe in lobe_of.items() if feeds[name] not in gone}, frozenset(cut))


def lobes_fed(name: str, table: Table) -> frozenset[str]:
    """The lobes that a bronchus and its daughters feed."""
    own = [index for index, parent in enumerate(table["parent"]) if parent == name]
    lobe = table["lobe"][table["name"].index(name)]
    return frozenset({lobe} - {""}).union(*(lobes_fed(table["name"][index], table) for index in own))


def trachea_points(person: Person) -> np.ndarray:
    """(n, 3) centre line from the larynx to the carina."""
    return person.place([(0, -26, 150), (0, -20, 115), (-2, -12, 70), (-3, -6, 28), (-1, -1, 6), (0, 0, 0)])


def draw_targets(fields: Fields, lobe: str, count: int, rng: np.random.Generator, margin_mm: float = 4.0) -> np.ndarray:
    """About `count` points spread evenly through a lobe, `margin_mm` from its surface."""
    values = fields.values[FIELD[lobe]]
    index = np.argwhere(values < -margin_mm)
    if not len(index):
        return np.zeros((0, 3))
    # every so-manieth sample in storage order, shaken, is more even than independent draws
    chosen = index[np.linspace(0, len(index) - 1, min(count, len(index))).astype(int)]
    spread = (len(index) / max(count, 1)) ** (1 / 3) * fields.step_mm
    points = chosen[:, ::-1] * fields.step_mm + fields.origin_mm + rng.uniform(-0.5, 0.5, (len(chosen), 3)) * spread
    return points[fields.at(lobe, points) < -margin_mm * 0.7]


def grow(start: np.ndarray, targets: np.ndarray, numbers: PhantomParameters, rng: np.random.Generator) -> Branches:
    """The branches that feed all targets (n, 3) from `start`."""
    starts, ends, feeds = [], [], []
    waiting = [(np.asarray(start, float), targets)]
    while waiting:
        root, points = waiting.pop()
        if len(points) == 0:
            continue
        middle = points.mean(axis=0)
        tip = points[0] if len(points) == 1 else root + rng.uniform(*numbers.branch_advance) * (middle - root)
        if np.linalg.norm(tip - root) < SHORTEST_MM and len(points) > 1:
            tip = root
        else:
            starts.append(root)
            ends.append(tip)
            feeds.append(len(points))
        if len(points) > 1:
            upper = halve(points, middle, numbers.branch_split, rng)
            waiting += [(tip, points[upper]), (tip, points[~upper])]
    return Branches(np.array(starts).reshape(-1, 3), np.array(ends).reshape(-1, 3), np.array(feeds, float))


def halve(points: np.ndarray, middle: np.ndarray, split: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """bool (n): one of two parts of points (n, 3), cut across their longest direction; neither is empty.

    split   share of the points in the first part, least and most
    """
    if len(points) == 2:
        return np.array([True, False])
    offsets = points - middle
    side = offsets @ np.linalg.eigh(offsets.T @ offsets)[1][:, -1]
    order = np.argsort(side, kind="stable")
    first = int(np.clip(round(rng.uniform(*split) * len(points)), 1, len(points) - 1))
    upper = np.zeros(len(points), bool)
    upper[order[:first]] = True
    return upper


def bowed(tissue: str, branches: Branches, radii: np.ndarray, rng: np.random.Generator, end_radii=None) -> Solids:
    """Branches as tubes, each bowed to a side."""
    along = branches.ends - branches.starts
    length = np.linalg.norm(along, axis=1)
    bow = BEND * np.cross(along, rng.normal(size=along.shape)) * rng.uniform(-0.5, 1.0, (len(along), 1))
    last = radii if end_radii is None else end_radii
    parts = []
    for chosen, pieces in ((length <= LONG_MM, 2), (length > LONG_MM, 4)):
        marks = np.linspace(0, 1, pieces + 1)
        points = [branches.starts[chosen] + t * along[chosen] + 4 * t * (1 - t) * bow[chosen] for t in marks]
        wide = [radii[chosen] + t * (last[chosen] - radii[chosen]) for t in marks]
        parts += [tubes(tissue, points[k], points[k + 1], wide[k], wide[k + 1]) for k in range(pieces)]
    return join(*parts)


def grow_lungs(
    fields: Fields, bronchi: Bronchi, veins_from: dict[str, np.ndarray], arteries_from: dict[str, np.ndarray],
    numbers: PhantomParameters, rng: np.random.Generator,
) -> tuple[Solids, Solids, Solids]:  # fmt: skip
    """Pulmonary vessels, bronchial walls and lumina.

    veins_from      "superior_right" ... -> (3,) where the venous trunk leaves the lung
    arteries_from   "right", "left" -> (3,) end of the main artery
    """
    vessels, walls, lumina = [], [], []
    sizes = {lobe: (fields.values[FIELD[lobe]] < -4).sum() for lobe in LOBES}
    for side in ("right", "left"):
        lobes = [lobe for lobe in LOBES if lobe.startswith(side)]
        total = max(sum(sizes[lobe] for lobe in lobes), 1)
        for lobe in lobes:
            share = sizes[lobe] / total
            targets = draw_targets(fields, lobe, int(numbers.arteries_per_lung * share), rng)
            segments = [name for name, home in bronchi.lobe_of.items() if home == lobe]
            if not len(targets):
                continue
            fed = nearest_segment(bronchi, segments, targets)
            for index, name in enumerate(segments):
                own = targets[fed == index]
                parts = feed_segment(bronchi, name, own, arteries_from[side], numbers, rng)
                vessels.append(parts[0])
                walls.append(parts[1])
                lumina.append(parts[2])
            trunk = "inferior" if "lower" in lobe else "superior"
            drained = draw_targets(fields, lobe, int(numbers.veins_per_lung * share), rng)
            tree = grow(veins_from[f"{trunk}_{side}"], drained, numbers, rng)
            vessels.append(bowed("lung_vessel", tree, vessel_radii(tree.feeds, numbers), rng))
    return join(*vessels), join(*walls), join(*lumina)


def vessel_radii(feeds: np.ndarray, numbers: PhantomParameters) -> np.ndarray:
    """Radius of a vessel that feeds so many ends."""
    return numbers.end_vessel_radius_mm * feeds ** (1 / numbers.murray_exponent)


def nearest_segment(bronchi: Bronchi, segments: list[str], targets: np.ndarray) -> np.ndarray:
    """Index of the segment whose bronchus points most nearly at each target."""
    scores = []
    for name in segments:
        start, end, _ = bronchi.named[name]
        direction = (end - start) / np.linalg.norm(end - start)
        way = targets - start
        scores.append(way @ direction / np.linalg.norm(way, axis=1))
    return np.argmax(scores, axis=0)


def feed_segment(bronchi: Bronchi, name: str, targets: np.ndarray, artery_from: np.ndarray, numbers: PhantomParameters,
                 rng: np.random.Generator) -> tuple[Solids, Solids, Solids]:  # fmt: skip
    """One segment's artery, bronchial walls and lumina beyond its named bronchus."""
    start, end, lumen = bronchi.named[name]
    tree = grow(end, targets, numbers, rng)
    if not len(tree.feeds):
        nothing = join()
        return nothing, nothing, nothing
    radii = vessel_radii(tree.feeds, numbers)
    air = lumen * (tree.feeds / len(targets)) ** (1 / 2.8)
    outer = air * (1 + 2 * WALL_PER_LUMEN)
    # the artery lies beside the bronchus, away from the heart and a little above
    aside = np.array([np.sign(end[0]) * 0.6, -0.3, 0.75])
    aside -= (end - start) * (aside @ (end - start)) / max(np.sum((end - start) ** 2), 1e-6)
    aside /= np.linalg.norm(aside)
    gap = (outer + radii + 0.3)[:, None] * aside
    gap_of_parent = gap * 1.15
    artery = Branches(tree.starts + gap_of_parent, tree.ends + gap, tree.feeds)
    trunk_radius = float(radii.max())
    beside = start + aside * (lumen * 1.4 + trunk_radius + 0.5)
    head = Branches(np.array([artery_from, beside]), np.array([beside, artery.starts[0]]), np.full(2, len(targets), float))
    vessels = join(
        bowed("lung_vessel", head, np.array([trunk_radius * 1.15, trunk_radius]), rng, np.array([trunk_radius] * 2)),
        bowed("lung_vessel", artery, radii, rng),
    )
    drawn = air * 2 >= SMALLEST_LUMEN_MM
    drawn_tree = Branches(tree.starts[drawn], tree.ends[drawn], tree.feeds[drawn])
    state = rng.bit_generator.state
    walls = bowed("airway_wall", drawn_tree, outer[drawn], rng)
    rng.bit_generator.state = state  # the lumen bends with its wall
    return vessels, walls, bowed("airway", drawn_tree, air[drawn], rng)
