"""The tables of priors/network and priors/costs.toml in, StagingParameters out: every number the staging rests on.

Each table is read into small frozen records named as a physician would; what its numbers mean stands in the files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from ..errors import ImpossibleRequest
from ..records.names import LOBES, STATIONS, STRUCTURES
from ..tables import Priors, read_parameters, read_rows, shipped_priors

T_SPREAD = ("Tis", "T1mi", "T1a", "T1b", "T1c", "T2a", "T2b", "T3", "T4")
"""T of the 8th edition: the scale on which the tables of spread hold, in every edition."""
N_FINE = ("N0", "N1", "N2a", "N2b", "N3")
"""N of the 9th edition: the finest; other editions merge N2a and N2b."""
M_FINE = ("M0", "M1a", "M1b", "M1c1", "M1c2")
"""M of the 9th edition: the finest."""
HISTOLOGIES = ("adenocarcinoma", "squamous", "small_cell", "large_cell", "carcinoid", "other")
POPULATIONS = ("clinic", "surgical", "screening")
COST_CLASSES = ("none", "occult", "0", "IA-IB", "IIA-IIB", "IIIA", "IIIB-IIIC", "IVA", "IVB")


@dataclass(frozen=True)
class NetworkNumbers:
    """The scalars of network.toml."""

    unseen_primary: float
    unseen_is_t0: float
    same_lobe_nodules: float
    other_lobe_nodules: float
    second_primary: float
    nodules_seen: float
    subsolid_others: float
    subsolid_beside_solid: float
    separate_log_size: float
    separate_size_sd: float
    second_log_size: float
    second_size_sd: float
    nodes_seen_ct: float
    nodes_seen_pet: float
    leak_size_power: float
    edge_size_power: float
    drainage_size_mm: float
    central_odds_nodes: float
    suv_doubling_odds_nodes: float
    part_solid_odds_nodes: float
    part_solid_odds_metastasis: float
    ground_glass_odds_nodes: float
    ground_glass_odds_metastasis: float
    suv_size_slope: float
    central_hilum_share: float
    main_bronchus_near_mm: float
    collapse_reaches_hilum: float
    log_odds_limit: float
    metastases_dispersion: float
    organ_count_power: float
    usual_lung: float
    usual_nodes: float
    nx_below: float
    kept_mass: float
    rule_shown_from: float
    effect_shown_from: float
    asked_at_most: int


@dataclass(frozen=True)
class Costs:
    """costs.toml: truth_X[k] is the cost of calling the k-th class where X is true."""

    truth_none: tuple[float, ...]
    truth_occult: tuple[float, ...]
    truth_0: tuple[float, ...]
    truth_IA_IB: tuple[float, ...]
    truth_IIA_IIB: tuple[float, ...]
    truth_IIIA: tuple[float, ...]
    truth_IIIB_IIIC: tuple[float, ...]
    truth_IVA: tuple[float, ...]
    truth_IVB: tuple[float, ...]
    truth_N0: tuple[float, ...]
    truth_N1: tuple[float, ...]
    truth_N2a: tuple[float, ...]
    truth_N2b: tuple[float, ...]
    truth_N3: tuple[float, ...]
    truth_M0: tuple[float, ...]
    truth_M1a: tuple[float, ...]
    truth_M1b: tuple[float, ...]
    truth_M1c1: tuple[float, ...]
    truth_M1c2: tuple[float, ...]
    truth_T1: tuple[float, ...]
    truth_T2: tuple[float, ...]
    truth_T3: tuple[float, ...]
    truth_T4: tuple[float, ...]
    t_step: float

    def matrix(self, names: tuple[str, ...]) -> np.ndarray:
        """(truth, call) of the named classes, in their order."""
        return np.array([getattr(self, "truth_" + name.replace("-", "_")) for name in names], float)


@dataclass(frozen=True)
class Population:
    """One row of populations.csv."""

    cancer: float
    log_size: float
    size_sd: float
    occult: float
    m1_log_odds: float


@dataclass(frozen=True)
class Histology:
    """One row of histology.csv."""

    histology: str
    clinic: float
    surgical: float
    screening: float
    never_smoker: float
    odds_nodes: float
    odds_metastasis: float
    log_size: float
    size_sd: float
    log_suv: float
    suv_sd: float
    central: float


@dataclass(frozen=True)
class Organ:
    """One row of organs.csv; involved (6) by HISTOLOGIES; coverage: alternatives, each a tuple of region names."""

    organ: str
    system: str
    involved: tuple[float, ...]
    single: float
    many: float
    sees_ct: float
    sees_pet: float
    coverage: tuple[tuple[str, ...], ...]
    regions: tuple[str, ...]
    given_n3: float
    given_t4: float
    usual: float


@dataclass(frozen=True)
class Method:
    """One row of methods.csv."""

    method: str
    sensitivity: float
    sensitivity_unseen: float
    specificity: float
    text: str


@dataclass(frozen=True, eq=False)
class Drainage:
    """How nodes of one lobe get involved.

    stations   positions in STATIONS (n), parents before children
    leaks      (n) P(involved | no involved parent)
    edges      (n, n) P(child column involved | only the parent row involved)
    home       position in `stations` for each of STATIONS: itself, or the station that stands for it
    """

    stations: tuple[int, ...]
    leaks: np.ndarray
    edges: np.ndarray
    home: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class StagingParameters:
    """All tables of the network.

    priors               where they and the TNM tables come from
    nodes_given_t        population -> (9, 5) T_SPREAD by N_FINE
    metastasis_given_t   (9) log-odds of M1; metastasis_given_n (5) what N adds
    m_categories         population or "small_cell" -> (4) M1a M1b M1c1 M1c2
    organ_pairs          (one, other, log-odds)
    station_share        (20) share of benign nodes; station_region (20) name whose coverage counts
    t_shares             population -> (9)
    features             structure -> (feature key, the same near the carina)
    """

    priors: Priors
    numbers: NetworkNumbers
    costs: Costs
    populations: dict[str, Population]
    histologies: tuple[Histology, ...]
    organs: tuple[Organ, ...]
    organ_pairs: tuple[tuple[str, str, float], ...]
    methods: dict[str, Method]
    station_share: np.ndarray
    station_region: tuple[str, ...]
    drainage: dict[str, Drainage]
    nodes_given_t: dict[str, np.ndarray]
    metastasis_given_t: np.ndarray
    metastasis_given_n: np.ndarray
    m_categories: dict[str, np.ndarray]
    lobe_share: np.ndarray
    lobe_volume: np.ndarray
    t_shares: dict[str, np.ndarray]
    features: dict[str, tuple[str, str]]


def shipped_parameters() -> StagingParameters:
    """The numbers that ship with the package."""
    return read_staging_parameters(shipped_priors())


@cache
def read_staging_parameters(priors: Priors) -> StagingParameters:
    """The tables of one folder of priors; ImpossibleRequest names the file, the row and what is wrong with it."""
    t_rows = _by(priors, "metastasis_given_t", ("t", "log_odds"), T_SPREAD)
    n_rows = _by(priors, "metastasis_given_n", ("n", "log_odds"), N_FINE)
    shares = _by(priors, "t_shares", ("t", *POPULATIONS), T_SPREAD)
    stations = _by(priors, "stations", ("station", "benign_share", "region"), STATIONS)
    lobes = _by(priors, "lobes", ("lobe", "share", "volume"), LOBES)
    return StagingParameters(
        priors=priors,
        numbers=read_parameters(priors, "network/network.toml", NetworkNumbers),
        costs=read_costs(priors),
        populations=read_populations(priors),
        histologies=read_histologies(priors),
        organs=read_organs(priors),
        organ_pairs=tuple(
            (row["one"], row["other"], _number(priors, "organ_pairs", row, "log_odds", -10, 10))
            for row in _rows(priors, "organ_pairs", ("one", "other", "log_odds"))
        ),
        methods=read_methods(priors),
        station_share=_distribution(priors, "stations", stations, "benign_share"),
        station_region=tuple(row["region"] for row in stations),
        drainage=read_drainage(priors),
        nodes_given_t=read_nodes_given_t(priors),
        metastasis_given_t=np.array([_number(priors, "metastasis_given_t", row, "log_odds", -20, 20) for row in t_rows]),
        metastasis_given_n=np.array([_number(priors, "metastasis_given_n", row, "log_odds", -20, 20) for row in n_rows]),
        m_categories=read_m_categories(priors),
        lobe_share=_distribution(priors, "lobes", lobes, "share"),
        lobe_volume=_distribution(priors, "lobes", lobes, "volume"),
        t_shares={name: _distribution(priors, "t_shares", shares, name) for name in POPULATIONS},
        features={
            row["structure"]: (row["feature"], row["near_carina"])
            for row in _by(priors, "structures", ("structure", "feature", "near_carina"), STRUCTURES)
        },
    )


def read_costs(priors: Priors) -> Costs:
    """costs.toml, with rows as long as their classes."""
    costs = read_parameters(priors, "costs.toml", Costs)
    for names in (COST_CLASSES, N_FINE, M_FINE, ("T1", "T2", "T3", "T4")):
        for position, name in enumerate(names):
            row = getattr(costs, "truth_" + name.replace("-", "_"))
            if len(row) != len(names) or row[position] != 0:
                raise ImpossibleRequest(
                    f"{priors.name}/costs.toml: truth_{name} needs {len(names)} costs ({', '.join(names)}), 0 for the truth"
                )
    return costs


def read_populations(priors: Priors) -> dict[str, Population]:
    """populations.csv."""
    names = tuple(field.name for field in fields(Population))
    rows = _by(priors, "populations", ("population", *names), POPULATIONS)
    return {row["population"]: Population(**{n: _number(priors, "populations", row, n, -10, 10) for n in names}) for row in rows}


def read_histologies(priors: Priors) -> tuple[Histology, ...]:
    """histology.csv in the order of HISTOLOGIES."""
    names = tuple(field.name for field in fields(Histology))
    rows = _by(priors, "histology", names, HISTOLOGIES)
    for population in POPULATIONS:
        _distribution(priors, "histology", rows, population)
    return tuple(Histology(row["histology"], *(_number(priors, "histology", row, n, 0, 100) for n in names[1:])) for row in rows)


def read_organs(priors: Priors) -> tuple[Organ, ...]:
    """organs.csv in the order of the file."""
    columns = ("organ", "system", *HISTOLOGIES, "single", "many", "sees_ct", "sees_pet", "coverage")
    columns += ("regions", "given_n3", "given_t4", "usual")
    organs = []
    for row in _rows(priors, "organs", columns):
        shares = {name: _number(priors, "organs", row, name, 0, 1) for name in (*HISTOLOGIES, "single", "sees_ct", "sees_pet")}
        factors = {name: _number(priors, "organs", row, name, 0, 100) for name in ("many", "given_n3", "given_t4", "usual")}
        involved = tuple(shares.pop(name) for name in HISTOLOGIES)
        coverage = tuple(tuple(part.split("+")) for part in row["coverage"].split("|"))
        regions = tuple(row["regions"].split("+")) if row["regions"] else ()
        organs.append(Organ(row["organ"], row["system"], involved, coverage=coverage, regions=regions, **shares, **factors))
    return tuple(organs)


def read_methods(priors: Priors) -> dict[str, Method]:
    """methods.csv by name in lower case."""
    columns = ("method", "sensitivity", "sensitivity_unseen", "specificity", "text")
    methods = {}
    for row in _rows(priors, "methods", columns):
        numbers = [_number(priors, "methods", row, name, 0, 1) for name in columns[1:4]]
        methods[row["method"].lower()] = Method(row["method"], *numbers, row["text"])
    return methods


def read_nodes_given_t(priors: Priors) -> dict[str, np.ndarray]:
    """nodes_given_t.csv; screening uses the rows of clinic."""
    rows = _rows(priors, "nodes_given_t", ("population", "t", *N_FINE))
    tables = {}
    for population in ("clinic", "surgical"):
        found = {row["t"]: row for row in rows if row["population"] == population}
        if set(found) != set(T_SPREAD):
            raise ImpossibleRequest(f"{priors.name}/network/nodes_given_t.csv: {population} needs one row for each of {T_SPREAD}")
        table = np.array([[_number(priors, "nodes_given_t", found[t], n, 0, 1) for n in N_FINE] for t in T_SPREAD])
        if not np.allclose(table.sum(axis=1), 1, atol=1e-4):
            raise ImpossibleRequest(f"{priors.name}/network/nodes_given_t.csv: a row of {population} does not sum to 1")
        tables[population] = table / table.sum(axis=1, keepdims=True)
    return {**tables, "screening": tables["clinic"]}


def read_m_categories(priors: Priors) -> dict[str, np.ndarray]:
    """m_categories.csv."""
    rows = _by(priors, "m_categories", ("population", *M_FINE[1:]), ("clinic", "screening", "surgical", "small_cell"))
    table = {r["population"]: np.array([_number(priors, "m_categories", r, m, 0, 1) for m in M_FINE[1:]]) for r in rows}
    return {name: row / row.sum() for name, row in table.items()}


def read_drainage(priors: Priors) -> dict[str, Drainage]:
    """node_leaks.csv and node_edges.csv, with 12, 11, 10 on the tumour's side, parents before children."""
    columns = ("lobe", "same12", "same11", "same10", "1R", "2R", "4R", "10R", "1L", "2L", "4L", "10L")
    columns += ("3a", "5", "6", "7", "8", "9R", "9L")
    edges = _rows(priors, "node_edges", ("lobe", "parent", "child", "p"))
    drainage = {}
    for row in _by(priors, "node_leaks", columns, LOBES):
        side = "R" if row["lobe"].startswith("right") else "L"
        leaks = {_station(name, side): _number(priors, "node_leaks", row, name, 0, 1) for name in columns[1:] if row[name]}
        arrows = {
            (_station(edge["parent"], side), _station(edge["child"], side)): _number(priors, "node_edges", edge, "p", 0, 1)
            for edge in edges
            if edge["lobe"] == row["lobe"]
        }
        drainage[row["lobe"]] = _ordered(priors, row["lobe"], side, leaks, arrows)
    return drainage


