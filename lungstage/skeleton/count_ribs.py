"""Traced ribs in, their numbers with probabilities out.

Right and left ribs of the same height make a level. Which number the highest level has is inferred from four things: how far
its ribs lie from the tops of the lungs, how far aside each reaches (the first and the last are short), that a scan which goes
on above shows no rib there, and none below the last. What a rib is like stands in priors/atlas/ribs.csv.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .parameters import SkeletonAnatomy, SkeletonParameters
from .trace_ribs import Trace, Unrolled

HEAD_DEG = 28.0  # where every rib is, and still at about the height of its head
BACK_DEG = 45.0  # so far a rib runs nearly level
SHIFTS_MM, TILTS, LEAN_COST = np.arange(-12.0, 12.1, 3.0), np.arange(-0.09, 0.1, 0.03), 0.2
SCALES = np.arange(0.7, 1.21, 0.05)  # of the table's distances from rib to rib
GAP_SD_MM, GAP_SD = 2.0, 0.07  # of one distance, in mm and as a share of it
SHAPES = np.array([0.6, 0.8, 1.0, 1.25, 1.6])  # powers of the table's reaches: from a barrel to a cone
TINY = 1e-300
UNLIKE, UNLIKE_GAP = 0.05, 0.01  # ribs, and distances between two, that are like no table
SIDE_DEG = 100.0  # every rib has reached furthest by then
CUT_SLICES = 2  # what ends nearer to the scan's end is cut by it
EDGE_MM = 10.0  # a rib nearer to the end of the scan than this need not be seen
ALONE = 0.15  # a rib that is found on one side only
STRANGE = (
    0.03,
    0.005,
)  # a trace on one side, or a pair of them, that is none of the ribs: a rib traced twice, a calcified muscle


@dataclass(frozen=True)
class Level:
    """Ribs of one height.

    height_mm   of the heads above the lowest slice, mean of the sides
    traces      indices of the traces: right, left or both
    """

    height_mm: float
    traces: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Count:
    """The most probable number of each trace, and how probable it is.

    numbers    int (traces), 1 to 12; 0 where it is none of them
    p          float (traces), probability in [0, 1] that the number is right
    levels     from the head down
    p_level    float (levels, 12), probability that a level is each of the ribs
    """

    numbers: np.ndarray
    p: np.ndarray
    levels: tuple[Level, ...] = ()
    p_level: np.ndarray = field(default_factory=lambda: np.zeros((0, 12)))


@dataclass(frozen=True)
class Scan:
    """What a scan shows around the ribs, heights in mm above its lowest slice.

    lung_top_mm    of the lungs' tops, None where the scan ends below them
    spine_mm       lowest and highest slice that shows spine
    step_mm        of the slices
    """

    lung_top_mm: float | None
    spine_mm: tuple[float, float]
    step_mm: float


@dataclass(frozen=True)
class Reach:
    """How far a rib reaches aside from the midline, in mm, and whether the scan holds its lower end."""

    mm: float
    whole: bool


def pair_sides(right: np.ndarray, left: np.ndarray, apart_mm: float) -> tuple[float, list[tuple[int | None, int | None]]]:
    """Pairs of indices (right, left) of two falling lists of heights: what lies within `apart_mm` in order, the rest alone; and
    their cost in mm.

    The pairing with the least sum of distances, a rib alone counting `apart_mm` / 2 (dynamic programming).
    """
    cost = pairing_costs(right[None], left, apart_mm)[0]
    pairs, (i, j) = [], (len(right), len(left))
    while i or j:
        ways = []
        if i and j:
            ways.append((cost[i - 1, j - 1] + abs(right[i - 1] - left[j - 1]), i - 1, j - 1))
        if i:
            ways.append((cost[i - 1, j] + apart_mm / 2, i - 1, j))
        if j:
            ways.append((cost[i, j - 1] + apart_mm / 2, i, j - 1))
        _, before_i, before_j = min(ways)
        pairs.append((before_i if before_i < i else None, before_j if before_j < j else None))
        i, j = before_i, before_j
    return float(cost[-1, -1]), pairs[::-1]


def pairing_costs(right: np.ndarray, left: np.ndarray, apart_mm: float) -> np.ndarray:
    """Least cost in mm of pairing the first i of the right with the first j of the left, (trials, i, j).

    right    (trials, n), falling heights, of each trial its own
    """
    alone = apart_mm / 2
    count = right.shape[1]
    apart = np.abs(right[:, :, None] - left)
    cost = np.empty((len(left) + 1, count + 1, len(right)))  # each step fills one row of all trials
    cost[0] = alone * np.arange(count + 1)[:, None]
    for j in range(1, len(left) + 1):
        cost[j, 0] = cost[j - 1, 0] + alone
        for i in range(1, count + 1):
            paired = cost[j - 1, i - 1] + apart[:, i - 1, j - 1]
            cost[j, i] = np.minimum(np.minimum(cost[j, i - 1], cost[j - 1, i]) + alone, paired)
    return cost.transpose(2, 1, 0)


def levels_of(traces: list[Trace], anatomy: SkeletonAnatomy) -> list[Level]:
    """The levels from the head down."""
    heights = np.array([head_mm(trace) for trace in traces])
    right, left = (without_doubles(side, heights, traces, anatomy.rib_heads_apart_mm) for side in (1, 2))
    lean = lean_mm(heights[right], heights[left], anatomy.sides_apart_mm)
    found = []
    for i, j in pair_sides(heights[right] - lean, heights[left], anatomy.sides_apart_mm)[1]:
        members = [(heights[right[i]] - lean[i], right[i])] if i is not None else []
        members += [(heights[left[j]], left[j])] if j is not None else []
        found.append(Level(float(np.mean([height for height, _ in members])), tuple(k for _, k in members)))
    return sorted(found, key=lambda level: -level.height_mm)


def without_doubles(side: int, heights: np.ndarray, traces: list[Trace], apart_mm: float) -> list[int]:
    """Traces of one side from the head down, of two nearer than two ribs can be the longer one."""
    kept: list[int] = []
    for k in np.argsort(-heights):
        if traces[k].side == side:
            if kept and heights[kept[-1]] - heights[k] < apart_mm:
                kept[-1] = max((kept[-1], k), key=lambda one: len(traces[one].angles))
            else:
                kept.append(k)
    return kept


def head_mm(trace: Trace) -> float:
    """Height of a rib's head, from its back half: near the spine other bones lie in between."""
    back = trace.angles <= max(BACK_DEG, float(trace.angles[0]))
    return float(trace.flow.height(np.median(trace.heads[back]), HEAD_DEG))


