"""A measured number that can be wrong: mean, standard deviation and three quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """A distribution of one quantity, in the unit of the field that holds it; q05, q50, q95 are quantiles."""

    mean: float
    sd: float
    q05: float
    q50: float
    q95: float

    def __post_init__(self):
        if not all(np.isfinite([self.mean, self.sd, self.q05, self.q50, self.q95])) or self.sd < 0:
            raise ValueError(f"a spread needs finite numbers and sd >= 0: {self}")
        if not self.q05 <= self.q50 <= self.q95:
            raise ValueError(f"quantiles must not fall: {self}")

    @classmethod
    def of(cls, samples) -> Spread:
        """The spread of equally likely samples (n,), n >= 1."""
        samples = np.asarray(samples, dtype=np.float64)
        q05, q50, q95 = np.quantile(samples, (0.05, 0.5, 0.95))
        return cls(float(samples.mean()), float(samples.std()), float(q05), float(q50), float(q95))

    @classmethod
    def normal(cls, mean: float, sd: float) -> Spread:
        """The spread of a normal distribution."""
        return cls(float(mean), float(sd), float(mean - 1.6449 * sd), float(mean), float(mean + 1.6449 * sd))
