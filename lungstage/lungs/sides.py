"""Lung air in, right and left lung out: apart along the sheet between them, each with its vessels.

Where the lungs touch (front and back junction) the membrane between them is thinner than a block, but still a ridge of
higher HU. Cores that lie clearly on one side are grown towards each other and meet on that ridge: a sheet, not a plane,
because with scoliosis or a shifted mediastinum a plane cuts into a lung.
"""

from __future__ import annotations

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import Coarse, box_of, box_slices
from .parameters import LungParameters

SPINE_MM = 40.0  # spine and sternum stand within this width
ONE_LUNG_MM = 30.0  # beside a single lung the spine stands within this distance of its air
CLEAN = 0.85  # of a core's blocks must lie on one side of the midline: lungs reach across it, cores hardly do


def find_midline(coarse: Coarse, lung: np.ndarray, lumen: np.ndarray, tissue: np.ndarray) -> float:
    """The patient's middle as an index along x: the median of windpipe, bones and outer contour, as far as they are seen.

    None of the three is safe alone: a tumour pushes the windpipe, a field of view cuts ribs on one side, arms lie unevenly.
    Only bones near the lungs count where the contour is cut: the shaft of an arm that hangs down is more dense bone in few
    columns than a spine.
    """
    from ..kernels.profiles import count_along

    slices = np.flatnonzero(count_along(lung).z)
    if not slices.size:
        return (lung.shape[2] - 1) / 2
    chest = slice(slices[0], slices[-1] + 1)
    votes = []
    if lumen.any():
        upper = np.argwhere(lumen)
        votes.append(upper[upper[:, 0] >= np.median(upper[:, 0]), 2].mean())
    columns = np.flatnonzero(count_along(tissue[chest]).x)
    ends = (columns[0] == 0) + (columns[-1] == tissue.shape[2] - 1)
    if ends == 0:
        votes.append((columns[0] + columns[-1]) / 2)
    bones = ((coarse.mean[chest] > 250) & (tissue[chest] != 0)).sum(0, dtype=np.float32)
    if ends == 1:
        aired = np.flatnonzero(count_along(lung).x)
        reach = round(ONE_LUNG_MM / coarse.spacing_mm[2])
        bones[:, : max(0, aired[0] - reach)] = bones[:, aired[-1] + reach + 1 :] = 0
    if bones.any():
        votes.append(spine_column(bones, coarse.spacing_mm) if ends == 1 else middle_of(bones.sum(0)))
    return float(np.median(votes)) if votes else (lung.shape[2] - 1) / 2


def middle_of(counts: np.ndarray) -> int:
    """Index that has half of the counts before it."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))


def spine_column(bones: np.ndarray, spacing_mm) -> float:
    """Index along x of the middle of the square that holds most bone, of bones (y, x) counted along z.

    Where one side is cut off, half of the ribs are; and those that are left fill their columns, but no square.
    """
    from scipy.ndimage import uniform_filter

    width = [2 * max(1, round(SPINE_MM / 2 / step)) + 1 for step in spacing_mm[1:]]
    held = uniform_filter(bones, width, mode="constant")
    return float(np.mean(np.nonzero(held >= held.max() * (1 - 1e-5))[1]))


def part_sides(coarse: Coarse, lung: np.ndarray, midline: float, numbers: LungParameters) -> np.ndarray:
    """uint8 labels on the blocks, RIGHT or LEFT, of every block of `lung` (uint8: parenchyma without airway)."""
    from ..kernels.flood import flood_labels

    sides = np.zeros(lung.shape, np.uint8)
    if lung.any():
        low, high = box_of(lung, 1)
        box = box_slices(low, high)
        part = np.ascontiguousarray(lung[box])
        cores = side_cores(part, coarse, midline - low[2], numbers)
        sides[box] = flood_labels(coarse.mean[box], part, cores)
    return sides


def side_cores(lung: np.ndarray, coarse: Coarse, midline: float, numbers: LungParameters) -> np.ndarray:
    """uint8 labels: pieces of lung that lie clearly on one side. A piece across the midline is shrunk until it parts.

    lung, midline   the lungs in their box of the blocks, and the patient's middle there
    """
    from ..kernels.components import choose_pieces, find_pieces
    from ..kernels.morphology import shrink_mm

    cores = np.zeros(lung.shape, np.uint8)
    rest = lung
    for radius_mm in (0.0, 3.3, 5.0, 8.0, 12.0, 17.0, 25.0):
        pieces = find_pieces(shrink_mm(rest, coarse.spacing_mm, radius_mm))
        right_share = share_right(pieces.labels, pieces.sizes, midline)
        code = np.where(right_share >= CLEAN, RIGHT, np.where(right_share <= 1 - CLEAN, LEFT, 0)).astype(np.uint8)
        code[0] = 0
        found = choose_pieces(pieces.labels, code)
        cores |= found * (cores == 0)
        unclear = (code == 0) & (pieces.sizes * coarse.voxel_ml >= numbers.piece_ml)
        unclear[0] = False
        if not unclear.any():
            break
        rest = choose_pieces(pieces.labels, unclear.view(np.uint8))
    if not cores.any():  # one lung that fills both halves: it belongs where most of it lies
        right = share_right(lung.astype(np.int32), np.array([0, np.count_nonzero(lung)]), midline)[1] > 0.5
        cores[lung != 0] = RIGHT if right else LEFT
    return cores


def share_right(labels: np.ndarray, sizes: np.ndarray, midline: float) -> np.ndarray:
    """float (n + 1): share of each piece on the patient's right, the side of small x."""
    from ..kernels.profiles import count_by_label

    right = labels[:, :, : max(0, int(np.ceil(midline)))]
    counts = count_by_label(right, np.zeros(right.shape, np.uint8), sizes.size, 0, 0)[:, 0]
    return counts / np.maximum(sizes, 1)


def with_vessels(coarse: Coarse, sides: np.ndarray, lumen: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """The labels with what a ball of `vessel_mm` cannot enter from outside: vessels, bronchial walls, small nodules.

    Each lung is closed by itself, or the junction between them would close. A mass wider than the ball stays out.
    """
    from ..kernels.morphology import close_mm

    closed = sides.copy()
    margin = int(np.ceil(numbers.vessel_mm / min(coarse.spacing_mm))) + 1
    for side in (RIGHT, LEFT):
        own = sides == side
        if own.any():
            box = box_slices(*box_of(own, margin))
            filled = close_mm(own[box], coarse.spacing_mm, numbers.vessel_mm)
            closed[box] |= filled * (closed[box] == 0) * np.uint8(side)
    closed[lumen != 0] = 0
    return closed
