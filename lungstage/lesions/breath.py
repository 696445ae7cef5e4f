"""Where a breath leaves the uptake of a lesion: the CT is one breath, the PET the mean of many.

Near the diaphragm a nodule of the lung and its uptake may lie two centimetres apart, more than a small one is wide: the CT
then shows something cold, and the PET something hot in air. How far the dome has moved is measured when the study is read;
from the base of the lungs to their top that movement fades.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..records import Lungs, Study
from .parameters import SearchParameters
from .search import Search
from .spots import Spot

OF_THE_LUNG, OF_THE_MEDIASTINUM = ("nodule", "mass", "glass"), ("node",)
"""Detectors whose spots move with the lung at their height, and with the mediastinum there."""


@dataclass(frozen=True)
class Breath:
    """How far uptake may lie from what the CT shows.

    top_mm, base_mm   height (LPS z) of the highest and lowest block of the lungs
    shift_mm          how much higher the dome lies on PET than on CT; 0 where that is not known
    spread_mm         how far from that a place at the base may be, in every direction
    mediastinum       share of the movement of the lung that the mediastinum at that height takes part in
    """

    top_mm: float
    base_mm: float
    shift_mm: float
    spread_mm: float
    mediastinum: float

    def window_mm(self, z_mm: float) -> tuple[np.ndarray, np.ndarray]:
        """Least and most (x, y, z) from a lesion at this height to its uptake; 0 is always between."""
        share = float(np.clip((self.top_mm - z_mm) / max(self.top_mm - self.base_mm, 1.0), 0.0, 1.0))
        along = np.array([0.0, 0.0, self.shift_mm])
        return share * (np.minimum(along, 0.0) - self.spread_mm), share * (np.maximum(along, 0.0) + self.spread_mm)


def breath_of(study: Study, lungs: Lungs, numbers: SearchParameters) -> Breath:
    """Of a patient with PET: by the dome of the diaphragm, where it was seen."""
    rows = np.flatnonzero(lungs.hull.any(axis=(1, 2)))
    ends = rows[[0, -1]] if rows.size else np.array([0, lungs.hull.shape[0] - 1])
    heights = lungs.grid.to_mm(np.column_stack([ends, np.full((2, 2), 0.5) * lungs.hull.shape[1:]]))[:, 2]
    return Breath(
        float(heights.max()), float(heights.min()), study.passport.breathing_shift_mm or 0.0,
        numbers.breath_spread_mm, numbers.breath_mediastinum,
    )  # fmt: skip


def displaced_mm(focus: Spot, structure: Spot, breath: Breath | None) -> np.ndarray:
    """(x, y, z) from what the CT shows to the focus, as far as a breath explains it."""
    if breath is None or structure.found_by not in OF_THE_LUNG + OF_THE_MEDIASTINUM:
        return np.zeros(3)
    part = breath.mediastinum if structure.found_by in OF_THE_MEDIASTINUM else 1.0
    low, high = breath.window_mm(float(structure.centre_mm[2]))
    return np.clip(focus.centre_mm - structure.centre_mm, part * low, part * high)


def lies_in_air(focus: Spot, search: Search, least_tissue: float) -> bool:
    """Whether less than this share of what is hot on PET is dense on CT: what it belongs to is elsewhere."""
    volume_ml = 4.0 / 3.0 * np.pi * focus.radius_mm**3 / 1000.0
    return len(focus.blocks) * search.grid.voxel_ml < least_tissue * volume_ml


def blocks_moved(blocks: np.ndarray, by_mm: np.ndarray, search: Search) -> np.ndarray:
    """(n, 3) blocks moved by (x, y, z) mm, those beyond the scan left out."""
    if not len(blocks) or not np.any(by_mm):
        return blocks
    index = np.rint(search.grid.to_index(search.points_mm(blocks) + by_mm)).astype(int)
    return index[np.all((index >= 0) & (index < search.hu.shape), axis=1)]


def with_uptake_at_home(study: Study, moved_mm: np.ndarray) -> Study:
    """The study with the PET moved back by (x, y, z), so that the uptake of one lesion lies where the CT shows it."""
    if study.pet is None or not np.any(moved_mm):
        return study
    origin = tuple(np.subtract(study.pet.grid.origin_mm, moved_mm).tolist())
    return replace(study, pet=replace(study.pet, grid=replace(study.pet.grid, origin_mm=origin)))
