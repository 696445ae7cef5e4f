"""PET and anatomy in, the patient's own blood pool, heart, liver, marrow and lung out, as logarithms of SUV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Anatomy, Spread
from .compartments import Shares
from .lattice import Lattice
from .parameters import NormalityParameters

LEAST_POINTS = 4
MEASURED_SIGMA = 0.08  # no measurement is believed more than this
VERTEBRA = 85
CORE_SHARE = 0.9  # of the highest probability a region reaches in this patient
MOST_POINTS = 20_000
HOT_QUANTILE, HOT_STEPS = 0.97, 1.88
BODY_QUANTILE = 0.8  # of a vertebra by volume: the middle of its body
WALL = ("chest_wall", "back")


@dataclass(frozen=True)
class References:
    """Natural logarithm of SUV and its spread, of what other uptake is a multiple of."""

    blood: float
    blood_sigma: float
    heart: float
    heart_sigma: float
    liver: float
    liver_sigma: float
    marrow: float
    marrow_sigma: float
    wall: float
    wall_sigma: float
    lung: float

    def unit(self, name: str) -> tuple[float, float]:
        """Log SUV and spread of a unit of regions.csv; SUV itself is log 1, certain."""
        units = {
            "blood": (self.blood, self.blood_sigma),
            "heart": (self.heart, self.heart_sigma),
            "liver": (self.liver, self.liver_sigma),
            "marrow": (self.marrow, self.marrow_sigma),
            "wall": (self.wall, self.wall_sigma),
            "suv": (0.0, 0.0),
        }
        return units[name]


def measure_references(
    suv: np.ndarray, shares: Shares, lattice: Lattice, anatomy: Anatomy, numbers: NormalityParameters
) -> References:
    """Medians where the anatomy and the masks say so, drawn towards the priors as far as they are uncertain."""
    logs = np.log(np.maximum(suv, 1e-3))

    def level(region, prior, sigma):
        return settle(logs[surest_voxels(region, shares, lattice, anatomy, numbers.seen_probability)], prior, sigma)

    blood, blood_sigma = level("aorta", np.log(numbers.blood_suv), numbers.blood_sigma)
    heart, heart_sigma = measure_heart(
        logs[surest_voxels("heart", shares, lattice, anatomy, numbers.seen_probability)], blood, numbers
    )
    liver, liver_sigma = level("liver", np.log(numbers.liver_suv), numbers.liver_sigma)
    marrow, marrow_sigma = settle(marrow_by_slice(logs, shares), blood + np.log(numbers.marrow_of_blood), numbers.marrow_sigma)
    likely = sum(
        (lattice.probabilities[:, k] for k, name in enumerate(lattice.names) if name.startswith(WALL)), np.zeros(lattice.size)
    )
    points = lattice.at_lattice(logs)[(likely > numbers.seen_probability) & (lattice.at_lattice(shares.soft * shares.body) > 0.9)]
    wall, wall_sigma = settle(points, blood + np.log(numbers.wall_of_blood), numbers.wall_sigma)
    lung = measure_lung(logs, shares, blood, numbers)
    return References(blood, blood_sigma, heart, heart_sigma, liver, liver_sigma, marrow, marrow_sigma, wall, wall_sigma, lung)


def marrow_by_slice(logs: np.ndarray, shares: Shares) -> np.ndarray:
    """What the marrow of the vertebrae takes up in every slice: their bodies, not arches and processes, whose bone is thin.

    Busy marrow glows in all of them, a metastasis in a few slices.
    """
    here = (shares.bone_code == VERTEBRA) & (shares.bone > 0.8)
    rows = (plane[inside] for plane, inside in zip(logs, here) if np.count_nonzero(inside) >= LEAST_POINTS)
    return np.array([np.quantile(row, BODY_QUANTILE) for row in rows])


def surest_voxels(
    region: str, shares: Shares, lattice: Lattice, anatomy: Anatomy, least_probability: float
) -> tuple[np.ndarray, ...]:
    """Index of the voxels inside the CT's body that are most surely a region: its core, not its rim.

    The rim of an aorta is half fat or lung, and its blob may lie a little beside it.
    """
    if region not in lattice.names:
        return np.nonzero(np.zeros(shares.soft.shape, bool))
    column = lattice.names.index(region)
    likely = (lattice.spread_out(lattice.probabilities[:, column]) > least_probability / 2) & shares.body & (shares.soft > 0.9)
    index = np.argwhere(likely)
    if not len(index):
        return np.nonzero(likely)
    index = index[:: len(index) // MOST_POINTS + 1]
    sure = anatomy.region_probability(shares.grid.to_mm(index))[:, column]
    return tuple(index[sure >= max(least_probability, CORE_SHARE * sure.max())].T)


def settle(values: np.ndarray, prior: float, prior_sigma: float) -> tuple[float, float]:
    """Median of values and prior, weighed by their precision: (level, spread). Too few values leave the prior."""
    if len(values) < LEAST_POINTS:
        return float(prior), float(prior_sigma)
    median = np.median(values)
    scatter = 1.4826 * np.median(abs(values - median))
    # scatter much above noise says that the place is not one tissue, so the median is believed less
    sigma = np.hypot(MEASURED_SIGMA, scatter / 3)
    weight = prior_sigma**2 / (prior_sigma**2 + sigma**2)
    return float(weight * median + (1 - weight) * prior), float(sigma * np.sqrt(weight))


def measure_heart(values: np.ndarray, blood: float, numbers: NormalityParameters) -> tuple[float, float]:
    """(level, spread) between the middle and the hottest of the heart: in some patients its muscle glows, in others not."""
    if len(values) < LEAST_POINTS:
        return blood + float(np.log(numbers.heart_of_blood)), numbers.heart_sigma
    middle, hot = np.quantile(values, (0.5, HOT_QUANTILE))
    level = float(max((middle + hot) / 2, blood))
    return level, max((float(hot) - level) / HOT_STEPS, numbers.heart_cold_sigma)


def measure_lung(logs: np.ndarray, shares: Shares, blood: float, numbers: NormalityParameters) -> float:
    """Log SUV in the middle of the lungs: of each side apart, the lower one, for disease only adds."""
    prior = blood + np.log((numbers.lung_front_of_blood + numbers.lung_back_of_blood) / 2)
    inside = shares.lung > 0.99
    if not inside.any():
        return float(prior)
    columns = np.nonzero(inside)[2]
    right = columns < np.median(columns)
    values = logs[inside]
    return min(settle(values[side], prior, numbers.lung_sigma)[0] for side in (right, ~right))


def log_normal(level: float, sigma: float) -> Spread:
    """The Spread of exp(level + sigma * normal)."""
    mean = float(np.exp(level + sigma**2 / 2))
    q05, q50, q95 = (float(np.exp(level + step * sigma)) for step in (-1.6449, 0.0, 1.6449))
    return Spread(mean, float(mean * np.sqrt(np.expm1(sigma**2))), q05, q50, q95)
