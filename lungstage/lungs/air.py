"""Air inside the body in, the pieces of it that are lung out: darker than tissue, lighter than gas, full of vessels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import LEAST_BLOCKS, Coarse, box_of, box_slices
from .parameters import LungParameters

if TYPE_CHECKING:
    from ..kernels.components import Pieces

HU_RANGE = (-1024, 3071)
ONE_BLOCK = (1.0, 1.0, 1.0)  # a spacing in which a ball of 1.1 reaches the blocks that share a face


def find_lung_air(coarse: Coarse, enclosed: np.ndarray, lumen: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: the air that is lung parenchyma; bowel gas, stool, windpipe and the air around the patient are left out.

    enclosed   uint8, on how many sides each block is closed in by tissue
    lumen      uint8, the airway's, left out with its wall

    Pieces are judged by their inner blocks, one block away from any wall; what lies between two pieces goes to the nearer
    one, so a stomach bubble that touches the lung through a thin diaphragm stays out.
    """
    from ..kernels.components import choose_pieces, touching_components

    air = enclosed_air(coarse, enclosed, numbers)
    air = without_airway(coarse, air, lumen, numbers)
    air = without_bubbles(coarse, air, numbers)
    pieces, is_lung = inner_pieces(coarse, air, enclosed, numbers)
    if not is_lung.any():
        return np.zeros(air.shape, np.uint8)
    lung = choose_pieces(pieces.labels, is_lung)
    lung = touching_components(nearer_to_lung(coarse, air, lung, pieces, is_lung), lung)
    lung |= bullae(air & (lung ^ 1), lung, numbers.anatomy.bulla_contact_share)
    return lung | haze(coarse, (enclosed == 4) & (air == 0), lung, numbers)


