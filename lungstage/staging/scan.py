"""Coverage in, Scan out: what this scan could have shown, station by station and organ by organ.

An uncovered place is not a healthy place: what cannot be seen keeps its prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..records.names import STATIONS
from .parameters import Organ, StagingParameters

REGION_INSTEAD = {"neck": "mediastinum"}
"""A region whose coverage is told by another one where it is not listed itself."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What the scan could show.

    lungs            covered share of the lungs
    station_covered  (20) covered share of each station
    nodes_found      (20) expected malignant nodes found in a station that is involved, as covered
    nodes_found_full (20) the same in a scan that covers everything
    organ_covered    (o) covered share of each row of organs.csv
    organ_sees       (o) P(a metastasis there is found); organ_sees_full: where it is covered
    """

    lungs: float
    station_covered: np.ndarray
    nodes_found: np.ndarray
    nodes_found_full: np.ndarray
    organ_covered: np.ndarray
    organ_sees: np.ndarray
    organ_sees_full: np.ndarray


def read_scan(
    coverage: Mapping[str, float],
    coverage_pet: Mapping[str, float] | None,
    station_coverage: Mapping[str, float] | None,
    population: str,
    parameters: StagingParameters,
) -> Scan:
    """What a scan with this coverage could show in a patient of this population; shares in [0, 1], unknown names are 0."""
    pet = coverage_pet or {}
    stations_ct = station_shares(coverage, station_coverage, parameters)
    stations_pet = np.minimum(station_shares(pet, None, parameters), stations_ct)
    numbers = parameters.numbers
    seen = 1.0 - parameters.populations[population].occult
    by_ct, by_pet = (seen * -np.expm1(-nodes) for nodes in (numbers.nodes_seen_ct, numbers.nodes_seen_pet))
    found = stations_pet * by_pet + (stations_ct - stations_pet) * by_ct
    full = np.full(len(STATIONS), by_pet if coverage_pet else by_ct)
    organs_ct = np.array([organ_share(organ, coverage) for organ in parameters.organs])
    organs_pet = np.minimum(np.array([organ_share(organ, pet) for organ in parameters.organs]), organs_ct)
    sees_ct = np.array([organ.sees_ct for organ in parameters.organs])
    sees_pet = np.array([organ.sees_pet for organ in parameters.organs])
    return Scan(
        lungs=_share(coverage, "lungs"),
        station_covered=stations_ct,
        nodes_found=-np.log1p(-found),
        nodes_found_full=-np.log1p(-full),
        organ_covered=organs_ct,
        organ_sees=organs_pet * sees_pet + (organs_ct - organs_pet) * sees_ct,
        organ_sees_full=sees_pet if coverage_pet else sees_ct,
    )


def station_shares(
    coverage: Mapping[str, float], station_coverage: Mapping[str, float] | None, parameters: StagingParameters
) -> np.ndarray:
    """Covered share of each station (20): its own where told, else that of its region."""
    shares = [_share(coverage, region if region in coverage else REGION_INSTEAD.get(region, region))
              for region in parameters.station_region]  # fmt: skip
    own = station_coverage or {}
    return np.array([_share(own, name) if name in own else share for name, share in zip(STATIONS, shares)])


def organ_share(organ: Organ, coverage: Mapping[str, float]) -> float:
    """Covered share of an organ: the mean of the first alternative that is listed, else of the last one."""
    known = [names for names in organ.coverage if any(name in coverage for name in names)]
    names = known[0] if known else organ.coverage[-1]
    return float(np.mean([_share(coverage, name) for name in names]))


def _share(coverage: Mapping[str, float], name: str) -> float:
    return float(np.clip(coverage.get(name, 0.0), 0.0, 1.0))
