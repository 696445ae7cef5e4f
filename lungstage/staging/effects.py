"""A patient in, the stage without each lesion and without each fact out."""

from __future__ import annotations

from dataclasses import fields, replace

from ..records import Effect, Facts
from ..tnm import EDITIONS
from .assignment import Assignments
from .editions import axes_of, joint_of, stage_of
from .evidence import read_evidence
from .evidence import with_facts as counted
from .facts import read_findings
from .posterior import Patient, Posterior, infer_posterior, without_lesion
from .roles import Roles


def effects_of(whole: Posterior, roles: Roles) -> tuple[Effect, ...]:
    """One Effect for each lesion that may well be malignant and each fact, in each edition."""
    patient = whole.patient
    shown_from = patient.parameters.numbers.effect_shown_from
    found: list[Effect] = []
    for k, name in enumerate(patient.evidence.ids):
        if 1.0 - roles.roles[k, 5] >= shown_from:
            found += stages_without(name, without_lesion(patient, k), whole.assignments)
    for name, facts in facts_left_out(patient.facts):
        found += stages_without(name, with_facts(patient, facts))
    return tuple(found)


def stages_without(name: str, patient: Patient, assignments: Assignments | None = None) -> list[Effect]:
    """The stages of a patient from whom something was taken away."""
    posterior = infer_posterior(patient, in_detail=False, assignments=assignments)
    effects = []
    for edition in EDITIONS:
        axes = axes_of(edition, patient.parameters)
        stage = stage_of(joint_of(posterior, edition), axes)
        effects.append(Effect(name, edition, dict(zip(axes.book.stage_names, map(float, stage)))))
    return effects


def with_facts(patient: Patient, facts: Facts) -> Patient:
    """The same images with other facts; what-ifs change what a lesion can be, tests only how likely it is."""
    findings = read_findings(patient.lesions, facts, patient.parameters)
    if facts.overrides == patient.facts.overrides:
        good, bad = counted(patient.evidence.odds, findings)
        evidence = replace(patient.evidence, good=good, bad=bad)
    else:
        evidence = read_evidence(patient.lesions, findings, patient.parameters)
    return replace(patient, facts=facts, findings=findings, evidence=evidence)


def facts_left_out(facts: Facts) -> list[tuple[str, Facts]]:
    """(name of a fact, the facts without it) for every fact that says something of the stage."""
    left: list[tuple[str, Facts]] = []
    for k, biopsy in enumerate(facts.biopsies):
        others = facts.biopsies[:k] + facts.biopsies[k + 1 :]
        left.append((f"{biopsy.method} of {biopsy.site}", replace(facts, biopsies=others)))
    for k, (key, word) in enumerate(facts.overrides):
        others = facts.overrides[:k] + facts.overrides[k + 1 :]
        left.append((f"{key}={word}", replace(facts, overrides=others)))
    plain = {field.name: field.default for field in fields(Facts)}
    for name in ("histology", "brain_mri", "effusion_cytology", "smoking_pack_years"):
        if getattr(facts, name) not in (None, "unknown", "inadequate", "indeterminate"):
            left.append((name.replace("_", " "), replace(facts, **{name: plain[name]})))
    return left
