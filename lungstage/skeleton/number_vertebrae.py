"""Vertebrae and numbered ribs in, vertebrae with their numbers and probabilities out.

The head of rib n lies at the disc above vertebra Tn, of the first and the last two at the vertebra itself; so ribs say about
where each vertebra is. Its upper and lower disc are then looked for in the profile of density along the bodies, which are bright
at their end plates and dark at the discs. Below the last rib and above the first, vertebrae are counted on by their heights.
Numbers: priors/atlas/vertebrae.csv.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .coarse import Coarse
from .count_ribs import Level
from .names import code_of
from .parameters import SkeletonParameters
from .pieces import count_by_slice
from .spine import Canal, box_at_canal, from_canal_mm, smooth_along

SHARP_MM, WIDE_MM = 2.0, 10.0  # a disc against its neighbourhood
ASTRAY_MM = np.arange(-12.0, 12.1, 1.0)  # of a disc from where ribs say it is, half a vertebra
PULL, STIFF = 0.002, 0.02  # of a disc's darkness: for each mm2 astray, and for each mm2 that a vertebra is taller than ribs say
LEAST_RIBS = 3
SCALES = (0.75, 1.25)  # how tall a patient's vertebrae are, as a share of the table's
# as held against what was drawn (thirty synthetic patients, docs/bones.md)
BY_RIB = 0.9  # a vertebra whose rib is numbered right lies between the right discs
BELOW, ABOVE = 0.95, 0.2  # of each vertebra beyond the ribs, the next one


@dataclass(frozen=True, eq=False)
class Spine:
    """Vertebrae in a row.

    names    from the head down, as in priors/atlas/vertebrae.csv
    discs    float (names + 1), mm above the lowest slice: upper end of the first, then the lower end of each
    p        float (names), probability that each has the right name
    """

    names: tuple[str, ...]
    discs: np.ndarray
    p: np.ndarray


def find_spine(
    coarse: Coarse, canal: Canal, levels: tuple[Level, ...], p_level: np.ndarray, numbers: SkeletonParameters
) -> Spine:
    """The vertebrae by the levels of ribs and how probable each of the numbers 1 to 12 is for a level, float (levels, 12)."""
    table = numbers.vertebrae
    below = np.concatenate([[0.0], np.cumsum(table.pitch_mm)])  # upper ends, then the lower end of the last
    sure, number = p_level.max(1), p_level.argmax(1)
    ribs = [k for k in np.flatnonzero(sure >= numbers.rib_p_min) if sure[k] == sure[number == number[k]].max()]
    if len(ribs) < LEAST_RIBS:
        return Spine((), np.zeros(0), np.zeros(0))
    own = np.array([table.rib.index(n + 1) for n in number[ribs]])  # the vertebra of each rib
    meets = below[own] + np.array(table.rib_below_mm)[own]
    heads = np.array([levels[k].height_mm for k in ribs])
    scale = float(np.clip(-np.polyfit(meets, heads, 1)[0], *SCALES))
    # between ribs as they say, beyond them by the table at this patient's scale
    discs = np.interp(below, meets, heads + scale * meets) - scale * below
    discs = refine_discs(discs, disc_likeness(coarse, canal, numbers), float(coarse.spacing_mm[0]))
    below_rib = np.arange(len(table.names))[:, None] - own
    nearest = np.abs(below_rib).argmin(1)
    away = below_rib[np.arange(len(nearest)), nearest]
    return Spine(table.names, discs, BY_RIB * sure[ribs][nearest] * np.where(away > 0, BELOW, ABOVE) ** np.abs(away))


def disc_likeness(coarse: Coarse, canal: Canal, numbers: SkeletonParameters) -> np.ndarray:
    """How much darker than its neighbourhood each slice's vertebral body is, float (z), about -1 to 1."""
    behind, beside = from_canal_mm(coarse, canal.centres)
    half_width, half_depth = numbers.vertebra_half_width_mm / 2, numbers.vertebra_half_depth_mm / 2
    box = box_at_canal(behind, beside, -numbers.body_ahead_mm - half_depth, half_depth - numbers.body_ahead_mm, half_width)
    core = (abs(beside[:, :, box[2]]) <= half_width) & (abs(behind[:, box[1]] + numbers.body_ahead_mm) <= half_depth)
    core &= canal.seen[:, None, None]
    held = count_by_slice(core)
    profile = np.where(held > 0, (coarse.mean[box] * core).sum((1, 2)) / np.maximum(held, 1), np.nan)
    rows = np.arange(len(profile))
    known = np.isfinite(profile)
    if known.sum() < 3:
        return np.zeros(len(profile))
    profile = np.interp(rows, rows[known], profile[known])
    step_mm = float(coarse.spacing_mm[0])
    darker = smooth_along(profile, WIDE_MM / step_mm) - smooth_along(profile, SHARP_MM / step_mm)
    return darker / max(1.0, 2 * float(np.std(darker)))


def refine_discs(discs: np.ndarray, likeness: np.ndarray, step_mm: float) -> np.ndarray:
    """Heights of discs moved to where the bodies are darkest, neighbours by about the same way (dynamic programming)."""
    rows = np.arange(len(likeness)) * step_mm
    places = discs[:, None] + ASTRAY_MM
    inside = (places >= rows[0]) & (places <= rows[-1])
    worth = np.where(inside, np.interp(places, rows, likeness), 0.0) - PULL * ASTRAY_MM**2
    bent = STIFF * np.square(ASTRAY_MM[:, None] - ASTRAY_MM)  # (from, to)
    total, come = worth[0], []
    for own in worth[1:]:
        ways = total[:, None] - bent
        come.append(ways.argmax(0))
        total = ways.max(0) + own
    at = [int(total.argmax())]
    for before in come[::-1]:
        at.append(int(before[at[-1]]))
    return places[np.arange(len(discs)), at[::-1]]


def vertebra_codes(index: np.ndarray, coarse: Coarse, canal: Canal, spine: Spine, numbers: SkeletonParameters) -> np.ndarray:
    """Code, uint8 (n), of each block of vertebra, index (n, 3) z, y, x: that of the vertebra whose discs enclose it, if its name
    is sure enough."""
    unnamed = np.uint8(code_of("vertebra"))
    if not spine.names:
        return np.full(len(index), unnamed)
    codes = np.array(
        [code_of(f"vertebra_{name}") if p >= numbers.rib_p_min else unnamed for name, p in zip(spine.names, spine.p)], np.uint8
    )
    behind, _ = from_canal_mm(coarse, canal.centres)
    z, y, _ = index.T
    hang = numbers.anatomy.spinous_fall * np.maximum(behind[z, y, 0] - numbers.anatomy.spinous_fall_from_mm, 0.0)
    place = np.searchsorted(-spine.discs, -(z * coarse.spacing_mm[0] + hang), side="right") - 1
    inside = (place >= 0) & (place < len(codes))
    return np.where(inside, codes[np.clip(place, 0, len(codes) - 1)], unnamed)
