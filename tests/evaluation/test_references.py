"""The references: the network's prior, hard rules, the network with true descriptors; and what errors cost."""

import numpy as np
import pytest
from evaluation.patients import found_lesion, true_lesion, true_node, write_answer, write_truth
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.evaluation import read_yardstick
from lungstage.evaluation.answers import read_answer
from lungstage.evaluation.costs import cost_of
from lungstage.evaluation.prior import prior_joint, t_by_t8
from lungstage.evaluation.references import hard_rules, references_of
from lungstage.evaluation.truths import read_truth
from lungstage.staging import shipped_parameters
from lungstage.tables import shipped_priors
from lungstage.tnm import EDITIONS, read_edition

NETWORK = shipped_parameters()
YARDSTICK = read_yardstick(shipped_priors())


def marginal(edition, axis, population="clinic"):
    book = read_edition(edition)
    names = (book.t_names, book.n_names, book.m_names)[axis]
    rest = tuple(k for k in range(3) if k != axis)
    return dict(zip(names, prior_joint(edition, NETWORK, population).sum(axis=rest), strict=True))


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_prior_sums_to_one_and_healthy_people_are_those_of_the_population(edition):
    joint, book = prior_joint(edition, NETWORK), read_edition(edition)

    assert joint.sum() == pytest.approx(1)
    assert joint.min() >= 0
    healthy = joint[book.t_names.index("T0"), book.n_names.index("N0"), book.m_names.index("M0")]
    assert healthy == pytest.approx(1 - NETWORK.populations["clinic"].cancer)


def test_the_prior_has_the_t_of_the_table_before_separate_nodules():
    names = ("Tis", "T1mi", "T1a", "T1b", "T1c", "T2a", "T2b", "T3", "T4")
    table = t_by_t8(8, "clinic", NETWORK)

    assert table.sum() == pytest.approx(1)
    assert table.sum(axis=0) == pytest.approx(NETWORK.t_shares["clinic"])
    # T of the 8th from T of the 8th is itself; T0 is the first by rank
    assert np.diag(table[1:]) == pytest.approx(NETWORK.t_shares["clinic"]), names


def test_editions_share_n_and_m_but_for_their_letters():
    seven, eight, nine = (marginal(edition, 1) for edition in EDITIONS)

    assert seven == pytest.approx(eight)
    assert nine["N2a"] + nine["N2b"] == pytest.approx(eight["N2"])
    assert marginal(9, 2)["M0"] == pytest.approx(marginal(7, 2)["M0"])


def test_the_prior_is_near_the_published_marginals():
    # priors.md 1.3, of cancer patients: N0 0.567, M1 0.264; histologies that spread more are counted in here
    cancer = NETWORK.populations["clinic"].cancer

    assert (marginal(9, 1)["N0"] - (1 - cancer)) / cancer == pytest.approx(0.567, abs=0.06)
    assert (1 - marginal(9, 2)["M0"]) / cancer == pytest.approx(0.264, abs=0.06)


def test_the_seventh_edition_parts_tumours_at_its_own_sizes():
    seven, eight = marginal(7, 0), marginal(8, 0)

    assert seven["T1a"] == pytest.approx(eight["T1a"] + eight["T1mi"] + eight["T1b"], abs=0.005)  # up to 2 cm
    assert seven["T2a"] > eight["T2a"]  # 3 to 5 cm, not 3 to 4
    assert seven["T4"] < eight["T4"]  # above 7 cm is T3


def answer_of(tmp_path, *lesions, **more):
    write_answer(tmp_path / "out", list(lesions), masks=False, **more)
    return read_answer(tmp_path / "out", "a")


def words(tmp_path, *lesions, edition=9, **more):
    return str(hard_rules(answer_of(tmp_path, *lesions, **more), edition, YARDSTICK))


def test_rules_take_the_best_lesion_and_what_is_called_malignant(tmp_path):
    tumour, node = true_lesion(longest_mm=34.0), true_node()
    doubtful = found_lesion(true_node(station="4L"), "L3", p_malignant=0.4)

    said = words(tmp_path, found_lesion(tumour), found_lesion(node, "L2", p_malignant=0.6), doubtful)

    assert said == "T2a N2a M0 stage IIIA"


