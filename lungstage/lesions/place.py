"""Points of a shape in, its Place out: side, lobe or region, and station, each as probabilities."""

from __future__ import annotations

import numpy as np

from ..records import Anatomy, Lungs, Place
from ..records.lungs import LEFT, RIGHT
from ..records.names import LOBES, STATIONS
from .malignancy import MalignancyParameters, foci_of

MIDLINE_BLUR_MM = 6.0
FAR = 16.0  # squared Mahalanobis distance to every station beyond which a node is no regional one
SHOWN_FROM = 1e-3
OF_AN_ORGAN = ("liver", "adrenal", "brain")


def place_of(
    points: np.ndarray, kind: str, lungs: Lungs, anatomy: Anatomy, node_share: float, numbers: MalignancyParameters
) -> Place:
    """Where a lesion of this kind lies.

    points      (n, 3) LPS mm, spread over its shape
    node_share  probability that it is a lymph node; a station is told from a few percent on
    """
    left = left_share(points, lungs, anatomy)
    side = {"left": left, "right": 1.0 - left}
    if kind in ("pulmonary", "collapse"):
        region = lobes_of(points, left, anatomy)
    else:
        region = shares(
            anatomy.region_names, within_kind(kind, anatomy, anatomy.region_probability(points).mean(axis=0), numbers)
        )
    station = station_of(points, anatomy) if kind == "node" or node_share >= 0.05 else None
    return Place(side, region, station)


def within_kind(kind: str, anatomy: Anatomy, mean: np.ndarray, numbers: MalignancyParameters) -> np.ndarray:
    """Shares of regions, of which a lesion of an organ lies in that organ alone."""
    if kind not in OF_AN_ORGAN:
        return mean
    own = np.array([foci_of(name, numbers).kind == kind for name in anatomy.region_names])
    return np.where(own, mean, 0.0) if mean[own].sum() >= SHOWN_FROM else mean


def left_share(points: np.ndarray, lungs: Lungs, anatomy: Anatomy) -> float:
    """P(left): by the hull where points lie in one, else by the distance from the midline."""
    from scipy.special import ndtr

    index = np.rint(lungs.grid.to_index(points)).astype(int)
    inside = np.all((index >= 0) & (index < lungs.grid.shape), axis=1)
    hull = np.zeros(len(points), np.uint8)
    hull[inside] = lungs.hull[tuple(index[inside].T)]
    by_midline = ndtr(anatomy.frame.to_frame(points)[:, 0] / MIDLINE_BLUR_MM)
    return float(np.where(hull == LEFT, 1.0, np.where(hull == RIGHT, 0.0, by_midline)).mean())


def lobes_of(points: np.ndarray, left: float, anatomy: Anatomy) -> dict[str, float]:
    """Lobes, those of a side weighted by the probability of that side."""
    mean = anatomy.lobe_probability(points).mean(axis=0)
    on_left = np.array([name.startswith("left") for name in LOBES])
    weighed = np.zeros(len(LOBES))
    for half, weight in ((on_left, left), (~on_left, 1.0 - left)):
        total = mean[half].sum()
        weighed[half] = weight * (mean[half] / total if total > 0 else 1.0 / half.sum())
    return shares(LOBES, weighed)


def station_of(points: np.ndarray, anatomy: Anatomy) -> dict[str, float] | None:
    """Stations, or None where no regional station is near."""
    centre = anatomy.frame.to_frame(points.mean(axis=0))
    limits = anatomy.stations
    near = [
        float((centre - mean) @ np.linalg.solve(covariance, centre - mean))
        for mean, covariance in zip(limits.centres, limits.covariances)
    ]
    if min(near) > FAR:
        return None
    return shares(STATIONS, anatomy.station_probability(points).mean(axis=0))


def shares(names, values: np.ndarray) -> dict[str, float]:
    """Names that matter with shares that sum to 1."""
    values = np.where(np.asarray(values) >= SHOWN_FROM, values, 0.0)
    total = values.sum()
    if total <= 0:
        return {names[0]: 1.0}
    return {name: float(value / total) for name, value in zip(names, values) if value > 0}
