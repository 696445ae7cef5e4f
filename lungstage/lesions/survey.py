"""Everything that is known of the patient while spots are looked at, in one hand; and distances measured in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Anatomy, Lungs, Normal, Skeleton, SliceLabel, Study
from ..records.names import STATIONS
from .nodes import nearest_station
from .parameters import LesionParameters
from .search import Search, coarse_search

DEEPEST_MM = 60.0
STATION_REACH = 4.0  # squared Mahalanobis distance from a station's nodes at which nearness has fallen to 1/e


@dataclass(frozen=True, eq=False)
class Survey:
    """The records of the stages before, the blocks to search on, and the numbers.

    depth_mm   float32 on the blocks: how far each block of the hull lies from its border, up to DEEPEST_MM
    """

    study: Study
    lungs: Lungs
    skeleton: Skeleton
    anatomy: Anatomy
    normal: Normal
    search: Search
    depth_mm: np.ndarray
    numbers: LesionParameters


def survey_patient(
    study: Study, lungs: Lungs, skeleton: Skeleton, anatomy: Anatomy, normal: Normal, numbers: LesionParameters
) -> Survey:
    """Blocks and depths, made once."""
    from ..kernels.distance import squared_distance_mm2

    search = coarse_search(study, lungs, skeleton, numbers.search.search_step_mm)
    depth = np.sqrt(squared_distance_mm2(search.hull == 0, search.grid.spacing_mm, DEEPEST_MM))
    return Survey(study, lungs, skeleton, anatomy, normal, search, depth, numbers)


def depth_below_wall_mm(survey: Survey, points: np.ndarray) -> np.ndarray:
    """(n): how far each point lies below the border of the hull; 0 outside of it."""
    index = np.rint(survey.search.grid.to_index(points)).astype(int).clip(0, np.array(survey.depth_mm.shape) - 1)
    return survey.depth_mm[tuple(index.T)]


def hilum_distance_mm(survey: Survey, point_mm: np.ndarray) -> float:
    """From the nearer hilum, by the stations 10 of each side."""
    rows = [STATIONS.index("10R"), STATIONS.index("10L")]
    away = survey.anatomy.stations.centres[rows] - survey.anatomy.frame.to_frame(point_mm)
    return float(np.linalg.norm(away, axis=1).min())


def nodal_nearness(survey: Survey, point_mm: np.ndarray) -> float:
    """1 at a hilum or in the middle of a station, falling with the distance from the hilum and the station's own width."""
    hilum = (hilum_distance_mm(survey, point_mm) / survey.numbers.search.hilum_reach_mm) ** 2
    station = float(nearest_station(survey.anatomy, np.asarray(point_mm)[None])[0]) / STATION_REACH
    return float(np.exp(-min(hilum, station)))


def carina_distance_mm(survey: Survey, point_mm: np.ndarray) -> float:
    """From the carina, as the crow flies."""
    return float(np.linalg.norm(point_mm - survey.anatomy.landmarks["carina"].point_mm))


def slice_at(study: Study, point_mm: np.ndarray) -> SliceLabel | None:
    """The CT slice through a point, as the scanner numbered it."""
    row = int(np.rint(study.ct.grid.to_index(point_mm)[0]))
    return study.slices[row] if 0 <= row < len(study.slices) else None
