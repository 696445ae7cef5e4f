"""Parameters and Scan in, Reference out: how many malignant candidates of each sort the average patient shows.

A lesion's own base log-odds say how often candidates of its kind are malignant in the population the candidate finder was
fitted on. That is a prior already. Dividing by what the network expects of the average patient of that population (the
reference: clinic) leaves a likelihood, so that nothing is counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..records.names import LOBES, STATIONS
from .drainage import pattern_prior, patterns_of
from .parameters import StagingParameters
from .scan import Scan
from .tumour_spread import metastasis_probability

REFERENCE = "clinic"
CONTRALATERAL = 0
"""Position of contralateral_lung in organs.csv."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Expected malignant candidates in the average patient of the reference population, fully covered.

    lung        lesions of the lung: primaries, separate nodules, second primaries
    nodes       nodes of all stations together
    organs      (o) P(organ involved)
    shares      (3) of the lesions of the lung: primary, separate nodule, second primary
    separate    expected separate nodules found where there are any; contralateral: in the other lung
    """

    lung: float
    nodes: float
    organs: np.ndarray
    shares: np.ndarray
    separate: float
    contralateral: float


def average_patient(scan: Scan, parameters: StagingParameters) -> Reference:
    """The reference for a scan of this sort (with or without PET)."""
    numbers = parameters.numbers
    cancer = parameters.populations[REFERENCE].cancer
    t = parameters.t_shares[REFERENCE]
    n_given_t = parameters.nodes_given_t[REFERENCE]
    histologies = np.array([getattr(row, REFERENCE) for row in parameters.histologies])
    odds = np.array([row.odds_metastasis for row in parameters.histologies])
    m1 = float(np.einsum("t,tn,h,htn->", t, n_given_t, histologies, metastasis_probability(odds[:, None], 0.0, parameters)))
    involved = np.array([histologies @ organ.involved for organ in parameters.organs])
    contralateral = -np.log1p(-contralateral_found(parameters, scan.organ_sees_full[CONTRALATERAL]))
    nodules = numbers.same_lobe_nodules + numbers.other_lobe_nodules
    separate = nodules * numbers.nodules_seen + m1 * involved[CONTRALATERAL] * contralateral
    parts = cancer * np.array([1.0 - numbers.unseen_primary, separate, numbers.second_primary])
    return Reference(
        lung=float(parts.sum()),
        nodes=cancer * float(station_involvement(parameters) @ scan.nodes_found_full),
        organs=cancer * m1 * involved,
        shares=parts / parts.sum(),
        separate=numbers.nodules_seen,
        contralateral=float(contralateral),
    )


def contralateral_found(parameters: StagingParameters, sees: float) -> float:
    """P(metastases of the other lung show | there are some)."""
    organ = parameters.organs[CONTRALATERAL]
    return organ.single * sees + (1 - organ.single) * (1 - (1 - sees) ** organ.many)


@lru_cache(maxsize=8)
def station_involvement(parameters: StagingParameters) -> np.ndarray:
    """(20) P(station involved) in the average cancer patient of the reference population."""
    n = parameters.t_shares[REFERENCE] @ parameters.nodes_given_t[REFERENCE]
    involved = np.zeros(len(STATIONS))
    for lobe, share in zip(LOBES, parameters.lobe_share):
        patterns = patterns_of(parameters, lobe)
        prior = pattern_prior(parameters, lobe, parameters.numbers.drainage_size_mm)
        involved[list(parameters.drainage[lobe].stations)] += share * ((prior * n[patterns.n_class]) @ patterns.bits)
    return involved
