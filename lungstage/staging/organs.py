"""Lesions of organs in, the likelihood of each M out, for every histology, N3 or not, T4 or not.

Metastases of an organ are one, or two and more. How many of them are found is thinned by what the scan sees; which of the
organ's lesions they are is summed by a dynamic programme over the lesions (elementary symmetric polynomials).
The table of M categories is put on last: within one M, organs are involved as organs.csv says, some pairs together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import lgamma

import numpy as np

from .assignment import Assignments, share_of
from .evidence import FIRST_ORGAN, Evidence
from .facts import Findings
from .parameters import HISTOLOGIES, M_FINE, StagingParameters
from .reference import CONTRALATERAL, Reference
from .scan import Scan

MOST_FOUND = 30
MOST_THERE = 120
NOT_NOTHING = 0.05
THORAX = "thorax"


@dataclass(frozen=True, eq=False)
class OrganLevels:
    """Likelihood of an organ's lesions for every combination of doubtful lesions (c), organs (o) without contralateral_lung.

    none, single, many   (c, o) not involved, one metastasis, two or more
    """

    none: np.ndarray
    single: np.ndarray
    many: np.ndarray


def organ_levels(
    evidence: Evidence,
    assignments: Assignments,
    findings: Findings,
    scan: Scan,
    reference: Reference,
    parameters: StagingParameters,
    benign: int | None = None,
) -> OrganLevels:
    """The levels of every organ; benign: position of a lesion taken for benign, to learn how probable that is."""
    count = len(parameters.organs)
    levels = np.ones((3, len(assignments.columns), count))
    for o in range(count):
        if o != CONTRALATERAL:
            levels[:, :, o] = levels_of(o, evidence, assignments, scan, reference, parameters, benign)
            levels[0, :, o] *= findings.organs[o, 0]
            levels[1:, :, o] *= findings.organs[o, 1]
    return OrganLevels(*levels)


def levels_of(o, evidence, assignments, scan, reference, parameters, benign) -> np.ndarray:
    """(3, c) none, single, many of one organ."""
    column = FIRST_ORGAN + o
    fixed = list(assignments.of_column(column))
    used = assignments.columns == column
    if not used.any():
        found = organ_likelihood(o, fixed, evidence, assignments, scan, reference, parameters, benign)
        return np.repeat(np.array(found)[:, None], len(used), axis=1)
    patterns, which = np.unique(used, axis=0, return_inverse=True)
    found = np.zeros((3, len(patterns)))
    for row, pattern in enumerate(patterns):
        lesions = fixed + [int(k) for k in assignments.doubtful[pattern]]
        found[:, row] = organ_likelihood(o, lesions, evidence, assignments, scan, reference, parameters, benign)
    return found[:, which.reshape(-1)]


def organ_likelihood(o, lesions, evidence, assignments, scan, reference, parameters, benign) -> tuple[float, float, float]:
    """none, single, many for the lesions that lie in one organ."""
    organ = parameters.organs[o]
    full = scan.organ_sees_full[o]
    sees = scan.organ_sees[o] if not lesions else max(scan.organ_sees[o], NOT_NOTHING * full)
    share = np.array([share_of(evidence, assignments, k, FIRST_ORGAN + o) for k in lesions])
    good = evidence.good[lesions] * share
    average = (organ.single + (1 - organ.single) * organ.many) * sees
    rate = 1.0 / (reference.organs[o] * average**parameters.numbers.organ_count_power) if average > 0 else 0.0
    bad = evidence.bad_as(FIRST_ORGAN + o)[lesions] * share * rate * evidence.crowd[FIRST_ORGAN + o]
    bad = np.where(np.array(lesions) == benign, 0.0, bad) if benign is not None else bad
    ways = symmetric_sums(good, bad)
    single = (1 - sees) * ways[0] + (sees * ways[1] if len(ways) > 1 else 0.0)
    many = float(
        ways
        @ (
            found_of_many(organ.many, parameters.numbers.metastases_dispersion, float(sees))[: len(ways)]
            * factorials()[: len(ways)]
        )
    )
    return float(ways[0]), float(single), many


def symmetric_sums(good: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """(m + 1) sum over all choices of j malignant lesions of the product of their `bad` and the others' `good`."""
    ways = np.zeros(min(len(good), MOST_FOUND) + 1)
    ways[0] = 1.0
    for g, b in zip(good, bad):
        ways[1:] = ways[1:] * g + ways[:-1] * b
        ways[0] *= g
    return ways


@lru_cache(maxsize=1)
def factorials() -> np.ndarray:
    """0! to MOST_FOUND!"""
    return np.exp([lgamma(n + 1) for n in range(MOST_FOUND + 1)])


