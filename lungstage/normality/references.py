"""PET and anatomy in, the patient's own blood pool, liver, marrow and lung out, as logarithms of SUV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Spread
from .compartments import Shares
from .lattice import Lattice
from .parameters import NormalityParameters

LEAST_POINTS = 4
MEASURED_SIGMA = 0.1  # no measurement is believed more than this
VERTEBRA = 85


@dataclass(frozen=True)
class References:
    """Natural logarithm of SUV and its spread, of what other uptake is a multiple of."""

    blood: float
    blood_sigma: float
    liver: float
    liver_sigma: float
    marrow: float
    marrow_sigma: float
    lung: float

    def unit(self, name: str) -> tuple[float, float]:
        """Log SUV and spread of a unit of regions.csv; SUV itself is log 1, certain."""
        units = {
            "blood": (self.blood, self.blood_sigma),
            "liver": (self.liver, self.liver_sigma),
            "marrow": (self.marrow, self.marrow_sigma),
            "suv": (0.0, 0.0),
        }
        return units[name]


def measure_references(suv: np.ndarray, shares: Shares, lattice: Lattice, numbers: NormalityParameters) -> References:
    """Medians where the anatomy and the masks say so, drawn towards the priors as far as they are uncertain."""
    logs = np.log(np.maximum(suv, 1e-3))
    soft = lattice.at_lattice(shares.soft) > 0.9
    points = lattice.at_lattice(logs)

    def where(*regions):
        likely = sum(lattice.probabilities[:, k] for k, name in enumerate(lattice.names) if name in regions)
        return points[soft & (likely > numbers.seen_probability)]

    blood, blood_sigma = settle(where("aorta"), np.log(numbers.blood_suv), numbers.blood_sigma)
    liver, liver_sigma = settle(where("liver"), np.log(numbers.liver_suv), numbers.liver_sigma)
    vertebrae = logs[(shares.bone_code == VERTEBRA) & (shares.bone > 0.8)]
    marrow, marrow_sigma = settle(vertebrae, blood + np.log(numbers.marrow_of_blood), numbers.marrow_sigma)
    return References(
        blood, blood_sigma, liver, liver_sigma, marrow, marrow_sigma, measure_lung(logs, shares, blood, numbers)
    )  # fmt: skip


def settle(values: np.ndarray, prior: float, prior_sigma: float) -> tuple[float, float]:
    """Median of values and prior, weighed by their precision: (level, spread). Too few values leave the prior."""
    if len(values) < LEAST_POINTS:
        return float(prior), float(prior_sigma)
    median = np.median(values)
    scatter = 1.4826 * np.median(abs(values - median))
    # scatter much above noise says that the place is not one tissue, so the median is believed less
    sigma = np.hypot(MEASURED_SIGMA, scatter / 2)
    weight = prior_sigma**2 / (prior_sigma**2 + sigma**2)
    return float(weight * median + (1 - weight) * prior), float(sigma * np.sqrt(weight))


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
