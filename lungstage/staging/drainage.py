"""A lobe in, every pattern of involved stations out, with its N and its probability.

A station is seeded by the tumour itself (leak) or by an involved station before it (edge): a noisy OR. All 2^n patterns
(n at most 16) are listed; the table P(N | T) is put on later, so here each pattern has its share within its own N.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..records.names import STATIONS
from ..tnm import n_of_station, read_edition
from .parameters import N_FINE, StagingParameters

SIZE_STEP = 0.5
"""Sizes are rounded to this step of ln mm: within one N the pattern hardly depends on size."""
SIZES_MM = (8.0, 120.0)


@dataclass(frozen=True, eq=False)
class Patterns:
    """All patterns of one lobe's stations.

    bits     (p, n) float, 1 where involved, columns in the order of the drainage
    n_class  (p) position in N_FINE
    detail   (p) 6 * [any N1 station] + 2 * min(number of N2 stations, 2) + [any N3 station]
    zones    (n) "N1", "N2" or "N3" of each station for a tumour in this lobe
    """

    bits: np.ndarray
    n_class: np.ndarray
    detail: np.ndarray
    zones: tuple[str, ...]


DETAILS = 12


def n_of_detail() -> np.ndarray:
    """Position in N_FINE of each detail of Patterns (12)."""
    detail = np.arange(DETAILS)
    any_n1, n2, any_n3 = detail // 6, detail % 6 // 2, detail % 2
    return np.where(any_n3, 4, np.where(n2 == 2, 3, np.where(n2 == 1, 2, any_n1)))


@lru_cache(maxsize=32)
def patterns_of(parameters: StagingParameters, lobe: str) -> Patterns:
    """The patterns of a lobe's drainage."""
    names = [STATIONS[k] for k in parameters.drainage[lobe].stations]
    side = lobe.split("_")[0]
    zones = tuple(n_of_station(name, side, read_edition()) for name in names)
    bits = (np.arange(2 ** len(names))[:, None] >> np.arange(len(names)) & 1).astype(np.float64)
    n1, n2, n3 = (bits[:, [zone == name for zone in zones]].sum(axis=1) for name in ("N1", "N2", "N3"))
    detail = (6 * (n1 > 0) + 2 * np.minimum(n2, 2) + (n3 > 0)).astype(np.intp)
    return Patterns(bits, n_of_detail()[detail], detail, zones)


def pattern_prior(parameters: StagingParameters, lobe: str, size_mm: float) -> np.ndarray:
    """(p) P(pattern | N of the pattern, lobe, size); sums to 1 within each of N_FINE."""
    low, high = np.log(SIZES_MM)
    step = round(float(np.clip(np.log(max(size_mm, 1e-3)), low, high)) / SIZE_STEP)
    return _pattern_prior(parameters, lobe, step)


@lru_cache(maxsize=64)
def _pattern_prior(parameters: StagingParameters, lobe: str, step: int) -> np.ndarray:
    numbers = parameters.numbers
    drainage = parameters.drainage[lobe]
    patterns = patterns_of(parameters, lobe)
    growth = np.exp(step * SIZE_STEP) / numbers.drainage_size_mm
    leaks = with_odds(drainage.leaks, growth**numbers.leak_size_power)
    edges = with_odds(drainage.edges, growth**numbers.edge_size_power)
    spared, passed = np.log1p(-leaks), np.log1p(-edges)
    # log P(pattern): each station given those before it, which stand before it in the order of the drainage; so the patterns
    # of the first stations are listed first, then once more with the next station involved
    log_p = np.zeros(1)
    for station in range(len(spared)):
        free = spared[station] + patterns.bits[: len(log_p), :station] @ passed[:station, station]
        log_p = np.concatenate([log_p + free, log_p + np.log(-np.expm1(free))])
    p = np.exp(log_p)
    margins = np.bincount(patterns.n_class, p, len(N_FINE))
    share = p / margins[patterns.n_class]
    share.flags.writeable = False
    return share


def with_odds(p: np.ndarray, factor: float) -> np.ndarray:
    """Probabilities with their odds multiplied."""
    return p * factor / (1 - p + p * factor)
