"""Masks on the CT's grid in, shares of lung, airway, bone and soft tissue on another grid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..kernels.shares import highest_of_blocks, share_of_blocks
from ..records import Lungs, Skeleton

VERTEBRAE, VERTEBRA = (60, 83), 85  # codes of priors/atlas/regions.csv: C1 to L5, and of unknown number


@dataclass(frozen=True, eq=False)
class Shares:
    """What fills each block, float32 (z, y, x) summing to 1, and the code of the bone there.

    lung is what the lung would fill in health (the hull); body is bool, inside the skin. A vertebra has the code of all, whatever
    its number: healthy ones are alike.
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
    whole = tuple(slice(0, count) for count in grid.shape)  # part blocks at the far ends are left out
    airway, lung, bone, body = (
        share_of_blocks(mask, factors, 1, 255)[whole] for mask in (lungs.airway, lungs.hull, skeleton.labels, lungs.body)
    )
    bone = np.minimum(bone, 1 - airway)
    lung = np.minimum(lung, 1 - airway - bone)  # a hull is drawn over dents and may run over bone, bone is seen
    code = highest_of_blocks(skeleton.labels, factors)[whole]
    code = np.where((code >= VERTEBRAE[0]) & (code <= VERTEBRAE[1]), VERTEBRA, code)
    return Shares(grid, lung, airway, bone, 1 - airway - lung - bone, body >= 0.5, code)


def block_factors(grid: Grid, working_mm: float) -> tuple[int, int, int]:
    """Voxels (z, y, x) that make blocks of about `working_mm`."""
    return tuple(min(max(1, round(working_mm / side)), count) for side, count in zip(grid.spacing_mm, grid.shape))
