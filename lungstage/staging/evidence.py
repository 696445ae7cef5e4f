"""Lesions and findings in, Evidence out: what each lesion can be, and how strongly the images say so, as arrays.

`bad` and `good` are proportional to P(images of the lesion | malignant) times the odds that a candidate is malignant, and to
P(images | benign), scaled to sum to 1 so that products over many lesions stay small; facts of the lesion multiply both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Lesion, Lesions
from ..records.names import LOBES, STATIONS
from .facts import BENIGN, MALIGNANT, Findings
from .parameters import StagingParameters

LUNG, NODES, FIRST_ORGAN = 0, 1, 2
"""Columns of Evidence.target; the organs of organs.csv follow, contralateral_lung (counted under LUNG) included."""
LEAST_SHARE = 0.03
"""A lesion less probable than this to be of a kind is not taken for it; the share goes to its other kinds."""
LEAST_LOBE = 0.02
NO_LOBE_BELOW = 0.05


@dataclass(frozen=True, eq=False)
class Evidence:
    """The lesions (k) as the network sees them.

    odds           (k) of malignancy, by the images alone; good, bad (k) see above
    lean           (k, 2 + o) odds of malignancy if it is of a column of `target`, over those odds
    target         (k, 2 + o) probability that it is tissue of the lung, a regional node, or in an organ; rows sum to 1
    primary        (k) probability that it is tissue that a primary can be
    nodule         (k) of its share of the lung, the part that is a nodule or mass and not a collapse
    lobes          (k, 5); stations (k, 20): where it lies if it is of the lung, a node
    log_size       (k) ln of the longest diameter in mm
    subsolid       (k) probability of ground glass or part-solid
    effusion       (k) probability of an effusion
    crowd          (2 + o) factor on the odds of every lesion of a column of `target`: below 1 where more benign candidates
                   are found than usual
    """

    ids: tuple[str, ...]
    odds: np.ndarray
    good: np.ndarray
    bad: np.ndarray
    lean: np.ndarray
    target: np.ndarray
    primary: np.ndarray
    nodule: np.ndarray
    lobes: np.ndarray
    stations: np.ndarray
    log_size: np.ndarray
    subsolid: np.ndarray
    effusion: np.ndarray
    crowd: np.ndarray

    def bad_as(self, column: int) -> np.ndarray:
        """(k) `bad` of every lesion if it is of this column of `target`."""
        return self.bad * self.lean[:, column]


def read_evidence(lesions: Lesions, findings: Findings, parameters: StagingParameters) -> Evidence:
    """Every lesion as a row; the facts of `findings` are counted in."""
    limit = parameters.numbers.log_odds_limit
    alone = np.array([lesion.log_odds for lesion in lesions], float)
    odds = np.exp(np.clip(alone, -limit, limit))
    good, bad = with_facts(odds, findings)
    targets = [target_of(lesion, parameters) for lesion in lesions]
    leans = [lean_of(lesion, parameters) for lesion in lesions]
    columns = FIRST_ORGAN + len(parameters.organs)
    target = np.array([row for row, _ in targets]).reshape(-1, columns)
    primary = np.array([share for _, share in targets])
    for k in np.flatnonzero(findings.only_node & (target[:, NODES] > 0)):
        target[k] = np.arange(columns) == NODES
    primary = np.where(findings.only_node | findings.not_primary, 0.0, primary)
    return Evidence(
        ids=tuple(lesion.id for lesion in lesions),
        odds=odds,
        good=good,
        bad=bad,
        lean=np.array(leans).reshape(-1, columns),
        target=target,
        primary=primary,
        nodule=np.array([nodule_share(lesion) for lesion in lesions]),
        lobes=np.array([lobes_of(lesion, parameters) for lesion in lesions]).reshape(-1, len(LOBES)),
        stations=np.array([stations_of(lesion) for lesion in lesions]).reshape(-1, len(STATIONS)),
        log_size=np.log([max(lesion.longest_diameter_mm.q50, 1.0) for lesion in lesions]).reshape(-1),
        subsolid=np.array([lesion.density["ground_glass"] + lesion.density["part_solid"] for lesion in lesions]),
        effusion=np.array([lesion.p_kind.get("effusion", 0.0) for lesion in lesions]),
        crowd=crowding(target, 1 / (1 + odds), parameters),
    )


def with_facts(odds: np.ndarray, findings: Findings) -> tuple[np.ndarray, np.ndarray]:
    """`good` and `bad` of lesions with these odds, facts about them counted."""
    good = np.where(findings.lesion_state == MALIGNANT, 0.0, findings.lesions[:, 0] / (1 + odds))
    bad = np.where(findings.lesion_state == BENIGN, 0.0, findings.lesions[:, 1] * odds / (1 + odds))
    return good, bad


def crowding(target: np.ndarray, p_benign: np.ndarray, parameters: StagingParameters) -> np.ndarray:
    """(2 + o) of Evidence.crowd.

    Benign candidates vary more from patient to patient than chance: emphysema, motion, brown fat. Their rate in this patient
    is that of a gamma prior of one patient's weight, so that a crowd of candidates is no evidence of disease by itself.
    """
    numbers = parameters.numbers
    usual = np.array([numbers.usual_lung, numbers.usual_nodes, *(organ.usual for organ in parameters.organs)])
    return np.minimum(1.0, (usual + 1.0) / (p_benign @ target + 1.0))


def target_of(lesion: Lesion, parameters: StagingParameters) -> tuple[np.ndarray, float]:
    """What a lesion can be, as shares over the columns of Evidence.target, and the share that can be a primary."""
    names = [organ.organ for organ in parameters.organs]
    shares = np.zeros(FIRST_ORGAN + len(names))
    total = sum(lesion.p_kind.values())
    for kind, p in lesion.p_kind.items():
        for column, part in columns_of(kind, lesion, names, parameters):
            shares[column] += part * p / total
    shares = np.where(shares >= min(LEAST_SHARE, shares.max()), shares, 0.0)
    shares /= shares.sum()
    return shares, float(shares[LUNG])


def lean_of(lesion: Lesion, parameters: StagingParameters) -> np.ndarray:
    """(2 + o): what its odds of malignancy are multiplied with if it is of a column; 1 where nothing is known of it."""
    names = [organ.organ for organ in parameters.organs]
    limit = parameters.numbers.log_odds_limit
    own = float(np.clip(lesion.log_odds, -limit, limit))
    total, weighed = np.zeros(FIRST_ORGAN + len(names)), np.zeros(FIRST_ORGAN + len(names))
    for kind, p in lesion.p_kind.items():
        log_odds = np.clip(lesion.log_odds_as.get(kind, own), -limit, limit)
        for column, part in columns_of(kind, lesion, names, parameters):
            total[column] += part * p
            weighed[column] += part * p * np.exp(log_odds - own)
    return np.where(total > 0, weighed / np.where(total > 0, total, 1.0), 1.0)


def nodule_share(lesion: Lesion) -> float:
    """Of the tissue of the lung that it can be, the share that is not collapse; a collapse only hides a primary."""
    nodule, collapse = lesion.p_kind.get("pulmonary", 0.0), lesion.p_kind.get("collapse", 0.0)
    return nodule / (nodule + collapse) if nodule + collapse > 0 else 1.0


def columns_of(kind: str, lesion: Lesion, names: list[str], parameters: StagingParameters):
    """Pairs (column, share) of one kind."""
    if kind in ("pulmonary", "collapse"):
        yield LUNG, 1.0
    elif kind == "node":
        off_map = 1.0 if lesion.place.station is None else region_share(lesion, parameters, names, "distant_nodes")
        yield NODES, 1.0 - off_map
        yield FIRST_ORGAN + names.index("distant_nodes"), off_map
    elif kind in ("pleural", "effusion"):
        heart = region_share(lesion, parameters, names, "pericardium")
        yield FIRST_ORGAN + names.index("pericardium"), heart
        yield FIRST_ORGAN + names.index("pleura"), 1.0 - heart
    elif kind == "soft_tissue":
        left = 1.0
        for name in ("kidney", "spleen", "pancreas", "abdomen"):
            share = region_share(lesion, parameters, names, name)
            left -= share
            yield FIRST_ORGAN + names.index(name), share
        yield FIRST_ORGAN + names.index("soft_tissue"), max(left, 0.0)
    else:
        yield FIRST_ORGAN + names.index(kind), 1.0


def region_share(lesion: Lesion, parameters: StagingParameters, names: list[str], organ: str) -> float:
    """P(the lesion lies in the regions that organs.csv gives this organ)."""
    regions = parameters.organs[names.index(organ)].regions
    return float(min(1.0, sum(lesion.place.region.get(region, 0.0) for region in regions)))


def lobes_of(lesion: Lesion, parameters: StagingParameters) -> np.ndarray:
    """(5) P(lobe): from the region where it names lobes, else from the side and the lobes' share of primaries."""
    shares = np.array([lesion.place.region.get(lobe, 0.0) for lobe in LOBES])
    if shares.sum() < NO_LOBE_BELOW:
        side = np.array([lesion.place.side.get(lobe.split("_")[0], 0.0) for lobe in LOBES])
        shares = side * parameters.lobe_share
        shares = shares if shares.sum() > 0 else parameters.lobe_share
    shares = shares / shares.sum()
    shares = np.where(shares >= LEAST_LOBE, shares, 0.0)
    return shares / shares.sum()


def stations_of(lesion: Lesion) -> np.ndarray:
    """(20) P(station), zeros where it is no regional node."""
    shares = np.array([(lesion.place.station or {}).get(name, 0.0) for name in STATIONS])
    return shares / shares.sum() if shares.sum() > 0 else shares
