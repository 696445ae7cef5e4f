"""Air inside the body in, the pieces of it that are lung out: darker than tissue, lighter than gas, full of vessels."""

from __future__ import annotations

import numpy as np

from .body import enclosure
from .coarse import Coarse
from .parameters import LungParameters

LIGHTER_THAN_FAT_HU = -150
HAZE_MM = 4.5  # half the thickness of haze: more than a border's half-dark layer, on every scan looked at
BULLA_CONTACT = 0.3  # share of a bulla's surface that borders on parenchyma; the chest wall may take most of the rest


def find_lung_air(coarse: Coarse, tissue: np.ndarray, airway: np.ndarray | None, numbers: LungParameters) -> np.ndarray:
    """uint8: the air that is lung parenchyma; bowel gas, stool, windpipe and the air around the patient are left out.

    tissue   uint8, the body's dense part
    airway   uint8, left out with its wall; None where it is not known yet

    Pieces are judged by their inner blocks, one block away from any wall; what lies between two pieces goes to the nearer
    one, so a stomach bubble that touches the lung through a thin diaphragm stays out.
    """
    from ..kernels.components import label_components, touching_components
    from ..kernels.distance import squared_distance_mm2
    from ..kernels.morphology import grow_mm, shrink_mm

    spacing_mm = coarse.spacing_mm
    enclosed = enclosure(tissue)
    air = (coarse.mean < numbers.air_hu) & ~coarse.outside
    # Where the field of view cuts the chest open a corner may be closed on two sides only: lung goes on there, gas does not.
    air &= (enclosed >= 3) | ((enclosed == 2) & (coarse.mean > numbers.lung_hu[0]))
    if airway is not None:
        air &= grow_mm(airway, spacing_mm, numbers.airway_wall_mm) == 0
    labels, sizes = label_components(shrink_mm(air & (enclosed >= 3), spacing_mm, 1.1 * max(spacing_mm[1:])))
    pieces = lung_pieces(coarse, labels, sizes, enclosed, numbers)
    lung = pieces[labels]
    other = (labels > 0) & ~lung
    reach_mm = 4 * max(spacing_mm)
    to_lung = squared_distance_mm2(lung, spacing_mm, reach_mm)
    lung = touching_components(air & (to_lung <= squared_distance_mm2(other, spacing_mm, reach_mm)), lung)
    lung |= bullae(air & (lung == 0), lung)
    return lung | haze(coarse, (enclosed == 4) & ~air, lung, numbers)


def haze(coarse: Coarse, place: np.ndarray, lung: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: lung that holds less air than `air_hu` but is lighter than fat, such as the ground glass of its lowest parts.

    Every border of lung passes through such densities, but in a layer of one block; haze is thick.
    """
    from ..kernels.components import touching_components
    from ..kernels.morphology import grow_mm, open_mm

    light = place & (coarse.mean > numbers.air_hu) & (coarse.mean < LIGHTER_THAN_FAT_HU) & ~coarse.outside
    thick = open_mm(light, coarse.spacing_mm, max(HAZE_MM, 1.1 * max(coarse.spacing_mm[1:])))
    return touching_components(thick, grow_mm(lung, coarse.spacing_mm, 1.5 * max(coarse.spacing_mm)))


def bullae(rest: np.ndarray, lung: np.ndarray) -> np.ndarray:
    """uint8: the pieces of the other air that border on lung with a good part of their surface; stomach and gullet do not."""
    from ..kernels.components import label_components

    labels, sizes = label_components(rest)
    faces, faces_on_lung = np.zeros(sizes.size), np.zeros(sizes.size)
    for axis in range(3):
        ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        for here, there in ((ahead, behind), (behind, ahead)):
            border = (labels[here] > 0) & (labels[there] == 0)
            faces += np.bincount(labels[here][border], minlength=sizes.size)
            faces_on_lung += np.bincount(labels[here][border & (lung[there] != 0)], minlength=sizes.size)
    return ((faces_on_lung > BULLA_CONTACT * faces) & (np.arange(sizes.size) > 0))[labels].view(np.uint8)


def lung_pieces(
    coarse: Coarse, labels: np.ndarray, sizes: np.ndarray, enclosed: np.ndarray, numbers: LungParameters
) -> np.ndarray:
    """bool, one for each label: which pieces of inner blocks are lung. Label 0 is not.

    The largest piece that looks like lung leads; the others must be as dense as it within `lung_spread_hu`, closed in on all
    sides, and near it or a piece that is: lobes torn apart by fissures and tumours are near, bowel and armpit are not.
    """
    from scipy.ndimage import find_objects

    from ..kernels.morphology import grow_mm

    boxes = find_objects(labels)
    middles = np.zeros(sizes.size)
    like = np.zeros(sizes.size, bool)
    for k in np.flatnonzero(sizes[1:] * coarse.voxel_ml >= numbers.piece_ml) + 1:
        box = boxes[k - 1]
        here = labels[box] == k
        middles[k] = np.median(coarse.mean[box][here])
        like[k] = looks_like_lung(coarse.mean[box][here], numbers)
        cut = any(box[axis].start <= 1 or box[axis].stop >= labels.shape[axis] - 1 for axis in (1, 2))
        like[k] &= np.mean(enclosed[box][here]) >= (2.8 if cut else 3.6)
    if not like.any():
        return like
    leader = int(np.argmax(np.where(like, sizes, 0)))
    like &= np.abs(middles - middles[leader]) <= 2 * numbers.lung_spread_hu
    large = like & (sizes >= 0.1 * sizes[leader])
    while True:
        near = np.unique(labels[grow_mm(large[labels], coarse.spacing_mm, numbers.recess_mm) != 0])
        grown = large | (like & np.isin(np.arange(sizes.size), near))
        if (grown == large).all():
            return large
        large = grown


def looks_like_lung(mean: np.ndarray, numbers: LungParameters) -> bool:
    """Means of the inner blocks of one piece, HU (n): is it parenchyma?

    Gas and foam are even; stool spreads wider than any lung; parenchyma is even but for its vessels, which make a tail.
    """
    middle, tail = np.percentile(mean, (50, 95))
    spread = np.median(np.abs(mean - middle))
    low, top = numbers.lung_hu
    return bool(low <= middle <= top and spread <= numbers.lung_spread_hu and tail - middle >= numbers.vessel_tail_hu)
