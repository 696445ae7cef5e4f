"""Lung air in, right and left lung out: apart along the sheet between them, each with its vessels.

Where the lungs touch (front and back junction) the membrane between them is thinner than a block, but still a ridge of
higher HU. Cores that lie clearly on one side are grown towards each other and meet on that ridge: a sheet, not a plane,
because with scoliosis or a shifted mediastinum a plane cuts into a lung.
"""

from __future__ import annotations

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import LEAST_BLOCKS, Coarse, box_of, box_slices
from .parameters import LungAnatomy, LungParameters

VALLEY = 0.5  # between two lungs a column holds less than this share of what the columns on either side hold
CLEAN = 0.85  # of a core's blocks must lie on one side of the midline: lungs reach across it, cores hardly do


def find_midline(coarse: Coarse, lung: np.ndarray, lumen: np.ndarray, tissue: np.ndarray, anatomy: LungAnatomy) -> float:
    """The patient's middle as an index along x: the median of windpipe, gap between the lungs, spine and outer contour, as
    far as they are seen.

    None of the four is safe alone: a tumour pushes the windpipe, a collapse draws the gap, arms lie unevenly.
    """
    from ..kernels.profiles import count_along

    slices = np.flatnonzero(count_along(lung).z)
    if not slices.size:
        return (lung.shape[2] - 1) / 2
    chest = slice(slices[0], slices[-1] + 1)
    step_mm, votes = coarse.spacing_mm[2], []
    # An arm's bone is as long as the spine: between both lungs there is none, and beside one lung none is near.
    low, gap, high = between_lungs(count_along(lung).x)
    if gap is not None:
        votes.append(gap)
    else:
        low, high = low - anatomy.spine_mm / step_mm, high + anatomy.spine_mm / step_mm
    if lumen.any():
        upper = np.argwhere(lumen)
        votes.append(upper[upper[:, 0] >= np.median(upper[:, 0]), 2].mean())
        low, high = (
            max(low, votes[-1] - anatomy.windpipe_aside_mm / step_mm),
            min(high, votes[-1] + anatomy.windpipe_aside_mm / step_mm),
        )
    bone = (coarse.mean[chest] > anatomy.bone_hu) & (tissue[chest] != 0)
    reach = [max(1, round(anatomy.spine_mm / 2 / s)) for s in coarse.spacing_mm[1:]]
    spine = spine_column(bone, reach, low, high)
    if spine is not None:
        votes.append(spine)
    columns = np.flatnonzero(count_along(tissue[chest]).x)
    if columns[0] > 0 and columns[-1] < tissue.shape[2] - 1:
        votes.append((columns[0] + columns[-1]) / 2)
    return float(np.median(votes)) if votes else (lung.shape[2] - 1) / 2


def between_lungs(along_x: np.ndarray) -> tuple[int, float | None, int]:
    """Two indices along x and the middle of the valley between them: where the lungs are widest; of one lung its ends and None.

    along_x   blocks of lung in each column
    """
    valley = np.minimum(np.maximum.accumulate(along_x), np.maximum.accumulate(along_x[::-1])[::-1])
    deepest = np.flatnonzero(valley - along_x == (valley - along_x).max())
    k = int(deepest[0])
    if along_x[k] >= VALLEY * valley[k] or valley[k] < VALLEY * VALLEY * along_x.max():
        used = np.flatnonzero(along_x)
        return int(used[0]), None, int(used[-1])
    return int(np.argmax(along_x[:k])), float(deepest.mean()), k + int(np.argmax(along_x[k:]))


def spine_column(bone: np.ndarray, reach: list[int], low: float, high: float) -> int | None:
    """Index along x, from low to high, of the middle of the spine, or None where there is no bone.

    reach   blocks from its middle to its sides, along y and x

    Seen from above, the spine stands on one place in all slices; ribs wander, and a breastbone is thin.
    """
    from scipy.ndimage import uniform_filter

    height = np.add.reduce(bone.view(np.uint8), axis=0, dtype=np.uint16).astype(np.float32)
    held = uniform_filter(height, [2 * n + 1 for n in reach], mode="constant").max(axis=0)
    columns = np.arange(held.size)
    held[(columns < low) | (columns > high)] = 0
    return int(np.argmax(held)) if held.any() else None


def part_sides(coarse: Coarse, lung: np.ndarray, midline: float, numbers: LungParameters) -> np.ndarray:
    """uint8 labels on the blocks, RIGHT or LEFT, of every block of `lung` (uint8: parenchyma without airway)."""
    from ..kernels.flood import flood_labels
    from ..kernels.morphology import open_mm

    sides = np.zeros(lung.shape, np.uint8)
    if lung.any():
        low, high = box_of(lung, 1)
        box = box_slices(low, high)
        part = np.ascontiguousarray(lung[box])
        mean = coarse.mean[box]
        # A membrane thinner than a block is half as dense as one: air as the lungs' border is, but not as lung is. A lung
        # full of ground glass is as dense, but thick.
        light = part & (mean >= (np.median(mean[part != 0]) + numbers.air_hu) / 2)
        clear = (part ^ light) | open_mm(light, coarse.spacing_mm, 1.5 * max(coarse.spacing_mm))
        sides[box] = flood_labels(mean, part, side_cores(clear, coarse, midline - low[2]))
    return sides


def side_cores(lung: np.ndarray, coarse: Coarse, midline: float) -> np.ndarray:
    """uint8 labels: pieces of lung that lie clearly on one side. A piece across the midline is shrunk until it parts.

    lung, midline   the lungs without thin layers of higher HU in their box of the blocks, and the patient's middle there
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
        unclear = (code == 0) & (pieces.sizes >= LEAST_BLOCKS)
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
