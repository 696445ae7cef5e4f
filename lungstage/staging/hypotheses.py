"""Evidence in, Hypotheses out: which lesion could be the primary, in which lobe, and which one a second primary.

The last hypotheses of the list are those of a primary that is not seen, one for each lobe. That there is no lung cancer is
not among them: then every lesion is benign, which takes one product (posterior.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assignment import Assignments
from .evidence import LUNG, Evidence
from .facts import Findings
from .parameters import T_SPREAD, StagingParameters
from .reference import Reference
from .scan import Scan

UNSEEN = -1
NOBODY = -2
PRIMARY, SEPARATE, SECOND = 0, 1, 2
SMALL = 0.05
"""About how probable it is that a malignant lesion is something else than the primary, for the choice of hypotheses."""
SECOND_FROM = 0.01
PAIR_FROM = 0.003
MOST_SECONDS = 6
SUV_LIMIT = 2.0
"""Doublings of uptake beyond the usual that count at most, either way."""


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Hypotheses (h) that there is a lung cancer.

    primary, second   (h) position of the lesion; UNSEEN, NOBODY
    lobe              (h) position in LOBES
    weight            (h) prior times likelihood of the primary's (and second's) own images
    size_factor       (k, 3) P(size | role) / P(size | malignant lesion of the lung): primary, separate nodule, second primary
    histology         (h, 6) P(histology | traits of the primary, facts)
    odds_nodes        (h, 6, 9) odds of any involved node; odds_metastasis (h, 6, 9): of M1
    """

    primary: np.ndarray
    second: np.ndarray
    lobe: np.ndarray
    weight: np.ndarray
    beside: np.ndarray
    size_factor: np.ndarray
    histology: np.ndarray
    odds_nodes: np.ndarray
    odds_metastasis: np.ndarray


def list_hypotheses(
    evidence: Evidence,
    traits: PrimaryTraits,
    assignments: Assignments,
    population: str,
    scan: Scan,
    reference: Reference,
    parameters: StagingParameters,
) -> Hypotheses:
    """All hypotheses that are not negligible."""
    numbers, people = parameters.numbers, parameters.populations[population]
    factor = size_factors(evidence, population, reference, parameters)
    seen = (1.0 - numbers.unseen_primary) * scan.lungs
    lung = np.where(assignments.fixed == LUNG, 1.0, np.where(assignments.fixed < 0, evidence.primary, 0.0))
    ground = evidence.bad_as(LUNG) * np.where(evidence.primary > 0, lung, 0.0) * evidence.crowd[LUNG] / reference.lung
    alone = people.cancer * (1.0 - numbers.unseen_primary) * ground * factor[:, PRIMARY]
    second = numbers.second_primary * ground * evidence.nodule * factor[:, SECOND]
    rows = [(UNSEEN, NOBODY, lobe, people.cancer * (1.0 - seen) * share) for lobe, share in enumerate(parameters.lobe_share)]
    pairs = pairs_of(alone, second, evidence)
    for i in kept(alone, evidence, numbers.kept_mass):
        for lobe in np.flatnonzero(evidence.lobes[i]):
            own = alone[i] * evidence.lobes[i, lobe]
            rows.append((i, NOBODY, lobe, own * (1.0 - numbers.second_primary)))
            rows += [(i, k, lobe, own * second[k]) for k in np.flatnonzero(pairs[i])]
    primary, other, lobe = (np.array([row[c] for row in rows], int) for c in range(3))
    weight = np.array([row[3] for row in rows], float)
    histology = np.array([traits.histology[i] for i in primary])
    rate = numbers.second_primary * factor[:, SECOND] * evidence.crowd[LUNG] / reference.lung
    beside = np.where((primary >= 0)[:, None] & ~pairs[primary], rate, 0.0) if len(rate) else np.zeros((len(primary), 0))
    return Hypotheses(
        primary, other, lobe, weight, beside, factor, histology,
        np.array([traits.odds_nodes[i] for i in primary]), np.array([traits.odds_metastasis[i] for i in primary]),
    )  # fmt: skip


def kept(weight: np.ndarray, evidence: Evidence, share: float) -> np.ndarray:
    """Lesions whose hypothesis can matter: weight as the primary against being something else or benign."""
    worth = weight / np.maximum(evidence.good + evidence.bad * SMALL, 1e-300)
    return np.flatnonzero((weight > 0) & (worth >= share * worth.max(initial=0.0)))


def pairs_of(alone: np.ndarray, second: np.ndarray, evidence: Evidence) -> np.ndarray:
    """(k, k) which second primary (column) is worth a hypothesis beside which primary (row)."""
    other = np.maximum(evidence.good + evidence.bad * SMALL, 1e-300)
    worth, worth_second = alone / other, second / other
    order = np.argsort(-worth_second, kind="stable")[:MOST_SECONDS]
    likely = np.isin(np.arange(len(second)), order) & (worth_second >= SECOND_FROM)
    pairs = likely & (worth[:, None] * worth_second >= PAIR_FROM * worth.max(initial=0.0)) & (worth > 0)[:, None]
    np.fill_diagonal(pairs, False)
    return pairs


