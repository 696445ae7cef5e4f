"""Lesions, coverage and facts in, Posterior out: one exact sum over everything that could be so.

    sum over the primary (lesion, not seen, none) and its lobe, a second primary, the histology
      x T of the primary (tumour.py) x P(N | T, histology) x P(M | T, N, histology)
      x separate nodules (lung.py) x node lesions given N (nodes.py) x lesions of organs given M (organs.py)

with one more sum over the kinds of lesions that could be several things (assignment.py). Given the primary and those
kinds, lung, nodes and organs are independent, so each is worked out alone and the sum is a few small matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import ImpossibleRequest
from ..records import Facts, Lesions
from ..records.names import LOBES
from .assignment import Assignments, assign
from .evidence import Evidence, read_evidence
from .facts import Findings, read_findings
from .hypotheses import UNSEEN, Hypotheses, list_hypotheses, primary_traits
from .lung import STATES, LungEvidence, lung_evidence
from .nodes import NodeEvidence, node_evidence
from .organs import m_likelihood, organ_levels
from .parameters import HISTOLOGIES, M_FINE, N_FINE, T_SPREAD, StagingParameters
from .reference import Reference, average_patient
from .scan import Scan, read_scan
from .tumour import COLLAPSE, OTHER_LOBE, SAME_LOBE, TumourCategories, feature_t, tumour_categories
from .tumour_spread import metastasis_probability, nodes_probability

N3 = N_FINE.index("N3")


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient as the network sees him."""

    lesions: Lesions
    facts: Facts
    parameters: StagingParameters
    evidence: Evidence
    findings: Findings
    scan: Scan
    reference: Reference
    categories: TumourCategories


@dataclass(frozen=True, eq=False)
class Posterior:
    """Everything the answer is read from; masses are relative to `total`.

    total       sum of all masses
    nobody      mass of "no lung cancer"
    rest        (h, 4, 9, 5, 5): mass but for P(T8), by hypothesis, separate nodules of its side, T8 by size and invasion, N, M
    t8          (k + 1, 9) P(T8 | the lesion is the primary), collapse counted; last row: a primary not seen
    node_key    of each hypothesis, into `nodes`
    organs      (c, 6, n3, t4, contra, 5) of organs.m_likelihood;  prior (h, 6, 9, 5, 5) of spread_prior
    """

    patient: Patient
    assignments: Assignments
    hypotheses: Hypotheses
    total: float
    nobody: float
    rest: np.ndarray
    t8: np.ndarray
    lung: LungEvidence
    nodes: dict[tuple[int, float], NodeEvidence]
    node_key: tuple[tuple[int, float], ...]
    organs: np.ndarray
    prior: np.ndarray


def read_patient(
    lesions: Lesions, coverage, facts: Facts, parameters: StagingParameters, coverage_pet=None, station_coverage=None
) -> Patient:
    """Everything that is known, in arrays; ImpossibleRequest for facts that cannot be."""
    findings = read_findings(lesions, facts, parameters)
    scan = read_scan(coverage, coverage_pet, station_coverage, facts.population, parameters)
    return Patient(
        lesions, facts, parameters, read_evidence(lesions, findings, parameters), findings, scan,
        average_patient(scan, parameters), tumour_categories(lesions, parameters),
    )  # fmt: skip


def without_lesion(patient: Patient, k: int) -> Patient:
    """The patient without one lesion: as if it had never been seen, it says nothing either way."""
    evidence = patient.evidence
    good, bad, primary = evidence.good.copy(), evidence.bad.copy(), evidence.primary.copy()
    good[k], bad[k], primary[k] = 1.0, 0.0, 0.0
    return replace(patient, evidence=replace(evidence, good=good, bad=bad, primary=primary))


def infer_posterior(patient: Patient, in_detail: bool) -> Posterior:
    """The sum; in_detail: keep what roles and rules need."""
    parameters, evidence = patient.parameters, patient.evidence
    assignments = assign(evidence)
    traits = primary_traits(patient.lesions, evidence, patient.findings, patient.facts.population, parameters)
    hypotheses = list_hypotheses(
        evidence, traits, assignments, patient.facts.population, patient.scan, patient.reference, parameters
    )
    lung = lung_evidence(evidence, assignments, hypotheses, patient.scan, patient.reference, parameters)
    keys, nodes = nodes_of(patient, assignments, hypotheses, in_detail)
    levels = organ_levels(evidence, assignments, patient.findings, patient.scan, patient.reference, parameters)
    organs = m_likelihood(levels, parameters)
    prior = spread_prior(hypotheses, patient.facts.population, parameters)
    given_n = np.array([nodes[key].given_n for key in keys])
    rest = sum_out(hypotheses, lung.likelihood, given_n, organs, prior, parameters)
    t8 = t8_of(patient)
    by_t = rest * t8[hypotheses.primary][:, None, :, None, None]
    nobody = no_cancer(patient)
    total = float(by_t.sum()) + nobody
    if not total > 0:
        raise ImpossibleRequest("these facts contradict each other: nothing that could be so agrees with all of them")
    return Posterior(patient, assignments, hypotheses, total, nobody, rest, t8, lung, nodes, keys, organs, prior)


def nodes_of(patient: Patient, assignments: Assignments, hypotheses: Hypotheses, in_detail: bool):
    """Node evidence for every lobe and size among the hypotheses, and which one each hypothesis uses."""
    numbers = patient.parameters.numbers
    sizes = np.append(np.exp(patient.evidence.log_size), numbers.drainage_size_mm)
    keys = tuple((int(lobe), size_step(sizes[i if i != UNSEEN else -1])) for i, lobe in zip(hypotheses.primary, hypotheses.lobe))
    nodes = {
        key: node_evidence(
            patient.evidence, assignments, patient.findings, LOBES[key[0]], key[1], patient.scan, patient.reference,
            patient.parameters, in_detail,
        )
        for key in dict.fromkeys(keys)
    }  # fmt: skip
    return keys, nodes


