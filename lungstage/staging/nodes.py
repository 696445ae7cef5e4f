"""Node lesions and facts of stations in, the likelihood of each N out, for a tumour in a given lobe.

Malignant nodes found in an involved station are Poisson, benign ones are Poisson everywhere, so that given the pattern of
involved stations s each lesion is a factor of its own: good + bad * sum over stations of s * rate. A lesion of uncertain
station is counted once, in one station or another. Stations without any lesion or fact are summed out first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..records.names import LOBES, STATIONS
from .assignment import Assignments, share_of
from .drainage import DETAILS, n_of_detail, pattern_prior, patterns_of
from .evidence import NODES, Evidence
from .facts import Findings
from .parameters import N_FINE, StagingParameters
from .reference import Reference
from .scan import Scan

LEAST_STATION = 0.02
MOST_OPEN = 9
NOT_NOTHING = 0.05
"""A station that shows a node was scanned at least this much."""


@dataclass(frozen=True, eq=False)
class NodeEvidence:
    """Likelihood of N in one lobe, for every combination of doubtful lesions (c).

    given_n     (c, 5) P(node lesions, facts | N)
    detail      (c, 12) its parts by Patterns.detail, so that given_n is their sum within each N
    malignant   (c, 5, j) the same with lesion j malignant
    lesions     (j) positions of the lesions in Evidence
    station     (c, 5, 20) the same with this station involved
    """

    given_n: np.ndarray
    detail: np.ndarray
    malignant: np.ndarray
    lesions: np.ndarray
    station: np.ndarray


def node_rates(evidence: Evidence, lobe: str, scan: Scan, reference: Reference, parameters: StagingParameters) -> np.ndarray:
    """(k, n) rate of each lesion as a malignant node of each station of the lobe's drainage, relative to a benign one."""
    drainage = parameters.drainage[lobe]
    home = np.asarray(drainage.home)
    gather = np.zeros((len(STATIONS), len(drainage.stations)))
    gather[np.arange(len(STATIONS)), home] = 1.0
    place = evidence.stations @ gather
    place = np.where(place >= LEAST_STATION, place, 0.0)
    place /= np.maximum(place.sum(axis=1, keepdims=True), 1e-300)
    benign = parameters.station_share @ gather
    found = scan.nodes_found_full[list(drainage.stations)]
    return place * found * evidence.crowd[NODES] / (benign * reference.nodes)


def node_evidence(
    evidence: Evidence,
    assignments: Assignments,
    findings: Findings,
    lobe: str,
    size_mm: float,
    scan: Scan,
    reference: Reference,
    parameters: StagingParameters,
    in_detail: bool,
) -> NodeEvidence:
    """The likelihood of each N for a tumour of this size in this lobe; in_detail: with `malignant` and `station`."""
    drainage = parameters.drainage[lobe]
    rates = node_rates(evidence, lobe, scan, reference, parameters)
    fixed = assignments.of_column(NODES)
    doubtful = [k for k in assignments.doubtful if evidence.target[k, NODES] > 0]
    lesions = np.array([*fixed, *doubtful], int)
    facts = station_facts(findings, drainage.home, len(drainage.stations))
    shown = np.zeros(len(drainage.stations), bool)
    shown[rates[lesions].any(axis=0)] = True
    open_stations = stations_in_play(rates[lesions] * p_bad(evidence, lesions)[:, None], facts)
    table = summed_out(parameters, lobe, size_mm, missed(scan, drainage.stations, shown), tuple(open_stations))
    bits = (np.arange(2 ** len(open_stations))[:, None] >> np.arange(len(open_stations)) & 1).astype(float)
    share = np.array([share_of(evidence, assignments, k, NODES) for k in lesions])
    healthy = evidence.good[lesions] * share
    # (patterns of open stations, lesions)
    factors = healthy + (bits @ rates[np.ix_(lesions, open_stations)].T) * (evidence.bad_as(NODES)[lesions] * share)
    said = np.prod(np.where(bits > 0, facts[open_stations, 1], facts[open_stations, 0]), axis=1)
    common = said * factors[:, : len(fixed)].prod(axis=1)
    used = used_in(assignments, doubtful)
    # (combinations, patterns)
    weight = common * np.prod(np.where(used[:, None, :], factors[None, :, len(fixed) :], 1.0), axis=2)
    detail = weight @ table
    nothing = np.zeros((len(weight), len(N_FINE), 0))
    if not in_detail:
        return NodeEvidence(by_n(detail), detail, nothing, lesions, nothing)
    by_pattern = by_n(table)
    ill = np.where(factors > 0, 1.0 - healthy / np.where(factors > 0, factors, 1.0), 0.0)
    malignant = np.einsum("cp,pn,pj->cnj", weight, by_pattern, ill, optimize=True)
    malignant[:, :, len(fixed) :] *= used[:, None, :]
    return NodeEvidence(
        by_n(detail), detail, malignant, lesions, involved_stations(weight, by_pattern, bits, open_stations, drainage.stations)
    )


