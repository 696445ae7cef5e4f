"""True lesions and candidates of one patient in, who found whom out.

A candidate has found a lesion when its centre is near enough to the lesion's, or when their masks overlap enough. Several
candidates may find one lesion, and one candidate several; where one is needed for each (sizes, shapes), pairs are chosen so
that as many as possible have one, then for overlap, then for nearness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .answers import FoundLesion
from .parameters import EvaluationParameters
from .truths import TrueLesion

NEARNESS = 1e-4
"""Worth of a millimetre beside an overlap, small enough to decide only where overlaps are the same."""


@dataclass(frozen=True, eq=False)
class Matching:
    """hits (true, found) bool; overlap (true, found) Dice, 0 without masks; partner (true): position of its candidate or -1."""

    hits: np.ndarray
    overlap: np.ndarray
    partner: np.ndarray


def match_lesions(true: tuple[TrueLesion, ...], found: tuple[FoundLesion, ...], masks, numbers: EvaluationParameters) -> Matching:
    """masks: true and found label volumes (z, y, x) on one grid, or None."""
    distance = distances(true, found)
    reach = np.array([reach_of(lesion, numbers) for lesion in true]).reshape(-1, 1)
    overlap = overlaps(true, found, *masks) if masks else np.zeros(distance.shape)
    hits = (distance <= reach) | (overlap >= numbers.hit_dice)
    return Matching(hits, overlap, partners(hits, overlap, distance))


def distances(true, found) -> np.ndarray:
    """(true, found) mm between centres; infinite where the true one is not told."""
    nowhere = (np.inf,) * 3
    points = np.array([lesion.centre_mm or nowhere for lesion in true], float).reshape(-1, 1, 3)
    centres = np.array([lesion.centre_mm for lesion in found], float).reshape(1, -1, 3)
    return np.linalg.norm(points - centres, axis=-1)


def reach_of(lesion: TrueLesion, numbers: EvaluationParameters) -> float:
    """How far from its centre a lesion reaches: as the truth says, the radius of its volume, or half its diameter."""
    if lesion.reach_mm is not None:
        radius = lesion.reach_mm
    elif lesion.volume_ml is not None:
        radius = (3000 * lesion.volume_ml / (4 * np.pi)) ** (1 / 3)
    else:
        radius = (lesion.longest_diameter_mm or 0.0) / 2
    return max(radius, numbers.hit_reach_mm)


def overlaps(true, found, true_labels: np.ndarray, found_labels: np.ndarray) -> np.ndarray:
    """(true, found) Dice of the labels, in one pass over the volumes."""
    joint, rows, columns = joint_counts(true_labels, found_labels)
    first = np.array([rows.get(lesion.label, -1) for lesion in true], int)
    second = np.array([columns.get(lesion.label, -1) for lesion in found], int)
    both = joint[np.ix_(first, second)] * ((first >= 0)[:, None] & (second >= 0))
    total = joint.sum(axis=1)[first][:, None] + joint.sum(axis=0)[second]
    return 2 * both / np.maximum(total, 1)


def joint_counts(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, dict[int, int], dict[int, int]]:
    """Voxels by pair of labels, and the row and the column of each label; voxels that are 0 in both are left out."""
    where = (one != 0) | (other != 0)
    names, row = np.unique(one[where], return_inverse=True)
    others, column = np.unique(other[where], return_inverse=True)
    joint = np.bincount(row * len(others) + column, minlength=len(names) * len(others)).reshape(len(names), len(others))
    if not joint.size:
        return np.zeros((1, 1), int), {}, {}
    return joint, {int(name): k for k, name in enumerate(names)}, {int(name): k for k, name in enumerate(others)}


def partners(hits: np.ndarray, overlap: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """(true) the candidate of each lesion, or -1."""
    from scipy.optimize import linear_sum_assignment

    partner = np.full(len(hits), -1)
    if hits.size:
        worth = np.where(hits, 1 + overlap - NEARNESS * np.minimum(distance, 1e3), 0.0)
        rows, columns = linear_sum_assignment(worth, maximize=True)
        kept = hits[rows, columns]
        partner[rows[kept]] = columns[kept]
    return partner