def test_rules_know_what_a_second_lesion_of_the_lung_is(tmp_path):
    tumour = true_lesion(longest_mm=18.0)
    beside = {
        "same": ({}, "T3 N0 M0 stage IIB"),
        "other": ({"lobe": "right_lower_lobe"}, "T4 N0 M0 stage IIIA"),
        "contra": ({"lobe": "left_upper_lobe", "side": "left"}, "T1b N0 M1a stage IVA"),
    }
    for name, (where, expected) in beside.items():
        second = found_lesion(true_lesion(longest_mm=9.0, **where), "L2", p_malignant=0.9)
        assert words(tmp_path / name, found_lesion(tumour), second) == expected


def test_rules_know_ground_glass_invasion_and_metastases(tmp_path):
    glass = found_lesion(true_lesion(longest_mm=18.0), density={"ground_glass": 1.0})
    wall = found_lesion(true_lesion(longest_mm=18.0), contacts=[{"structure": "chest_wall", "p_invaded": 0.8}])
    liver = found_lesion(true_lesion(kind="liver", lobe=None), "L2", p_malignant=0.9)
    effusion = found_lesion(true_lesion(kind="effusion", lobe=None), "L2", p_malignant=0.9)

    assert words(tmp_path / "a", glass).startswith("Tis N0 M0")
    assert words(tmp_path / "b", wall).startswith("T3 N0 M0")
    assert words(tmp_path / "c", wall, liver).startswith("T3 N0 M1b")
    assert words(tmp_path / "d", wall, effusion).startswith("T3 N0 M1a")


def test_rules_without_a_lesion_say_that_there_is_no_cancer(tmp_path):
    assert words(tmp_path) == "T0 N0 M0 stage none"


def fed(tmp_path, lesions, **more):
    write_truth(tmp_path / "case", lesions, masks=False, **more)
    truth = read_truth(tmp_path / "case" / "truth" / "truth.json", "a")
    seen = np.ones(len(lesions or ()), bool)
    return references_of(truth, answer_of(tmp_path), seen, YARDSTICK).get("true descriptors")


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([(9, "T1a"), (18, "T1b"), (27, "T1c"), (36, "T2a"), (45, "T2b"), (60, "T3"), (90, "T4")]),
       st.sampled_from([("11R", "N1"), ("4R", "N2a"), ("4L", "N3")]))  # fmt: skip
def test_the_network_with_true_descriptors_finds_t_and_n(tmp_path_factory, tumour, node):
    (size, t), (station, n) = tumour, node
    lesions = [true_lesion(longest_mm=float(size)), true_node(station=station, longest_mm=14.0)]

    call = fed(tmp_path_factory.mktemp("fed"), lesions)[9]

    assert max(call.t, key=call.t.get) == t
    assert max(call.n, key=call.n.get) == n
    assert sum(call.stage.values()) == pytest.approx(1)


def test_true_descriptors_are_not_invented(tmp_path):
    assert fed(tmp_path / "a", None) is None
    assert fed(tmp_path / "b", [true_lesion()], complete=False) is None
    assert fed(tmp_path / "c", [true_lesion(malignant=None)]) is None
    assert fed(tmp_path / "d", [true_lesion(longest_diameter_mm=None)]) is None


@pytest.mark.parametrize(
    ("letter", "true", "called", "cost"),
    # priors/costs.toml and priors.md 8.3 to 8.6
    [
        ("stage", "IVB", "IA2", 20), ("stage", "IA2", "IVB", 10), ("stage", "IIIA", "IIIA", 0), ("stage", "none", "IVB", 12),
        ("stage", "IA1", "IB", 0), ("n", "N3", "N0", 14), ("n", "N0", "N2a", 3), ("m", "M1c2", "M0", 20), ("m", "M0", "M1a", 6),
        ("t", "T4", "T1c", 6), ("t", "T1b", "T1c", 0.2), ("t", "T1a", "T1c", 0.4), ("t", "T2a", "T2a", 0),
    ],
)  # fmt: skip
def test_errors_cost_what_the_table_says(letter, true, called, cost):
    assert cost_of(letter, true, called, 9, NETWORK) == pytest.approx(cost)


def test_a_stage_that_no_edition_defines_has_no_price():
    assert cost_of("stage", "undefined", "IA1", 9, NETWORK) is None
    assert cost_of("stage", "IA1", "undefined", 9, NETWORK) is None


def test_a_missed_metastasis_costs_more_than_one_that_is_invented():
    for true in ("M1a", "M1b", "M1c1", "M1c2"):
        assert cost_of("m", true, "M0", 9, NETWORK) > 1.5 * cost_of("m", "M0", true, 9, NETWORK)
