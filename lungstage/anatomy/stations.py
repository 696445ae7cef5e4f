"""Fit, landmarks and airway in, nodal stations of this patient out: where nodes lie and how the IASLC map parts them."""

from __future__ import annotations

import numpy as np

from ..records import Borders, Landmark, PatientFrame, StationLimits
from ..records.names import STATIONS
from .airway_tree import AirwayTree
from .atlas import Atlas, BorderRow
from .fit import Fit

AXES = {"x": 0, "y": 1, "z": 2}
TOLD_BRONCHI = {"right_bronchus": (-0.57, 0.15, -0.81), "left_bronchus": (0.67, 0.17, -0.72)}
LEVEL_MM = 4.0
TOLD_WALL_MM, TOLD_WALL_SD_MM = 9.0, 4.0  # half the width of a trachea, and its deviation to the side


def place_stations(
    fit: Fit, frame: PatientFrame, landmarks: dict[str, Landmark], tree: AirwayTree, atlas: Atlas, side_border_mm: np.ndarray
) -> StationLimits:
    """Stations in the frame; all borders are half-spaces through landmarks, as soft as those are unsure."""
    centres, covariances = fit.places(atlas.stations)
    rows = [border_in_frame(row, frame, landmarks, tree) for row in atlas.borders]
    rows = [(STATIONS.index(row.station), *border) for row, border in zip(atlas.borders, rows)]
    if not len(side_border_mm):
        rows += told_sides()
    stations, normals, offsets, spreads = (np.array(column) for column in zip(*rows))
    nowhere = np.full((len(STATIONS), 3), np.inf)
    return StationLimits(
        -nowhere,
        nowhere,
        np.ones((len(STATIONS), 3)),
        centres,
        covariances,
        atlas.nodes,
        Borders(stations, normals, offsets, spreads),
    )


def border_in_frame(row: BorderRow, frame: PatientFrame, landmarks: dict[str, Landmark], tree: AirwayTree):
    """Outward normal (3), offset and spread in mm of one row of borders.csv."""
    landmark = landmarks[row.landmark]
    along = direction(row.along, frame, tree)
    outward = -along if row.above else along
    place = frame.to_frame(landmark.point_mm) @ along + row.offset_mm
    in_lps = along @ frame.axes
    variance = row.spread_mm**2 + in_lps @ landmark.covariance_mm2 @ in_lps
    return outward, -place if row.above else place, float(np.sqrt(variance))


def direction(along: str, frame: PatientFrame, tree: AirwayTree) -> np.ndarray:
    """Unit vector of the frame: an axis, or out of the subcarinal space at right angles to a main bronchus."""
    if along in AXES:
        return np.eye(3)[AXES[along]]
    seen = tree.right_main_mm if along == "right_bronchus" else tree.left_main_mm
    bronchus = np.asarray(TOLD_BRONCHI[along]) if seen is None else frame.axes @ seen
    outward = -1.0 if along == "right_bronchus" else 1.0
    # in the coronal plane: the subcarinal space lies below both bronchi
    normal = np.array([outward * abs(bronchus[2]), 0.0, abs(bronchus[0])])
    return normal / np.linalg.norm(normal)


def told_sides() -> list[tuple]:
    """Borders between right and left of stations 2 and 4 where no trachea was seen."""
    rows = []
    for name in ("2R", "4R", "2L", "4L"):
        outward = 1.0 if name.endswith("R") else -1.0
        rows.append((STATIONS.index(name), np.array([outward, 0.0, 0.0]), outward * TOLD_WALL_MM, TOLD_WALL_SD_MM))
    return rows


def tracheal_border(trachea_mm: np.ndarray, frame: PatientFrame) -> np.ndarray:
    """(k, 2): heights z in the frame and the x of the trachea's left wall there; (0, 2) where no trachea was seen."""
    if not len(trachea_mm):
        return np.zeros((0, 2))
    place = frame.to_frame(trachea_mm)
    level = np.floor(place[:, 2] / LEVEL_MM).astype(int)
    levels, counts = np.unique(level, return_counts=True)
    levels = levels[counts >= 4]
    if not len(levels):
        return np.zeros((0, 2))
    left = np.array([np.quantile(place[level == one, 0], 0.97) for one in levels])
    # one level with a bulge or a hole says less than its neighbours
    smooth = np.array([np.median(left[max(0, k - 1) : k + 2]) for k in range(len(left))])
    return np.stack([(levels + 0.5) * LEVEL_MM, smooth], axis=1)
