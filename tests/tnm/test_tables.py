"""The tables of priors/tnm: complete, without gap or overlap, in the order others rely on, and rising with disease."""

from itertools import product

import numpy as np
import pytest
from changed_priors import changed_priors

from lungstage.errors import ImpossibleRequest
from lungstage.tables import shipped_priors
from lungstage.tnm import EDITIONS, read_edition, stage_group, stage_table, t_categories

NUMBERED = ("0", "IA", "IA1", "IA2", "IA3", "IB", "IIA", "IIB", "IIIA", "IIIB", "IIIC", "IV", "IVA", "IVB")
ALL = pytest.mark.parametrize("edition", EDITIONS)


T_SINCE_8 = "T0 Tis T1mi T1a T1b T1c T2a T2b T3 T4 TX"
STAGES_SINCE_8 = "occult 0 IA1 IA2 IA3 IB IIA IIB IIIA IIIB IIIC IVA IVB"


@pytest.mark.parametrize(
    "edition, t, n, m, stages",
    [
        (7, "T0 Tis T1a T1b T2a T2b T3 T4 TX", "N0 N1 N2 N3 NX", "M0 M1a M1b", "occult 0 IA IB IIA IIB IIIA IIIB IV"),
        (8, T_SINCE_8, "N0 N1 N2 N3 NX", "M0 M1a M1b M1c", STAGES_SINCE_8),
        (9, T_SINCE_8, "N0 N1 N2a N2b N3 NX", "M0 M1a M1b M1c1 M1c2", STAGES_SINCE_8),
    ],
)
def test_categories_and_stages_stand_in_the_order_others_rely_on(edition, t, n, m, stages):
    book = read_edition(edition)

    assert book.t_names == tuple(t.split())
    assert book.n_names == tuple(n.split())
    assert book.m_names == tuple(m.split())
    assert book.stage_names == ("none", *stages.split(), "undefined")


@ALL
def test_every_combination_has_one_group_and_every_group_is_reached(edition):
    book = read_edition(edition)
    table = stage_table(edition)

    assert table.shape == (len(book.t_names), len(book.n_names), len(book.m_names))
    assert set(np.unique(table)) == set(range(len(book.stage_names)))
    for t, n, m in product(book.t_names, book.n_names, book.m_names):
        stage = stage_group(t, n, m, edition)
        assert stage == book.stage_names[table[book.t_names.index(t), book.n_names.index(n), book.m_names.index(m)]]


@ALL
def test_a_distant_metastasis_is_stage_four_whatever_t_and_n(edition):
    book = read_edition(edition)

    for t, n, m in product(book.t_names, book.n_names, book.m_names[1:]):
        wanted = "IV" if edition == 7 else ("IVA" if m in ("M1a", "M1b") else "IVB")
        assert stage_group(t, n, m, edition) == wanted, (t, n, m)


@ALL
def test_more_disease_is_never_a_lower_stage(edition):
    book = read_edition(edition)
    rank = np.array([NUMBERED.index(name) if name in NUMBERED else -1 for name in book.stage_names])[stage_table(edition)]
    solid = rank[2:-1, :-1]  # without T0, Tis, TX and NX, which are no amounts

    for axis in range(3):
        before, after = np.moveaxis(solid, axis, 0)[:-1], np.moveaxis(solid, axis, 0)[1:]
        both = (before >= 0) & (after >= 0)
        assert (after >= before)[both].all(), f"edition {edition}, axis {'TNM'[axis]}"


@ALL
def test_groups_are_undefined_exactly_where_the_edition_gives_none(edition):
    book = read_edition(edition)
    without_nodes = {"TX", "T0", "Tis", "T1mi"}

    for t, n in product(book.t_names, book.n_names):
        undefined = n == "NX" or (n != "N0" and t in without_nodes)
        assert (stage_group(t, n, "M0", edition) == "undefined") == undefined, (t, n)
    assert stage_group("T0", "N0", "M0", edition) == "none"
    assert stage_group("TX", "N0", "M0", edition) == "occult"


