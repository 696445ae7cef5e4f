"""Traced ribs in, their numbers with probabilities out.

Right and left ribs of the same height make a level. Which number the highest level has is inferred from four things: how far
its ribs lie from the tops of the lungs, how far aside each reaches (the first and the last are short), that a scan which goes
on above shows no rib there, and none below the last. What a rib is like stands in priors/atlas/ribs.csv.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parameters import RibTable
from .trace_ribs import Trace, Unrolled

HEAD_DEG = 28.0  # where every rib is, and still at about the height of its head
STEP_GROWS = 1.3  # from one rib to the next the step grows less, but where one is missing
PITCH_MM = (17.0, 30.0)  # of two ribs of an adult, from head to head
FIRST_ABOVE_LUNG_MM, FIRST_SD_MM = 16.0, 16.0  # of the first head above the lungs' tops: 22 to 28 on five chests, 0 on drawn ones
REACH_SD = 0.08
SIDE_DEG = 100.0  # every rib has reached furthest by then
CUT_SLICES = 2  # what ends nearer to the scan's end is cut by it
DOUBLE_SHARE = 0.4  # of the pitch: the first two ribs are hardly further apart, two traces of one rib nearer
BETWEEN_SHARE = 1.3
NEAR_FIRST = 2  # gaps; the first ribs stand nearer to each other than the others
CROWDED_SHARE, CROWDED_P = 0.72, 0.5  # of the pitch; in three synthetic patients with such a gap the count was wrong in two
UPPER = 4  # levels that tell where the first rib is
STRANGE = 0.02  # a cervical rib, a lumbar one, or none at all: a trace that no rib of twelve explains


@dataclass(frozen=True)
class Level:
    """Ribs of one height.

    height_mm   of the heads above the lowest slice, mean of the sides
    traces      indices of the traces: right, left or both
    step        how many ribs further down than the level above: more than 1 where one is missing
    """

    height_mm: float
    traces: tuple[int, ...]
    step: int


@dataclass(frozen=True, eq=False)
class Count:
    """The most probable number of each trace, and how probable it is.

    numbers    int (traces), 1 to 12; 0 where it is none of them
    p          probability in [0, 1] that all are right: one miscount shifts every number
    """

    numbers: np.ndarray
    p: float


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


def pair_sides(right: np.ndarray, left: np.ndarray, apart_mm: float) -> list[tuple[int | None, int | None]]:
    """Pairs of indices (right, left) of two falling lists of heights: what lies within `apart_mm` in order, the rest alone.

    The pairing with the least sum of distances, a rib alone counting `apart_mm` / 2 (dynamic programming).
    """
    cost = np.full((len(right) + 1, len(left) + 1), np.inf)
    cost[0, 0], come = 0.0, {}
    for i in range(len(right) + 1):
        for j in range(len(left) + 1):
            ways = []
            if i and j:
                ways.append((cost[i - 1, j - 1] + abs(right[i - 1] - left[j - 1]), (i - 1, j - 1)))
            if i:
                ways.append((cost[i - 1, j] + apart_mm / 2, (i - 1, j)))
            if j:
                ways.append((cost[i, j - 1] + apart_mm / 2, (i, j - 1)))
            if ways:
                cost[i, j], come[i, j] = min(ways)
    pairs, at = [], (len(right), len(left))
    while at in come:
        before = come[at]
        pairs.append((before[0] if before[0] < at[0] else None, before[1] if before[1] < at[1] else None))
        at = before
    return pairs[::-1]


def levels_of(traces: list[Trace]) -> tuple[list[Level], float]:
    """The levels from the head down, and the pitch of the ribs in mm."""
    heights = np.array([float(trace.at(HEAD_DEG)) for trace in traces])
    sides = [[k for k in np.argsort(-heights) if traces[k].side == side] for side in (1, 2)]
    steps = np.concatenate([-np.diff(heights[side]) for side in sides])
    steps = steps[(steps >= PITCH_MM[0]) & (steps <= PITCH_MM[1])]
    pitch = float(np.median(steps)) if steps.size else float(np.mean(PITCH_MM))
    sides = [without_doubles(side, heights, traces, pitch) for side in sides]
    lean = lean_mm(*(heights[side] for side in sides), pitch)
    pairs = pair_sides(heights[sides[0]] - lean, heights[sides[1]], pitch)
    found = []
    for i, j in pairs:
        members = tuple(side[k] for side, k in zip(sides, (i, j)) if k is not None)
        level = np.mean([heights[k] - (lean if traces[k].side == 1 else 0.0) for k in members])
        found.append((float(level), members))
    found.sort(key=lambda one: -one[0])
    levels, steps_mm = [], []
    for k, (height, members) in enumerate(found):
        step, last = 0, steps_mm[-1] if steps_mm else pitch
        if k:
            gap = found[k - 1][0] - height
            step = max(1, int(round(gap / (STEP_GROWS * max(last, 0.8 * pitch)))))
            steps_mm.append(gap / step)
        levels.append(Level(height, members, step))
    return levels, pitch


def without_doubles(order: list[int], heights: np.ndarray, traces: list[Trace], pitch: float) -> list[int]:
    """Traces of one side from the head down, without those that are no ribs of their own: the shorter of two nearer than two ribs
    can be, and one between two ribs that are neighbours."""

    def length(k):
        return len(traces[k].angles)

    kept: list[int] = []
    for k in order:
        if kept and heights[kept[-1]] - heights[k] < DOUBLE_SHARE * pitch:
            kept[-1] = max((kept[-1], k), key=length)
        else:
            kept.append(k)
    between = {
        k for above, k, below in zip(kept, kept[1:], kept[2:])
        if heights[above] - heights[below] < BETWEEN_SHARE * pitch and length(k) < min(length(above), length(below))
    }  # fmt: skip
    return [k for k in kept if k not in between]


def lean_mm(right: np.ndarray, left: np.ndarray, pitch: float) -> float:
    """How much higher the right ribs stand: the median distance of each to the nearest left one."""
    if not right.size or not left.size:
        return 0.0
    off = right[:, None] - left
    nearest = off[np.arange(len(right)), np.abs(off).argmin(1)]
    return float(np.median(nearest[np.abs(nearest) <= pitch / 2])) if (np.abs(nearest) <= pitch / 2).any() else 0.0


def count_ribs(traces: list[Trace], blocks: Unrolled, owner: np.ndarray, scan: Scan, table: RibTable) -> Count:
    """Number the traces; blocks and the trace each belongs to, int (blocks), say how far a rib reaches aside."""
    numbers = np.zeros(len(traces), int)
    if not traces:
        return Count(numbers, 0.0)
    reaches = [reach_of(blocks, owner == k, scan.step_mm) for k in range(len(traces))]
    levels, pitch = levels_of(traces)
    below_top = np.cumsum([level.step for level in levels])
    firsts = np.arange(-1, 13)
    odds = np.array([log_odds_of_first(first + below_top, levels, pitch, reaches, scan, table) for first in firsts])
    p_first = np.exp(odds - odds.max())
    p_first /= p_first.sum()
    for number, level in zip(firsts[p_first.argmax()] + below_top, levels):
        if 1 <= number <= 12:
            numbers[list(level.traces)] = number
    return Count(numbers, float(p_first.max()) * p_regular(levels, pitch))


def p_regular(levels: list[Level], pitch: float) -> float:
    """Probability that each level is one rib: one too near to the next may be half of another's, or none at all."""
    gaps = np.array([(a.height_mm - b.height_mm) / b.step for a, b in zip(levels, levels[1:])])
    return float(CROWDED_P ** np.count_nonzero(gaps[NEAR_FIRST:] < CROWDED_SHARE * pitch))


