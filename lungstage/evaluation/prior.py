"""The network's tables in, what it says of a patient of whom nothing is seen out: T x N x M of one edition.

The sum is the network's own, over a scan that covers nothing, so that every category keeps its prior; only T, which
`infer_staging` would call TX there, is kept as the tables have it. They tell T of the 8th edition. The 7th parts tumours at
other sizes: T by size is parted as the sizes of the population are; what is left of a T, being there for a feature, keeps its
number.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from ..records import Facts, Lesions
from ..records.names import COVERED
from ..staging.editions import add_unseen, axes_of, lifted, placed
from ..staging.parameters import T_SPREAD, StagingParameters
from ..staging.posterior import Posterior, infer_posterior, read_patient
from ..staging.tumour import ranked
from ..tnm import read_edition, t_categories

SIZES = 2000
"""Quantiles of the population's sizes."""
SAME_NUMBER = {"T1mi": "T1a", "T1c": "T1b"}
"""T of the 7th edition for those of the 8th that it does not have."""


@lru_cache(maxsize=32)
def prior_joint(edition: int, parameters: StagingParameters, population: str = "clinic") -> np.ndarray:
    """(t, n, m) in the names of the edition; sums to 1."""
    blind = read_patient(Lesions(()), dict.fromkeys(COVERED, 0.0), Facts(population=population), parameters)
    posterior = infer_posterior(blind, in_detail=False)
    axes = axes_of(edition, parameters)
    unseen = parameters.numbers.unseen_primary
    by_t = t_by_t8(edition, population, parameters)[None]
    primary = np.zeros(len(posterior.rest), int)
    seen = placed(lifted(by_t, posterior.rest, primary, edition, parameters).sum(axis=0)[None], axes)[0]
    joint = (1.0 - unseen) * seen
    covered = replace(blind, scan=replace(blind.scan, lungs=1.0))
    add_unseen(joint, unseen * n_and_m(posterior), axes, covered)
    book = axes.book
    joint[book.t_names.index("T0"), book.n_names.index("N0"), book.m_names.index("M0")] += posterior.nobody
    return joint / joint.sum()


def n_and_m(posterior: Posterior) -> np.ndarray:
    """(5, 5) mass of N and M, whatever T."""
    return np.einsum("t,hstnm->nm", posterior.t8[0], posterior.rest)


def t_by_t8(edition: int, population: str, parameters: StagingParameters) -> np.ndarray:
    """(r, 9) P(T of the edition, by rank, and T of the 8th) of a primary before separate nodules are counted."""
    names, shares = ranked(edition, parameters), parameters.t_shares[population]
    table = np.zeros((len(names), len(T_SPREAD)))
    by_size = size_table(edition, population, parameters)
    for column, (t8, share) in enumerate(zip(T_SPREAD, shares, strict=True)):
        sized = by_size[:, column]
        kept = sized * min(1.0, share / sized.sum()) if sized.sum() > 0 else sized
        table[:, column] = kept
        table[names.index(t8 if t8 in names else SAME_NUMBER[t8]), column] += share - kept.sum()
    return table


def size_table(edition: int, population: str, parameters: StagingParameters) -> np.ndarray:
    """(r, 9) share of the population's solid tumours by T of the edition and of the 8th, from size alone."""
    people = parameters.populations[population]
    steps = (np.arange(SIZES) + 0.5) / SIZES
    sizes = np.exp(people.log_size + people.size_sd * np.array([NormalDist().inv_cdf(q) for q in steps]))
    names = ranked(edition, parameters)
    table = np.zeros((len(names), len(T_SPREAD)))
    found = [
        [read_edition(one, parameters.priors).t_names[k] for k in t_categories(sizes, sizes, {}, one, parameters.priors).category]
        for one in (edition, 8)
    ]
    for own, t8 in zip(*found, strict=True):
        table[names.index(own), T_SPREAD.index(t8)] += 1 / SIZES
    return table