def size_factors(evidence: Evidence, population: str, reference: Reference, parameters: StagingParameters) -> np.ndarray:
    """(k, 3) of Hypotheses.size_factor; what a malignant lesion of the lung is in the reference population lies below."""
    numbers = parameters.numbers
    average = parameters.populations["clinic"]
    separate = numbers.separate_log_size, numbers.separate_size_sd
    second = numbers.second_log_size, numbers.second_size_sd
    shapes = [(average.log_size, average.size_sd), separate, second]
    mixture = sum(share * normal(evidence.log_size, *shape) for share, shape in zip(reference.shares, shapes))
    people = parameters.populations[population]
    roles = [(people.log_size, people.size_sd), separate, second]
    return np.stack([normal(evidence.log_size, *shape) / mixture for shape in roles], axis=1)


def normal(x: np.ndarray, mean: float, sd: float) -> np.ndarray:
    """Normal density, with a floor far out so that no size is impossible."""
    return np.exp(-0.5 * np.minimum(((x - mean) / sd) ** 2, 60.0)) / sd


@dataclass(frozen=True, eq=False)
class PrimaryTraits:
    """What each lesion (k) would say of the disease if it were the primary; the last row is of a primary not seen."""

    histology: np.ndarray
    odds_nodes: np.ndarray
    odds_metastasis: np.ndarray


def primary_traits(
    lesions, evidence: Evidence, findings: Findings, population: str, parameters: StagingParameters
) -> PrimaryTraits:
    """Histology from size, uptake and place; the odds of spread from histology, density, uptake and place."""
    rows = parameters.histologies
    prior = np.array([getattr(row, population) for row in rows]) * findings.histologies
    if findings.never_smoked:
        prior = prior * [row.never_smoker for row in rows]
    histology, nodes, metastasis = [], [], []
    for k, lesion in enumerate(lesions):
        log_suv = uptake_at_30mm(lesion, evidence.log_size[k], parameters)
        central = is_central(lesion, parameters)
        seen = prior * [fit_of(row, evidence.log_size[k], log_suv, central) for row in rows]
        own = seen / seen.sum()
        histology.append(own)
        more_nodes, more_metastasis = density_odds(lesion, parameters)
        more_nodes = more_nodes * uptake_odds(log_suv, own, parameters)
        more_nodes = more_nodes * (1.0 + central * (parameters.numbers.central_odds_nodes - 1.0))
        nodes.append(more_nodes)
        metastasis.append(more_metastasis)
    plain = np.ones(len(T_SPREAD))
    by_histology = np.array([[row.odds_nodes, row.odds_metastasis] for row in rows])
    return PrimaryTraits(
        np.array([*histology, prior / prior.sum()]),
        by_histology[:, :1] * np.array([*nodes, plain])[:, None, :],
        by_histology[:, 1:] * np.array([*metastasis, plain])[:, None, :],
    )


def fit_of(row, log_size: float, log_suv: float | None, central: float) -> float:
    """P(size, uptake, place | histology)."""
    fit = normal(log_size, row.log_size, row.size_sd)
    if log_suv is not None:
        fit = fit * normal(log_suv, row.log_suv, row.suv_sd)
    return float(fit * (1.0 + central * (row.central - 1.0)))


def uptake_at_30mm(lesion, log_size: float, parameters: StagingParameters) -> float | None:
    """ln SUVmax as it would be at 30 mm, or None where it is not told in body weight."""
    if lesion.suv_max is None or lesion.suv_unit != "SUVbw" or lesion.suv_max <= 0:
        return None
    below = min(log_size - np.log(30.0), 0.0)
    return float(np.log(max(lesion.suv_max, 0.3)) - parameters.numbers.suv_size_slope * below)


def uptake_odds(log_suv: float | None, histology: np.ndarray, parameters: StagingParameters) -> float:
    """Odds of any involved node by uptake over what the histology makes usual."""
    if log_suv is None:
        return 1.0
    usual = sum(p * row.log_suv for p, row in zip(histology, parameters.histologies))
    doublings = float(np.clip((log_suv - usual) / np.log(2.0), -SUV_LIMIT, SUV_LIMIT))
    return parameters.numbers.suv_doubling_odds_nodes**doublings


def is_central(lesion, parameters: StagingParameters) -> float:
    """1 for a central tumour, 0 for a peripheral one or where its distances are not known."""
    hilum, pleura = lesion.distances_mm.get("hilum"), lesion.distances_mm.get("pleura")
    if hilum is None or pleura is None or hilum + pleura <= 0:
        return 0.0
    return float(max(hilum, 0.0) < parameters.numbers.central_hilum_share * (max(hilum, 0.0) + max(pleura, 0.0)))


def density_odds(lesion, parameters: StagingParameters) -> tuple[np.ndarray, np.ndarray]:
    """(9), (9) odds of nodes and of M1 by density; the rows Tis and T1mi of the tables know it already."""
    numbers = parameters.numbers
    part, glass = lesion.density["part_solid"], lesion.density["ground_glass"]
    solid = max(1.0 - part - glass, 0.0)
    more = []
    for by_part, by_glass in (
        (numbers.part_solid_odds_nodes, numbers.ground_glass_odds_nodes),
        (numbers.part_solid_odds_metastasis, numbers.ground_glass_odds_metastasis),
    ):
        odds = solid + part * by_part + glass * by_glass
        more.append(np.array([1.0 if t in ("Tis", "T1mi") else odds for t in T_SPREAD]))
    return more[0], more[1]
