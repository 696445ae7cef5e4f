"""Posterior in, what is worth knowing out: for each test that can be had, its answers and the cost it is expected to save.

The probability of an answer is the share of the posterior mass that agrees with it; the value of a test is the expected cost
of the best decision now, minus the same after it, averaged over its answers. Costs are those of the latest edition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..records import Biopsy, Facts, WouldChange
from ..records.names import STATIONS
from .choices import class_costs, most_likely
from .editions import axes_of, joint_of
from .effects import with_facts
from .posterior import Patient, Posterior, infer_posterior
from .roles import Roles

EDITION = 9
OPEN_FROM, OPEN_TO = 0.05, 0.95
EBUS_REACHES = ("1R", "1L", "2R", "2L", "3p", "4R", "4L", "7", "8", "10R", "10L", "11R", "11L", "12R", "12L")


@dataclass(frozen=True)
class Test:
    """A test that can be had: its name, and the facts after each answer."""

    name: str
    answers: tuple[tuple[str, Facts], ...]


def would_change(posterior: Posterior, roles: Roles) -> tuple[WouldChange, ...]:
    """Every answer of every open test, the most valuable test first."""
    patient = posterior.patient
    cost_now = least(posterior)
    found = []
    for test in tests_of(patient, roles):
        outcomes = [
            (answer, infer_posterior(with_facts(patient, facts), in_detail=False, assignments=posterior.assignments))
            for answer, facts in test.answers
        ]
        mass = np.array([outcome.total for _, outcome in outcomes])
        p = mass / mass.sum()
        value = max(cost_now - float(sum(share * least(outcome) for share, (_, outcome) in zip(p, outcomes))), 0.0)
        for share, (answer, outcome) in zip(p, outcomes):
            stage = most_likely(joint_of(outcome, EDITION), axes_of(EDITION, patient.parameters)).stage
            found.append(WouldChange(test.name, answer, float(share), stage, value))
    return tuple(sorted(found, key=lambda one: -one.value))


def least(posterior: Posterior) -> float:
    """Expected cost of the best call of a stage class."""
    parameters = posterior.patient.parameters
    cost, _ = class_costs(joint_of(posterior, EDITION), axes_of(EDITION, parameters), parameters)
    return float(cost.min())


def tests_of(patient: Patient, roles: Roles) -> list[Test]:
    """EBUS or surgical biopsy of open stations, MRI of the brain, biopsy of open lesions, cytology of an effusion."""
    facts, most = patient.facts, int(patient.parameters.numbers.asked_at_most)
    done = {biopsy.site for biopsy in facts.biopsies if biopsy.result != "inadequate"} | {key for key, _ in facts.overrides}
    tests = []
    for s in most_open(roles.station, most):
        if STATIONS[s] not in done:
            method = "EBUS" if STATIONS[s] in EBUS_REACHES else "VATS"
            name = f"{method} of station {STATIONS[s]}"
            tests.append(biopsy_test(name, STATIONS[s], method, facts))
    malignant = 1.0 - roles.roles[:, 5]
    node = roles.node_in >= 0.5 * malignant
    for k in most_open(np.where(node, 0.0, malignant), most):
        if patient.evidence.ids[k] not in done:
            fluid = patient.evidence.effusion[k] >= 0.5
            if not fluid:
                tests.append(biopsy_test(f"biopsy of {patient.evidence.ids[k]}", patient.evidence.ids[k], "biopsy", facts))
    if facts.brain_mri in (None, "indeterminate") and "brain" not in done:
        answers = tuple((word, replace(facts, brain_mri=word)) for word in ("clear", "metastasis"))
        tests.append(Test("brain MRI", answers))
    if facts.effusion_cytology in (None, "inadequate") and (patient.evidence.effusion >= 0.5).any():
        answers = tuple((word, replace(facts, effusion_cytology=word)) for word in ("positive", "negative"))
        tests.append(Test("effusion cytology", answers))
    return tests


def most_open(p: np.ndarray, most: int) -> list[int]:
    """Positions of the probabilities that are neither near 0 nor near 1, the most open first."""
    return [int(k) for k in np.argsort(np.abs(p - 0.5), kind="stable")[:most] if OPEN_FROM < p[k] < OPEN_TO]


def biopsy_test(name: str, site: str, method: str, facts: Facts) -> Test:
    """A biopsy, positive or negative."""
    return Test(name, tuple(
        (result, replace(facts, biopsies=(*facts.biopsies, Biopsy(site, method, result)))) for result in ("positive", "negative")
    ))  # fmt: skip