def lean_mm(right: np.ndarray, left: np.ndarray, apart_mm: float) -> np.ndarray:
    """How much higher each right rib stands than its partner on the left, as far as a shift and a tilt of the cage say it.

    Those with which the sides pair best; a bent spine tilts its upper half against the lower one.
    """
    if not right.size or not left.size:
        return np.zeros(len(right))
    shift, tilt = (side.reshape(-1, 1) for side in np.meshgrid(SHIFTS_MM, TILTS, indexing="ij"))
    lean = shift + tilt * (right - right.mean())  # (trials, ribs)
    cost = pairing_costs(right - lean, left, apart_mm)[:, -1, -1] + LEAN_COST * np.abs(lean).sum(1)
    return lean[cost.argmin()]


def count_ribs(traces: list[Trace], blocks: Unrolled, owner: np.ndarray, scan: Scan, known: SkeletonParameters) -> Count:
    """Number the traces; blocks and the trace each belongs to, int (blocks), say how far a rib reaches aside.

    Over all ways to number the levels downwards, to leave some out (what is traced twice, or is no rib) and to miss some ribs,
    and over how near to each other this patient's ribs stand and how wide he is, each weighed by its likelihood.
    """
    numbers, p = np.zeros(len(traces), int), np.zeros(len(traces))
    if not traces:
        return Count(numbers, p)
    reaches = reaches_of(blocks, owner, len(traces), scan.step_mm)
    levels = levels_of(traces, known.anatomy)
    p_level = sum_numberings(levels, shown_reaches(levels, traces, reaches), scan, known)
    for level, row in zip(levels, p_level):
        for k in level.traces:
            numbers[k], p[k] = row.argmax() + 1, row.max()
    # of two traces of one rib the surer has its number
    for side in (1, 2):
        for number in range(1, 13):
            same = [k for k, trace in enumerate(traces) if trace.side == side and numbers[k] == number]
            for k in sorted(same, key=lambda k: -p[k])[1:]:
                numbers[k], p[k] = 0, 0.0
    return Count(numbers, p, tuple(levels), p_level)


def shown_reaches(levels: list[Level], traces: list[Trace], reaches: list[Reach]) -> np.ndarray:
    """How far the ribs of each level reach aside as a share of the widest one, (levels); nan where the scan cuts them.

    A spine off the middle makes one side wider, by as much at most levels. Of a level the wider side counts, for a rib may be
    lost on its way.
    """
    wider = [reaches[left].mm - reaches[right].mm for right, left in (level.traces for level in levels if len(level.traces) == 2)]
    off_mm = float(np.median(wider)) / 2 if wider else 0.0
    mm = np.array([reach.mm + (off_mm if trace.side == 1 else -off_mm) for trace, reach in zip(traces, reaches)])
    widest = max(1.0, max(mm[k] for level in levels for k in level.traces))
    whole = [[mm[k] for k in level.traces if reaches[k].whole] for level in levels]
    return np.array([max(sides) / widest if sides else np.nan for sides in whole])