def p_bad(evidence: Evidence, lesions) -> np.ndarray:
    """P(malignant) of lesions by themselves if they are nodes, facts about them counted."""
    good, bad = evidence.good[lesions], evidence.bad_as(NODES)[lesions]
    return bad / np.maximum(good + bad, 1e-300)


def stations_in_play(weight: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """Stations (n) that a fact or a lesion speaks of; of many the ones with most malignant weight (lesions, n).

    A lesion's share of a station beyond these is taken for benign.
    """
    most = max(MOST_OPEN, int((facts != 1).any(axis=1).sum()))
    worth = np.where((facts != 1).any(axis=1), np.inf, weight.sum(axis=0))
    order = np.argsort(-worth, kind="stable")[:most]
    return np.sort(order[worth[order] > 0])


def used_in(assignments: Assignments, doubtful: list[int]) -> np.ndarray:
    """(c, j) whether each doubtful lesion is a node in each combination."""
    place = [list(assignments.doubtful).index(k) for k in doubtful]
    return assignments.columns[:, place] == NODES


def by_n(detail: np.ndarray) -> np.ndarray:
    """(..., 12) by detail to (..., 5) by N."""
    return detail @ (n_of_detail()[:, None] == np.arange(len(N_FINE)))


def station_facts(findings: Findings, home: tuple[int, ...], count: int) -> np.ndarray:
    """(n, 2) what facts say of each station of the drainage, those it stands for included."""
    facts = np.ones((count, 2))
    for station, own in enumerate(home):
        facts[own] *= findings.stations[station]
    return facts


def missed(scan: Scan, stations: tuple[int, ...], shown: np.ndarray) -> tuple[float, ...]:
    """-log P(no malignant node found) in each station if it is involved."""
    own = list(stations)
    least = NOT_NOTHING * scan.nodes_found_full[own]
    return tuple(np.where(shown, np.maximum(scan.nodes_found[own], least), scan.nodes_found[own]))


@lru_cache(maxsize=256)
def summed_out(
    parameters: StagingParameters, lobe: str, size_mm: float, missing: tuple[float, ...], open_stations: tuple[int, ...]
) -> np.ndarray:
    """(2^v, 12) P(pattern of the open stations, detail, nothing more to be seen | N of the detail)."""
    unseen = np.ones(1)
    for share in np.exp(-np.array(missing)):
        unseen = np.concatenate([unseen, unseen * share])
    size = 2 ** len(open_stations)
    codes = detail_codes(parameters, lobe, open_stations)
    table = np.bincount(codes, pattern_prior(parameters, lobe, size_mm) * unseen, size * DETAILS).reshape(size, DETAILS)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=64)
def detail_codes(parameters: StagingParameters, lobe: str, open_stations: tuple[int, ...]) -> np.ndarray:
    """(p) for every pattern of a lobe: pattern of the open stations x DETAILS + detail."""
    patterns = patterns_of(parameters, lobe)
    index = np.arange(len(patterns.detail))
    code = np.zeros(len(index), np.intp)
    for position, station in enumerate(open_stations):
        code |= (index >> station & 1) << position
    return code * DETAILS + patterns.detail


def involved_stations(weight, by_pattern, bits, open_stations, stations) -> np.ndarray:
    """(c, 5, 20) likelihood with each open station involved; zero for stations nothing is known of."""
    found = np.zeros((len(weight), len(N_FINE), len(STATIONS)))
    own = [stations[k] for k in open_stations]
    found[:, :, own] = np.einsum("cp,pn,pj->cnj", weight, by_pattern, bits, optimize=True)
    return found


def covered_share(scan: Scan, parameters: StagingParameters) -> float:
    """Share of the N1 and N2 disease of the average tumour that the scan covers."""
    weight = n1_n2_disease(parameters)
    return float(weight @ scan.station_covered / weight.sum())


@lru_cache(maxsize=8)
def n1_n2_disease(parameters: StagingParameters) -> np.ndarray:
    """(20) how often a station is involved as N1 or N2, relative to the others."""
    weight = np.zeros(len(STATIONS))
    for lobe, share in zip(LOBES, parameters.lobe_share):
        patterns = patterns_of(parameters, lobe)
        involved = pattern_prior(parameters, lobe, parameters.numbers.drainage_size_mm) @ patterns.bits
        own = np.array([zone in ("N1", "N2") for zone in patterns.zones])
        weight[list(parameters.drainage[lobe].stations)] += share * involved * own
    return weight
