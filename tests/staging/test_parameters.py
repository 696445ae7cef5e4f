"""The tables of the network: complete, sourced, and giving the margins their source derives (priors.md 1.3)."""

import numpy as np
import pytest
from changed_priors import changed_priors

from lungstage.errors import ImpossibleRequest
from lungstage.records.names import LOBES, STATIONS
from lungstage.staging import read_staging_parameters, shipped_parameters
from lungstage.staging.choices import COST_CLASSES
from lungstage.staging.drainage import n_of_detail, pattern_prior, patterns_of
from lungstage.staging.parameters import M_FINE, N_FINE
from lungstage.staging.tumour_spread import metastasis_probability
from lungstage.tnm import n_categories

PARAMETERS = shipped_parameters()


@pytest.mark.parametrize(
    "population, margins",
    [("clinic", (0.567, 0.100, 0.105, 0.112, 0.117)), ("surgical", (0.772, 0.105, 0.068, 0.045, 0.009))],
)
def test_n_margins_are_those_derived_in_priors_1_3(population, margins):
    found = PARAMETERS.t_shares[population] @ PARAMETERS.nodes_given_t[population]

    # the source rounds to three digits; of surgery 0.02 of T1a stand here as Tis and T1mi
    assert found == pytest.approx(margins, abs=0.003)


def test_m1_of_the_clinic_is_that_of_priors_1_3():
    m1 = metastasis_probability(np.ones((1, 1)), 0.0, PARAMETERS)[0]

    found = np.einsum("t,tn,tn->", PARAMETERS.t_shares["clinic"], PARAMETERS.nodes_given_t["clinic"], m1)

    assert found == pytest.approx(0.264, abs=0.002)


def test_p_of_m1_given_t_and_n_is_the_table_of_priors_6_2():
    m1 = metastasis_probability(np.ones((1, 1)), 0.0, PARAMETERS)[0]

    assert m1[2] == pytest.approx([0.018, 0.028, 0.039, 0.055, 0.083], abs=6e-4)
    assert m1[8] == pytest.approx([0.332, 0.438, 0.525, 0.611, 0.711], abs=6e-4)


@pytest.mark.parametrize("lobe", LOBES)
def test_drainage_at_35_mm_gives_the_shares_of_priors_3_4(lobe):
    drainage = PARAMETERS.drainage[lobe]
    patterns = patterns_of(PARAMETERS, lobe)
    spared = np.log1p(-drainage.leaks) + patterns.bits @ np.log1p(-drainage.edges)
    p = np.exp(np.where(patterns.bits > 0, np.log(-np.expm1(spared)), spared).sum(axis=1))
    n = np.bincount(patterns.n_class, p, len(N_FINE))

    assert p.sum() == pytest.approx(1)
    # "forward sampling gives N0 0.66-0.67, N1 0.14-0.16, N2a 0.07-0.10, N2b 0.04-0.05, N3 0.04-0.05"; half a rounding step
    for value, (low, high) in zip(n, ((0.66, 0.67), (0.14, 0.16), (0.07, 0.10), (0.04, 0.05), (0.04, 0.05))):
        assert low - 0.0075 <= value <= high + 0.0075, (lobe, n)


@pytest.mark.parametrize("lobe", LOBES)
def test_patterns_have_the_n_of_the_rule_tables(lobe):
    patterns = patterns_of(PARAMETERS, lobe)
    names = [STATIONS[k] for k in PARAMETERS.drainage[lobe].stations]
    some = np.random.default_rng(1).choice(len(patterns.bits), 500, replace=False)

    found = n_categories(patterns.bits[some] > 0, names, lobe.split("_")[0], 9).category

    assert (found == patterns.n_class[some]).all()


def test_details_of_n_are_complete():
    assert sorted(set(n_of_detail())) == list(range(len(N_FINE)))


@pytest.mark.parametrize("lobe", LOBES)
@pytest.mark.parametrize("size_mm", [10, 35, 90])
def test_patterns_of_one_n_sum_to_one(lobe, size_mm):
    sums = np.bincount(patterns_of(PARAMETERS, lobe).n_class, pattern_prior(PARAMETERS, lobe, size_mm), len(N_FINE))

    assert sums == pytest.approx(np.ones(len(N_FINE)))


def test_costs_hold_the_sanity_rules_of_priors_8_7():
    stage = PARAMETERS.costs.matrix(COST_CLASSES)
    n, m = PARAMETERS.costs.matrix(N_FINE), PARAMETERS.costs.matrix(M_FINE)

    assert (np.diag(stage) == 0).all() and (stage + np.eye(len(stage)) > 0).all()
    # undercalling N2, N3 or M1 costs more than 1.5 times overcalling
    assert n[2, 0] > 1.5 * n[0, 2] and n[4, 0] > 1.5 * n[0, 4] and m[4, 0] > 1.5 * m[0, 4]
    # the thresholds the costs imply: N2a over N0 from 3 / (3 + 8) on, M1a over M0 from 6 / (6 + 14)
    assert n[0, 2] / (n[0, 2] + n[2, 0]) == pytest.approx(0.273, abs=5e-4)
    assert m[0, 1] / (m[0, 1] + m[1, 0]) == pytest.approx(0.300)


@pytest.mark.parametrize(
    "file, old, new, said",
    [
        ("network/histology.csv", "squamous,0.23", "squamous,1.23", "outside"),
        ("network/lobes.csv", "right_upper_lobe,0.32", "right_upper_lobe,0.92", "sums to"),
        ("network/stations.csv", "\n7,0.075,", "\n77,0.075,", "needed are"),
        ("network/organs.csv", "liver,liver,0.17", "liver,liver,much", "not a number"),
        ("network/network.toml", "[kept_mass]", "[kept_mess]", "unknown key"),
        ("costs.toml", "value = [0, 1, 3, 4, 8]", "value = [0, 1, 3, 4]", "needs 5 costs"),
    ],
)
def test_a_changed_copy_is_checked_and_told_what_is_wrong(tmp_path, file, old, new, said):
    priors = changed_priors(tmp_path, file, old, new)

    with pytest.raises(ImpossibleRequest, match=said) as error:
        read_staging_parameters(priors)
    assert f"mine/{file}" in str(error.value)


def test_a_copy_that_says_the_same_is_read_as_the_shipped_one(tmp_path):
    same = changed_priors(tmp_path, "network/lobes.csv", "right_upper_lobe,0.32", "right_upper_lobe,0.32")

    assert read_staging_parameters(same).numbers == PARAMETERS.numbers
