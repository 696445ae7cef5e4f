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
    from .anatomy import Blobs, Compartments, Fissures, StationLimits

MIDLINE_SPREAD_MM = 8.0  # how far the two lungs reach across the midline of the frame
TRACHEA_SPREAD_MM = 2.0  # of the seen left wall of the trachea
TAIL_FREEDOM = 6.0  # nodes of a station lie as a Student-t about its centre: a far one is still nearest to one station
SOFT_GROUPS = ("mediastinum", "wall", "abdomen", "head_and_limbs")


def region_probability(blobs: Blobs, points_frame) -> np.ndarray:
    """P(region | place) by the atlas alone: float32 (n, regions), rows sum to 1; points (n, 3) mm in the frame."""
    return normalised(region_claims(blobs, points_frame))


def region_claims(blobs: Blobs, points_frame) -> np.ndarray:
    """How much each region claims each point, float32 (n, regions), not normalised."""
    from ..kernels.ellipsoids import claim_points

    columns = np.arange(len(blobs.names)) if blobs.columns is None else blobs.columns
    return claim_points(
        as_points(points_frame), blobs.centres, blobs.precisions, blobs.edges, blobs.spreads, blobs.weights, columns,
        len(blobs.names),
    )  # fmt: skip


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
    right_mm, left_mm = compartments.distances_mm(points_mm[held])[:2]
    left[held] = probit((right_mm - left_mm) / (2 * compartments.spread_mm))
    return left


def above_fissures(fissures: Fissures, points_frame) -> np.ndarray:
    """P(the point lies above the sheet): (n, 3), columns as `fissures.names`."""
    points = as_points(points_frame)
    height = sheet_height(fissures, points)
    return probit((points[:, 2:] - height) / fissures.spread_mm)


def sheet_height(fissures: Fissures, points_frame) -> np.ndarray:
    """Height z (n, 3) in the frame of the three sheets over x and y of the points."""
    xy = as_points(points_frame)[:, None, :2]
    u, v = np.moveaxis((xy - fissures.centre_xy) / fissures.scale_xy, -1, 0)
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    return (terms * fissures.coefficients).sum(axis=-1)


def station_probability(stations: StationLimits, side_border_mm, points_frame) -> np.ndarray:
    """P(station | place in a node): (n, 20), columns STATIONS, rows sum to 1; points (n, 3) mm in the frame.

    Borders of the IASLC map rule where they are sharp; where two stations have none between them, the nearer centre does.
    """
    points = as_points(points_frame)
    score = np.log(np.maximum(stations.weights, 1e-12)) + log_density(stations, points)
    score += log_inside_boxes(stations, points)
    if stations.borders is not None:
        score += log_inside_borders(stations.borders, points, len(STATIONS))
    score += log_side(side_border_mm, points)
    score -= score.max(axis=1, keepdims=True)
    return normalised(np.exp(score))


def log_density(stations: StationLimits, points: np.ndarray) -> np.ndarray:
    """Log density (n, stations) of nodes of each station, a Student-t, up to a constant."""
    away = points[:, None, :] - stations.centres
    precision = np.linalg.inv(stations.covariances)
    square = np.einsum("nsi,sij,nsj->ns", away, precision, away, optimize=True)
    volume = 0.5 * np.linalg.slogdet(stations.covariances)[1]
    return -0.5 * (TAIL_FREEDOM + 3) * np.log1p(square / TAIL_FREEDOM) - volume


def log_inside_boxes(stations: StationLimits, points: np.ndarray) -> np.ndarray:
    """Log P(inside) of the soft boxes, (n, stations)."""
    total = np.zeros((len(points), len(stations.low)))
    for axis in range(3):
        position, spread = points[:, axis, None], stations.spread_mm[:, axis]
        total += log_probit((position - stations.low[:, axis]) / spread)
        total += log_probit((stations.high[:, axis] - position) / spread)
    return total


def log_inside_borders(borders, points: np.ndarray, count: int) -> np.ndarray:
    """Log P(inside) of the oblique borders, (n, count)."""
    inside = log_probit((borders.offsets_mm - points @ borders.normals.T) / borders.spread_mm)
    total = np.zeros((len(points), count))
    for k, station in enumerate(borders.stations):
        total[:, station] += inside[:, k]
    return total


def log_side(side_border_mm, points: np.ndarray) -> np.ndarray:
    """Log P(right side of the left tracheal wall) for stations 2R and 4R, of the left side for 2L and 4L; (n, 20)."""
    total = np.zeros((len(points), len(STATIONS)))
    border = np.asarray(side_border_mm, float)
    if len(border):
        to_left = (points[:, 0] - np.interp(points[:, 2], border[:, 0], border[:, 1])) / TRACHEA_SPREAD_MM
        for name, side in (("2R", -1), ("4R", -1), ("2L", 1), ("4L", 1)):
            total[:, STATIONS.index(name)] = log_probit(side * to_left)
    return total