def enclosed_air(coarse: Coarse, enclosed: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: air inside the body."""
    # Where the field of view cuts the chest open a corner may be closed on two sides only: lung goes on there, gas does not.
    least = np.where(coarse.mean > numbers.gas_hu, np.uint8(2), np.uint8(3))
    return ((coarse.mean < numbers.air_hu) & (enclosed >= least) & ~coarse.outside).view(np.uint8)


def without_airway(coarse: Coarse, air: np.ndarray, lumen: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: the air without the airway and its wall."""
    from ..kernels.morphology import grow_mm

    if not lumen.any():
        return air
    box = box_slices(*box_of(lumen, int(np.ceil(numbers.airway_wall_mm / min(coarse.spacing_mm)))))
    out = air.copy()
    out[box] &= grow_mm(lumen[box], coarse.spacing_mm, numbers.airway_wall_mm) ^ 1
    return out


def without_bubbles(coarse: Coarse, air: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: the air without the gas of stomach and bowel, each bubble with its half-dark rim.

    Through a thick slice a bubble below the diaphragm hangs together with the lung above it. But beyond its rim it is closed
    in by tissue nearly all around; a bulla, or the emptiest part of an emphysema, by more lung. A lung that is empty all over
    is too large for a bubble.
    """
    from ..kernels.components import find_pieces
    from ..kernels.morphology import grow_mm

    gas = find_pieces(air & (coarse.mean < numbers.gas_hu).view(np.uint8))
    large = gas.sizes >= LEAST_BLOCKS
    large &= gas.sizes <= numbers.anatomy.bubble_share * np.count_nonzero(air)
    out = air.copy()
    for k in np.flatnonzero(large[1:]) + 1:
        box = box_slices(np.maximum(gas.low[k] - 2, 0), np.minimum(gas.high[k] + 2, air.shape))
        rim = grow_mm(gas.labels[box] == k, ONE_BLOCK, 1.1)
        beyond = grow_mm(rim, ONE_BLOCK, 1.1) ^ rim
        if np.count_nonzero(beyond & air[box]) < numbers.anatomy.bulla_contact_share * np.count_nonzero(beyond):
            out[box] &= rim ^ 1
    return out


def inner_pieces(coarse: Coarse, air: np.ndarray, enclosed: np.ndarray, numbers: LungParameters) -> tuple[Pieces, np.ndarray]:
    """The pieces of the air one block away from any wall, and which of them are lung: uint8, one for each label."""
    from ..kernels.components import find_pieces
    from ..kernels.morphology import shrink_mm

    pieces = find_pieces(shrink_mm(air & (enclosed >= 3), ONE_BLOCK, 1.1))
    return pieces, lung_pieces(coarse, pieces, enclosed, numbers).view(np.uint8)


def lung_middle(coarse: Coarse, air: np.ndarray, enclosed: np.ndarray, numbers: LungParameters) -> np.ndarray | None:
    """Index (z, y, x) of the middle of the lungs' inner blocks, airway and all; None where nothing is lung."""
    from ..kernels.components import choose_pieces
    from ..kernels.profiles import count_along

    pieces, is_lung = inner_pieces(coarse, air, enclosed, numbers)
    if not is_lung.any():
        return None
    along = count_along(choose_pieces(pieces.labels, is_lung))
    return np.array([counts @ np.arange(counts.size) / counts.sum() for counts in along])


def nearer_to_lung(coarse: Coarse, air: np.ndarray, lung: np.ndarray, pieces: Pieces, is_lung: np.ndarray) -> np.ndarray:
    """uint8: the air that is not nearer to another piece than to lung; looked at around the other pieces only."""
    from ..kernels.distance import squared_distance_mm2

    others = np.flatnonzero(is_lung[1:] == 0) + 1
    if not others.size:
        return air
    reach_mm = 4 * max(coarse.spacing_mm)
    margin = [int(np.ceil(reach_mm / s)) for s in coarse.spacing_mm]
    low = np.maximum(pieces.low[others].min(axis=0) - margin, 0)
    box = box_slices(low, np.minimum(pieces.high[others].max(axis=0) + margin, air.shape))
    to_lung = squared_distance_mm2(lung[box], coarse.spacing_mm, reach_mm)
    to_other = squared_distance_mm2((pieces.labels[box] > 0) & (lung[box] == 0), coarse.spacing_mm, reach_mm)
    out = air.copy()
    out[box] &= to_lung <= to_other
    return out


def haze(coarse: Coarse, place: np.ndarray, lung: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: lung that holds less air than `air_hu` but is lighter than fat, such as the ground glass of its lowest parts.

    Every border of lung passes through such densities, but in a layer of one block; haze is thick.
    """
    from ..kernels.components import touching_components
    from ..kernels.morphology import grow_mm, open_mm

    light = place & (coarse.mean > numbers.air_hu) & (coarse.mean < numbers.anatomy.haze_hu) & ~coarse.outside
    thick = open_mm(light, coarse.spacing_mm, max(numbers.anatomy.haze_mm, 1.1 * max(coarse.spacing_mm[1:])))
    return touching_components(thick, grow_mm(lung, coarse.spacing_mm, 1.5 * max(coarse.spacing_mm)))


def bullae(rest: np.ndarray, lung: np.ndarray, contact_share: float) -> np.ndarray:
    """uint8: the pieces of the other air that border on lung with a good part of their surface; stomach and gullet do not."""
    from ..kernels.components import choose_pieces, find_pieces
    from ..kernels.profiles import count_faces

    pieces = find_pieces(rest)
    faces, faces_on_lung = count_faces(pieces.labels, lung, pieces.sizes.size)
    return choose_pieces(pieces.labels, (faces_on_lung > contact_share * faces).view(np.uint8))


def with_cavities(coarse: Coarse, enclosed: np.ndarray, hull: np.ndarray, sides: np.ndarray, lumen: np.ndarray,
                  numbers: LungParameters) -> np.ndarray:  # fmt: skip
    """`sides` with the air that a thick wall keeps from the lung, such as the holes of a destroyed upper lobe.

    It lies mostly in the hull, which bowel and gullet do not; what lies beside the airway is a bronchus.
    hull, sides   uint8 labels on the blocks, RIGHT or LEFT
    """
    from ..kernels.components import choose_pieces, find_pieces
    from ..kernels.morphology import grow_mm
    from ..kernels.profiles import count_by_label

    pieces = find_pieces((coarse.mean < numbers.air_hu) & (enclosed == 4) & (sides == 0) & ~coarse.outside)
    in_hull = count_by_label(pieces.labels, hull, pieces.sizes.size, 0, LEFT)
    held = (pieces.sizes >= LEAST_BLOCKS) & (2 * in_hull[:, 0] < pieces.sizes)
    if held[1:].any():
        beside = grow_mm(lumen, coarse.spacing_mm, 2 * numbers.airway_wall_mm)
        held &= count_by_label(pieces.labels, beside, pieces.sizes.size, 0, 1)[:, 1] == 0
    side = np.where(held, np.where(in_hull[:, RIGHT] >= in_hull[:, LEFT], RIGHT, LEFT), 0).astype(np.uint8)
    side[0] = 0
    return sides | choose_pieces(pieces.labels, side)


def lung_pieces(coarse: Coarse, pieces: Pieces, enclosed: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """bool, one for each label: which pieces of inner blocks are lung. Label 0 is not.

    The largest piece that looks like lung leads; the others must look like it, be closed in on all sides, and near it or a
    piece that is: lobes torn apart by fissures and tumours are near, bowel and armpit are not.
    """
    from ..kernels.components import choose_pieces
    from ..kernels.morphology import grow_mm
    from ..kernels.profiles import count_by_label

    large_enough = np.flatnonzero(pieces.sizes[1:] >= LEAST_BLOCKS) + 1
    number = np.zeros(pieces.sizes.size, np.int32)
    number[large_enough] = 1 + np.arange(large_enough.size)
    labels = choose_pieces(pieces.labels, number)
    hu = count_by_label(labels, coarse.mean, 1 + large_enough.size, *HU_RANGE)
    closed = count_by_label(labels, enclosed, 1 + large_enough.size, 3, 4)
    like = np.zeros(number.size, bool)
    for k in large_enough:
        cut = (pieces.low[k, 1:] <= 1).any() or (pieces.high[k, 1:] >= np.array(labels.shape[1:]) - 1).any()
        like[k] = looks_like_lung(hu[number[k]], numbers)
        like[k] &= 3 + closed[number[k], 1] / pieces.sizes[k] >= (2.8 if cut else 3.6)
    if not like.any():
        return like
    leader = int(np.argmax(np.where(like, pieces.sizes, 0)))
    large = like & (pieces.sizes >= 0.1 * pieces.sizes[leader])
    while (like & ~large).any():
        around = grow_mm(choose_pieces(pieces.labels, large.view(np.uint8)), coarse.spacing_mm, numbers.recess_mm)
        near = count_by_label(labels, around, 1 + large_enough.size, 0, 1)[:, 1] > 0
        grown = large | (like & near[number])
        if (grown == large).all():
            break
        large = grown
    return large


def looks_like_lung(counts: np.ndarray, numbers: LungParameters) -> bool:
    """How many inner blocks of one piece have each HU of HU_RANGE: is it parenchyma?

    Gas is empty, gas and foam are even; the vessels of parenchyma make a tail. A quarter of the blocks that are no gas will
    do: in the worst emphysema the median is.
    """
    middle, upper, tail = (quantile_of(counts, share) for share in (0.5, 0.75, 0.95))
    return bool(upper >= numbers.gas_hu and tail - middle >= numbers.vessel_tail_hu)


def quantile_of(counts: np.ndarray, share: float) -> int:
    """The lowest HU below or at which that share of the blocks lies; counts by HU from the lower end of HU_RANGE."""
    return HU_RANGE[0] + int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