@pytest.mark.parametrize(
    "t7, t8, n, n9, stages",
    [
        # what the editions changed (nccn7, ncit7, siteman7; nccn8; pm39, tnm9_engine): columns 7th, 8th, 9th
        ("T1b", "T1a", "N0", "N0", "IA IA1 IA1"),
        ("T1b", "T1b", "N0", "N0", "IA IA2 IA2"),
        ("T1b", "T1c", "N0", "N0", "IA IA3 IA3"),
        ("T2b", "T2b", "N0", "N0", "IIA IIA IIA"),
        ("T1a", "T1a", "N1", "N1", "IIA IIB IIA"),
        ("T2a", "T2a", "N1", "N1", "IIA IIB IIB"),
        ("T1a", "T1c", "N2", "N2a", "IIIA IIIA IIB"),
        ("T1a", "T1c", "N2", "N2b", "IIIA IIIA IIIA"),
        ("T2a", "T2a", "N2", "N2a", "IIIA IIIA IIIA"),
        ("T2b", "T2b", "N2", "N2b", "IIIA IIIA IIIB"),
        ("T3", "T3", "N2", "N2a", "IIIA IIIB IIIA"),
        ("T3", "T3", "N2", "N2b", "IIIA IIIB IIIB"),
        ("T4", "T4", "N2", "N2a", "IIIB IIIB IIIB"),
        ("T4", "T4", "N2", "N2b", "IIIB IIIB IIIB"),
        ("T3", "T3", "N3", "N3", "IIIB IIIC IIIC"),
        ("T4", "T4", "N3", "N3", "IIIB IIIC IIIC"),
    ],
)
def test_groups_move_between_editions_as_published(t7, t8, n, n9, stages):
    found = [stage_group(t7, n, "M0", 7), stage_group(t8, n, "M0", 8), stage_group(t8, n9, "M0", 9)]

    assert found == stages.split()


def test_the_seventh_edition_is_forty_cells_and_seven_groups_when_t1_and_m1_are_merged():
    book = read_edition(7)
    merged = {}
    for t, n, m in product(book.t_names, book.n_names, book.m_names):
        if t not in ("T0", "Tis", "TX") and n != "NX":
            cell = ("T1" if t.startswith("T1") else t, n, m[:2])
            merged.setdefault(cell, set()).add(stage_group(t, n, m, 7))

    assert len(merged) == 40
    assert all(len(stages) == 1 for stages in merged.values()), "merging T1 and M1 must leave the group a function"
    assert set.union(*merged.values()) == set("IA IB IIA IIB IIIA IIIB IV".split())


@ALL
def test_solid_sizes_have_no_gap_no_overlap_and_upper_limits_that_belong_to_the_band(edition):
    book = read_edition(edition)
    cuts = [20, 30, 50, 70] if edition == 7 else [10, 20, 30, 40, 50, 70]
    sizes = np.array([5.0, *(size for cut in cuts for size in (cut, np.nextafter(cut, 100)))])

    found = t_categories(sizes, sizes, {}, edition)

    bands = "T1a T1b T2a T2b T3" if edition == 7 else "T1a T1b T1c T2a T2b T3 T4"
    wanted = [band for band in bands.split() for _ in range(2)][: len(sizes)]
    assert [book.t_names[k] for k in found.category] == wanted
    assert all(book.rules[k].name == "size" for k in found.rule)


@ALL
def test_every_rule_has_its_own_id_a_known_source_and_says_honestly_whether_it_was_read(edition):
    rules = read_edition(edition).rules

    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.source in shipped_priors().sources(), rule.id
        assert rule.verified == (rule.source not in ("memory", "design")), rule.id
        prefix = rule.component if rule.category == "none" else rule.category
        assert rule.id.startswith(prefix + "."), rule.id


def test_editions_ask_for_the_same_facts():
    assert read_edition(7).features == read_edition(8).features == read_edition(9).features


def test_the_map_has_the_fourteen_stations_on_the_sides_the_map_gives():
    stations = read_edition(9).stations

    assert {name.rstrip("RL") for name in stations} == {"3a", "3p", *(str(k) for k in range(1, 15))} - {"3"}
    assert not {"5R", "6R", "7R", "7L", "3pR", "3pL"} & set(stations)
    for name, station in stations.items():
        if name.endswith("R") and name != "1R":
            mirror = stations[name[:-1] + "L"]
            assert (station.right, station.left) == (mirror.left, mirror.right), name


