"""Search and Anatomy in, spots that may be masses of an adrenal out: soft parts thicker than a healthy gland, where it may lie.

A mass in an adrenal lies among fat, whatever it takes up; one that PET alone would have to find drowns beside a warm liver or is
taken for the tip of a kidney. Vessels, crura and the organs around are parts too: each is told apart by its necks and by where
it lies.
"""

from __future__ import annotations

import numpy as np

from ..kernels.gaussian import smooth_gaussian
from ..kernels.morphology import open_mm
from ..records import Anatomy
from .nodes import NOT_A_NODE, OF_THE_ABDOMEN, mark_near, organ_share
from .nodules import ball_share
from .parameters import SearchParameters
from .parts import parts_at_necks
from .search import Search
from .spots import Spot

GLANDS = ("adrenal_right", "adrenal_left")
ASKED = 50  # so many points of a part are asked which organ they lie in


def find_adrenals(search: Search, anatomy: Anatomy, numbers: SearchParameters) -> list[Spot]:
    """The likeliest spots of each side."""
    return [spot for gland in GLANDS for spot in find_at(gland, search, anatomy, numbers)]


def find_at(gland: str, search: Search, anatomy: Anatomy, numbers: SearchParameters) -> list[Spot]:
    """The likeliest `adrenals_at_most` parts whose middle lies where one gland may lie; first those nearest to where it is
    expected, least in organs and most like a ball."""
    centre, covariance = whereabouts(gland, anatomy)
    precision = np.linalg.inv(covariance)
    parts, low = thick_parts(centre, precision, search, anatomy, numbers)
    grid, spots = search.grid, []
    for part in range(1, int(parts.max(initial=0)) + 1):
        blocks = np.argwhere(parts == part)
        radius = float((3 * len(blocks) * grid.voxel_ml * 1000 / (4 * np.pi)) ** (1 / 3))
        points = search.points_mm(blocks + low)
        away = anatomy.frame.to_frame(points.mean(axis=0)) - centre
        far = float(away @ precision @ away)
        if far > numbers.adrenal_reach or not numbers.adrenal_limb_mm <= radius <= numbers.adrenal_most_mm:
            continue
        organ = float(organ_share(anatomy, points[:: max(1, len(points) // ASKED)], NOT_A_NODE + OF_THE_ABDOMEN).mean())
        ball = ball_share(blocks * np.asarray(grid.spacing_mm), radius, min(grid.spacing_mm))
        score = float(np.exp(-0.5 * far) * (1.0 - organ) * ball)
        others = np.argwhere((parts > 0) & (parts != part))
        spots.append(Spot(points.mean(axis=0), radius, score, "adrenal", blocks + low, beside=others + low))
    return sorted(spots, key=lambda one: -one.score)[: int(numbers.adrenals_at_most)]


def thick_parts(
    centre: np.ndarray, precision: np.ndarray, search: Search, anatomy: Anatomy, numbers: SearchParameters
) -> tuple[np.ndarray, np.ndarray]:
    """int labels of soft parts thicker than a healthy gland around a place (3) of the frame, and the first block of their box."""
    near = np.zeros(search.body.shape, bool)
    mark_near(near, centre, precision, search, anatomy, numbers.adrenal_reach)
    index = np.argwhere(near)
    if not len(index):
        return np.zeros((0, 0, 0), int), np.zeros(3, int)
    grid = search.grid
    margin = np.ceil(numbers.adrenal_most_mm / np.asarray(grid.spacing_mm)).astype(int)
    low, high = np.maximum(index.min(axis=0) - margin, 0), np.minimum(index.max(axis=0) + margin + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high))
    hu = smooth_gaussian(search.hu[box], grid.spacing_mm, numbers.adrenal_smooth_mm)
    soft = (hu > numbers.adrenal_hu) & (search.body & ~search.lung & ~search.airway & ~search.bone)[box]
    thick = open_mm(soft, grid.spacing_mm, numbers.adrenal_limb_mm) > 0
    return parts_at_necks(thick, grid.spacing_mm, numbers.neck_ratio)[0], low


def whereabouts(gland: str, anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray]:
    """Where the middle of a mass of it probably lies: mean (3) in the frame and covariance (3, 3), mm."""
    blobs = anatomy.blobs
    column = blobs.names.index(gland)
    (row,) = np.flatnonzero(np.arange(len(blobs.centres)) == column if blobs.columns is None else blobs.columns == column)
    return blobs.centres[row], np.linalg.inv(blobs.precisions[row]) + blobs.spreads[row] ** 2 * np.eye(3)