def seen_region_probability(blobs: Blobs, compartments: Compartments, fissures: Fissures, points_frame, points_mm) -> np.ndarray:
    """P(region | place) with what the image says: float32 (n, regions), rows sum to 1.

    points_frame, points_mm   the same points (n, 3), in the frame and LPS
    """
    points_mm = as_points(points_mm)
    claims = region_claims(blobs, points_frame)
    result = normalised(claims)
    held = compartments.grid.holds(points_mm)
    if held.any():
        every = bool(held.all())
        inside = slice(None) if every else held
        seen = seen_inside(blobs, compartments, fissures, as_points(points_frame)[inside], points_mm[inside], claims[inside])
        if every:
            return seen
        result[held] = seen
    return result


def seen_inside(blobs, compartments, fissures, points_frame, points_mm, claims) -> np.ndarray:
    """`seen_region_probability` for points that the image holds; claims float32 (n, regions) are used up."""
    names, at = blobs.names, {name: k for k, name in enumerate(blobs.names)}
    group = np.array(blobs.groups)
    right_mm, left_mm, airway_mm, bone_mm, cavity_mm = compartments.distances_mm(points_mm)
    p_right, p_left, p_airway, p_bone, p_soft = compartment_shares(compartments, right_mm, left_mm, airway_mm, bone_mm)
    out = np.zeros_like(claims)

    weights = soft_weights(compartments, group, cavity_mm)
    soft = np.isin(group, SOFT_GROUPS)
    claims[:, soft] += np.float32(1e-30)
    out[:, soft] = normalised(claims[:, soft] * weights[:, soft]) * p_soft[:, None]
    share_of_walls(out, at, group, np.minimum(right_mm, left_mm), airway_mm, compartments.spread_mm)

    lobes = lobe_probability(fissures, points_frame, p_left / np.maximum(p_left + p_right, 1e-12))
    columns = [at[name] for name in LOBES if name in at]
    if len(columns) == len(LOBES):
        out[:, columns] += lobes * (p_right + p_left)[:, None]
    if "airway" in at:
        out[:, at["airway"]] += p_airway
    add_bones(out, claims, names, compartments, points_mm, p_bone)
    return normalised(out)


def compartment_shares(compartments, right_mm, left_mm, airway_mm, bone_mm) -> tuple[np.ndarray, ...]:
    """P(right lung), P(left lung), P(airway), P(bone), P(soft tissue) at the points, each (n), summing to 1."""
    spread = compartments.spread_mm
    bone, airway = probit(-bone_mm / spread), probit(-airway_mm / spread)
    right, left = probit(-right_mm / spread), probit(-left_mm / spread)
    lung = 1 - (1 - right) * (1 - left)
    right_of_lung = right / np.maximum(right + left, 1e-12)
    tissue = (1 - bone) * (1 - airway)
    return (
        tissue * lung * right_of_lung, tissue * lung * (1 - right_of_lung), (1 - bone) * airway, bone, tissue * (1 - lung),
    )  # fmt: skip


def soft_weights(compartments, group: np.ndarray, cavity_mm: np.ndarray) -> np.ndarray:
    """(n, regions): mediastinum only between the lungs, wall only outside of what spans them."""
    weights = np.ones((len(cavity_mm), len(group)), np.float32)
    if compartments.cavity_mm is not None:
        within = probit(-cavity_mm / (2 * compartments.spread_mm)).astype(np.float32)
        weights[:, group == "mediastinum"] = np.maximum(within, 1e-3)[:, None]
        weights[:, group == "wall"] = np.maximum(1 - within, 1e-3)[:, None]
    return weights


def share_of_walls(out, at, group, lung_mm, airway_mm, spread_mm) -> None:
    """Move part of the soft tissue next to airway and lung to the thin sheets there: their walls, the diaphragm."""
    if "trachea_wall" in at:
        move(out, group == "mediastinum", at["trachea_wall"], 0.8 * np.exp(-0.5 * (airway_mm / spread_mm) ** 2))
    if "diaphragm" in at:
        move(out, group == "abdomen", at["diaphragm"], 0.5 * np.exp(-0.5 * (lung_mm / spread_mm) ** 2))


def move(out, sources: np.ndarray, target: int, share: np.ndarray) -> None:
    """Give `share` (n) of what the columns `sources` hold to the column `target`."""
    sources = sources & (np.arange(out.shape[1]) != target)
    taken = out[:, sources] * share[:, None].astype(np.float32)
    out[:, sources] -= taken
    out[:, target] += taken.sum(axis=1)


def add_bones(out, claims, names, compartments, points_mm, p_bone) -> None:
    """Share the bone's probability: the nearest seen bone says its kind, the atlas which of that kind."""
    near = np.flatnonzero(p_bone > 1e-4)
    if not len(near):
        return
    codes = compartments.nearest_bone(points_mm[near])
    for code in np.unique(codes):
        rows = near[codes == code]
        columns = [k for k in compartments.bone_columns.get(int(code), ()) if k < len(names)]
        if columns:
            block = np.ix_(rows, columns)
            out[block] += normalised(claims[block] + np.float32(1e-30)) * p_bone[rows, None]


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


def log_probit(steps) -> np.ndarray:
    """Its logarithm, which falls no further than fifty standard deviations out."""
    from scipy.special import log_ndtr

    return log_ndtr(np.clip(steps, -50.0, 50.0))