def reach_of(blocks: Unrolled, mine: np.ndarray, step_mm: float) -> Reach:
    """How far a rib reaches aside; in front of the side another bone may have been taken for its end."""
    aside = (blocks.radius * np.sin(np.radians(blocks.angle)))[mine & (blocks.angle <= SIDE_DEG)]
    lowest = blocks.height[mine].min() if mine.any() else 0.0
    return Reach(float(np.percentile(aside, 98)) if aside.size else 0.0, bool(lowest > CUT_SLICES * step_mm))


def log_odds_of_first(
    number: np.ndarray, levels: list[Level], pitch: float, reaches: list[Reach], scan: Scan, table: RibTable
) -> float:
    """Log likelihood of the levels having these numbers, int (levels), up to a constant."""
    known = (number >= 1) & (number <= 12)
    if not known.any():
        return -np.inf
    of_twelve = [(int(n), level) for n, level in zip(number, levels) if 1 <= n <= 12]
    odds = np.log(STRANGE) * np.count_nonzero(~known)
    odds += log_odds_of_height(of_twelve[:UPPER], pitch, scan, table) + log_odds_of_reach(of_twelve, reaches, table)
    return float(odds + log_odds_of_absent(number, levels, pitch, scan, table))


def log_odds_of_height(of_twelve: list[tuple[int, Level]], pitch: float, scan: Scan, table: RibTable) -> float:
    """Of the first rib's head lying where it does above the lungs; 0 where their tops are not seen."""
    if scan.lung_top_mm is None:
        return 0.0
    below = np.array(table.below_first) * pitch / np.median(np.diff(table.below_first))
    first_mm = np.median([level.height_mm + below[n - 1] for n, level in of_twelve])
    return log_near((first_mm - scan.lung_top_mm - FIRST_ABOVE_LUNG_MM) / FIRST_SD_MM)


def log_odds_of_reach(of_twelve: list[tuple[int, Level]], reaches: list[Reach], table: RibTable) -> float:
    """Of whole ribs reaching as far aside as they do, as shares of what the widest here does."""
    widest_mm, widest = max(reach.mm for reach in reaches), max(table.reach[n - 1] for n, _ in of_twelve)
    odds = 0.0
    for n, level in of_twelve:
        seen = [reaches[k].mm / max(widest_mm, 1.0) for k in level.traces if reaches[k].whole]
        if seen:
            odds += log_near((np.mean(seen) - table.reach[n - 1] / widest) / REACH_SD)
    return odds


def log_odds_of_absent(number: np.ndarray, levels: list[Level], pitch: float, scan: Scan, table: RibTable) -> float:
    """Of the scan holding ribs that were not traced: above the first, below the last and between."""
    room_above = int(max(0.0, scan.spine_mm[1] - levels[0].height_mm - 0.4 * pitch) / pitch)
    room_below = int(max(0.0, levels[-1].height_mm - scan.spine_mm[0] - 0.4 * pitch) / pitch)
    held = np.arange(max(1, number[0] - room_above), min(12, number[-1] + room_below) + 1)
    return float(np.log(np.array(table.missed)[np.setdiff1d(held, number) - 1]).sum())


def log_near(z: float) -> float:
    """Log of a normal density with heavy tails: one rib in twenty is unlike the table."""
    return float(np.log(0.95 * np.exp(-0.5 * z * z) + 0.05 * np.exp(-0.5 * (z / 4) ** 2)))
