"""Search and Anatomy in, spots that may be lymph nodes out: soft and round among fat, where nodes of a station lie.

Every station keeps its best spots, so that many vessels in one place do not hide the nodes of another.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..kernels.morphology import grow_mm, open_mm
from ..records import Anatomy
from ..records.names import STATIONS
from .parameters import SearchParameters
from .search import Search
from .spots import RADIUS_OF_SCALE, Spot, apart, bright_spots

FAR = 9.2  # squared Mahalanobis distance beyond which less than 3 % of a station's nodes lie
NOT_A_NODE = ("heart", "aorta", "oesophagus", "trachea_wall", "thyroid", "larynx_pharynx", "vertebra", "bone")
OF_THE_ABDOMEN = ("liver", "spleen", "stomach", "kidney_right", "kidney_left", "pancreas", "gallbladder", "bowel")
"""What most probably lies in one of these is its texture, no node of the lung's stations."""
DOT = 2.0
APART = 0.7
"""Nodes lie side by side: two count as one only within this part of the larger one's radius."""


def find_nodes(search: Search, anatomy: Anatomy, numbers: SearchParameters) -> list[Spot]:
    """The strongest spots of each station, more of those that usually hold more nodes."""
    ground = nodal_ground(search, anatomy)
    if not ground.any():
        return []
    index = np.argwhere(ground)
    low, high = np.maximum(index.min(axis=0) - 3, 0), np.minimum(index.max(axis=0) + 4, ground.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high))
    spacing, least = search.grid.spacing_mm, numbers.node_response_hu
    values, known = soft_in_fat(search, box, numbers), known_structures(search, box, numbers)
    alone = np.where(known, np.float32(numbers.fat_hu), values)
    peaks, response, scale = map(
        np.concatenate,
        zip(
            bright_spots(values, ground[box], spacing, numbers.node_scales_mm, least, DOT),
            bright_spots(alone, ground[box] & ~known, spacing, numbers.small_node_scales_mm, least, DOT),
        ),
    )
    points = search.points_mm(peaks + low)
    possible = organ_share(anatomy, points, OF_THE_ABDOMEN) < 0.5
    points, response, scale = points[possible], response[possible], scale[possible]
    if not len(points):
        return []
    station = anatomy.station_probability(points)
    organ = organ_share(anatomy, points)
    # an organ of the atlas may lie a centimetre away, so it lowers the rank and never takes a spot out
    score = response * (1.0 - 0.5 * organ) * np.exp(-0.1 * nearest_station(anatomy, points))
    spots = [
        Spot(points[i], float(RADIUS_OF_SCALE * scale[i]), float(score[i]), "node") for i in np.argsort(-score, kind="stable")
    ]
    order = np.argsort(-score, kind="stable")
    by_point = dict(zip(map(tuple, points[order].round(6)), station[order]))
    return seats(apart(spots, APART), by_point, anatomy.stations.weights, numbers)


def nodal_ground(search: Search, anatomy: Anatomy) -> np.ndarray:
    """bool: soft places outside of the air-filled lung where at least one station's nodes lie."""
    near = np.zeros(search.body.shape, bool)
    for centre, covariance in zip(anatomy.stations.centres, anatomy.stations.covariances):
        mark_near(near, centre, np.linalg.inv(covariance), search, anatomy, FAR)
    return near & search.body & ~search.lung & ~search.airway & ~search.bone


def mark_near(
    mask: np.ndarray, centre: np.ndarray, precision: np.ndarray, search: Search, anatomy: Anatomy, limit: float
) -> None:
    """Sets the blocks of a bool mask whose squared Mahalanobis distance from a place (3) of the frame is below `limit`."""
    # the frame moves and stretches, so that an ellipsoid of the frame is one of the blocks too
    origin, *ends = anatomy.frame.to_frame(search.points_mm(np.concatenate([np.zeros((1, 3)), np.eye(3)])))
    to_frame = (np.array(ends) - origin).T
    mark_ellipsoid(mask, np.linalg.solve(to_frame, centre - origin), to_frame.T @ precision @ to_frame, limit)


