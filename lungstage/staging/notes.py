"""Posterior in, notes out: what a reader must know beside the numbers."""

from __future__ import annotations

import numpy as np

from ..records import Note
from .editions import UNDEFINED, axes_of, joint_of, stage_of
from .hypotheses import NOBODY
from .nodes import covered_share
from .posterior import Posterior
from .roles import Roles

SECOND_FROM = 0.05
UNDEFINED_FROM = 0.05
OPEN_ORGAN_BELOW = 0.5


def notes_of(posterior: Posterior, roles: Roles) -> tuple[Note, ...]:
    """What is strange about this patient's answer."""
    patient = posterior.patient
    facts, numbers = patient.facts, patient.parameters.numbers
    notes = []
    if facts.treated:
        notes.append(Note("treated", "the patient has been treated: read every category with the prefix y",
                          "the probabilities are for untreated patients"))  # fmt: skip
    if facts.cancer_before:
        notes.append(Note("cancer_before", "an earlier cancer could explain some of the lesions",
                          "metastases of another cancer are counted as those of the lung cancer"))  # fmt: skip
    if covered_share(patient.scan, patient.parameters) < numbers.nx_below:
        notes.append(Note("nx", "less than half of the hilar and mediastinal stations was scanned", "N is NX"))
    if roles.primary["unseen"] >= SECOND_FROM:
        notes.append(Note("unseen_primary", f"with a probability of {roles.primary['unseen']:.0%} there is a lung cancer "
                          "whose primary is not among the lesions", "T is TX or T0, and TX N0 M0 has no stage group"))  # fmt: skip
    organs = patient.parameters.organs
    for name, text in (("brain", "the brain was not examined"), ("liver", "the liver was not examined"),
                       ("adrenal", "the adrenals were not examined"), ("bone", "most of the skeleton was not examined")):  # fmt: skip
        o = [organ.organ for organ in organs].index(name)
        known = name == "brain" and facts.brain_mri in ("clear", "metastasis")
        if patient.scan.organ_covered[o] < OPEN_ORGAN_BELOW and not known:
            notes.append(Note(f"open_{name}", text, f"it keeps its prior: P(involved) {roles.organ[o]:.0%}"))
    notes += second_primary_notes(posterior)
    axes = axes_of(9, patient.parameters)
    undefined = stage_of(joint_of(posterior, 9), axes)[axes.book.stage_names.index(UNDEFINED)]
    if undefined >= UNDEFINED_FROM:
        notes.append(Note("undefined_stage", f"with a probability of {undefined:.0%} the edition gives no stage group",
                          "it is left out of the stage of least cost"))  # fmt: skip
    return tuple(notes)


def second_primary_notes(posterior: Posterior) -> list[Note]:
    """Which two lesions may be two cancers."""
    patient, hypotheses = posterior.patient, posterior.hypotheses
    mass = (posterior.rest * posterior.t8[hypotheses.primary][:, None, :, None, None]).sum(axis=(1, 2, 3, 4)) / posterior.total
    pairs: dict[tuple[int, int], float] = {}
    for primary, second, p in zip(hypotheses.primary, hypotheses.second, mass):
        if second != NOBODY:
            pair = (min(primary, second), max(primary, second))
            pairs[pair] = pairs.get(pair, 0.0) + float(p)
    names = patient.evidence.ids
    return [
        Note("second_primary", f"{names[a]} and {names[b]} are two primaries with a probability of {p:.0%}; {own_t(posterior, a)}, "
             f"{own_t(posterior, b)}", "the stage shown is the higher one's")
        for (a, b), p in sorted(pairs.items(), key=lambda item: -item[1]) if p >= SECOND_FROM
    ]  # fmt: skip


def own_t(posterior: Posterior, k: int) -> str:
    """The likeliest T of a lesion by itself, in words."""
    from .parameters import T_SPREAD

    return f"{posterior.patient.evidence.ids[k]} alone is {T_SPREAD[int(np.argmax(posterior.t8[k]))]}"
