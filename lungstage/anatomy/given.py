"""An Anatomy and masks of organs from elsewhere in, the Anatomy that weighs them in out.

The masks are evidence of where the organs are, with the errors such masks have, and of how much of them the scan holds: an
organ whose mask ends inside the scan on every side was scanned whole. An empty mask says nothing: organs are missed, and taken
out. Numbers: priors/parameters/anatomy.toml.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..geometry import Grid
from ..records import Anatomy, MarkedRegions, MaskSet, Study
from .atlas import Atlas
from .coverage import skeleton_coverage
from .parameters import AnatomyParameters

POINTS_AT_MOST = 2000


def with_given(anatomy: Anatomy, study: Study, parameters: AnatomyParameters) -> Anatomy:
    """The same map where the study comes without masks of organs."""
    if study.given is None or study.given.organs is None:
        return anatomy
    numbers, masks = parameters.numbers, study.given.organs
    whole = whole_organs(masks)
    ct = at_least({name: numbers.given_whole for name in whole}, anatomy.coverage, parameters.atlas)
    pet = anatomy.coverage_pet
    if pet is not None:
        shares = {
            name: numbers.given_whole * share_held(masks.grid.to_mm(index), study.pet.grid) for name, index in whole.items()
        }
        pet = at_least(shares, pet, parameters.atlas)
    marked = MarkedRegions(masks, numbers.given_misses, numbers.given_strays)
    return replace(anatomy, coverage=ct, coverage_pet=pet, marked=marked)


def whole_organs(masks: MaskSet) -> dict[str, np.ndarray]:
    """Name of each region whose mask touches no side of the scan, to voxels (n, 3) of it."""
    from scipy.ndimage import find_objects

    whole = {}
    for number, box in enumerate(find_objects(masks.labels), start=1):
        inside = box is not None and all(side.start > 0 and side.stop < n for side, n in zip(box, masks.grid.shape))
        if inside:
            index = np.argwhere(masks.labels[box] == number)
            whole[masks.names[number - 1]] = index[:: max(1, len(index) // POINTS_AT_MOST)] + [side.start for side in box]
    return whole


def share_held(points_mm: np.ndarray, grid: Grid) -> float:
    """Share of LPS points (n, 3) inside a field."""
    return float(grid.holds(points_mm).mean())


def at_least(shares: dict[str, float], coverage: dict[str, float], atlas: Atlas) -> dict[str, float]:
    """Coverage with no region below what its mask says; adrenals and skeleton follow."""
    raised = coverage | {name: max(share, coverage[name]) for name, share in shares.items() if name in coverage}
    raised["adrenals"] = 0.5 * (raised["adrenal_right"] + raised["adrenal_left"])
    raised["skeleton"] = skeleton_coverage(raised, atlas)
    return raised
