"""Arrays of an Anatomy and points in, probabilities of regions, lobes and stations at those points out.

Told by the atlas alone (`region_probability`, `lobe_probability`, `station_probability`), or with what the image itself
says of the place (`seen_region_probability`): first which compartment (lung, airway, bone, soft tissue) from the masks,
then which region of that compartment from the atlas. Pure functions of plain arrays and of the records that hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .names import LOBES, STATIONS

if TYPE_CHECKING:
    from ..kernels.mixtures import HalfSpaces
    from .anatomy import Blobs, Compartments, Fissures, StationLimits

MIDLINE_SPREAD_MM = 8.0  # how far the two lungs reach across the midline of the frame
TRACHEA_SPREAD_MM = 2.0  # of the seen left wall of the trachea
TAIL_FREEDOM = 6.0  # nodes of a station lie as a Student-t about its centre: a far one is still nearest to one station


def region_probability(blobs: Blobs, points_frame) -> np.ndarray:
    """P(region | place) by the atlas alone: float32 (n, regions), rows sum to 1; points (n, 3) mm in the frame."""
    return normalised(region_claims(blobs, points_frame))


def region_claims(blobs: Blobs, points_frame) -> np.ndarray:
    """How much each region claims each point, float32 (n, regions), not normalised."""
    from ..kernels.ellipsoids import Ellipsoids, claim_points

    columns = np.arange(len(blobs.names)) if blobs.columns is None else blobs.columns
    ellipsoids = Ellipsoids(blobs.centres, blobs.precisions, blobs.edges, blobs.spreads, blobs.weights, columns)
    return claim_points(as_points(points_frame), ellipsoids, len(blobs.names))


def lobe_probability(fissures: Fissures, points_frame, p_left=None) -> np.ndarray:
    """P(lobe | place in a lung): (n, 5), columns LOBES, rows sum to 1.

    points_frame  (n, 3) mm in the frame
    p_left        (n) P(left lung) where it is known from the image; else by the midline of the frame
    """
    points = as_points(points_frame)
    above = above_fissures(fissures, points)
    left = probit(points[:, 0] / MIDLINE_SPREAD_MM) if p_left is None else np.asarray(p_left, float)
    right_oblique, right_horizontal, left_oblique = above.T
    upper, middle = right_oblique * right_horizontal, right_oblique * (1 - right_horizontal)
    share = np.stack([upper, middle, 1 - right_oblique, left_oblique, 1 - left_oblique], axis=1)
    return share * np.stack([1 - left] * 3 + [left] * 2, axis=1)


def side_by_hulls(compartments: Compartments, points_frame, points_mm) -> np.ndarray:
    """P(left lung | place in a lung), (n): by which hull is nearer where the image holds the point, else by the midline."""
    points_mm = as_points(points_mm)
    left = probit(as_points(points_frame)[:, 0] / MIDLINE_SPREAD_MM)
    held = compartments.grid.holds(points_mm)
    right_mm, left_mm = compartments.distances_mm(points_mm[held], ("right_mm", "left_mm"))
    left[held] = probit((right_mm - left_mm) / (2 * compartments.spread_mm))
    return left


def above_fissures(fissures: Fissures, points_frame) -> np.ndarray:
    """P(the point lies above the sheet): (n, 3), columns as `fissures.names`."""
    points = as_points(points_frame)
    height = sheet_height(fissures, points)
    return probit((points[:, 2:] - height) / fissures.spread_mm)


def sheet_height(fissures: Fissures, points_frame) -> np.ndarray:
    """Height z (n, 3) in the frame of the three sheets over x and y of the points."""
    x, y = as_points(points_frame)[:, :2].T
    u = (x[:, None] - fissures.centre_xy[:, 0]) / fissures.scale_xy[:, 0]
    v = (y[:, None] - fissures.centre_xy[:, 1]) / fissures.scale_xy[:, 1]
    a0, au, av, auu, auv, avv = np.asarray(fissures.coefficients, float).T
    return a0 + u * (au + auu * u + auv * v) + v * (av + avv * v)


def station_probability(stations: StationLimits, side_border_mm, points_frame) -> np.ndarray:
    """P(station | place in a node): (n, 20), columns STATIONS, rows sum to 1; points (n, 3) mm in the frame.

    Borders of the IASLC map rule where they are sharp; where two stations have none between them, the nearer centre does.
    """
    from ..kernels.mixtures import Clouds, share_stations

    points = as_points(points_frame)
    volume = 0.5 * np.linalg.slogdet(stations.covariances)[1]
    sides = np.zeros(len(STATIONS), int)
    to_left = np.zeros(len(points))
    border = np.asarray(side_border_mm, float)
    if len(border):
        to_left = (points[:, 0] - np.interp(points[:, 2], border[:, 0], border[:, 1])) / TRACHEA_SPREAD_MM
        sides[[STATIONS.index("2R"), STATIONS.index("4R")]] = -1
        sides[[STATIONS.index("2L"), STATIONS.index("4L")]] = 1
    log_weights = np.log(np.maximum(stations.weights, 1e-12)) - volume
    clouds = Clouds(stations.centres, np.linalg.inv(stations.covariances), log_weights, TAIL_FREEDOM)
    return share_stations(points, clouds, all_borders(stations), to_left, sides)


def all_borders(stations: StationLimits) -> HalfSpaces:
    """The oblique borders and the finite sides of the boxes."""
    from ..kernels.mixtures import HalfSpaces

    rows = [] if stations.borders is None else list(
        zip(stations.borders.stations, stations.borders.normals, stations.borders.offsets_mm, stations.borders.spread_mm)
    )  # fmt: skip
    for sign, sides in ((-1.0, stations.low), (1.0, stations.high)):
        for station, axis in zip(*np.nonzero(np.isfinite(sides))):
            normal = sign * np.eye(3)[axis]
            rows.append((station, normal, sign * sides[station, axis], stations.spread_mm[station, axis]))
    if not rows:
        return HalfSpaces(np.zeros(0, int), np.zeros((0, 3)), np.zeros(0), np.ones(0))
    return HalfSpaces(*(np.array(column) for column in zip(*rows)))


def seen_region_probability(blobs: Blobs, compartments: Compartments, fissures: Fissures, points_frame, points_mm) -> np.ndarray:
    """P(region | place) with what the image says: float32 (n, regions), rows sum to 1.

    points_frame, points_mm   the same points (n, 3), in the frame and LPS
    """
    points_frame, points_mm = as_points(points_frame), as_points(points_mm)
    claims = region_claims(blobs, points_frame)
    held = compartments.grid.holds(points_mm)
    if held.all():
        return seen_inside(blobs, compartments, fissures, points_frame, points_mm, claims)
    result = normalised(claims)
    if held.any():
        result[held] = seen_inside(blobs, compartments, fissures, points_frame[held], points_mm[held], claims[held])
    return result


def seen_inside(blobs, compartments, fissures, points_frame, points_mm, claims) -> np.ndarray:
    """`seen_region_probability` for points that the image holds, from the atlas's claims float32 (n, regions)."""
    from ..kernels.mixtures import Columns, Seen, share_regions

    at = {name: k for k, name in enumerate(blobs.names)}
    right_mm, left_mm, airway_mm, bone_mm, cavity_mm = compartments.distances_mm(points_mm)
    spread = compartments.spread_mm
    shares = compartment_shares(spread, right_mm, left_mm, airway_mm, bone_mm)
    p_left = shares[:, 1] / np.maximum(shares[:, 0] + shares[:, 1], 1e-12)
    sheets = np.stack(
        [
            0.8 * np.exp(-0.5 * (airway_mm / spread) ** 2),
            0.5 * np.exp(-0.5 * (np.minimum(right_mm, left_mm) / spread) ** 2),
        ],
        axis=1,
    )
    seen = Seen(
        shares=shares,
        within=None if cavity_mm is None else probit(-cavity_mm / (2 * spread)),
        lobes=lobe_probability(fissures, points_frame, p_left),
        sheets=sheets,
        bone=compartments.nearest_bone(points_mm),
    )
    columns = Columns(
        kinds=region_kinds(blobs),
        lobes=[at.get(name, -1) for name in LOBES],
        airway=at.get("airway", -1),
        sheets=[at.get("trachea_wall", -1), at.get("diaphragm", -1)],
        bones=compartments.bone_columns,
    )
    return share_regions(claims, seen, columns)


