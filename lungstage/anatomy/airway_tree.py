"""The airway's mask in, its first partings out: carina, origins of the lobar bronchi, and where the trachea's lumen is.

The lumen is cut into pieces of equal distance from the top of the trachea, along the lumen. A parting is a piece after which
two pieces go on apart for long enough. The patient may lie as he likes: no axis of the image plays a part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..geometry import Grid
from .parameters import MapNumbers

MOST_VOXELS = 60_000
FAIR_SHARE = 0.3  # of the largest smaller branch, from which on a parting may be the carina
MAIN_BRONCHUS_MM = 20.0  # along which its direction is measured
RIGHT_UPPER_MM, LEFT_UPPER_MM = (3.0, 45.0), (18.0, 85.0)  # where the first parting of a main bronchus is its lobar one


@dataclass(frozen=True, eq=False)
class AirwayTree:
    """What the airway shows; None or empty where it does not.

    carina_mm      (3) LPS, the spur between the main bronchi
    trachea_mm     (n, 3) LPS of the lumen above it
    right_upper_mm, left_upper_mm   (3) LPS, the spur of the first lobar bronchus of either side
    right_main_mm, left_main_mm     (3) unit vectors LPS along the main bronchi, from the carina
    """

    carina_mm: np.ndarray | None = None
    trachea_mm: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    right_upper_mm: np.ndarray | None = None
    left_upper_mm: np.ndarray | None = None
    right_main_mm: np.ndarray | None = None
    left_main_mm: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Pieces:
    """The lumen in pieces: each voxel's point (n, 3) mm and piece (n); each piece's level, children and reach (mm below it)."""

    points: np.ndarray
    piece: np.ndarray
    level: np.ndarray
    children: list[list[int]]
    reach_mm: np.ndarray

    def of(self, *names: int) -> np.ndarray:
        """Points (k, 3) of these pieces."""
        return self.points[np.isin(self.piece, names)]


def find_airway_tree(airway: np.ndarray, grid: Grid, numbers: MapNumbers) -> AirwayTree:
    """The tree of the mask uint8 (z, y, x) on its grid."""
    pieces = cut_into_pieces(airway, grid, numbers.front_step_mm)
    if pieces is None:
        return AirwayTree()
    trunk, pair = main_parting(pieces, numbers.main_branch_mm)
    trachea = pieces.of(*trunk)
    if pair is None:
        return AirwayTree(trachea_mm=trachea)
    carina = spur(pieces, *pair)
    right, left = sorted(pair, key=lambda piece: subtree_middle(pieces, piece)[0])
    return AirwayTree(
        carina, trachea,
        lobar_spur(pieces, right, carina, RIGHT_UPPER_MM, numbers), lobar_spur(pieces, left, carina, LEFT_UPPER_MM, numbers),
        direction(pieces, right, numbers.front_step_mm), direction(pieces, left, numbers.front_step_mm),
    )  # fmt: skip


def cut_into_pieces(airway: np.ndarray, grid: Grid, step_mm: float) -> Pieces | None:
    """Pieces of equal distance along the lumen from its highest voxel; None without an airway."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components, dijkstra

    index, spacing, low = thinned(airway, grid)
    if len(index) < 10:
        return None
    first, second, length = neighbours(index, spacing)
    graph = coo_matrix((length, (first, second)), shape=(len(index),) * 2).tocsr()
    start = int(np.lexsort((index[:, 2], index[:, 1], -index[:, 0]))[0])
    away = dijkstra(graph, directed=False, indices=start)
    step_mm = max(step_mm, 1.2 * max(spacing))
    reached = np.isfinite(away)
    level = np.where(reached, away, -1.0) // step_mm
    same = (level[first] == level[second]) & reached[first]
    count, piece = connected_components(
        coo_matrix((np.ones(same.sum()), (first[same], second[same])), shape=graph.shape), directed=False
    )
    keep = np.unique(piece[reached])
    order = keep[np.argsort([level[piece == name][0] for name in keep], kind="stable")]
    rank = np.full(count, -1)
    rank[order] = np.arange(len(order))
    piece = np.where(reached, rank[piece], -1)
    levels = np.zeros(len(order))
    levels[piece[reached]] = level[reached]
    children = children_of(piece, levels, first, second)
    points = grid.to_mm(low + index * (np.asarray(spacing) / np.asarray(grid.spacing_mm)))
    return Pieces(points, piece, levels, children, reach_below(levels, children) * step_mm)


