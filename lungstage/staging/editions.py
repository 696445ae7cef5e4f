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
    primary, second = posterior.pairs.T
    axes = axes_of(edition, parameters)
    book = axes.book
    joint = np.zeros((len(book.t_names), len(book.n_names), len(book.m_names)))
    unseen, alone = primary == UNSEEN, second == NOBODY
    add_unseen(joint, np.einsum("t,hstnm->nm", posterior.t8[UNSEEN], posterior.rest[unseen]), axes, patient)
    if not unseen.all():
        by_t = joint_t(patient, edition)
        one = alone & ~unseen
        parts = lifted(by_t, posterior.rest[one], primary[one], edition, parameters)
        joint += placed(parts.sum(axis=0)[None], axes)[0]
    if not alone.all():
        parts = placed(lifted(by_t, posterior.rest[~alone], primary[~alone], edition, parameters), axes)
        joint += higher_of(parts, by_t[second[~alone]].sum(axis=2), axes)
    joint[book.t_names.index("T0"), book.n_names.index("N0"), book.m_names.index("M0")] += posterior.nobody
    if covered_share(patient.scan, parameters) < parameters.numbers.nx_below:
        total = joint.sum(axis=1)
        joint[:] = 0.0
        joint[:, book.n_names.index("NX")] = total
    return joint / joint.sum()


def lifted(by_t: np.ndarray, rest: np.ndarray, primary: np.ndarray, edition: int, parameters: StagingParameters) -> np.ndarray:
    """(p, r, 5, 5) of T by rank, N, M, separate nodules counted; by_t (k, r, 9), rest (p, 4, 9, 5, 5), primary (p)."""
    same, other = (feature_t(name, edition, parameters) for name in (SAME_LOBE, OTHER_LOBE))
    count = by_t.shape[1]
    result = np.zeros((len(rest), count, *rest.shape[3:]))
    for state, (here, there) in enumerate(STATES[::2, :2]):
        part = (by_t[primary] @ rest[:, state].reshape(len(rest), rest.shape[2], -1)).reshape(result.shape)
        floor = max(here * same, there * other)
        result[:, floor] += part[:, :floor].sum(axis=1)
        result[:, floor:] += part[:, floor:]
    return result


def placed(parts: np.ndarray, axes: Axes) -> np.ndarray:
    """(p, t, n, m) in the names of the edition of (p, r, 5, 5) in the network's categories."""
    book = axes.book
    joint = np.zeros((len(parts), len(book.t_names), len(N_FINE), len(M_FINE)))
    joint[:, axes.t] = parts
    n, m = (np.eye(len(names))[own] for names, own in ((book.n_names, axes.n), (book.m_names, axes.m)))
    return np.swapaxes(np.swapaxes(joint @ m, 2, 3) @ n, 2, 3)


def add_unseen(joint: np.ndarray, mass: np.ndarray, axes: Axes, patient: Patient) -> None:
    """Count a primary that is not seen, mass (5, 5) by N and M: TX, or T0 where the lungs show none but spread is there."""
    t0 = np.full(mass.shape, patient.parameters.numbers.unseen_is_t0 * patient.scan.lungs)
    t0[0, 0] = 0.0
    for name, part in (("T0", mass * t0), ("TX", mass * (1.0 - t0))):
        np.add.at(joint[axes.book.t_names.index(name)], np.ix_(axes.n, axes.m), part)


def higher_of(parts: np.ndarray, second_t: np.ndarray, axes: Axes) -> np.ndarray:
    """(t, n, m) of the tumour of higher stage: the first with its N and M, or the second as N0 M0.

    parts (p, t, n, m) of the first, second_t (p, r) T by rank of the second
    """
    n0, m0 = axes.book.n_names.index("N0"), axes.book.m_names.index("M0")
    own = axes.order[axes.stage]
    higher = (axes.order[axes.stage[axes.t, n0, m0]][:, None, None, None] > own).reshape(len(axes.t), -1).astype(float)
    flat = parts.reshape(len(parts), -1)
    result = (flat * (1.0 - second_t @ higher)).sum(axis=0).reshape(own.shape)
    result[axes.t, n0, m0] += np.einsum("pr,pr->r", second_t, flat @ higher.T)
    return result


def stage_of(joint: np.ndarray, axes: Axes) -> np.ndarray:
    """(s) probability of each stage."""
    return np.bincount(axes.stage.ravel(), joint.ravel(), len(axes.book.stage_names))