@pytest.mark.parametrize(
    "path, before, after, said",
    [
        ("tnm/edition-9/groups.csv", "T2a,N2a,M0,IIIA\n", "", "T2a N2a M0 has no row"),
        ("tnm/edition-9/groups.csv", "T2a,N2a,M0,IIIA", "T2a,N1,M0,IIIA", "T2a N1 M0 IIIA: this combination stands twice"),
        ("tnm/edition-9/groups.csv", "T2a,N2a,M0,IIIA", "T2a,N2a,M0,IIID", "IIID"),
        ("tnm/edition-8/descriptors.csv", "T4.heart,T,T4", "T4.heart,T,T5", "T4.heart gives T5"),
        ("tnm/edition-8/descriptors.csv", "T4.heart,T", "T4.trachea,T", "T4.trachea stands twice"),
        ("tnm/edition-8/descriptors.csv", "solid_mm,10,20", "solid_mm,20,10", "T1b.size: nothing lies above 20 and at most 10"),
        ("tnm/edition-8/descriptors.csv", "solid_mm,10,20", "solid_mm,ten,20", "T1b.size: 'ten' to '20' is not a range"),
        ("tnm/edition-8/descriptors.csv", "size+mb_ge2", "sise+mb_ge2", "T1a.superficial_spreading sets aside sise"),
        ("tnm/edition-8/descriptors.csv", "T,T4,heart", "T,T4,", "T4.heart: it has no condition"),
        ("tnm/stations.csv", ",ra9,", ",ra99,", "ra99"),
        ("tnm/edition-7/categories.csv", "T,T3,6", "T,T3,six", "six"),
    ],
)
def test_a_broken_copy_is_refused_with_file_and_fault(tmp_path, path, before, after, said):
    priors = changed_priors(tmp_path, path, before, after)

    with pytest.raises(ImpossibleRequest) as error:
        for edition in EDITIONS:
            read_edition(edition, priors)

    assert f"mine/{path}" in str(error.value)
    assert said in str(error.value)


def test_a_changed_rule_changes_the_answer_of_that_copy_alone(tmp_path):
    before, after = "T2a.mediastinal_pleura,T,T2a", "T3.mediastinal_pleura,T,T3"
    priors = changed_priors(tmp_path, "tnm/edition-9/descriptors.csv", before, after)

    changed = t_categories([20.0], [20.0], {"mediastinal_pleura": True}, 9, priors)
    shipped = t_categories([20.0], [20.0], {"mediastinal_pleura": True}, 9)

    assert read_edition(9).t_names[changed.category[0]] == "T3"
    assert read_edition(9).t_names[shipped.category[0]] == "T2a"


@pytest.mark.parametrize("edition", [6, 10, "9", None, True])
def test_an_unknown_edition_is_refused(edition):
    with pytest.raises(ImpossibleRequest, match="known are 7, 8, 9"):
        read_edition(edition)


@pytest.mark.parametrize(
    "t, n, m, edition, allowed",
    [
        ("T2a", "N2", "M0", 9, "N0, N1, N2a, N2b, N3, NX"),
        ("T2a", "N2a", "M0", 8, "N0, N1, N2, N3, NX"),
        ("T1c", "N0", "M0", 7, "T0, Tis, T1a, T1b, T2a, T2b, T3, T4, TX"),
        ("T2", "N0", "M0", 8, "T1mi"),
        ("T2a", "N0", "M1c", 9, "M0, M1a, M1b, M1c1, M1c2"),
        ("T2a", "N0", "MX", 9, "M0, M1a, M1b, M1c1, M1c2"),
        ("t2a", "N0", "M0", 9, "T2a"),
    ],
)
def test_a_category_the_edition_does_not_have_is_refused_with_those_it_has(t, n, m, edition, allowed):
    with pytest.raises(ImpossibleRequest, match=allowed):
        stage_group(t, n, m, edition)
