"""Lungs in, hull out: what the lungs would fill without disease."""

from __future__ import annotations

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import Coarse
from .parameters import LungParameters
from .sides import box_of


def close_hull(coarse: Coarse, sides: np.ndarray, airway: np.ndarray, tissue: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8 labels on the blocks, RIGHT or LEFT: each lung closed by a ball of `recess_mm`, its holes filled."""
    from ..kernels.components import fill_holes
    from ..kernels.morphology import close_mm

    hull = sides.copy()
    margin = int(np.ceil(numbers.recess_mm / min(coarse.spacing_mm))) + 1
    for side in (RIGHT, LEFT):
        if (sides == side).any():
            low, high = box_of(sides == side, margin)
            box = tuple(slice(a, b) for a, b in zip(low, high))
            closed = fill_holes(close_mm(sides[box] == side, coarse.spacing_mm, numbers.recess_mm))
            hull[box][(closed != 0) & (hull[box] == 0)] = side
    hull[airway != 0] = 0
    return hull
