"""Scene in, Appearance out: how the lesion and what surrounds it look on this CT and PET.

Borders lie half-way between two densities, because a blurred edge crosses the true border there; how much half-way may be
off is a matter of the reading (shape.py). In the lung the neighbour is air, elsewhere it is whatever the surroundings hold
that is darker or brighter than the lesion; surroundings of the same density say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.components import touching_components
from ..kernels.distance import squared_distance_mm2
from .scene import Scene

LUNG_HU = (-980.0, -550.0)  # medians that parenchyma can have, emphysema to expiration
NOISE_HU = {True: (20.0, 120.0), False: (8.0, 40.0)}  # spread inside one tissue that can be believed, in the lung or not
FEW = 12  # voxels below which no statistics are made
HALO_MM = (1.5, 4.5)  # shell around the dense part in which ground glass is looked for
HALO_DENSE_MM = 12.0  # radius of a dense part from which on ground glass around it counts less than not
HALO_MOST_HU = -300.0  # denser is a vessel or another lesion
SHELL_FAR = 2.2  # radii: the surroundings that are compared with lie within this


@dataclass(frozen=True)
class Appearance:
    """Densities and uptake of a lesion and of what is next to it.

    in_lung         whether its neighbour is air
    tissue_hu       of the lesion's dense part; noise_hu: spread inside one tissue
    low_hu, high_hu densities of darker and of brighter neighbours, None where there are none
    halo_hu         of ground glass around it, p_halo the probability that it is there
    p_same          share of the surroundings that look like the lesion
    hot_suv, cold_suv   uptake of the lesion and around it, None where PET tells nothing
    """

    in_lung: bool
    tissue_hu: float
    noise_hu: float
    low_hu: float | None
    high_hu: float | None
    halo_hu: float
    p_halo: float
    p_same: float
    hot_suv: float | None
    cold_suv: float | None


def learn_appearance(scene: Scene, in_lung: bool, halo_hu: float, halo_spread_hu: float, hot_ratio: float) -> Appearance:
    """How this lesion looks.

    halo_hu         excess over lung at which ground glass around a lesion is as likely as not; halo_spread_hu: its spread
    hot_ratio       uptake over that of the surroundings from which on PET shows a border
    """
    hot, cold = uptake(scene, hot_ratio)
    if in_lung:
        return appearance_in_lung(scene, halo_hu, halo_spread_hu, hot, cold)
    return appearance_in_tissue(scene, hot, cold)


def appearance_in_lung(scene: Scene, halo_hu: float, halo_spread_hu: float, hot, cold) -> Appearance:
    """A lesion among air: lung density from the surroundings, its own from its inner part, ground glass from a shell."""
    air = scene.hu[(scene.hu < -500) & (scene.outside_mm < 0) & (scene.away_mm > scene.radius_mm)]
    lung, spread = median_and_spread(air, -850.0, 60.0)
    lung = float(np.clip(lung, *LUNG_HU))
    noise = float(np.clip(spread, *NOISE_HU[True]))
    tissue = max(inner_density(scene, lung), lung + 2.0 * noise)
    shell_hu, dense_mm = halo_density(scene, lung, tissue)
    excess = shell_hu - lung
    # A lesion that is ground glass itself has no halo; round a solid mass it is pneumonia, collapse or blood, not size.
    may_have = 1 / (1 + np.exp(-(tissue + 400.0) / 50.0)) / (1 + np.exp((dense_mm - HALO_DENSE_MM) / 1.5))
    p_halo = float(may_have / (1 + np.exp(-(excess - halo_hu) / halo_spread_hu)))
    return Appearance(True, tissue, noise, lung, None, lung + max(excess, halo_hu), p_halo, 0.0, hot, cold)


def inner_density(scene: Scene, lung_hu: float) -> float:
    """Median density of the lesion more than a voxel inside its half-way border; that border moves with it, so twice."""
    core = scene.hu[scene.core != 0]
    density = float(np.median(core))
    if density < lung_hu + 60:  # a core that is air: the densest near it
        density = float(np.quantile(scene.hu[scene.away_mm <= max(scene.radius_mm, 2.0)], 0.95))
    close = (scene.away_mm <= 1.3 * scene.radius_mm + 1.0) & (scene.outside_mm < 0)
    for _ in range(2):
        body = touching_components(close & (scene.hu > 0.5 * (lung_hu + density)), scene.core)
        inner = squared_distance_mm2(body == 0, scene.box.spacing_mm, 3.0)
        values = scene.hu[inner > min(1.5**2, 0.25 * float(inner.max()))]
        if values.size >= FEW:
            density = float(np.median(values))
    return density


def halo_density(scene: Scene, lung_hu: float, tissue_hu: float) -> tuple[float, float]:
    """Usual density in a shell around the dense part, that of lung where there is no shell; and that part's radius in mm."""
    body = touching_components((scene.hu > 0.5 * (lung_hu + tissue_hu)) & (scene.outside_mm < 0), scene.core)
    away = squared_distance_mm2(body, scene.box.spacing_mm, HALO_MM[1] + 1)
    shell = (away > HALO_MM[0] ** 2) & (away < HALO_MM[1] ** 2) & (scene.outside_mm < -1.0)
    shell &= scene.away_mm < 1.5 * scene.radius_mm + HALO_MM[1]
    values = scene.hu[shell & (scene.hu < HALO_MOST_HU)]
    radius = float((750 / np.pi * np.count_nonzero(body) * scene.box.voxel_ml) ** (1 / 3))
    enough = values.size >= max(FEW, 0.5 * np.count_nonzero(shell))
    return float(np.quantile(values, 0.4)) if enough else lung_hu, radius


def appearance_in_tissue(scene: Scene, hot, cold) -> Appearance:
    """A lesion among soft tissue: neighbours darker and brighter than it, and how much looks the same."""
    tissue, noise = median_and_spread(scene.hu[scene.core != 0], 40.0, 20.0)
    around = scene.hu[
        (scene.outside_mm < 0) & (scene.away_mm > scene.radius_mm) & (scene.away_mm < SHELL_FAR * scene.radius_mm + 6)
    ]
    noise = float(np.clip(noise, *NOISE_HU[False]))
    apart = max(2.5 * noise, 30.0)
    dark, bright = around[around < tissue - apart], around[around > tissue + apart]
    least = max(FEW, 0.04 * around.size)
    low = float(np.median(dark)) if dark.size >= least else None
    high = float(np.median(bright)) if bright.size >= least else None
    same = 1.0 - (dark.size + bright.size) / around.size if around.size >= FEW else 1.0
    return Appearance(False, tissue, noise, low, high, tissue, 0.0, float(np.clip(same, 0.05, 1.0)), hot, cold)


def median_and_spread(values: np.ndarray, median: float, spread: float) -> tuple[float, float]:
    """Median and robust standard deviation of values, or the given ones where there are too few."""
    if values.size < FEW:
        return (float(np.median(values)) if values.size else median), spread
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def uptake(scene: Scene, hot_ratio: float) -> tuple[float | None, float | None]:
    """SUV of the lesion and around it; None, None without PET or where they do not differ."""
    if scene.suv is None:
        return None, None
    inside = scene.suv[(scene.away_mm <= max(scene.radius_mm, 3.0)) | (scene.core != 0)]
    around = scene.suv[(scene.away_mm > 1.6 * scene.radius_mm + 6.0)]
    if not inside.size or around.size < FEW:
        return None, None
    hot, cold = float(np.quantile(inside, 0.98)), max(float(np.median(around)), 0.05)
    return (hot, cold) if hot >= hot_ratio * cold else (None, None)