def _station(name: str, side: str) -> str:
    return name.removeprefix("same") + side if name.startswith("same") else name


def _ordered(priors: Priors, lobe: str, side: str, leaks: dict[str, float], arrows: dict[tuple[str, str], float]) -> Drainage:
    """The stations of a lobe with parents first; ImpossibleRequest if the arrows run in a circle."""
    order: list[str] = []
    while len(order) < len(leaks):
        ready = [s for s in leaks if s not in order and all(p in order for p, child in arrows if child == s)]
        if not ready:
            raise ImpossibleRequest(f"{priors.name}/network/node_edges.csv: {lobe}: the stations {sorted(leaks)} feed each other")
        order.append(ready[0])
    matrix = np.zeros((len(order), len(order)))
    for (parent, child), p in arrows.items():
        matrix[order.index(parent), order.index(child)] = p
    home = tuple(order.index(_stand_in(station, side, order)) for station in STATIONS)
    return Drainage(tuple(STATIONS.index(s) for s in order), np.array([leaks[s] for s in order]), matrix, home)


def _stand_in(station: str, side: str, order: list[str]) -> str:
    """The station of the drainage that a rare one is counted with, of the same N."""
    if station in order:
        return station
    other = "L" if side == "R" else "R"
    if station == "3p":
        return "4" + side
    if station == "6":
        return "5"
    if station.endswith(other):
        return "10" + other
    return "12" + side


