"""Wishes, plans and the truth they end in."""

import itertools

import pytest

from lungstage.errors import ImpossibleRequest
from lungstage.phantom import make_case
from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.disease import place_disease
from lungstage.phantom.parameters import read_table
from lungstage.phantom.physiology import draw_physiology
from lungstage.phantom.truth import find_truth
from lungstage.phantom.wishes import allowed_t, plan_disease
from lungstage.tnm import describe_tnm, read_edition, stage_group


@pytest.fixture(scope="module")
def chest(coarse):
    """One healthy chest, in which all diseases are put."""
    anatomy = build_anatomy(17, "thorax", coarse)
    return anatomy, draw_physiology(17, anatomy.person, coarse)


def makeable(edition):
    rules = read_edition(edition)
    return rules.t_names, [name for name in rules.n_names if name != "NX"], rules.m_names


def covering_triples(edition):
    """Triples in which every T, every N and every M of the edition occurs."""
    t_names, n_names, m_names = makeable(edition)
    longest = max(len(t_names), len(n_names), len(m_names))
    return [(t_names[i % len(t_names)], n_names[(i + 1) % len(n_names)], m_names[i % len(m_names)]) for i in range(longest)]


@pytest.mark.parametrize(
    ("edition", "t", "n", "m"), [(edition, *triple) for edition in (7, 8, 9) for triple in covering_triples(edition)]
)
def test_the_truth_is_what_was_wished(edition, t, n, m, chest):
    anatomy, physiology = chest
    plan = plan_disease(17, t, n, m, edition, "thorax")

    truth, _ = find_truth(17, anatomy, plan, place_disease(17, anatomy, physiology, plan), {})

    told = truth.editions[str(edition)]

    assert (told.t, told.n, told.m) == (t, n, m)
    assert told.stage == stage_group(t, n, m, edition=edition)


@pytest.mark.parametrize("edition", [7, 8, 9])
def test_every_combination_can_be_planned_and_its_stations_and_sites_give_it(edition):
    t_names, n_names, m_names = makeable(edition)
    for seed, (t, n, m) in enumerate(itertools.product(t_names, n_names, m_names)):
        plan = plan_disease(seed, t, n, m, edition, "thorax")
        said = describe_tnm(
            features=["no_primary"], stations=plan.stations, side=plan.side, metastases=plan.metastases, edition=edition
        )

        assert (said.n, said.m) == (n, m), f"seed {seed}, {t} {n} {m}: {plan.stations}, {plan.metastases}"


@pytest.mark.parametrize("edition", [7, 8, 9])
def test_every_t_of_every_edition_has_a_kind_of_tumour(edition):
    assert allowed_t(read_table("primaries"), edition).split(", ") == list(read_edition(edition).t_names)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"t": "T1c", "edition": 7}, "T1a, T1b"),
        ({"n": "N2", "edition": 9}, "N2a"),
        ({"n": "NX", "edition": 9}, "N0, N1"),
        ({"m": "M1c", "edition": 9}, "M1c1"),
        ({"edition": 6}, "7, 8, 9"),
        ({"coverage": "head"}, "thorax"),
        ({"normal": True, "t": "T1a"}, "normal"),
        ({"seed": -1}, "from 0"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_what_can_be(wish, said):
    with pytest.raises(ImpossibleRequest) as refusal:
        make_case(**wish)

    assert said in str(refusal.value)


def test_a_normal_patient_has_no_cancer(coarse):
    truth = make_case(5, normal=True, parameters=coarse).truth

    assert not any(lesion.malignant for lesion in truth.lesions)
    assert {told.stage for told in truth.editions.values()} == {"none"}


def test_thorax_scans_have_no_brain_metastases_because_nobody_could_see_them():
    sites = {site for seed in range(60) for site in plan_disease(seed, None, None, "M1c2", 9, "thorax").metastases}
    assert "brain" not in sites
    assert len(sites) > 3


def test_patients_without_wishes_differ():
    plans = [plan_disease(seed, None, None, None, 9, "thorax") for seed in range(200)]

    assert len({plan.primary["primary"] for plan in plans}) > 15
    # clinic: about 58 of 100 without nodes (priors.md 1.2 times 3.2), four standard deviations of 200 draws
    assert 0.42 < sum(not plan.stations for plan in plans) / 200 < 0.74
