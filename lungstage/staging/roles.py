"""Posterior in, Roles out: what each lesion is, and which stations and organs are involved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.names import LOBES, ROLES, STATIONS
from .drainage import DETAILS, n_of_detail
from .evidence import FIRST_ORGAN
from .hypotheses import UNSEEN
from .lung import CONTRA, OTHER, SAME, STATES
from .nodes import NodeEvidence
from .organs import OrganLevels, m_likelihood, organ_levels
from .parameters import HISTOLOGIES, M_FINE, N_FINE, T_SPREAD
from .posterior import N3, Posterior, lifted_t
from .reference import CONTRALATERAL

MULTIFOCAL = 3


@dataclass(frozen=True, eq=False)
class Roles:
    """Probabilities.

    primary   lesion id, "none", "unseen" -> P;  right: P(primary on the right | there is a cancer)
    roles     (k, 6) in the order of ROLES, rows sum to 1
    node_in   (k) P(malignant regional node)
    organ_in  (k, o) P(metastasis in the organ)
    nodule    (k, 3) P(separate nodule in the same lobe, another lobe of the side, the other lung)
    station   (20) P(involved), 0 where no lesion and no fact speaks of it
    organ     (o) P(involved); organ_m (o, 2, 5) with, apart, nodules in the other lung or not and M
    m         (2, 5) P(nodules in the other lung or not, M), given that there is a cancer
    n_detail  (12) P(Patterns.detail), given that there is a cancer
    """

    primary: dict[str, float]
    right: float
    roles: np.ndarray
    node_in: np.ndarray
    organ_in: np.ndarray
    nodule: np.ndarray
    station: np.ndarray
    organ: np.ndarray
    organ_m: np.ndarray
    m: np.ndarray
    n_detail: np.ndarray


def roles_of(posterior: Posterior) -> Roles:
    """The roles of all lesions."""
    evidence, hypotheses = posterior.patient.evidence, posterior.hypotheses
    count = len(evidence.ids)
    mass = full_mass(posterior)
    by_lung = mass.sum(axis=4).reshape(*mass.shape[:2], len(STATES))
    by_node = mass.sum(axis=(2, 3))
    h_mass = mass.sum(axis=(1, 2, 3, 4))
    primary = np.bincount(np.where(hypotheses.primary < 0, count, hypotheses.primary), h_mass, count + 1)
    second = np.bincount(np.where(hypotheses.second < 0, count, hypotheses.second), h_mass, count + 1)[:count]
    own = hypotheses.primary == UNSEEN
    nodule = np.einsum("hcs,hck,hskj->kj", by_lung, posterior.lung.counted.astype(float), posterior.lung.parts, optimize=True)
    node_in, station, detail = node_roles(posterior, by_node)
    organ_in, organ_m, m = organ_roles(posterior)
    organ = organ_m.sum(axis=(1, 2))
    organ[CONTRALATERAL] = by_lung[..., STATES[:, CONTRA] > 0].sum()
    roles = np.zeros((count, len(ROLES)))
    roles[:, 0] = primary[:count]
    roles[:, 1] = second + nodule[:, MULTIFOCAL]
    roles[:, 2] = nodule[:, SAME] + nodule[:, OTHER]
    roles[:, 3] = node_in
    roles[:, 4] = nodule[:, CONTRA] + organ_in.sum(axis=1)
    roles = np.clip(roles, 0.0, 1.0)
    roles /= np.maximum(roles.sum(axis=1, keepdims=True), 1.0)
    roles[:, 5] = 1.0 - roles[:, :5].sum(axis=1)
    unseen = float(h_mass[own].sum())
    nobody = posterior.nobody / posterior.total
    named = {name: float(p) for name, p in zip(evidence.ids, roles[:, 0])}
    rest = max(1.0 - sum(named.values()), 0.0)
    scale = rest / (unseen + nobody) if unseen + nobody > 0 else 0.0
    return Roles(
        {**named, "none": nobody * scale, "unseen": unseen * scale}, on_right(hypotheses.lobe, h_mass),
        roles, node_in, organ_in, nodule[:, :3], station, organ, organ_m, m, detail,
    )  # fmt: skip


def on_right(lobe: np.ndarray, mass: np.ndarray) -> float:
    """P(right | cancer) of hypotheses in a lobe."""
    right = np.array([name.startswith("right") for name in LOBES])[lobe]
    return float(mass[right].sum() / mass.sum()) if mass.sum() > 0 else 0.5


def full_mass(posterior: Posterior) -> np.ndarray:
    """(h, c, 4, contra, 5) probability by hypothesis, kinds of doubtful lesions, separate nodules, N."""
    weight = outside_lung(posterior)
    given_n = np.array([posterior.nodes[key].given_n for key in posterior.node_key])
    organs = np.stack([posterior.organs[:, :, int(n == N3)] for n in range(len(N_FINE))], axis=-1)
    split = posterior.lung.likelihood.reshape(*posterior.lung.likelihood.shape[:2], 4, 2)
    told = np.einsum("hsnktm,cktxmn->hcsxn", weight, organs, optimize=True)
    return told * split[..., None] * given_n[:, :, None, None, :] / posterior.total


def outside_lung(posterior: Posterior) -> np.ndarray:
    """(h, 4, 5, 6, t4, 5) weight of everything but the likelihoods: separate nodules, N, histology, T4 or not, M."""
    t8 = posterior.t8[posterior.hypotheses.primary]
    lifted = lifted_t(posterior.patient.parameters)
    weight = np.zeros((len(t8), 4, len(N_FINE), len(HISTOLOGIES), 2, len(M_FINE)))
    for state in range(4):
        t4 = lifted[state] == len(T_SPREAD) - 1
        for flag in (0, 1):
            rows = np.flatnonzero(t4 == flag)
            weight[:, state, :, :, flag] = np.einsum(
                "ht,hnmtk->hnkm", t8[:, rows], posterior.prior[:, :, :, lifted[state][rows]], optimize=True
            )
    return weight


def node_roles(posterior: Posterior, by_node: np.ndarray):
    """(k) P(malignant node), (20) P(station involved), (12) P(detail of N)."""
    malignant = np.zeros(len(posterior.patient.evidence.ids))
    station = np.zeros(len(STATIONS))
    detail = np.zeros(DETAILS)
    for key, nodes in posterior.nodes.items():
        own = np.array([other == key for other in posterior.node_key])
        per_n = share_of_likelihood(by_node[own].sum(axis=0), nodes)
        np.add.at(malignant, nodes.lesions, np.einsum("cn,cnj->j", per_n, nodes.malignant))
        station += np.einsum("cn,cns->s", per_n, nodes.station)
        detail += (per_n[:, n_of_detail()] * nodes.detail).sum(axis=0)
    return malignant, np.clip(station, 0.0, 1.0), detail


def share_of_likelihood(mass: np.ndarray, nodes: NodeEvidence) -> np.ndarray:
    """mass (c, 5) over the likelihood it was made with."""
    return np.where(nodes.given_n > 0, mass / np.where(nodes.given_n > 0, nodes.given_n, 1.0), 0.0)


def organ_roles(posterior: Posterior):
    """(k, o) P(metastasis of the organ), (o, 2, 5) P(organ involved) by other lung and M, and (2, 5) P(other lung, M).

    What is lost of the mass when a lesion or an organ is said to be free is the probability that it is not. The sum is
    linear in the likelihood of M, so one weight serves all of these questions.
    """
    patient = posterior.patient
    evidence, parameters = patient.evidence, patient.parameters
    weight = outside_organs(posterior)
    arguments = (evidence, posterior.assignments, patient.findings, patient.scan, patient.reference, parameters)
    now = organ_levels(*arguments)
    asked = [(k, o) for k in range(len(evidence.ids)) for o in range(len(parameters.organs)) if could_be(posterior, k, o)]
    variants, questions = [], []
    for k in dict.fromkeys(k for k, _ in asked):
        free = organ_levels(*arguments, benign=k)
        for o in (o for other, o in asked if other == k):
            variants.append(swapped(now, free, o))
            questions.append((k, o))
    for o in range(len(parameters.organs)):
        off = OrganLevels(now.none, now.single.copy(), now.many.copy())
        off.single[:, o] = off.many[:, o] = 0.0
        variants.append(off)
    stacked = OrganLevels(*(np.concatenate([getattr(v, name) for v in variants]) for name in ("none", "single", "many")))
    likelihood = m_likelihood(stacked, parameters).reshape(len(variants), *posterior.organs.shape)
    without = np.einsum("vckntxm,cknxtm->vxm", likelihood, weight, optimize=True)
    whole = np.einsum("ckntxm,cknxtm->xm", posterior.organs, weight, optimize=True)
    lost = np.clip(whole - without, 0.0, None) / posterior.total
    organ_in = np.zeros((len(evidence.ids), len(parameters.organs)))
    for (k, o), p in zip(questions, lost):
        organ_in[k, o] = p.sum()
    return organ_in, lost[len(questions) :], whole / posterior.total


def could_be(posterior: Posterior, k: int, o: int) -> bool:
    """Whether a lesion is, or may be, of an organ."""
    column = FIRST_ORGAN + o
    fixed = posterior.assignments.fixed[k]
    return o != CONTRALATERAL and (fixed == column or (fixed < 0 and posterior.patient.evidence.target[k, column] > 0))


def swapped(now: OrganLevels, other: OrganLevels, o: int) -> OrganLevels:
    """`now` with one organ of `other`."""
    rows = [getattr(now, name).copy() for name in ("none", "single", "many")]
    for row, name in zip(rows, ("none", "single", "many")):
        row[:, o] = getattr(other, name)[:, o]
    return OrganLevels(*rows)


def outside_organs(posterior: Posterior) -> np.ndarray:
    """(c, 6, n3, contra, t4, 5) weight of everything but the likelihood of M."""
    weight = outside_lung(posterior)
    given_n = np.array([posterior.nodes[key].given_n for key in posterior.node_key])
    split = posterior.lung.likelihood.reshape(*posterior.lung.likelihood.shape[:2], 4, 2)
    total = np.zeros((split.shape[1], len(HISTOLOGIES), 2, 2, 2, len(M_FINE)))
    for flag in (0, 1):
        rows = [n for n in range(len(N_FINE)) if int(n == N3) == flag]
        total[:, :, flag] = np.einsum("hsnktm,hcsx,hcn->ckxtm", weight[:, :, rows], split, given_n[:, :, rows], optimize=True)
    return total
