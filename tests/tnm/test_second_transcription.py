"""The TNM rules written down a second time (`tests/cases/*.csv`) against the shipped tables.

The files were transcribed from the rule text by somebody who had not seen `priors/tnm`: a slip of the pen in
one of the two shows here as a disagreement. Each test collects all rows that differ, so that one run names them all.
"""

import csv
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from lungstage.tnm import EDITIONS, describe_tnm, n_categories, read_edition, stage_group, stage_table, t_categories

CASES = Path(__file__).parents[1] / "cases"
ALONE_MM = "5"  # a tumour so small that its size sets no more than T1a
HAND_SET = {"in_situ", "no_primary", "primary_not_assessed", "nodes_not_assessed"}

pytestmark = pytest.mark.parametrize("edition", EDITIONS)


def rows_of(name, edition=None):
    """The rows of a file of cases, as text; of one edition where the file holds all three."""
    with open(CASES / name, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if edition is None or row["edition"] == str(edition)]
    assert rows, f"{name} holds no row of edition {edition}"
    return rows


def millimetres(text):
    """A size of a file of cases: None where the cell is empty."""
    return float(text) if text else None


def words(text):
    """The parts of a cell that holds several words."""
    return text.split(";") if text else []


def described(row, edition):
    """What lungstage.tnm says of a row; columns that a file lacks say nothing."""
    return describe_tnm(
        size_mm=millimetres(row.get("size_mm")),
        solid_mm=millimetres(row.get("solid_mm")),
        features=words(row.get("features")),
        stations=words(row.get("stations")),
        side=row.get("side") or None,
        metastases=words(row.get("metastases")),
        edition=edition,
    )


def disagreements(rows, edition, columns):
    """The rows in which a column differs from what lungstage.tnm says, each with its answer."""
    answers = [(row, described(row, edition)) for row in rows]
    return [(row, str(answer), answer.stage) for row, answer in answers if any(getattr(answer, c) != row[c] for c in columns)]


def test_every_combination_has_the_stage_group_of_the_second_transcription(edition):
    rows = rows_of(f"groups-{edition}.csv")
    assert [r for r in rows if stage_group(r["t"], r["n"], r["m"], edition=edition) != r["stage"]] == []


def test_the_second_transcription_names_every_combination_of_the_edition_once(edition):
    named = [(row["t"], row["n"], row["m"]) for row in rows_of(f"groups-{edition}.csv")]
    words_of = read_edition(edition)
    assert sorted(named) == sorted(product(words_of.t_names, words_of.n_names, words_of.m_names))


def test_the_stage_table_holds_the_groups_of_the_second_transcription(edition):
    names, table = read_edition(edition), stage_table(edition)
    for row in rows_of(f"groups-{edition}.csv"):
        cell = names.t_names.index(row["t"]), names.n_names.index(row["n"]), names.m_names.index(row["m"])
        assert names.stage_names[table[cell]] == row["stage"], row


def test_sizes_and_features_give_the_t_of_the_second_transcription(edition):
    assert disagreements(rows_of("descriptors.csv", edition), edition, ["t"]) == []


def test_arrays_of_primaries_get_the_t_of_the_second_transcription(edition):
    rows = rows_of("descriptors.csv", edition)
    size = np.array([float(row["size_mm"] or "nan") for row in rows])
    solid = np.array([float(row["solid_mm"] or row["size_mm"] or "nan") for row in rows])
    keys = {key for row in rows for key in words(row["features"])}
    features = {key: np.array([key in words(row["features"]) for row in rows]) for key in keys}
    names = np.array(read_edition(edition).t_names)[t_categories(size, solid, features, edition=edition).category]
    assert [(row, name) for row, name in zip(rows, names, strict=True) if name != row["t"]] == []


def test_the_second_transcription_speaks_of_every_feature_of_the_edition(edition):
    alone = {row["features"] for row in rows_of("descriptors.csv", edition) if row["size_mm"] == ALONE_MM and not row["solid_mm"]}
    signs = {word.partition(":")[0] for row in rows_of("metastases.csv", edition) for word in words(row["metastases"])}
    assert read_edition(edition).features - HAND_SET <= alone | signs


def test_stations_give_the_n_of_the_second_transcription(edition):
    assert disagreements(rows_of("stations.csv", edition), edition, ["n"]) == []


def test_the_second_transcription_speaks_of_every_station(edition):
    named = {station for row in rows_of("stations.csv", edition) for station in words(row["stations"])}
    assert {station.counts_as or name for name, station in read_edition(edition).stations.items()} <= named


@pytest.mark.parametrize("side", ["right", "left"])
def test_two_stations_give_the_highest_n_and_two_of_n2_give_n2b(edition, side):
    """The counting rule over every pair of single stations; a station without side beside its own sided twin is left out."""
    rows = [row for row in rows_of("stations.csv", edition) if row["side"] == side and len(words(row["stations"])) == 1]
    single = {row["stations"]: row["n"] for row in rows}
    pairs = [p for p in combinations(single, 2) if {p[0], p[0].rstrip("RL")} & {p[1], p[1].rstrip("RL")} not in ({"3a"}, {"8"})]
    pairs += [("3aR", "3aL"), ("8R", "8L")]
    stations = list(single)
    involved = np.array([[station in pair for station in stations] for pair in pairs])
    names = np.array(read_edition(edition).n_names)[n_categories(involved, stations, side, edition=edition).category]
    for pair, name in zip(pairs, names, strict=True):
        levels = sorted(single[station] for station in pair)
        assert name == ("N2b" if levels == ["N2a", "N2a"] else levels[-1]), pair


def test_metastases_give_the_m_of_the_second_transcription(edition):
    assert disagreements(rows_of("metastases.csv", edition), edition, ["m"]) == []


def test_hand_written_cases_get_their_tnm_and_stage(edition):
    rows = rows_of("cases.csv", edition)
    assert len(rows) == 114
    assert disagreements(rows, edition, ["t", "n", "m", "stage"]) == []