@lru_cache(maxsize=512)
def found_of_many(mean: float, dispersion: float, sees: float) -> np.ndarray:
    """P(n found), n = 0 .. MOST_FOUND, of two or more metastases of this mean number, each found with probability `sees`."""
    extra = max(mean - 2.0, 1e-6)
    beyond = np.arange(MOST_THERE)
    log_p = log_gamma(beyond + dispersion) - log_gamma(beyond + 1.0)
    log_p += beyond * np.log(extra / (dispersion + extra))
    p_there = np.exp(log_p - log_p.max())
    sees = min(max(sees, 1e-12), 1 - 1e-12)
    there, found = beyond[:, None] + 2, np.arange(MOST_FOUND + 1)
    log_found = found * np.log(sees) + (there - found) * np.log1p(-sees)
    ways = log_gamma(there + 1.0) - log_gamma(found + 1.0) - log_gamma(np.maximum(there - found, 0) + 1.0)
    thinned = np.where(found <= there, np.exp(ways + log_found), 0.0)
    return p_there / p_there.sum() @ thinned


log_gamma = np.vectorize(lgamma, otypes=[float])


@lru_cache(maxsize=32)
def organ_odds(parameters: StagingParameters) -> np.ndarray:
    """(h, 2, 2, o) prior odds that an organ is involved given M1: by histology, N3 or not, T4 or not."""
    involved = np.array([organ.involved for organ in parameters.organs]).T
    odds = involved / (1 - involved)
    n3 = np.array([organ.given_n3 for organ in parameters.organs])
    t4 = np.array([organ.given_t4 for organ in parameters.organs])
    table = np.ones((len(HISTOLOGIES), 2, 2, len(parameters.organs)))
    for i in range(2):
        for j in range(2):
            table[:, i, j] = odds * n3**i * t4**j
    return table


def m_likelihood(levels: OrganLevels, parameters: StagingParameters) -> np.ndarray:
    """(c, h, n3, t4, contra, 5): P(lesions of the organs, separate nodules of the other lung or not | M)."""
    return m_weights(levels, parameters) / m_prior(parameters)


@lru_cache(maxsize=8)
def m_prior(parameters: StagingParameters) -> np.ndarray:
    """(1, h, n3, t4, 1, 5) prior weight of all sets of organs of each M."""
    trivial = OrganLevels(*(np.ones((1, len(parameters.organs))) for _ in range(3)))
    return m_weights(trivial, parameters).sum(axis=4, keepdims=True)


def m_weights(levels: OrganLevels, parameters: StagingParameters) -> np.ndarray:
    """(c, h, n3, t4, contra, 5) prior weight of all sets of organs of each M, times their likelihood."""
    organs = parameters.organs
    odds = organ_odds(parameters)
    single_share = np.array([organ.single for organ in organs])
    none = levels.none[:, None, None, None, :]
    single = levels.single[:, None, None, None, :] * (odds * single_share)
    many = levels.many[:, None, None, None, :] * (odds * (1 - single_share))
    chest = [o for o, organ in enumerate(organs) if organ.system == THORAX and o != CONTRALATERAL]
    far = [o for o, organ in enumerate(organs) if organ.system != THORAX]
    contra = odds[..., CONTRALATERAL]
    chest_none = none[..., chest].prod(axis=-1)
    chest_any = (none[..., chest] + single[..., chest] + many[..., chest]).prod(axis=-1) - chest_none
    none_far, one, several, systems = far_weights(none[..., far], single[..., far], many[..., far], far, parameters)
    weights = np.zeros((*np.broadcast_shapes(one.shape, contra.shape), 2, len(M_FINE)))
    weights[..., 0, 0] = chest_none * none_far
    weights[..., 0, 1] = chest_any * none_far
    weights[..., 1, 1] = contra * (chest_none + chest_any) * none_far
    for m, part in ((2, one), (3, several), (4, systems)):
        weights[..., 0, m] = (chest_none + chest_any) * part
        weights[..., 1, m] = contra * (chest_none + chest_any) * part
    return weights


def far_weights(none, single, many, far, parameters):
    """Weights of no organ, one metastasis, several in one organ, several organs; arrays (..., o) of organs beyond the chest."""
    none = np.broadcast_to(none, single.shape)
    nothing = none.prod(axis=-1)
    others = np.stack([np.delete(none, k, axis=-1).prod(axis=-1) for k in range(len(far))], axis=-1)
    one = (others * single).sum(axis=-1)
    several = (others * many).sum(axis=-1)
    everything = sets_of_organs(none, single + many, far, parameters)
    return nothing, one, several, np.maximum(everything - nothing - one - several, 0.0)


def sets_of_organs(none, some, far, parameters) -> np.ndarray:
    """Sum over all sets of involved organs, with the pairs of organ_pairs.csv favoured."""
    names = [parameters.organs[o].organ for o in far]
    pairs = [(names.index(a), names.index(b), np.exp(w)) for a, b, w in parameters.organ_pairs]
    paired = sorted({k for a, b, _ in pairs for k in (a, b)})
    alone = [k for k in range(len(names)) if k not in paired]
    total = 0.0
    for code in range(2 ** len(paired)):
        inside = {k for position, k in enumerate(paired) if code >> position & 1}
        weight = np.prod([factor for a, b, factor in pairs if a in inside and b in inside])
        part = [some[..., k] if k in inside else none[..., k] for k in paired]
        total = total + weight * np.prod(part, axis=0)
    return total * (none[..., alone] + some[..., alone]).prod(axis=-1)
