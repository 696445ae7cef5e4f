"""Posterior in, T x N x M of one edition out: the same facts about the patient, read through each edition's tables.

A second primary has a TNM of its own, its nodes and metastases being those of the first: T of the second, N0, M0. The stage
shown is the higher of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..tnm import Edition, m_categories, n_categories, read_edition
from .hypotheses import NOBODY, UNSEEN
from .lung import STATES
from .nodes import covered_share
from .parameters import M_FINE, N_FINE, StagingParameters
from .posterior import Patient, Posterior, joint_t
from .tumour import OTHER_LOBE, SAME_LOBE, feature_t, ranked

INVOLVED = {"N0": (), "N1": ("10R",), "N2a": ("4R",), "N2b": ("4R", "7"), "N3": ("4L",)}
"""Patterns of a right-sided tumour that are each N of the 9th edition."""
METASTASES = {"M0": (0, 0, False), "M1a": (0, 0, True), "M1b": (1, 1, False), "M1c1": (2, 1, False), "M1c2": (2, 2, False)}
"""Lesions outside the chest, organ systems, separate nodule in the other lung."""
UNDEFINED = "undefined"


@dataclass(frozen=True, eq=False)
class Axes:
    """How the network's categories stand in one edition.

    t           (r) position in t_names of each T in the order of rank
    n, m        (5) position in n_names of each of N_FINE, in m_names of each of M_FINE
    stage       (t, n, m) position in stage_names; TX N0 M0 of a primary that is not seen is undefined, not occult
    order       (s) rank of each stage, undefined lowest
    """

    book: Edition
    t: np.ndarray
    n: np.ndarray
    m: np.ndarray
    stage: np.ndarray
    order: np.ndarray


@lru_cache(maxsize=16)
def axes_of(edition: int, parameters: StagingParameters) -> Axes:
    """The axes of one edition, asked of its own rules."""
    book = read_edition(edition, parameters.priors)
    stations = sorted({name for names in INVOLVED.values() for name in names})
    involved = [[name in INVOLVED[n] for name in stations] for n in N_FINE]
    lesions, systems, contra = (np.array([METASTASES[m][k] for m in M_FINE]) for k in range(3))
    stage = book.stage_table.copy()
    stage[book.t_names.index("TX"), book.n_names.index("N0"), book.m_names.index("M0")] = book.stage_names.index(UNDEFINED)
    ranks = book.ranks("stage")
    return Axes(
        book,
        np.array([book.t_names.index(name) for name in ranked(edition, parameters)]),
        n_categories(involved, stations, "right", edition, parameters.priors).category,
        m_categories(lesions, systems, {"nod_contra": contra}, edition, parameters.priors).category,
        stage,
        np.array([-1 if name == UNDEFINED else ranks[name] for name in book.stage_names]),
    )


def joint_of(posterior: Posterior, edition: int) -> np.ndarray:
    """(t, n, m) of one edition, sums to 1."""
    patient, parameters = posterior.patient, posterior.patient.parameters
    axes = axes_of(edition, parameters)
    names = axes.book
    joint = np.zeros((len(names.t_names), len(names.n_names), len(names.m_names)))
    hypotheses = posterior.hypotheses
    by_t = joint_t(patient, edition) if len(patient.evidence.ids) else None
    for primary, second in sorted(set(zip(hypotheses.primary.tolist(), hypotheses.second.tolist()))):
        own = (hypotheses.primary == primary) & (hypotheses.second == second)
        rest = posterior.rest[own].sum(axis=0)
        if primary == UNSEEN:
            add_unseen(joint, np.einsum("t,stnm->nm", posterior.t8[UNSEEN], rest), axes, patient)
            continue
        part = placed(lifted(by_t[primary], rest, edition, parameters), axes, joint.shape)
        joint += part if second == NOBODY else higher_of(part, by_t[second].sum(axis=1), axes)
    joint[names.t_names.index("T0"), names.n_names.index("N0"), names.m_names.index("M0")] += posterior.nobody
    if covered_share(patient.scan, parameters) < parameters.numbers.nx_below:
        total = joint.sum(axis=1)
        joint[:] = 0.0
        joint[:, names.n_names.index("NX")] = total
    return joint / joint.sum()


def lifted(by_t: np.ndarray, rest: np.ndarray, edition: int, parameters: StagingParameters) -> np.ndarray:
    """(r, 5, 5) of T by rank, N, M, separate nodules counted; by_t (r, 9), rest (4, 9, 5, 5)."""
    same, other = (feature_t(name, edition, parameters) for name in (SAME_LOBE, OTHER_LOBE))
    result = np.zeros((len(by_t), *rest.shape[2:]))
    for state, (here, there) in enumerate(STATES[::2, :2]):
        part = np.einsum("rt,tnm->rnm", by_t, rest[state])
        floor = max(here * same, there * other)
        result[floor] += part[:floor].sum(axis=0)
        result[floor:] += part[floor:]
    return result


def placed(part: np.ndarray, axes: Axes, shape: tuple[int, ...]) -> np.ndarray:
    """(t, n, m) in the names of the edition of (r, 5, 5) in the network's categories."""
    joint = np.zeros(shape)
    np.add.at(joint, np.ix_(axes.t, axes.n, axes.m), part)
    return joint


def add_unseen(joint: np.ndarray, mass: np.ndarray, axes: Axes, patient: Patient) -> None:
    """Count a primary that is not seen, mass (5, 5) by N and M: TX, or T0 where the lungs show none but spread is there."""
    t0 = np.full(mass.shape, patient.parameters.numbers.unseen_is_t0 * patient.scan.lungs)
    t0[0, 0] = 0.0
    for name, part in (("T0", mass * t0), ("TX", mass * (1.0 - t0))):
        np.add.at(joint[axes.book.t_names.index(name)], np.ix_(axes.n, axes.m), part)


def higher_of(joint: np.ndarray, second_t: np.ndarray, axes: Axes) -> np.ndarray:
    """(t, n, m) of the tumour of higher stage: the first with its N and M, or the second (T by rank) as N0 M0."""
    n0, m0 = axes.book.n_names.index("N0"), axes.book.m_names.index("M0")
    own = axes.order[axes.stage]
    result = np.zeros_like(joint)
    for rank, p in enumerate(second_t):
        t = axes.t[rank]
        higher = axes.order[axes.stage[t, n0, m0]] > own
        result += p * np.where(higher, 0.0, joint)
        result[t, n0, m0] += p * joint[higher].sum()
    return result


def stage_of(joint: np.ndarray, axes: Axes) -> np.ndarray:
    """(s) probability of each stage."""
    return np.bincount(axes.stage.ravel(), joint.ravel(), len(axes.book.stage_names))
