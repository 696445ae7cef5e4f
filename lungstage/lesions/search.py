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

    factors = tuple(max(1, round(step_mm / step)) for step in study.ct.grid.spacing_mm)

    def share(mask: np.ndarray) -> np.ndarray:
        return reduce_blocks((mask != 0).astype(np.int16) * np.int16(100), factors)[0]

    hull = np.where(share(lungs.hull == RIGHT) >= 50, RIGHT, np.where(share(lungs.hull == LEFT) >= 50, LEFT, 0))
    return Search(
        study.ct.grid.blocks(factors),
        np.clip(reduce_blocks(study.ct.values, factors)[0], -1000, 300).astype(np.float32),
        hull.astype(np.uint8),
        share(lungs.right | lungs.left) >= 50,
        share(lungs.airway) >= 30,
        share(skeleton.labels) >= 30,
        share(lungs.body) >= 50,
    )