def thinned(airway: np.ndarray, grid: Grid) -> tuple[np.ndarray, tuple[float, ...], np.ndarray]:
    """Indices (n, 3) of at most about MOST_VOXELS blocks of the lumen, their spacing, and the index of block 0 in the grid."""
    rows = [np.flatnonzero(airway.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    if not all(len(each) for each in rows):
        return np.zeros((0, 3), int), grid.spacing_mm, np.zeros(3)
    low = np.array([each[0] for each in rows])
    box = airway[tuple(slice(each[0], each[-1] + 1) for each in rows)]
    factors = np.ones(3, int)
    spacing = np.asarray(grid.spacing_mm)
    while box.sum() / factors.prod() > MOST_VOXELS:
        factors[np.argmin(spacing * factors)] += 1
    if (factors > 1).any():
        padded = np.pad(box, [(0, -n % f) for n, f in zip(box.shape, factors)])
        blocks = padded.reshape([m for n, f in zip(padded.shape, factors) for m in (n // f, f)])
        box = blocks.mean(axis=(1, 3, 5)) >= 0.5
    return np.argwhere(box), tuple(spacing * factors), low + (factors - 1) / 2


def neighbours(index: np.ndarray, spacing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of touching voxels (26 neighbours) as positions in `index`, and their distance in mm."""
    shape = index.max(axis=0) + 3
    names = np.full(shape, -1)
    names[tuple((index + 1).T)] = np.arange(len(index))
    first, second, length = [], [], []
    for dz, dy, dx in np.ndindex(3, 3, 3):
        step = np.array([dz, dy, dx]) - 1
        if tuple(step) <= (0, 0, 0):
            continue
        other = names[tuple((index + 1 + step).T)]
        there = other >= 0
        first.append(np.flatnonzero(there))
        second.append(other[there])
        length.append(np.full(there.sum(), np.linalg.norm(step * np.asarray(spacing))))
    return np.concatenate(first), np.concatenate(second), np.concatenate(length)


def children_of(piece: np.ndarray, levels: np.ndarray, first: np.ndarray, second: np.ndarray) -> list[list[int]]:
    """For each piece the pieces of the next level that touch it, each given to one parent only, the one it touches most."""
    a, b = piece[first], piece[second]
    down = (a >= 0) & (b >= 0) & (np.abs(levels[a] - levels[b]) == 1)
    a, b = a[down], b[down]
    upper, lower = np.where(levels[a] < levels[b], a, b), np.where(levels[a] < levels[b], b, a)
    pairs, touches = np.unique(np.stack([lower, upper], axis=1), axis=0, return_counts=True)
    children: list[list[int]] = [[] for _ in levels]
    for low in np.unique(pairs[:, 0]):
        mine = pairs[:, 0] == low
        children[pairs[mine, 1][touches[mine].argmax()]].append(int(low))
    return children


def reach_below(levels: np.ndarray, children: list[list[int]]) -> np.ndarray:
    """How many levels go on below each piece, itself counted."""
    reach = np.ones(len(levels))
    for piece in range(len(levels) - 1, -1, -1):  # pieces are sorted by level, so children come later
        if children[piece]:
            reach[piece] = 1 + max(reach[child] for child in children[piece])
    return reach


def main_parting(pieces: Pieces, branch_mm: float) -> tuple[list[int], tuple[int, int] | None]:
    """The pieces of the trachea, and the first two of the main bronchi.

    A pouch of the throat or of the trachea's wall may go on for as long as a bronchus, but it holds little: the first parting
    counts whose smaller branch has a fair share of the largest smaller branch anywhere below.
    """
    trunk, pair, partings = [], None, []
    start = 0
    while True:
        passed, pair = follow(pieces, start, branch_mm)
        trunk += passed
        if pair is None:
            break
        partings.append((len(trunk), pair, min(len(pieces.of(*subtree(pieces, branch))) for branch in pair)))
        start = pair[0]
    if not partings:
        return trunk, None
    largest = max(held for _, _, held in partings)
    length, pair, _ = next(parting for parting in partings if parting[2] >= FAIR_SHARE * largest)
    return trunk[:length], pair


def follow(pieces: Pieces, start: int, branch_mm: float) -> tuple[list[int], tuple[int, int] | None]:
    """Downwards along the longest lumen until two go on for `branch_mm`: the pieces passed, and the two."""
    passed, here = [start], start
    while pieces.children[here]:
        longest = sorted(pieces.children[here], key=lambda child: -pieces.reach_mm[child])
        if len(longest) > 1 and pieces.reach_mm[longest[1]] >= branch_mm:
            return passed, (longest[0], longest[1])
        here = longest[0]
        passed.append(here)
    return passed, None


def spur(pieces: Pieces, one: int, other: int) -> np.ndarray:
    """The point between two lumina that have just parted: half-way between their nearest voxels."""
    from scipy.spatial import cKDTree

    first, second = pieces.of(one), pieces.of(other)
    distance, nearest = cKDTree(second).query(first)
    close = distance <= distance.min() + 1e-6
    return 0.5 * (first[close].mean(axis=0) + second[nearest[close]].mean(axis=0))


def subtree(pieces: Pieces, start: int) -> list[int]:
    """All pieces below and with `start`."""
    names, wave = [], [start]
    while wave:
        names += wave
        wave = [child for piece in wave for child in pieces.children[piece]]
    return names


def subtree_middle(pieces: Pieces, start: int) -> np.ndarray:
    """Mean point (3) of everything below a piece."""
    return pieces.of(*subtree(pieces, start)).mean(axis=0)


def lobar_spur(pieces: Pieces, start: int, carina: np.ndarray, between_mm, numbers: MapNumbers) -> np.ndarray | None:
    """The spur of the first lobar bronchus of a side, if it lies where one may lie."""
    _, pair = follow(pieces, start, numbers.lobar_branch_mm)
    if pair is None:
        return None
    point = spur(pieces, *pair)
    return point if between_mm[0] <= np.linalg.norm(point - carina) <= between_mm[1] else None


def direction(pieces: Pieces, start: int, step_mm: float) -> np.ndarray | None:
    """Unit vector along a main bronchus: from its first piece to the one some way down its longest lumen."""
    path, _ = follow(pieces, start, np.inf)
    last = path[min(len(path) - 1, int(MAIN_BRONCHUS_MM / step_mm))]
    along = pieces.of(last).mean(axis=0) - pieces.of(start).mean(axis=0)
    length = np.linalg.norm(along)
    return along / length if length >= 0.3 * MAIN_BRONCHUS_MM else None
