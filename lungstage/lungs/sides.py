"""Lung air in, right and left lung out: apart along the sheet between them, each with its vessels.

Where the lungs touch (front and back junction) the membrane between them is thinner than a block, but still a ridge of
higher HU. Cores that lie clearly on one side are grown towards each other and meet on that ridge: a sheet, not a plane,
because with scoliosis or a shifted mediastinum a plane cuts into a lung.
"""

from __future__ import annotations

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import Coarse, box_of
from .parameters import LungParameters

CLEAN = 0.85  # of a core's blocks must lie on one side of the midline: lungs reach across it, cores hardly do


def find_midline(coarse: Coarse, lung: np.ndarray, airway: np.ndarray, tissue: np.ndarray) -> float:
    """The patient's middle as an index along x: the median of windpipe, bones and outer contour, as far as they are seen.

    None of the three is safe alone: a tumour pushes the windpipe, a field of view cuts ribs on one side, arms lie unevenly.
    """
    slices = np.flatnonzero(lung.any(axis=(1, 2)))
    if not slices.size:
        return (lung.shape[2] - 1) / 2
    chest = slice(slices[0], slices[-1] + 1)
    votes = []
    if airway.any():
        upper = np.argwhere(airway)
        votes.append(upper[upper[:, 0] >= np.median(upper[:, 0]), 2].mean())
    bones = np.argwhere((coarse.mean[chest] > 250) & (tissue[chest] != 0))
    if len(bones):
        votes.append(np.median(bones[:, 2]))
    columns = np.flatnonzero(tissue[chest].any(axis=(0, 1)))
    if columns[0] > 0 and columns[-1] < tissue.shape[2] - 1:
        votes.append((columns[0] + columns[-1]) / 2)
    return float(np.median(votes)) if votes else (lung.shape[2] - 1) / 2


def part_sides(coarse: Coarse, lung: np.ndarray, midline: float, numbers: LungParameters) -> np.ndarray:
    """uint8 labels on the blocks, RIGHT or LEFT, of every block of `lung` (uint8: parenchyma without airway)."""
    from skimage.segmentation import watershed

    if not lung.any():
        return np.zeros(lung.shape, np.uint8)
    cores = side_cores(coarse, lung, midline, numbers)
    box = tuple(slice(a, b) for a, b in zip(*box_of(lung, 1)))
    sides = np.zeros(lung.shape, np.uint8)
    sides[box] = watershed(coarse.mean[box], cores[box], mask=lung[box] != 0)
    return sides


def side_cores(coarse: Coarse, lung: np.ndarray, midline: float, numbers: LungParameters) -> np.ndarray:
    """int32 labels: pieces of lung that lie clearly on one side. A piece across the midline is shrunk until it parts."""
    from ..kernels.components import label_components
    from ..kernels.morphology import shrink_mm

    cores = np.zeros(lung.shape, np.int32)
    rest = lung
    for radius_mm in (0.0, 3.3, 5.0, 8.0, 12.0, 17.0, 25.0):
        labels, sizes = label_components(shrink_mm(rest, coarse.spacing_mm, radius_mm))
        right_share = share_right(labels, sizes, midline)
        code = np.where(right_share >= CLEAN, RIGHT, np.where(right_share <= 1 - CLEAN, LEFT, 0)).astype(np.int32)
        code[0] = 0
        cores = np.where(cores == 0, code[labels], cores)
        unclear = (code == 0) & (sizes * coarse.voxel_ml >= numbers.piece_ml)
        unclear[0] = False
        if not unclear.any():
            break
        rest = unclear[labels].view(np.uint8)
    if not cores.any():  # one lung that fills both halves: it belongs where most of it lies
        right = np.argwhere(lung)[:, 2].mean() < midline
        cores[lung != 0] = RIGHT if right else LEFT
    return cores


def share_right(labels: np.ndarray, sizes: np.ndarray, midline: float) -> np.ndarray:
    """float (n + 1): share of each piece on the patient's right, the side of small x."""
    right = np.bincount(labels[:, :, : int(np.ceil(midline))].ravel(), minlength=sizes.size)
    return right / np.maximum(sizes, 1)


def with_vessels(coarse: Coarse, sides: np.ndarray, airway: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """The labels with what a ball of `vessel_mm` cannot enter from outside: vessels, bronchial walls, small nodules.

    Each lung is closed by itself, or the junction between them would close. A mass wider than the ball stays out.
    """
    from ..kernels.morphology import close_mm

    closed = sides.copy()
    margin = int(np.ceil(numbers.vessel_mm / min(coarse.spacing_mm))) + 1
    for side in (RIGHT, LEFT):
        if (sides == side).any():
            low, high = box_of(sides == side, margin)
            box = tuple(slice(a, b) for a, b in zip(low, high))
            filled = close_mm(sides[box] == side, coarse.spacing_mm, numbers.vessel_mm)
            closed[box][(filled != 0) & (closed[box] == 0)] = side
    closed[airway != 0] = 0
    return closed
