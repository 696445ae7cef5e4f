"""How thick a spot is beside how thick vessels are where it lies: the reason against a lesion that the lung's own vessels give.

The pulmonary arteries are about 16 mm wide at the hilum and thin out towards the pleura; what is no thicker than the vessels
of its place is most probably one of them.
"""

from __future__ import annotations

import numpy as np

from ..records import Reason
from .parameters import LesionParameters
from .search import Search
from .spots import Spot


def vessel_reason(spot: Spot, search: Search, hilum_mm: float, numbers: LesionParameters) -> tuple[Reason, ...]:
    """One reason with the thickness relative to a vessel there, or none where no vessel is nearly that thick."""
    ratio = thickness_mm(spot, search) / vessel_radius_mm(hilum_mm, numbers)
    p_vessel = 1.0 / (1.0 + np.exp((ratio - numbers.vessel_ratio) / numbers.vessel_ratio_blur))
    log_odds = -float(numbers.vessel_log_odds * p_vessel)
    return (Reason("no thicker than a vessel here", float(ratio), log_odds),) if log_odds < -0.05 else ()


def vessel_radius_mm(hilum_mm: float, numbers: LesionParameters) -> float:
    """Radius of the largest vessel expected at this distance from the hilum."""
    fall = float(np.exp(-((hilum_mm / numbers.hilum_reach_mm) ** 2)))
    return numbers.vessel_periphery_mm + (numbers.vessel_hilum_mm - numbers.vessel_periphery_mm) * fall


def thickness_mm(spot: Spot, search: Search) -> float:
    """Radius of the largest ball inside the spot."""
    if not len(spot.blocks):
        return spot.radius_mm
    from scipy.ndimage import distance_transform_edt

    low = spot.blocks.min(axis=0) - 1
    mask = np.zeros(spot.blocks.max(axis=0) - low + 2, bool)
    mask[tuple((spot.blocks - low).T)] = True
    return float(distance_transform_edt(mask, sampling=search.grid.spacing_mm).max())
