"""Study, Lungs and Skeleton in, the coarse volume on which every detector searches out: blocks of about two millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..records import Lungs, Skeleton, Study
from ..records.lungs import LEFT, RIGHT


@dataclass(frozen=True, eq=False)
class Search:
    """Blocks of the CT.

    grid    Grid of the blocks
    hu      float32 (z, y, x), mean of each block, clipped to [-1000, 300]
    hull    uint8, 1 right, 2 left
    lung    bool, air-filled lung with its vessels
    airway, bone, body   bool
    """

    grid: Grid
    hu: np.ndarray
    hull: np.ndarray
    lung: np.ndarray
    airway: np.ndarray
    bone: np.ndarray
    body: np.ndarray

    def points_mm(self, index: np.ndarray) -> np.ndarray:
        """LPS (n, 3) of block indices (n, 3)."""
        return self.grid.to_mm(index)


def coarse_search(study: Study, lungs: Lungs, skeleton: Skeleton, step_mm: float) -> Search:
    """Every volume read once."""
    from ..kernels.reduce import reduce_blocks
    from ..kernels.shares import share_of_blocks

    factors = tuple(max(1, round(step_mm / step)) for step in study.ct.grid.spacing_mm)

    grid = study.ct.grid.blocks(factors)
    whole = tuple(slice(n) for n in grid.shape)  # a part block at the far ends is left out

    def share(labels: np.ndarray, lowest: int = 1, highest: int = 255) -> np.ndarray:
        return share_of_blocks(labels, factors, lowest, highest)[whole]

    right, left = (share(lungs.hull, side, side) for side in (RIGHT, LEFT))
    hull = np.where(right >= 0.5, RIGHT, np.where(left >= 0.5, LEFT, 0))
    return Search(
        grid,
        np.clip(reduce_blocks(study.ct.values, factors)[0], -1000, 300).astype(np.float32),
        hull.astype(np.uint8),
        share(lungs.right) + share(lungs.left) >= 0.5,
        share(lungs.airway) >= 0.3,
        share(skeleton.labels) >= 0.3,
        share(lungs.body) >= 0.5,
    )
