"""Something hot in the hull in, whether the heart itself glows so out."""

from __future__ import annotations

import numpy as np

from .around import places_in_hull, region_at
from .rising import rising
from .survey import Survey

HEART = "heart"


def p_glow_of_heart(suv_max: float, points: np.ndarray, survey: Survey) -> float:
    """P(the heart itself glows so): heart outside of the hull, near these points (n, 3), is as hot as what was found inside.

    The hull may be drawn over the tip of a heart that stands far out into the lung.
    """
    from scipy.spatial import cKDTree

    pet, numbers = survey.study.pet, survey.numbers.search
    if pet is None or HEART not in survey.anatomy.region_names:
        return 0.0
    reach = np.ceil(numbers.heart_reach_mm / np.asarray(pet.grid.spacing_mm)).astype(int)
    index = np.rint(pet.grid.to_index(points)).astype(int)
    low, high = np.maximum(index.min(axis=0) - reach, 0), np.minimum(index.max(axis=0) + reach + 1, pet.grid.shape)
    if (high <= low).any():
        return 0.0
    around = np.moveaxis(np.indices(tuple(high - low)), 0, -1).reshape(-1, 3) + low
    around = around[pet.values[tuple(around.T)] >= numbers.heart_as_hot / 2 * suv_max]
    if not len(around):
        return 0.0
    places = pet.grid.to_mm(around)
    # what lies nearer may be hot by the blur of the thing itself
    heart = (cKDTree(points).query(places)[0] > numbers.heart_apart_mm) & (places_in_hull(places, survey) == 0)
    heart[heart] = region_at(survey.anatomy, places[heart], HEART) >= 0.5
    if not heart.any():
        return 0.0
    hottest = float(pet.values[tuple(around[heart].T)].max())
    return rising(np.log(hottest / suv_max), np.log(numbers.heart_as_hot), numbers.heart_blur)