def _rows(priors: Priors, name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    rows = read_rows(priors, f"network/{name}.csv", (*columns, "source", "verified"))
    known = priors.sources()
    for row in rows:
        if row["source"] not in known:
            raise ImpossibleRequest(f"{priors.name}/network/{name}.csv: source {row['source']} is not in sources.bib")
    return rows


def _by(priors: Priors, name: str, columns: tuple[str, ...], order: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows in a given order of their first column, each there exactly once."""
    rows = _rows(priors, name, columns)
    found = [row[columns[0]] for row in rows]
    if sorted(found) != sorted(order):
        raise ImpossibleRequest(f"{priors.name}/network/{name}.csv: the rows are {found}, needed are {list(order)}, once each")
    return sorted(rows, key=lambda row: order.index(row[columns[0]]))


def _number(priors: Priors, name: str, row: dict[str, str], key: str, low: float, high: float) -> float:
    where = f"{priors.name}/network/{name}.csv: {next(iter(row.values()))}: {key}"
    try:
        value = float(row[key])
    except ValueError as error:
        raise ImpossibleRequest(f"{where} = {row[key]!r} is not a number") from error
    if not low <= value <= high:
        raise ImpossibleRequest(f"{where} = {value} is outside [{low}, {high}]")
    return value


def _distribution(priors: Priors, name: str, rows: list[dict[str, str]], key: str) -> np.ndarray:
    values = np.array([_number(priors, name, row, key, 0, 1) for row in rows])
    if abs(values.sum() - 1) > 0.011:
        raise ImpossibleRequest(f"{priors.name}/network/{name}.csv: {key} sums to {values.sum():.3f} instead of 1")
    return values / values.sum()
