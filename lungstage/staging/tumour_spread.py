"""T, histology and traits of the primary in, prior of N and M out: the tables of priors/network with their odds."""

from __future__ import annotations

import numpy as np

from .parameters import StagingParameters


def nodes_probability(odds: np.ndarray, population: str, parameters: StagingParameters) -> np.ndarray:
    """P(N | T) (..., 9, 5) with the odds of any involved node multiplied by odds (..., 9), or (..., 1) for every T alike."""
    table = parameters.nodes_given_t[population]
    n0 = table[:, 0]
    spread = (1 - n0) / n0 * odds
    p_spread = spread / (1 + spread)
    tail = table[:, 1:] / (1 - n0)[:, None]
    return np.concatenate([(1 - p_spread)[..., None], p_spread[..., None] * tail], axis=-1)


def metastasis_probability(odds: np.ndarray, offset: float, parameters: StagingParameters) -> np.ndarray:
    """P(M1 | T, N) (..., 9, 5) with its odds multiplied by odds (..., 9) or (..., 1); offset is added to the log-odds."""
    log_odds = parameters.metastasis_given_t[:, None] + parameters.metastasis_given_n + offset + np.log(odds)[..., None]
    return 1 / (1 + np.exp(-log_odds))
