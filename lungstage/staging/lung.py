"""Lesions of the lung in, the likelihood of separate tumour nodules out, under every hypothesis about the primary.

Separate nodules in the primary's lobe (T3), in another lobe of its side (T4) and in the other lung (M1a) are there or not:
eight states. Given the state, malignant and benign nodules are Poisson, so each lesion is a factor of its own.
Subsolid cancers beside the primary are multifocal disease, and a small nodule can be a second primary that does not decide
the stage: both are counted in every state, without effect on T or M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.names import LOBES
from .assignment import Assignments
from .evidence import LUNG, Evidence
from .hypotheses import SEPARATE, UNSEEN, Hypotheses
from .parameters import StagingParameters
from .reference import CONTRALATERAL, Reference, contralateral_found
from .scan import Scan

SAME, OTHER, CONTRA = 0, 1, 2
STATES = np.array([[code >> 2 & 1, code >> 1 & 1, code & 1] for code in range(8)])
"""(8, 3) nodules in the same lobe, another lobe of the side, the other lung."""


@dataclass(frozen=True, eq=False)
class LungEvidence:
    """Likelihood of the lesions of the lung: hypothesis (h), combination of doubtful lesions (c), state of STATES (8).

    likelihood   (h, c, 8), times the prior of the first two bits of the state
    parts        (h, 8, k, 4) share of each lesion's factor: same lobe, other lobe, other lung, multifocal or second primary
    counted      (h, c, k) whether the lesion's factor is part of it
    """

    likelihood: np.ndarray
    parts: np.ndarray
    counted: np.ndarray


def lung_evidence(
    evidence: Evidence,
    assignments: Assignments,
    hypotheses: Hypotheses,
    scan: Scan,
    reference: Reference,
    parameters: StagingParameters,
    in_detail: bool,
) -> LungEvidence:
    """The likelihood of every state under every hypothesis; in_detail: with `parts`."""
    share = np.where(assignments.fixed == LUNG, 1.0, evidence.target[:, LUNG])
    rates = nodule_rates(evidence, hypotheses, reference, parameters)
    bad = evidence.bad_as(LUNG) * share
    healthy = evidence.good * share
    # (h, k, 8) at first, states last for the matrix product
    factors = healthy[:, None] + bad[:, None] * (rates[:, :, :3] @ STATES.T.astype(float) + rates[:, :, 3:])
    factors = np.maximum(factors, 1e-300)
    counted, possible = who_counts(assignments, hypotheses)
    likelihood = np.exp(counted.astype(float) @ np.log(factors))
    likelihood *= possible[:, :, None] * state_prior(hypotheses, scan, parameters)[:, None, :]
    if not in_detail:
        return LungEvidence(likelihood, np.zeros((0, 8, 0, 4)), counted)
    ill = np.empty((len(rates), len(STATES), len(bad), 4))
    ill[..., :3] = rates[:, None, :, :3] * STATES[None, :, None, :]
    ill[..., 3] = rates[:, None, :, 3]
    return LungEvidence(likelihood, ill * bad[:, None] / np.swapaxes(factors, 1, 2)[..., None], counted)


def who_counts(assignments: Assignments, hypotheses: Hypotheses) -> tuple[np.ndarray, np.ndarray]:
    """(h, c, k) whose factor belongs to the lung, and (h, c) which combinations a hypothesis allows (its primary is lung)."""
    combinations = len(assignments.columns)
    lung = np.repeat((assignments.fixed == LUNG)[None], combinations, axis=0)
    lung[:, assignments.doubtful] = assignments.columns == LUNG
    counted = np.repeat(lung[None], len(hypotheses.primary), axis=0)
    possible = np.ones((len(hypotheses.primary), combinations))
    for h in range(len(hypotheses.primary)):
        for taken in (hypotheses.primary[h], hypotheses.second[h]):
            if taken >= 0:
                counted[h, :, taken] = False
                possible[h] *= lung[:, taken]
    return counted, possible


def nodule_rates(evidence: Evidence, hypotheses: Hypotheses, reference: Reference, parameters: StagingParameters) -> np.ndarray:
    """(h, k, 4) rate of each lesion as a separate nodule of the three sorts, and as a multifocal subsolid cancer."""
    numbers = parameters.numbers
    crowd = evidence.crowd[LUNG] / reference.lung
    separate = evidence.nodule * (1.0 - evidence.subsolid) * hypotheses.size_factor[:, SEPARATE] * crowd
    rates = np.zeros((len(hypotheses.primary), len(evidence.ids), 4))
    side = np.array([lobe.split("_")[0] for lobe in LOBES])
    for lobe in np.unique(hypotheses.lobe):
        own = np.arange(len(LOBES)) == lobe
        here = side == side[lobe]
        rows = hypotheses.lobe == lobe
        for column, lobes, found in (
            (SAME, own, reference.separate), (OTHER, here & ~own, reference.separate), (CONTRA, ~here, reference.contralateral),
        ):  # fmt: skip
            place = evidence.lobes[:, lobes].sum(axis=1) / parameters.lobe_volume[lobes].sum()
            rates[rows, :, column] = separate * place * found
    subsolid = np.append(evidence.subsolid, 0.0)[np.where(hypotheses.primary == UNSEEN, -1, hypotheses.primary)]
    beside = subsolid * numbers.subsolid_others + (1.0 - subsolid) * numbers.subsolid_beside_solid
    rates[:, :, 3] = beside[:, None] * evidence.nodule * evidence.subsolid * crowd
    rates[:, :, 3] += evidence.nodule * hypotheses.beside
    return rates


def state_prior(hypotheses: Hypotheses, scan: Scan, parameters: StagingParameters) -> np.ndarray:
    """(h, 8) prior of separate nodules of the primary's side, times P(nothing more found) of every sort that is there."""
    numbers = parameters.numbers
    missed = 1.0 - scan.lungs * -np.expm1(-numbers.nodules_seen)
    missed_contra = 1.0 - contralateral_found(parameters, scan.organ_sees[CONTRALATERAL])
    prior = np.ones(len(STATES))
    for column, p in ((SAME, numbers.same_lobe_nodules), (OTHER, numbers.other_lobe_nodules)):
        prior *= np.where(STATES[:, column] > 0, p * missed, 1.0 - p)
    prior *= np.where(STATES[:, CONTRA] > 0, missed_contra, 1.0)
    # of a primary that is not seen neither lobe nor side is known: its nodules are not counted as separate
    none = np.where(STATES[:, :CONTRA].any(axis=1), 0.0, np.where(STATES[:, CONTRA] > 0, missed_contra, 1.0))
    return np.where((hypotheses.primary == UNSEEN)[:, None], none, prior)
