"""The engine against plain enumeration of everything that could be so."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from lungstage.records import Biopsy, Facts
from lungstage.staging.assignment import assign
from lungstage.staging.editions import axes_of, joint_of
from lungstage.staging.parameters import shipped_parameters
from lungstage.staging.posterior import infer_posterior, read_patient
from lungstage.staging.roles import roles_of

from .brute_force import everything
from .patients import THORAX, WHOLE_BODY, lesion, lesions, node

ORGANS = ("contralateral_lung", "pleura", "brain", "bone", "liver")
FLAT = dict(lobe={"right_upper_lobe": 0.7, "right_lower_lobe": 0.3})


def few_organs():
    """The shipped numbers with five organs, so that all sets of them can be listed."""
    parameters = shipped_parameters()
    organs = tuple(o for o in parameters.organs if o.organ in (*ORGANS, "pericardium", "distant_nodes"))
    pairs = tuple(p for p in parameters.organ_pairs if {p[0], p[1]} <= {o.organ for o in organs})
    numbers = replace(parameters.numbers, kept_mass=0.0)
    return replace(parameters, organs=organs, organ_pairs=pairs, numbers=numbers)


PARAMETERS = few_organs()
CASES = {
    "nothing at all": (lesions(), WHOLE_BODY, Facts()),
    "one nodule": (lesions(lesion(invades={"visceral_pleura": 0.3, "chest_wall": 0.2})), THORAX, Facts()),
    "a nodule and a node": (lesions(lesion(**FLAT), node("L2", {"4R": 0.6, "10R": 0.4}, 1.0)), WHOLE_BODY, Facts()),
    "two nodules": (lesions(lesion(), lesion("L2", size_mm=12, log_odds=1.0, lobe="left_lower_lobe")), WHOLE_BODY, Facts()),
    "subsolid nodules": (
        lesions(lesion(density="part_solid", solid_mm=8.0), lesion("L2", size_mm=9, log_odds=0.0, density="ground_glass")),
        WHOLE_BODY, Facts(),
    ),
    "bones": (lesions(lesion(), lesion("L2", "bone", log_odds=1.0), lesion("L3", "bone", log_odds=0.5)), THORAX, Facts()),
    "a mass of doubtful kind": (
        lesions(lesion(size_mm=34), lesion("L2", p_kind={"pulmonary": 0.6, "node": 0.4}, log_odds=1.5, station="10R")),
        WHOLE_BODY, Facts(),
    ),
    "a mass that would be harmless as a node": (
        lesions(
            lesion(size_mm=34),
            lesion("L2", p_kind={"pulmonary": 0.6, "node": 0.4}, log_odds=1.5, station="10R", log_odds_as={"node": -3.0}),
        ),
        WHOLE_BODY, Facts(),
    ),
    "a focus of bone or liver": (
        lesions(lesion(), lesion("L2", p_kind={"liver": 0.6, "bone": 0.4}, log_odds=-2.0, log_odds_as={"bone": 1.0})),
        WHOLE_BODY, Facts(),
    ),
    "a biopsy and an MRI": (
        lesions(lesion(log_odds=2.0), node("L2", "7", 0.0)), WHOLE_BODY,
        Facts(biopsies=(Biopsy("7", "EBUS", "negative"), Biopsy("L1", "biopsy", "positive")), brain_mri="clear"),
    ),
    "what-if": (
        lesions(lesion(), node("L2", "4R", 0.0), lesion("L3", "liver", log_odds=0.0)), WHOLE_BODY,
        Facts(overrides=(("4R", "involved"), ("L3", "metastasis"))),
    ),
    "screening": (lesions(lesion(log_odds=1.0, size_mm=11.0)), THORAX, Facts(population="screening", histology="squamous")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_sum_equals_plain_enumeration(name):
    patient = read_patient(*CASES[name], PARAMETERS)
    posterior = infer_posterior(patient, in_detail=True)

    found = everything(patient, assign(patient.evidence))

    # the loops and the products round differently in the last of some hundred thousand terms
    assert posterior.total == pytest.approx(sum(found.values()), rel=1e-9)
    compare_categories(posterior, found)
    compare_roles(posterior, found)


def compare_categories(posterior, found):
    """T N M of the 8th edition where no second primary is involved."""
    axes = axes_of(8, PARAMETERS)
    total, expected = sum(found.values()), Counter()
    for key, mass in found.items():
        primary, second = key[0], None if key[0] == "none" else key[1]
        t, n, m = key[-3:]
        if primary == "none" or (second is None and primary is not None):
            n, m = n.rstrip("ab") if n.startswith("N2") else n, m.rstrip("12") if m.startswith("M1c") else m
            expected[t, n, m] += mass / total
    joint = joint_of(posterior, 8)
    unseen = sum(mass for key, mass in found.items() if key[0] is None) / total
    seconds = sum(mass for key, mass in found.items() if key[0] != "none" and key[1] is not None) / total
    book = axes.book
    for (t, n, m), mass in expected.items():
        got = joint[book.t_names.index(t), book.n_names.index(n), book.m_names.index(m)]
        assert mass - 1e-9 <= got <= mass + seconds + unseen + 1e-9, (t, n, m)
    assert sum(expected.values()) == pytest.approx(1 - seconds - unseen)


def compare_roles(posterior, found):
    """The role of every lesion."""
    roles = roles_of(posterior)
    total, ids = sum(found.values()), posterior.patient.evidence.ids
    for k in range(len(ids)):
        expected = np.zeros(6)
        for key, mass in found.items():
            if key[0] == "none":
                expected[5] += mass / total
                continue
            primary, second, words = key[:3]
            place = {"same": 2, "other": 2, "contra": 4, "multifocal": 1, "benign": 5}
            word = words[k]
            at = 0 if k == primary else 1 if k == second else place.get(word, 3 if word.startswith("node") else 4)
            expected[at] += mass / total
        assert roles.roles[k] == pytest.approx(expected, abs=1e-9), ids[k]
