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
from .drainage import SIZE_STEP, SIZES_MM
from .evidence import NODES, Evidence, read_evidence
from .facts import Findings, read_findings
from .hypotheses import Hypotheses, PrimaryTraits, list_hypotheses, primary_traits
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
    """One patient as the network sees him.

    memory   traits and node evidence by their inputs: without a lesion, or after a fact, most of it is as it was
    """

    lesions: Lesions
    facts: Facts
    parameters: StagingParameters
    evidence: Evidence
    findings: Findings
    scan: Scan
    reference: Reference
    categories: TumourCategories
    memory: dict


@dataclass(frozen=True, eq=False)
class Posterior:
    """Everything the answer is read from; masses are relative to `total`.

    total       sum of all masses
    nobody      mass of "no lung cancer"
    pairs       (p, 2) the different pairs of primary and second primary
    rest        (p, 4, 9, 5, 5): mass but for P(T8), by pair, separate nodules of its side, T8 by size and invasion, N, M
    t8          (k + 1, 9) P(T8 | the lesion is the primary), collapse counted; last row: a primary not seen
    node_key    of each hypothesis, into `nodes`
    organs      (c, 6, n3, t4, contra, 5) of organs.m_likelihood;  prior (h, 5, 5, 9, 6) of spread_prior
    """

    patient: Patient
    assignments: Assignments
    hypotheses: Hypotheses
    total: float
    nobody: float
    pairs: np.ndarray
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
        average_patient(scan, parameters), tumour_categories(lesions, parameters), {},
    )  # fmt: skip


def without_lesion(patient: Patient, k: int) -> Patient:
    """The patient without one lesion: as if it had never been seen, it says nothing either way."""
    evidence = patient.evidence
    good, bad, primary = evidence.good.copy(), evidence.bad.copy(), evidence.primary.copy()
    good[k], bad[k], primary[k] = 1.0, 0.0, 0.0
    return replace(patient, evidence=replace(evidence, good=good, bad=bad, primary=primary))


def infer_posterior(patient: Patient, in_detail: bool, assignments: Assignments | None = None) -> Posterior:
    """The sum; in_detail: keep what roles and rules need; assignments: those of the whole patient, if some was left out."""
    parameters, evidence = patient.parameters, patient.evidence
    assignments = assignments or assign(evidence)
    traits = known_traits(patient)
    hypotheses = list_hypotheses(
        evidence, traits, assignments, patient.facts.population, patient.scan, patient.reference, parameters
    )
    lung = lung_evidence(evidence, assignments, hypotheses, patient.scan, patient.reference, parameters, in_detail)
    keys, nodes = nodes_of(patient, assignments, hypotheses, in_detail)
    levels = organ_levels(evidence, assignments, patient.findings, patient.scan, patient.reference, parameters)
    organs = m_likelihood(levels, parameters)
    prior = spread_prior(hypotheses, patient.facts.population, parameters)
    given_n = np.array([nodes[key].given_n for key in keys])
    rest = sum_out(lung.likelihood, given_n, organs, prior, parameters)
    pairs, rest = by_pair(hypotheses, rest)
    t8 = t8_of(patient)
    by_t = rest * t8[pairs[:, 0]][:, None, :, None, None]
    nobody = no_cancer(patient)
    total = float(by_t.sum()) + nobody
    if not total > 0:
        raise ImpossibleRequest("these facts contradict each other: nothing that could be so agrees with all of them")
    return Posterior(patient, assignments, hypotheses, total, nobody, pairs, rest, t8, lung, nodes, keys, organs, prior)


