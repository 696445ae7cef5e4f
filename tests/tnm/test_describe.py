"""From facts to T, N, M: properties that hold for every patient, and the traps of radiology texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungstage.errors import ImpossibleRequest
from lungstage.tnm import (
    EDITIONS,
    describe_tnm,
    m_categories,
    m_rules_that_hold,
    n_categories,
    n_of_station,
    n_rules_that_hold,
    read_edition,
    stage_group,
    t_categories,
    t_rules_that_hold,
)

ALL = pytest.mark.parametrize("edition", EDITIONS)
SIGNS = ("nod_contra", "contra_nodule", "pleural_nodules", "pleural_eff", "pericard_nodules", "pericard_eff")
STATUS = ("in_situ", "no_primary", "primary_not_assessed", "nodes_not_assessed")
T_FEATURES = sorted(read_edition(9).features - set(SIGNS) - set(STATUS))
STATIONS = sorted(read_edition(9).stations)
SITES = sorted(read_edition(9).sites)

editions = st.sampled_from(EDITIONS)
sizes = st.floats(0.5, 150, allow_nan=False)
shares = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))
feature_sets = st.sets(st.sampled_from(T_FEATURES), max_size=4)
station_sets = st.sets(st.sampled_from(STATIONS), max_size=6)
sides = st.sampled_from(["right", "left"])
site_counts = st.dictionaries(st.sampled_from(SITES), st.integers(1, 4), max_size=3)


def rank(edition, component, name):
    return read_edition(edition).ranks(component)[name]


def other_side(name):
    return name[:-1] + {"R": "L", "L": "R"}[name[-1]] if name[-1] in "RL" else name


# the size


@given(sizes, sizes, editions)
def test_a_larger_solid_lesion_never_has_a_lower_t(one, other, edition):
    small, large = (describe_tnm(size, edition=edition).t for size in sorted([one, other]))

    assert rank(edition, "T", small) <= rank(edition, "T", large)


@given(sizes, shares, shares, editions)
def test_a_larger_solid_part_of_a_subsolid_lesion_never_has_a_lower_t(size, one, other, edition):
    small, large = sorted([one, other])
    found = [describe_tnm(size, size * share, edition=edition).t for share in (small, large)]

    assert rank(edition, "T", found[0]) <= rank(edition, "T", found[1])


@given(sizes, shares)
def test_the_seventh_edition_does_not_look_at_the_solid_part(size, share):
    assert describe_tnm(size, size * share, edition=7).t == describe_tnm(size, edition=7).t


@given(sizes, shares)
def test_the_eighth_and_ninth_editions_read_sizes_alike(size, share):
    assert describe_tnm(size, size * share, edition=8).t == describe_tnm(size, size * share, edition=9).t


@pytest.mark.parametrize("edition", [8, 9])
@pytest.mark.parametrize(
    "size, solid, t",
    [
        # ra9, table of subsolid lesions: total, solid part, category
        (12, 0, "Tis"), (30, 0, "Tis"), (30.1, 0, "T1a"), (80, 0, "T1a"), (30, 5, "T1mi"), (6, 0.5, "T1mi"), (30.1, 5, "T1a"),
        (30, 5.1, "T1a"), (80, 10, "T1a"), (80, 10.1, "T1b"), (25, 20, "T1b"), (29, 21, "T1c"), (35, 30, "T1c"),
        (45, 30.1, "T2a"), (60, 41, "T2b"), (90, 51, "T3"), (90, 71, "T4"), (4, 4, "T1a"), (4, None, "T1a"),
    ],
)  # fmt: skip
def test_subsolid_lesions_are_sized_by_their_solid_part(edition, size, solid, t):
    assert describe_tnm(size, solid, edition=edition).t == t


def test_sizes_are_compared_unrounded():
    assert describe_tnm(10.0, edition=9).t == "T1a"
    assert describe_tnm(10.1, edition=9).t == "T1b"
    assert describe_tnm(30.4, edition=9).t == "T2a"


# the features


@given(sizes, shares, feature_sets, st.sampled_from(T_FEATURES), editions)
def test_one_more_feature_never_lowers_t_except_superficial_spread(size, share, features, more, edition):
    before = describe_tnm(size, size * share, features - {more}, edition=edition).t
    after = describe_tnm(size, size * share, features | {more}, edition=edition).t

    if more != "superficial_spreading":
        assert rank(edition, "T", after) >= rank(edition, "T", before)


@given(sizes, shares, feature_sets, feature_sets, editions)
def test_t_of_two_findings_together_is_the_higher_of_each(size, share, one, other, edition):
    one, other = one - {"superficial_spreading"}, other - {"superficial_spreading"}
    apart = [describe_tnm(size, size * share, features, edition=edition).t for features in (one, other)]

    together = describe_tnm(size, size * share, one | other, edition=edition).t

    assert rank(edition, "T", together) == max(rank(edition, "T", t) for t in apart)


@ALL
def test_superficial_spread_is_t1a_at_any_size_and_in_the_main_bronchus_but_no_excuse_for_invasion(edition):
    assert describe_tnm(60, features=["superficial_spreading", "mb_lt2"], edition=edition).t == "T1a"
    assert describe_tnm(60, features=["superficial_spreading", "mediastinum"], edition=edition).t == "T4"


@ALL
def test_pure_ground_glass_that_invades_is_not_in_situ(edition):
    assert describe_tnm(20, 0, ["chest_wall"], edition=edition).t == "T3"


@pytest.mark.parametrize(
    "feature, seventh, later",
    [
        # pdq7 beside pdq8 and ra9
        ("mb_lt2", "T3", "T2a"), ("atel_lung", "T3", "T2a"), ("diaphragm", "T3", "T4"), ("mediastinal_pleura", "T3", "T2a"),
    ],
)  # fmt: skip
def test_features_the_eighth_edition_moved(feature, seventh, later):
    assert [describe_tnm(25, features=[feature], edition=edition).t for edition in EDITIONS] == [seventh, later, later]


@pytest.mark.parametrize("size, letters", [(None, "T2a T2a T2a"), (25, "T2a T2a T2a"), (35, "T2a T2a T2a"), (45, "T2a T2b T2b"),
                                           (55, "T2b T3 T3"), (71, "T3 T4 T4")])  # fmt: skip
@pytest.mark.parametrize("feature", ["pl1_pl2", "visceral_pleura", "adjacent_lobe", "mb_ge2", "atel_part"])
def test_the_letter_of_t2_follows_the_size(feature, size, letters):
    assert " ".join(describe_tnm(size, features=[feature], edition=edition).t for edition in EDITIONS) == letters


@ALL
@pytest.mark.parametrize("feature", ["atel_sub", "hilar_vessel"])
def test_features_without_effect_are_told_and_change_nothing(edition, feature):
    found = describe_tnm(15, features=[feature], edition=edition)

    assert found.t == describe_tnm(15, edition=edition).t
    assert f"T.{feature}" in [match.rule.id for match in found.matches if match.known]


@ALL
def test_visceral_pleura_is_another_word_for_pl1_pl2(edition):
    one, other = (describe_tnm(15, features=[word], edition=edition) for word in ("visceral_pleura", "pl1_pl2"))

    assert one == other


# what is not known


@ALL
def test_nothing_known_of_the_primary_is_tx(edition):
    found = describe_tnm(stations=["7"], edition=edition)

    assert found.t == "TX"
    assert found.stage == "undefined"


@given(feature_sets, editions)
def test_an_unknown_size_gives_the_lowest_t_that_any_size_gives(features, edition):
    known = [describe_tnm(size, features=features, edition=edition).t for size in (1, 15, 25, 35, 45, 55, 80)]
    unknown = describe_tnm(features=features, edition=edition).t

    if unknown != "TX":
        assert rank(edition, "T", unknown) <= min(rank(edition, "T", t) for t in known)


@ALL
def test_rules_that_ask_for_an_unknown_size_are_listed_as_unknown(edition):
    found = describe_tnm(features=["pl1_pl2"], edition=edition)

    assert {match.rule.name for match in found.matches if not match.known} >= {"size"}
    assert not any(match.decides for match in found.matches if not match.known)


@ALL
@pytest.mark.parametrize("feature, word", [("in_situ", "Tis"), ("no_primary", "T0"), ("primary_not_assessed", "TX")])
def test_t_without_a_size_can_be_stated(edition, feature, word):
    assert describe_tnm(features=[feature], edition=edition).t == word


@ALL
def test_nodes_that_cannot_be_assessed_are_nx_not_n0_but_an_involved_one_counts(edition):
    assert describe_tnm(20, features=["nodes_not_assessed"], edition=edition).n == "NX"
    assert describe_tnm(20, features=["nodes_not_assessed"], stations=["1R"], edition=edition).n == "N3"


# the nodes


@given(station_sets, sides, editions)
def test_a_mirrored_patient_has_the_same_n(stations, side, edition):
    mirrored = {other_side(name) for name in stations - {"5", "6"}}
    flipped = {"right": "left", "left": "right"}[side]

    before = describe_tnm(20, stations=stations - {"5", "6"}, side=side, edition=edition).n
    assert before == describe_tnm(20, stations=mirrored, side=flipped, edition=edition).n


@given(station_sets, st.sampled_from(STATIONS), sides, editions)
def test_one_more_station_never_lowers_n(stations, more, side, edition):
    before = describe_tnm(20, stations=stations, side=side, edition=edition).n
    after = describe_tnm(20, stations=stations | {more}, side=side, edition=edition).n

    assert rank(edition, "N", after) >= rank(edition, "N", before)


@given(station_sets, sides)
def test_n_of_the_ninth_edition_is_n_of_the_eighth_with_stations_counted(stations, side):
    eighth = describe_tnm(20, stations=stations, side=side, edition=8).n
    ninth = describe_tnm(20, stations=stations, side=side, edition=9).n
    book = read_edition(9)

    second = {name.rstrip("RL") for name in stations if n_of_station(name, side, book) == "N2"}
    assert ninth == (eighth if eighth != "N2" else ("N2a" if len(second) == 1 else "N2b"))


@pytest.mark.parametrize("side", ["right", "left"])
def test_stations_above_the_clavicle_are_n3_and_the_hilum_is_not(side):
    own = side[0].upper()

    assert describe_tnm(20, stations=["1R"], side=side).n == describe_tnm(20, stations=["1L"], side=side).n == "N3"
    for number in (10, 11, 12, 13, 14):
        assert describe_tnm(20, stations=[f"{number}{own}"], side=side).n == "N1"


def test_three_nodes_of_one_station_are_one_station():
    assert describe_tnm(20, stations=["4R", "4R", "4R"], side="right").n == "N2a"
    assert describe_tnm(20, stations=["3a", "3aR"], side="right").n == "N2a"
    assert describe_tnm(20, stations=["4R", "10R", "11R"], side="right").n == "N2a"
    assert describe_tnm(20, stations=["2R", "4R"], side="right").n == "N2b"


def test_the_side_is_asked_for_only_where_it_matters():
    assert describe_tnm(20, stations=["7"]).n == "N2a"
    assert describe_tnm(20, stations=["4r"], side="R").n == "N2a"
    with pytest.raises(ImpossibleRequest, match="4R is N2 with a primary on the right and N3"):
        describe_tnm(20, stations=["4R"])


# the metastases


@given(site_counts, st.sets(st.sampled_from(SIGNS)), st.sampled_from(SITES), editions)
def test_one_more_metastasis_never_lowers_m(counts, signs, more, edition):
    findings = counts | dict.fromkeys(signs, 1)
    before = describe_tnm(20, metastases=findings, edition=edition).m
    after = describe_tnm(20, metastases=findings | {more: counts.get(more, 0) + 1}, edition=edition).m

    assert rank(edition, "M", after) >= rank(edition, "M", before)


@given(site_counts, editions)
def test_signs_within_the_chest_do_not_add_to_the_count_outside(counts, edition):
    outside = describe_tnm(20, metastases=counts, edition=edition).m
    with_sign = describe_tnm(20, metastases=counts | {"pleural_eff": 1}, edition=edition).m

    assert with_sign == (outside if outside != "M0" else "M1a")


@pytest.mark.parametrize(
    "metastases, words",
    [
        ({"brain": 1}, "M1b M1b M1b"),
        ({"adrenal": 2}, "M1b M1c M1c1"),
        ({"bone": 1, "skeleton": 1}, "M1b M1c M1c1"),
        ({"bone": 1, "adrenal": 1}, "M1b M1c M1c2"),
        (["brain", "brain"], "M1b M1c M1c1"),
        ({"leptomeninges": 1}, "M1b M1c M1c1"),
        ({"other_thyroid": 1}, "M1b M1b M1b"),
        ({"other_thyroid": 1, "other_breast": 1}, "M1b M1c M1c2"),
        (["liver:3", "nod_contra"], "M1b M1c M1c1"),
        (["contra_nodule"], "M1a M1a M1a"),
        ({"brain": 0}, "M0 M0 M0"),
    ],
)
def test_metastases_are_counted_by_number_and_organ_system(metastases, words):
    assert " ".join(describe_tnm(20, metastases=metastases, edition=edition).m for edition in EDITIONS) == words


# the whole


@given(st.one_of(st.none(), sizes), feature_sets, station_sets, sides, site_counts, editions)
def test_the_stage_is_that_of_the_group_table_and_each_component_has_one_deciding_rule(
    size, features, stations, side, counts, edition
):
    found = describe_tnm(size, None, features, stations, side, counts, edition)

    assert found.stage == stage_group(found.t, found.n, found.m, edition)
    deciding = [match.rule for match in found.matches if match.decides]
    assert tuple(rule.id for rule in deciding) == found.deciding
    assert [rule.category for rule in deciding] == [found.t, found.n, found.m]


@given(st.lists(st.tuples(st.one_of(st.just(np.nan), sizes), shares, feature_sets), min_size=1, max_size=8), editions)
def test_many_primaries_at_once_are_each_alone(cases, edition):
    size = np.array([case[0] for case in cases])
    solid = size * np.array([case[1] for case in cases])
    features = {name: np.array([name in case[2] for case in cases]) for name in T_FEATURES}

    found = t_categories(size, solid, features, edition)
    holds = t_rules_that_hold(size, solid, features, edition)

    book = read_edition(edition)
    for k, (_, _, present) in enumerate(cases):
        known = not np.isnan(size[k])
        alone = describe_tnm(size[k] if known else None, solid[k] if known else None, present, edition=edition)
        assert book.t_names[found.category[k]] == alone.t
        assert book.rules[found.rule[k]].id == alone.deciding[0]
        wanted = [match.rule.id for match in alone.matches if match.known and match.rule.component == "T"]
        assert [rule.id for rule, held in zip(book.rules, holds[:, k]) if held] == wanted


@given(st.lists(station_sets, min_size=1, max_size=8), sides, editions)
def test_many_station_patterns_at_once_are_each_alone(patterns, side, edition):
    involved = np.array([[name in pattern for name in STATIONS] for pattern in patterns])

    found = n_categories(involved, STATIONS, side, edition)
    holds = n_rules_that_hold(involved, STATIONS, side, edition)

    book = read_edition(edition)
    for k, pattern in enumerate(patterns):
        alone = describe_tnm(20, stations=pattern, side=side, edition=edition)
        assert (book.n_names[found.category[k]], book.rules[found.rule[k]].id) == (alone.n, alone.deciding[1])
        assert holds[found.rule[k], k]


@ALL
def test_many_patients_metastases_at_once_are_each_alone(edition):
    lesions, systems, effusion = np.array([0, 1, 2, 2, 0, 3]), np.array([0, 1, 1, 2, 0, 2]), np.array([0, 0, 0, 0, 1, 1], bool)

    found = m_categories(lesions, systems, {"pleural_eff": effusion}, edition)
    holds = m_rules_that_hold(lesions, systems, {"pleural_eff": effusion}, edition)

    wanted = {7: "M0 M1b M1b M1b M1a M1b", 8: "M0 M1b M1c M1c M1a M1c", 9: "M0 M1b M1c1 M1c2 M1a M1c2"}[edition]
    book = read_edition(edition)
    assert " ".join(book.m_names[k] for k in found.category) == wanted
    assert holds[[rule.id for rule in book.rules].index("M1a.pleural_eff")].tolist() == effusion.tolist()


def test_a_solid_part_unknown_or_a_hair_larger_than_the_lesion_is_a_solid_lesion():
    found = t_categories([20.0, 4.0, 4.0], [20.0001, np.nan, 4.0], {}, 9)

    assert [read_edition(9).t_names[k] for k in found.category] == ["T1b", "T1a", "T1a"]


# what cannot be


@pytest.mark.parametrize(
    "facts, said",
    [
        ({"size_mm": -1}, "size_mm = -1"),
        ({"size_mm": float("nan")}, "size_mm = nan"),
        ({"size_mm": 0}, "no_primary"),
        ({"size_mm": 20, "solid_mm": 21}, "solid_mm = 21 is more than size_mm = 20"),
        ({"solid_mm": 5}, "solid_mm needs size_mm"),
        ({"size_mm": 20, "features": ["rib"]}, "chest_wall"),
        ({"size_mm": 20, "features": ["part_solid"]}, "'part_solid' is not known"),
        ({"size_mm": 20, "features": "chest_wall"}, r'\["chest_wall"\]'),
        ({"size_mm": 20, "stations": ["15R"], "side": "right"}, "14R"),
        ({"size_mm": 20, "stations": ["5L"], "side": "left"}, "'5L' is not on the map"),
        ({"size_mm": 20, "stations": ["7"], "side": "middle"}, "right, left"),
        ({"size_mm": 20, "metastases": {"toe": 1}}, "other_NAME"),
        ({"size_mm": 20, "metastases": ["chest_wall"]}, "'chest_wall' is not known; sites are brain"),
        ({"size_mm": 20, "metastases": {"brain": -1}}, "not a number of lesions"),
        ({"size_mm": 20, "metastases": ["brain:two"]}, "SITE:NUMBER"),
        ({"size_mm": 20, "edition": 6}, "7, 8, 9"),
    ],
)
def test_impossible_facts_are_refused_with_what_is_allowed(facts, said):
    with pytest.raises(ImpossibleRequest, match=said):
        describe_tnm(**facts)
