"""Masks on the CT's grid in, shares of lung, airway, bone and soft tissue on another grid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..kernels.reduce import reduce_blocks
from ..records import Lungs, Skeleton


@dataclass(frozen=True, eq=False)
class Shares:
    """What fills each block, float32 (z, y, x) summing to 1, and the code of the bone there.

    lung is what the lung would fill in health (the hull); body is bool, inside the skin.
    """

    grid: Grid
    lung: np.ndarray
    airway: np.ndarray
    bone: np.ndarray
    soft: np.ndarray
    body: np.ndarray
    bone_code: np.ndarray


def share_blocks(lungs: Lungs, skeleton: Skeleton, factors: tuple[int, int, int]) -> Shares:
    """Shares over blocks of `factors` voxels of the CT."""
    grid = lungs.grid.blocks(factors)
    airway = mean_of(lungs.airway, factors)
    lung = np.minimum(mean_of(lungs.hull > 0, factors), 1 - airway)
    bone = np.minimum(mean_of(skeleton.labels > 0, factors), 1 - airway - lung)
    body = mean_of(lungs.body, factors) >= 0.5
    code = reduce_blocks(skeleton.labels.astype(np.int16), factors)[2].astype(np.uint8)
    return Shares(grid, lung, airway, bone, 1 - airway - lung - bone, body, code)


def mean_of(mask: np.ndarray, factors: tuple[int, int, int]) -> np.ndarray:
    """The share of each block inside a mask, float32."""
    # the kernel rounds to whole numbers: a thousand is fine enough
    return reduce_blocks(np.asarray(mask > 0, np.int16) * np.int16(1000), factors)[0].astype(np.float32) / 1000


def block_factors(grid: Grid, working_mm: float) -> tuple[int, int, int]:
    """Voxels (z, y, x) that make blocks of about `working_mm`."""
    return tuple(min(max(1, round(working_mm / side)), count) for side, count in zip(grid.spacing_mm, grid.shape))