def by_pair(hypotheses: Hypotheses, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different pairs of primary and second primary, and `rest` summed over the lobes of each."""
    pairs, row = np.unique(np.stack([hypotheses.primary, hypotheses.second], axis=1), axis=0, return_inverse=True)
    row = row.reshape(-1)
    order = np.argsort(row, kind="stable")
    return pairs, np.add.reduceat(rest[order], np.searchsorted(row[order], np.arange(len(pairs))), axis=0)


def known_traits(patient: Patient) -> PrimaryTraits:
    """What each lesion says of the disease as the primary, worked out once for the same facts about histology."""
    findings = patient.findings
    name = ("traits", findings.histologies.tobytes(), findings.never_smoked, patient.facts.population)
    if name not in patient.memory:
        patient.memory[name] = primary_traits(
            patient.lesions, patient.evidence, findings, patient.facts.population, patient.parameters
        )
    return patient.memory[name]


def nodes_of(patient: Patient, assignments: Assignments, hypotheses: Hypotheses, in_detail: bool):
    """Node evidence for every lobe and size among the hypotheses, and which one each hypothesis uses."""
    numbers = patient.parameters.numbers
    sizes = size_step(np.append(np.exp(patient.evidence.log_size), numbers.drainage_size_mm))
    keys = tuple((int(lobe), float(sizes[i])) for i, lobe in zip(hypotheses.primary, hypotheses.lobe))
    return keys, {key: known_nodes(patient, assignments, key, in_detail) for key in dict.fromkeys(keys)}


def known_nodes(patient: Patient, assignments: Assignments, key: tuple[int, float], in_detail: bool) -> NodeEvidence:
    """Node evidence of one lobe and size, worked out once for the same nodes and facts."""
    evidence, findings = patient.evidence, patient.findings
    nodes = evidence.target[:, NODES] > 0
    inputs = (evidence.good[nodes], evidence.bad[nodes], findings.stations, assignments.fixed, assignments.columns)
    name = (*key, in_detail, *(part.tobytes() for part in inputs))
    if name not in patient.memory:
        patient.memory[name] = node_evidence(
            evidence, assignments, findings, LOBES[key[0]], key[1], patient.scan, patient.reference, patient.parameters, in_detail
        )
    return patient.memory[name]


def size_step(size_mm: np.ndarray) -> np.ndarray:
    """Sizes that share their node patterns share one number."""
    return np.exp(np.round(np.clip(np.log(size_mm), *np.log(SIZES_MM)) / SIZE_STEP) * SIZE_STEP)


def spread_prior(hypotheses: Hypotheses, population: str, parameters: StagingParameters) -> np.ndarray:
    """(h, n, m, 9, 6) weight of the hypothesis and its histology times P(N, M | T8, histology)."""
    n = nodes_probability(hypotheses.odds_nodes, population, parameters)
    offset = parameters.populations[population].m1_log_odds
    m1 = metastasis_probability(hypotheses.odds_metastasis, offset, parameters)
    categories = np.array([
        parameters.m_categories["small_cell" if name == "small_cell" else population] for name in HISTOLOGIES
    ])  # fmt: skip
    weight = hypotheses.weight[:, None] * hypotheses.histology
    # (h, 6, 9, 5) to (h, 5, 9, 6): N first, so that the sum over histologies is a matrix product
    both = np.moveaxis(n * weight[:, :, None, None], (1, 2, 3), (3, 2, 1))
    m1 = np.moveaxis(m1, (1, 2, 3), (3, 2, 1))
    prior = np.empty((len(weight), len(N_FINE), len(M_FINE), len(T_SPREAD), len(HISTOLOGIES)))
    prior[:, :, 0] = both * (1.0 - m1)
    prior[:, :, 1:] = (both * m1)[:, :, None] * categories.T[:, None, :]
    return prior


def sum_out(lung, given_n, organs, prior, parameters) -> np.ndarray:
    """(h, 4, 9, 5, 5) of Posterior.rest.

    lung (h, c, 8), given_n (h, c, 5), organs (c, 6, n3, t4, contra, 5), prior (h, 5, 5, 9, 6)
    """
    count, combinations = lung.shape[:2]
    split = lung.reshape(count, combinations, 4, 2)
    # for every N: (h * side nodules, c * contra) @ (c * contra, histology * t4 * m)
    both = np.einsum("hcsx,hcn->nhscx", split, given_n).reshape(len(N_FINE), count * 4, combinations * 2)
    likelihood = (both @ organs_by_n(organs)).reshape(len(N_FINE), count, 4, len(HISTOLOGIES), 2, len(M_FINE))
    # (h, n, m, t4, histology, side nodules)
    likelihood = np.ascontiguousarray(likelihood.transpose(1, 0, 5, 4, 3, 2))
    last = len(T_SPREAD) - 1
    by_t = np.concatenate([prior[..., :last, :] @ likelihood[:, :, :, 0], prior[..., last:, :] @ likelihood[:, :, :, 1]], axis=3)
    lifted = lifted_t(parameters)
    rest = np.stack([by_t[..., lifted[state], state] for state in range(4)], axis=1)
    return np.ascontiguousarray(np.moveaxis(rest, 4, 2))


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