def region_kinds(blobs: Blobs) -> np.ndarray:
    """What the kernel needs to know of each region's group. Arms and head are no more inside the chest than its wall."""
    from ..kernels.mixtures import ABDOMEN, CAVITY, LUNG, OTHER, WALL

    kinds = {"mediastinum": CAVITY, "wall": WALL, "abdomen": ABDOMEN, "head_and_limbs": WALL}
    return np.array(
        [LUNG if name in LOBES else kinds.get(group, OTHER) for name, group in zip(blobs.names, blobs.groups, strict=True)]
    )


def compartment_shares(spread_mm: float, right_mm, left_mm, airway_mm, bone_mm) -> np.ndarray:
    """P(right lung), P(left lung), P(airway), P(bone), P(soft tissue): (n, 5), rows sum to 1."""
    right, left, airway, bone = (probit(-each / spread_mm) for each in (right_mm, left_mm, airway_mm, bone_mm))
    lung = 1 - (1 - right) * (1 - left)
    right_of_lung = right / np.maximum(right + left, 1e-12)
    tissue = (1 - bone) * (1 - airway)
    return np.stack(
        [tissue * lung * right_of_lung, tissue * lung * (1 - right_of_lung), (1 - bone) * airway, bone, tissue * (1 - lung)],
        axis=1,
    )


def normalised(scores: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; even where a row was empty."""
    total = scores.sum(axis=1, keepdims=True)
    empty = total[:, 0] <= 0
    if empty.any():
        scores = scores.copy()
        scores[empty] = 1.0
        total = scores.sum(axis=1, keepdims=True)
    return scores / total


def as_points(points) -> np.ndarray:
    """Points as float (n, 3)."""
    return np.asarray(points, float).reshape(-1, 3)


def probit(steps) -> np.ndarray:
    """Normal distribution function."""
    from scipy.special import ndtr

    return ndtr(steps)
