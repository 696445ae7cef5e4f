"""PET and Normal in, spots hotter than the physiology of their place explains out."""

from __future__ import annotations

import numpy as np

from ..records import Normal, Study
from .parameters import LesionParameters
from .spots import Spot, apart


def find_foci(study: Study, normal: Normal, numbers: LesionParameters) -> list[Spot]:
    """Local maxima of the PET inside the CT's field that are unexpected there, each with its hot surroundings."""
    if study.pet is None or normal.z_pet is None:
        return []
    from scipy.ndimage import maximum_filter

    suv, grid = study.pet.values, study.pet.grid
    least = numbers.focus_suv if study.pet.unit == "SUVbw" else 1.5
    reach = [2 * max(1, round(6.0 / step)) + 1 for step in grid.spacing_mm]
    peaks = np.argwhere((normal.z_pet >= numbers.focus_z) & (suv >= least) & (suv == maximum_filter(suv, size=reach)))
    points = grid.to_mm(peaks)
    # hot noise outside of the CT belongs to nothing that can be looked at
    seen = study.ct.grid.holds(points)
    spots = [focus(suv, grid, peak, float(normal.z_pet[tuple(peak)]), numbers) for peak in peaks[seen]]
    return apart(spots)


def focus(suv: np.ndarray, grid, peak: np.ndarray, z: float, numbers: LesionParameters) -> Spot:
    """The spot around one peak: what is connected to it and at least `focus_share` as hot, within 60 mm."""
    from scipy.ndimage import label

    reach = np.ceil(60.0 / np.asarray(grid.spacing_mm)).astype(int)
    low, high = np.maximum(peak - reach, 0), np.minimum(peak + reach + 1, suv.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high))
    hot, _ = label(suv[box] >= numbers.focus_share * suv[tuple(peak)])
    index = np.argwhere(hot == hot[tuple(peak - low)]) + low
    radius = float((3 * len(index) * grid.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
    weight = suv[tuple(index.T)].astype(np.float64)
    centre = grid.to_mm((index * weight[:, None]).sum(axis=0) / weight.sum())
    return Spot(centre, radius, z, "focus", suv=float(suv[tuple(peak)]))