def mark_ellipsoid(mask: np.ndarray, centre: np.ndarray, precision: np.ndarray, limit: float) -> None:
    """Sets the voxels of a bool mask whose squared Mahalanobis distance from `centre`, in indices, is below `limit`."""
    reach = np.sqrt(limit * np.diagonal(np.linalg.inv(precision)))
    low = np.clip(np.floor(centre - reach), 0, mask.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, low, mask.shape).astype(int)
    z, y, x = (np.arange(a, b) - c for a, b, c in zip(low, high, centre))
    z, y = z[:, None, None], y[:, None]
    p = precision
    squared = p[0, 0] * z * z + p[1, 1] * y * y + p[2, 2] * x * x
    squared = squared + 2.0 * (p[0, 1] * z * y + p[0, 2] * z * x + p[1, 2] * y * x)
    mask[tuple(slice(a, b) for a, b in zip(low, high))] |= squared < limit


def nearest_station(anatomy: Anatomy, points: np.ndarray) -> np.ndarray:
    """(n): squared Mahalanobis distance from the nearest station's nodes; infinite beyond FAR."""
    everywhere = anatomy.frame.to_frame(points)
    centres, covariances = anatomy.stations.centres, anatomy.stations.covariances
    # beyond these boxes the distance is more than FAR
    reach = np.sqrt(FAR * np.diagonal(covariances, axis1=1, axis2=2))
    low, high = (centres - reach).min(axis=0), (centres + reach).max(axis=0)
    some = np.flatnonzero(((everywhere >= low) & (everywhere <= high)).all(axis=1))
    frame = everywhere[some]
    least = np.full(len(some), np.inf)
    for centre, covariance, box in zip(centres, covariances, reach):
        away = frame - centre
        close = np.flatnonzero((np.abs(away) <= box).all(axis=1))
        scaled = away[close] @ np.linalg.cholesky(np.linalg.inv(covariance))
        least[close] = np.minimum(least[close], (scaled * scaled).sum(axis=1))
    nearest = np.full(len(points), np.inf)
    nearest[some] = least
    return nearest


def soft_in_fat(search: Search, box, numbers: SearchParameters) -> np.ndarray:
    """float32 HU between fat and soft tissue; lung and airway as fat, so that their border is no edge of a node."""
    hu = np.clip(search.hu[box], numbers.fat_hu, numbers.soft_hu)
    airy = (search.lung | search.airway)[box] | (search.hu[box] < -300)
    return np.where(airy, 0.5 * (numbers.fat_hu + numbers.soft_hu) - 50.0, hu).astype(np.float32)


def known_structures(search: Search, box, numbers: SearchParameters) -> np.ndarray:
    """bool: the airway with its wall, and what is as thick as the heart, the great vessels and the largest nodes.

    A small node between the trachea and a great vessel is a saddle of their brightness; without them it stands alone.
    """
    spacing = search.grid.spacing_mm
    wall = grow_mm(search.airway[box], spacing, numbers.airway_wall_mm) > 0
    soft = (search.hu[box] > numbers.thick_hu) & ~search.airway[box]
    return wall | (open_mm(soft, spacing, numbers.thick_mm) > 0)


def organ_share(anatomy: Anatomy, points: np.ndarray, organs: tuple[str, ...] = NOT_A_NODE) -> np.ndarray:
    """(n): probability that a point lies in one of these organs, those of the mediastinum that are no node."""
    columns = [anatomy.region_names.index(name) for name in organs if name in anatomy.region_names]
    return anatomy.region_probability(points)[:, columns].sum(axis=1)


def seats(spots: list[Spot], station: dict, weights: np.ndarray, numbers: SearchParameters) -> list[Spot]:
    """At most `nodes_at_most` spots, given out among the stations by how many nodes each usually holds (D'Hondt's rule)
    and how strong the spot is, by the root: a strong spot is seldomer a vessel, but no station is left to the strongest alone.

    Within a station the strongest come first; the score of what is returned is the order of the giving.
    """
    taken = np.zeros(len(STATIONS))
    quotients = []
    for spot in spots:
        column = int(np.argmax(station[tuple(spot.centre_mm.round(6))]))
        taken[column] += 1
        quotients.append(weights[column] / taken[column] * np.sqrt(spot.score))
    order = np.argsort(-np.array(quotients), kind="stable")[: int(numbers.nodes_at_most)]
    return [replace(spots[i], score=float(quotients[i])) for i in order]