def size_step(size_mm: float) -> float:
    """Sizes that share their node patterns share one name."""
    return float(np.exp(np.round(np.clip(np.log(size_mm), np.log(8.0), np.log(120.0)) / 0.25) * 0.25))


def spread_prior(hypotheses: Hypotheses, population: str, parameters: StagingParameters) -> np.ndarray:
    """(h, 6, 9, 5, 5) weight of the hypothesis and its histology times P(N, M | T8)."""
    n = nodes_probability(hypotheses.odds_nodes, population, parameters)
    offset = parameters.populations[population].m1_log_odds
    m1 = metastasis_probability(hypotheses.odds_metastasis, offset, parameters)
    categories = np.array([
        parameters.m_categories["small_cell" if name == "small_cell" else population] for name in HISTOLOGIES
    ])  # fmt: skip
    m = np.concatenate([(1 - m1)[..., None], m1[..., None] * categories[None, :, None, None, :]], axis=-1)
    weight = hypotheses.weight[:, None] * hypotheses.histology
    return weight[:, :, None, None, None] * n[..., None] * m


def sum_out(hypotheses, lung, given_n, organs, prior, parameters) -> np.ndarray:
    """(h, 4, 9, 5, 5) of Posterior.rest.

    lung (h, c, 8), given_n (h, c, 5), organs (c, 6, n3, t4, contra, 5), prior (h, 6, 9, 5, 5)
    """
    count, combinations = lung.shape[:2]
    split = lung.reshape(count, combinations, 4, 2)
    by_n = organs_by_n(organs)
    # for every N: (h * side nodules, c * contra) @ (c * contra, histology * t4 * m)
    both = np.einsum("hcsx,hcn->nhscx", split, given_n, optimize=True).reshape(len(N_FINE), count * 4, combinations * 2)
    likelihood = (both @ by_n).reshape(len(N_FINE), count, 4, len(HISTOLOGIES), 2, len(M_FINE))
    rest = np.zeros((count, 4, len(T_SPREAD), len(N_FINE), len(M_FINE)))
    lifted = lifted_t(parameters)
    for state in range(4):
        t4 = (lifted[state] == len(T_SPREAD) - 1).astype(int)
        own = likelihood[:, :, state][:, :, :, t4]
        rest[:, state] = np.einsum("hktnm,nhktm->htnm", prior[:, :, lifted[state]], own, optimize=True)
    return rest


def organs_by_n(organs: np.ndarray) -> np.ndarray:
    """(5, c * contra, histology * t4 * m) of organs (c, 6, n3, t4, contra, 5)."""
    per_n = np.stack([organs[:, :, int(n == N3)] for n in range(len(N_FINE))])
    return np.moveaxis(per_n, 4, 2).reshape(len(N_FINE), organs.shape[0] * 2, -1)


def lifted_t(parameters: StagingParameters) -> np.ndarray:
    """(4, 9) T8 when separate nodules of the primary's side count: none, other lobe, same lobe, both (lung.STATES)."""
    same, other = (feature_t(name, 8, parameters) - 1 for name in (SAME_LOBE, OTHER_LOBE))
    states = STATES[::2, :2]
    floor = np.maximum(states[:, 0] * same, states[:, 1] * other)
    return np.maximum(np.arange(len(T_SPREAD)), floor[:, None])


def collapse_probability(patient: Patient) -> np.ndarray:
    """(k) P(a collapse in its lobe is caused by this lesion and reaches the hilum), if the lesion is the primary."""
    lesions, evidence = patient.lesions, patient.evidence
    collapsed = np.array([lesion.p_kind.get("collapse", 0.0) for lesion in lesions])
    together = evidence.lobes @ evidence.lobes.T * collapsed
    np.fill_diagonal(together, collapsed)
    return 1.0 - np.prod(1.0 - patient.parameters.numbers.collapse_reaches_hilum * together, axis=1)


def joint_t(patient: Patient, edition: int) -> np.ndarray:
    """(k, t, 9) P(T of the edition, T8 | the lesion is the primary), T by rank, collapse counted, nodules not."""
    at_most = patient.categories.at_most[edition]
    count = at_most.shape[1]
    t, t8 = (feature_t(COLLAPSE, one, patient.parameters) for one in (edition, 8))
    above = (t > np.arange(count))[:, None] | (t8 > np.arange(1, len(T_SPREAD) + 1))[None, :]
    at_most = at_most * np.where(above, 1.0 - collapse_probability(patient)[:, None, None], 1.0)
    joint = np.diff(np.diff(at_most, axis=1, prepend=0.0), axis=2, prepend=0.0)
    return np.maximum(joint, 0.0)


def t8_of(patient: Patient) -> np.ndarray:
    """(k + 1, 9) P(T8 | the lesion is the primary); last row: a primary not seen."""
    if not len(patient.evidence.ids):
        return patient.parameters.t_shares[patient.facts.population][None]
    return np.concatenate([joint_t(patient, 8).sum(axis=1), patient.parameters.t_shares[patient.facts.population][None]])


def no_cancer(patient: Patient) -> float:
    """Mass of "no lung cancer": every lesion is benign, every station and organ free."""
    evidence, findings = patient.evidence, patient.findings
    free = float(np.prod(findings.stations[:, 0]) * np.prod(findings.organs[:, 0]))
    people = patient.parameters.populations[patient.facts.population]
    return (1.0 - people.cancer) * float(np.prod(evidence.good)) * free