def sum_numberings(levels: list[Level], reach: np.ndarray, scan: Scan, known: SkeletonParameters) -> np.ndarray:
    """Probability of each number for each level, (levels, 12), over all numberings.

    reach    (levels), of the widest rib that is seen, nan where it is not known

    Forwards and backwards through the levels, for each scale, each shape of the chest and each rib that may be the widest seen: a
    level that has a number comes after one with a lower number, or is the first; levels between two of these are no ribs, numbers
    between them are ribs that were missed. The shape is the patient's own, common to all levels: as eight witnesses of their own
    the ribs of a slender chest swore to the wrong number.
    """
    table, anatomy = known.ribs, known.anatomy
    count, missed, heights = len(levels), np.array(table.missed), np.array([level.height_mm for level in levels])
    below = np.array(table.below_first) * SCALES[:, None]  # (scales, 12)
    shaped = np.array(table.reach) ** SHAPES[:, None]  # (shapes, 12)
    widest = np.unique(shaped, axis=1)  # (shapes, widest)
    alike = near((reach[:, None] * widest[:, :, None, None] - shaped[:, None, None]) / anatomy.rib_reach_sd)
    alone = np.array([ALONE if len(level.traces) == 1 else 1.0 for level in levels])
    own = np.where(np.isnan(alike), 1.0, alike).reshape(-1, count, 12) * alone[:, None]  # (shapes and widest, levels, 12)
    strange = np.array([STRANGE[len(level.traces) - 1] for level in levels])
    lost = np.array([[missed[m + 1 : n].prod() if m < n else 0.0 for n in range(12)] for m in range(12)])  # (from, to)
    first, last = at_ends(heights, below, scan, known)
    step = {}
    for i in range(count):
        for j in range(i):
            gaps = below[:, None, :] - below[:, :, None]
            off = (heights[j] - heights[i] - gaps) / (GAP_SD_MM + GAP_SD * np.abs(gaps))
            step[j, i] = lost * near(off, UNLIKE_GAP) * strange[j + 1 : i].prod()
    ahead, after = [], [None] * count  # each (scales, shapes and widest, 12)
    for i in range(count):
        reached = first[:, i][:, None] * strange[:i].prod() + sum(ahead[j] @ step[j, i] for j in range(i))
        ahead.append(own[None, :, i] * reached)
    for j in reversed(range(count)):
        ended = last[:, j][:, None] * strange[j + 1 :].prod()
        after[j] = ended + sum((own[None, :, i] * after[i]) @ step[j, i].swapaxes(1, 2) for i in range(j + 1, count))
    likely = np.exp(-0.5 * (np.log(SHAPES) / anatomy.chest_shape_sd) ** 2).repeat(widest.shape[1])
    prior = np.exp(-0.5 * ((SCALES - anatomy.rib_scale) / anatomy.rib_scale_sd) ** 2)[:, None, None] * likely[:, None]
    total = sum((prior * ahead[i] * last[:, i][:, None]).sum() * strange[i + 1 :].prod() for i in range(count))
    return np.array([(prior * ahead[i] * after[i]).sum((0, 1)) for i in range(count)]) / max(float(total), TINY)


def at_ends(heights: np.ndarray, below: np.ndarray, scan: Scan, known: SkeletonParameters) -> tuple[np.ndarray, np.ndarray]:
    """Likelihood (scales, levels, 12) of a level with a number being the first one, and the last: of the ribs above and below it
    of which the scan holds the place none was found, and the first one's head stands where it does above the lungs."""
    missed, anatomy = np.array(known.ribs.missed), known.anatomy
    far = np.abs(below[:, None, :] - below[:, :, None])[:, None] + EDGE_MM  # (scales, 1, number, other)
    higher, lower = np.tri(12, 12, -1, bool), np.tri(12, 12, -1, bool).T
    first = np.where(higher & (far < (scan.spine_mm[1] - heights)[:, None, None]), missed, 1.0).prod(-1)
    last = np.where(lower & (far < (heights - scan.spine_mm[0])[:, None, None]), missed, 1.0).prod(-1)
    if scan.lung_top_mm is not None:
        above_mm = heights[:, None] + below[:, None] - scan.lung_top_mm
        first = first * near((above_mm - anatomy.first_head_above_lungs_mm) / anatomy.first_head_sd_mm)
    return first, last


def reaches_of(blocks: Unrolled, owner: np.ndarray, traces: int, step_mm: float) -> list[Reach]:
    """How far each rib reaches aside; in front of the side another bone may have been taken for its end."""
    aside = blocks.radius * np.sin(np.radians(blocks.angle))
    order = np.argsort(owner, kind="stable")
    found = []
    for mine in np.split(order, np.searchsorted(owner[order], np.arange(traces)))[1:]:
        lowest = blocks.height[mine].min() if mine.size else 0.0
        behind = aside[mine][blocks.angle[mine] <= SIDE_DEG]
        found.append(Reach(float(np.percentile(behind, 98)) if behind.size else 0.0, bool(lowest > CUT_SLICES * step_mm)))
    return found


def near(z, unlike: float = UNLIKE):
    """A normal density, up to a factor, with heavy tails: so many are unlike the table."""
    return (1 - unlike) * np.exp(-0.5 * z * z) + unlike * np.exp(-0.5 * (z / 4) ** 2)
