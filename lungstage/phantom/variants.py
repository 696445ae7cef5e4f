"""A seed in, how this patient is built otherwise out: spine, great vessels, fissures, diaphragm, and what an operation took.

Each variant has random numbers of its own, so that one more of them leaves everybody who lacks it as he is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..records.names import LOBES
from .parameters import Table, read_table
from .streams import stream

COBB_DEG, COBB_SD_DEG = 10.0, 9.0
"""Least angle that counts as scoliosis, and how fast worse ones grow rare (half a normal distribution)."""
BOW_LENGTH_MM, STEEPEST = 75.0, 0.858
"""Width of a bow of the spine, and the steepest slope of a bell curve as a share of height over width."""
COUNTER = 0.5
"""The curve back below a bow, as a share of it."""
GAP_MM = (32.0, 85.0)
"""How far from the hilum an incomplete fissure is missing."""
NO_GAP_MM, WHOLE_GAP_MM = -50.0, 400.0
RAISED_MM, SHRUNK_MM = (22.0, 45.0), (10.0, 26.0)
"""How much higher a dome stands that is paralysed or weak, and one under a lung that lost a lobe."""
FISSURES = ("oblique_right", "horizontal_right", "oblique_left")
SHEET_OF = {
    "right_upper_lobe": ("horizontal_right", -1), "right_middle_lobe": ("horizontal_right", 1),
    "right_lower_lobe": ("oblique_right", 1), "left_upper_lobe": ("oblique_left", -1), "left_lower_lobe": ("oblique_left", 1),
}  # fmt: skip
"""Lobe -> the sheet that leaves it no room when it is moved far to the head (-1) or to the feet (+1) of all."""


@dataclass(frozen=True)
class Variants:
    """How one patient departs from the tables.

    names       rows of variants.csv that he has
    bow         the spine's curve to a side: (mm to the left at its apex, z of the apex in the reference man)
    gaps_mm     fissure -> within how many mm of the hilum it is missing
    raised_mm   side -> how much higher that dome stands
    removed     lobes that an operation took
    """

    names: frozenset[str] = frozenset()
    bow: tuple[float, float] = (0.0, 0.0)
    gaps_mm: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FISSURES, NO_GAP_MM))
    raised_mm: dict[str, float] = field(default_factory=lambda: {"right": 0.0, "left": 0.0})
    removed: frozenset[str] = frozenset()

    def spine_off_mm(self, z) -> np.ndarray:
        """How far left of the middle the spine stands at heights z (n) of the reference man."""
        left, apex = self.bow
        off = (np.asarray(z, float) - apex) / BOW_LENGTH_MM
        return left * (np.exp(-(off**2)) - COUNTER * np.exp(-((off + 1.7) ** 2)))

    @property
    def lungless(self) -> str | None:
        """The side without a lung."""
        return next((side for side in ("right", "left") if self.removed >= set(lobes_of(side))), None)

    def sparing(self, lobes: frozenset[str]) -> Variants:
        """The same, or without the operation where it took one of these lobes."""
        if not self.removed & lobes:
            return self
        return replace(
            self, removed=frozenset(), names=self.names - {"lobe_removed", "lung_removed"}, raised_mm={"right": 0.0, "left": 0.0}
        )


def draw_variants(seed: int) -> Variants:
    """What this patient has of variants.csv."""
    table = read_table("variants")
    rngs = {name: stream(seed, f"variant {name}") for name in table["variant"]}
    names = frozenset(name for name, share in zip(table["variant"], table["share"], strict=True) if rngs[name].random() < share)
    bow = draw_bow(rngs["scoliosis"]) if "scoliosis" in names else (0.0, 0.0)
    gaps = {
        sheet: WHOLE_GAP_MM if f"absent_{sheet}" in names
        else float(rngs[f"incomplete_{sheet}"].uniform(*GAP_MM)) if f"incomplete_{sheet}" in names else NO_GAP_MM
        for sheet in FISSURES
    }  # fmt: skip
    raised = {
        side: float(rngs[f"raised_dome_{side}"].uniform(*RAISED_MM)) if f"raised_dome_{side}" in names else 0.0
        for side in ("right", "left")
    }
    removed = frozenset()
    if "lung_removed" in names:
        side = "right" if rngs["lung_removed"].random() < 0.4 else "left"  # the left lung is given up more easily
        removed, raised[side] = frozenset(lobes_of(side)), float(rngs["lung_removed"].uniform(*RAISED_MM))
    elif "lobe_removed" in names:
        lobe = LOBES[int(rngs["lobe_removed"].choice(5, p=[0.32, 0.08, 0.2, 0.22, 0.18]))]
        removed = frozenset({lobe})
        raised[lobe.split("_")[0]] += float(rngs["lobe_removed"].uniform(*SHRUNK_MM))
    return Variants(names, bow, gaps, raised, removed)


def lobes_of(side: str) -> tuple[str, ...]:
    """The lobes of one lung."""
    return tuple(lobe for lobe in LOBES if lobe.startswith(side))


def draw_bow(rng: np.random.Generator) -> tuple[float, float]:
    """A bow of the thoracic spine, to the right in most."""
    cobb = COBB_DEG + COBB_SD_DEG * abs(float(rng.normal()))
    left = BOW_LENGTH_MM * np.tan(np.deg2rad(min(cobb, 50.0) / 2)) / STEEPEST
    return float(left) * (-1 if rng.random() < 0.7 else 1), float(rng.normal(-45, 28))


def vessels_of(variants: Variants) -> Table:
    """great_vessels.csv with the rows of this patient's variants in the place of those they replace."""
    table, other = read_table("great_vessels"), read_table("variant_vessels")
    chosen = [index for index, name in enumerate(other["variant"]) if name in variants.names]
    if not chosen:
        return table
    replaced = {other["name"][index] for index in chosen}
    kept = [index for index, name in enumerate(table["name"]) if name not in replaced]
    columns = {}
    for column in table.columns:
        cells = [table[column][index] for index in kept] + [other[column][index] for index in chosen]
        columns[column] = tuple(cells) if isinstance(table[column], tuple) else np.array(cells)
    return Table(columns)
