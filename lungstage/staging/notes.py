"""Posterior in, notes out: what a reader must know beside the numbers."""

from __future__ import annotations

import numpy as np

from ..records import Facts, Note
from .editions import UNDEFINED, axes_of, joint_of, stage_of
from .hypotheses import NOBODY
from .nodes import covered_share
from .parameters import T_SPREAD
from .posterior import Posterior
from .roles import Roles

SAID_FROM = 0.05
OPEN_ORGAN_BELOW = 0.5
ORGANS_SAID = {
    "brain": ("the brain was", "it keeps its prior"),
    "liver": ("the liver was", "it keeps its prior"),
    "adrenal": ("the adrenals were", "they keep their prior"),
    "bone": ("most of the skeleton was", "it keeps its prior"),
}


def notes_of(posterior: Posterior, roles: Roles) -> tuple[Note, ...]:
    """What is strange about this patient's answer."""
    notes = [*fact_notes(posterior.patient.facts), *coverage_notes(posterior, roles)]
    unseen = roles.primary["unseen"]
    if unseen >= SAID_FROM:
        text = f"with a probability of {unseen:.0%} there is a lung cancer whose primary is not among the lesions"
        notes.append(Note("unseen_primary", text, "T is TX or T0, and TX N0 M0 has no stage group"))
    axes = axes_of(9, posterior.patient.parameters)
    undefined = stage_of(joint_of(posterior, 9), axes)[axes.book.stage_names.index(UNDEFINED)]
    if undefined >= SAID_FROM:
        text = f"with a probability of {undefined:.0%} the edition gives no stage group"
        notes.append(Note("undefined_stage", text, "it is left out of the stage of least cost"))
    return (*notes, *second_primary_notes(posterior))


def fact_notes(facts: Facts) -> list[Note]:
    """What the facts change that no probability shows."""
    notes = []
    if facts.treated:
        text = "the patient has been treated: read every category with the prefix y"
        notes.append(Note("treated", text, "the probabilities are for untreated patients"))
    if facts.cancer_before:
        text = "an earlier cancer could explain some of the lesions"
        notes.append(Note("cancer_before", text, "metastases of another cancer are counted as those of a lung cancer"))
    return notes


def coverage_notes(posterior: Posterior, roles: Roles) -> list[Note]:
    """Where the scan did not look."""
    patient = posterior.patient
    notes = []
    if covered_share(patient.scan, patient.parameters) < patient.parameters.numbers.nx_below:
        notes.append(Note("nx", "less than half of the hilar and mediastinal stations was scanned", "N is NX"))
    for o, organ in enumerate(patient.parameters.organs):
        known = organ.organ == "brain" and patient.facts.brain_mri in ("clear", "metastasis")
        if organ.organ in ORGANS_SAID and patient.scan.organ_covered[o] < OPEN_ORGAN_BELOW and not known:
            who, keeps = ORGANS_SAID[organ.organ]
            effect = f"{keeps}: the probability of metastases there is {roles.organ[o]:.0%}"
            notes.append(Note(f"open_{organ.organ}", f"{who} not examined", effect))
    return notes


def second_primary_notes(posterior: Posterior) -> list[Note]:
    """Which two lesions may be two cancers, with the T of each."""
    mass = (posterior.rest * posterior.t8[posterior.pairs[:, 0]][:, None, :, None, None]).sum(axis=(1, 2, 3, 4)) / posterior.total
    pairs: dict[tuple[int, int], float] = {}
    for (primary, second), p in zip(posterior.pairs.tolist(), mass):
        if second != NOBODY:
            pair = (min(primary, second), max(primary, second))
            pairs[pair] = pairs.get(pair, 0.0) + float(p)
    names = posterior.patient.evidence.ids
    notes = []
    for (a, b), p in sorted(pairs.items(), key=lambda item: -item[1]):
        if p >= SAID_FROM:
            own = " and ".join(f"{names[k]} {T_SPREAD[int(np.argmax(posterior.t8[k]))]}" for k in (a, b))
            text = f"{names[a]} and {names[b]} are two lung cancers with a probability of {p:.0%}, by themselves {own}"
            notes.append(Note("second_primary", text, "the stage shown is the higher one's"))
    return notes
