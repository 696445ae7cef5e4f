"""A seed in, how the two sides of a patient differ out: nobody's left is the mirror image of his right.

One half of the trunk is a little wider and lies a little further back, changing along the body; a bowed spine turns the ribs,
back on the side it bows to. Shoulders stand differently, and the muscles of one side are the thicker ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parameters import PhantomParameters
from .streams import stream
from .variants import Variants

LEVELS_MM = (-620.0, -470.0, -320.0, -240.0, -160.0, -80.0, 0.0, 80.0, 170.0, 260.0)
"""Heights of the reference man between which the differences change smoothly."""


@dataclass(frozen=True)
class Sides:
    """How left and right differ.

    wider      at LEVELS_MM, by which share the left half is wider and the right one narrower
    turned     at LEVELS_MM, mm to the back for each mm to the left
    shoulders  side (-1 right, 1 left) -> (x, y, z) mm of the reference man by which that shoulder is off its place
    muscles    side -> thickness of its muscles over the mean of both
    """

    wider: tuple[float, ...]
    turned: tuple[float, ...]
    shoulders: dict[int, tuple[float, float, float]]
    muscles: dict[int, float]

    def at(self, z) -> tuple[np.ndarray, np.ndarray]:
        """wider and turned at heights z (n) of the reference man."""
        from scipy.interpolate import PchipInterpolator

        inside = np.clip(z, LEVELS_MM[0], LEVELS_MM[-1])
        return PchipInterpolator(LEVELS_MM, self.wider)(inside), PchipInterpolator(LEVELS_MM, self.turned)(inside)


def draw_sides(seed: int, variants: Variants, numbers: PhantomParameters) -> Sides:
    """The differences of one patient."""
    rng = stream(seed, "sides")
    count = len(LEVELS_MM)
    wider = numbers.side_width_sd * rolling(rng, count)
    turned = numbers.side_turn_sd * rolling(rng, count)
    turned = turned + numbers.ribs_turn_per_mm * variants.spine_off_mm(np.array(LEVELS_MM))
    shoulders = {side: tuple(float(v) for v in rng.normal(0, numbers.shoulder_sd_mm, 3).clip(-12, 12)) for side in (-1, 1)}
    stronger = float(np.clip(rng.normal(0, numbers.side_muscle_sd), -0.25, 0.25))
    return Sides(tuple(map(float, wider)), tuple(map(float, turned)), shoulders, {-1: 1 - stronger, 1: 1 + stronger})


def rolling(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count) mean 0, sd 1 and at most 2, each level like its neighbours."""
    white = rng.normal(size=count + 2)
    return np.clip((white[:-2] + 2 * white[1:-1] + white[2:]) / np.sqrt(6), -2, 2)
