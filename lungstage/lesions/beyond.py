"""A lesion's shapes and the PET in, how much of its uptake lies in what surrounds it, more than blur can have carried there, out.

A tumour that only leans on the chest wall leaves the wall cold; one that has grown into it does not, although the CT, to which
muscle and tumour are alike, draws its border along the inside of the ribs. What blur carries over the border is worked out
from the shape; what breathing, or a shape drawn too small, does is seen on the side of the lung and is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import ShapeSamples
from .malignancy import FWHM_PER_SIGMA
from .survey import Survey
from .uptake import UNEXPECTED_SHARE

UPPER = 0.9  # of the blocks of a place: growth fills a part of what lies beside the lesion
LEAST_BLOCKS = 8  # fewer say nothing of a place


@dataclass(frozen=True, eq=False)
class Beyond:
    """Blocks that lie outside of lung and airway, a few millimetres off the shape.

    points_mm   float (n, 3) LPS of their centres
    excess      float (n): uptake beyond what blur explains, as a share of the lesion's own over its surroundings
    usual       what the same measure is on the side of the lung, where nothing can have grown into anything
    """

    points_mm: np.ndarray
    excess: np.ndarray
    usual: float

    def of(self, here: np.ndarray) -> float | None:
        """The excess of a place, bool (n), over the usual one; None where too little of it lies near the lesion."""
        if np.count_nonzero(here) < LEAST_BLOCKS:
            return None
        return max(float(np.quantile(self.excess[here], UPPER)) - self.usual, 0.0)


def uptake_beyond(samples: ShapeSamples, spill: np.ndarray, survey: Survey) -> Beyond | None:
    """Uptake around a lesion; None without PET, or where the lesion is not clearly hotter than what surrounds it.

    spill   (n, 3) search blocks of other foci: what is hot there is not this lesion's
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    search, numbers = survey.search, survey.numbers.contacts
    if survey.study.pet is None or survey.normal.z_pet is None:
        return None
    nearest, furthest = numbers.beyond_mm
    low, share = shape_on_blocks(samples, survey, 2.0 * furthest - nearest)  # as wide a band again shows the surroundings
    inside = share >= 0.5
    if not inside.any():
        return None
    spacing = np.array(search.grid.spacing_mm)
    here = tuple(slice(start, start + n) for start, n in zip(low, share.shape))
    points = search.points_mm(np.moveaxis(np.indices(share.shape), 0, -1) + low)
    suv, unexpected, known = pet_at(points, survey)
    known = known & ~near_others(spill, low, share.shape, spacing, nearest)
    blurred = gaussian_filter(share, survey.numbers.malignancy.pet_blur_mm / FWHM_PER_SIGMA / spacing)
    away = distance_transform_edt(~inside, sampling=spacing)
    lung = search.hull[here] > 0
    outside = known & ~lung & ~search.airway[here] & search.body[here]
    beside = suv[outside & (away > furthest)]
    ground = float(np.median(beside)) if len(beside) else 0.0
    # the uptake that, blurred, shows in the lesion what is seen there
    own = float((suv * blurred)[inside].sum() / (blurred[inside] ** 2).sum())
    if own < numbers.beyond_over * max(ground, 1e-6):
        return None
    excess = np.where(unexpected | lung, (suv - ground) / (own - ground) - blurred, 0.0)
    band = (away > nearest) & (away <= furthest)
    free = excess[band & known & search.lung[here] & lung]
    usual = float(np.quantile(free, UPPER)) if len(free) >= LEAST_BLOCKS else 0.0
    return Beyond(points[band & outside], excess[band & outside], max(usual, 0.0))


def near_others(spill: np.ndarray, low: np.ndarray, shape: tuple[int, ...], spacing_mm, reach_mm: float) -> np.ndarray:
    """bool (shape): blocks of a box, from index `low` on, within reach of the blocks of `spill`, (n, 3)."""
    from scipy.ndimage import distance_transform_edt

    others = np.zeros(shape, bool)
    held = spill[np.all((spill >= low) & (spill < low + shape), axis=1)] - low
    others[tuple(held.T)] = True
    return distance_transform_edt(~others, sampling=spacing_mm) <= reach_mm if len(held) else others


def shape_on_blocks(samples: ShapeSamples, survey: Survey, margin_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Index of the first search block of a box around the shape, and the share of the median shape in each of its blocks."""
    grid = survey.search.grid
    points = samples.box.to_mm(np.argwhere(samples.probability() >= 0.5))
    index = np.rint(grid.to_index(points)).astype(int)
    index = index[np.all((index >= 0) & (index < grid.shape), axis=1)]
    if not len(index):
        return np.zeros(3, int), np.zeros((1, 1, 1))
    margin = np.ceil(margin_mm / np.array(grid.spacing_mm)).astype(int)
    low = np.maximum(index.min(axis=0) - margin, 0)
    high = np.minimum(index.max(axis=0) + margin + 1, grid.shape)
    share = np.zeros(tuple(high - low))
    np.add.at(share, tuple((index - low).T), samples.box.voxel_ml / grid.voxel_ml)
    return low, np.minimum(share, 1.0)


def pet_at(points: np.ndarray, survey: Survey) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At points (..., 3): SUV, whether it is more than physiology of the place explains, and whether the PET was taken there."""
    from scipy.ndimage import map_coordinates

    pet, search = survey.study.pet, survey.numbers.search
    last = np.array(pet.grid.shape) - 1
    index = pet.grid.to_index(points)
    suv = map_coordinates(pet.values, np.moveaxis(index, -1, 0), order=1, mode="nearest")
    z = survey.normal.z_pet[tuple(np.moveaxis(np.rint(index).astype(int).clip(0, last), -1, 0))]
    return suv, z >= UNEXPECTED_SHARE * search.focus_z, np.all((index >= 0) & (index <= last), axis=-1)
