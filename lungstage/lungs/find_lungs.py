"""Study in, Lungs out: right and left lung, airway and hull, with how sure we are.

Body first, then the air inside it, then the airway from the windpipe downwards, then right and left apart along the
thinnest sheet, then the hull: what the lungs would fill without disease. All of that on blocks of three millimetres; the
volume itself is read once for the blocks, and again only in the band where a border runs.
Numbers: priors/parameters/lungs.toml and lungs_anatomy.toml.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records import Lungs, Study
from .air import find_lung_air, with_cavities
from .airway import Airway, trace_airway
from .body import enclosure, fill_body, find_tissue
from .coarse import Coarse, box_slices, coarsen, crop
from .given import shares_of, with_given
from .hull import close_hull, with_holes
from .parameters import LungParameters, load_lung_parameters
from .quality import judge, no_lungs, p_thorax
from .sides import find_midline, part_sides, with_vessels


def find_lungs(study: Study, parameters: LungParameters | None = None) -> Lungs:
    """The lungs of a study, and the probability that it shows a chest at all.

    study       any CT; PET is not looked at
    parameters  None: the shipped priors
    returns     Lungs on the CT's grid. Where p_thorax is below 0.5 right, left, airway and hull are empty, the body is what it is
    """
    numbers = parameters or load_lung_parameters()
    coarse = coarsen(study, numbers.block_mm)
    coarse, tissue = crop(coarse, find_tissue(coarse, numbers), margin=3)
    enclosed = enclosure(tissue)
    airway = trace_airway(study, coarse, enclosed, numbers)
    lumen = (share_of_blocks(airway.mask, coarse, airway.low, airway.high) >= 0.3).view(np.uint8)
    lung = find_lung_air(coarse, enclosed, lumen, numbers)
    midline = find_midline(coarse, lung, lumen, tissue, numbers.anatomy)
    sides = part_sides(coarse, lung, midline, numbers)
    p = p_thorax(coarse, sides, lumen, numbers)
    if p < 0.5:
        return no_lungs(study, p, at_full_resolution(study, coarse, fill_body(tissue, lung)))
    sides = with_vessels(coarse, sides, lumen, numbers)
    hull = close_hull(coarse, sides, lumen, tissue, midline, numbers)
    holed = with_cavities(coarse, enclosed, hull, sides, lumen, numbers)
    if np.count_nonzero(holed) > np.count_nonzero(sides):
        sides, hull = holed, with_holes(coarse, hull, holed, numbers)
    right, left = refine_sides(study, coarse, sides, airway, numbers)
    notes = ()
    if study.given is not None and study.given.lungs is not None:
        shares = shares_of(study.given.lungs, lambda mask: share_of_blocks(mask, coarse))
        inside = fill_body(tissue, (hull != 0) | (lumen != 0)).astype(bool) & (lumen == 0)
        hull, notes = with_given(hull, sides, shares, inside, midline)
    body = fill_body(tissue, (hull != 0) | (lumen != 0))
    quality = judge(study, coarse, right, left, airway, sides, tissue, numbers)
    return Lungs(
        study.ct.grid, right, left, airway.mask, at_full_resolution(study, coarse, hull, (right, left)),
        at_full_resolution(study, coarse, body), p, replace(quality, notes=(*quality.notes, *notes)),
    )  # fmt: skip


def share_of_blocks(mask: np.ndarray, coarse: Coarse, low=(0, 0, 0), high=None) -> np.ndarray:
    """float32 (blocks), 0 to 1: the share of each block that a mask on the CT's grid fills; low, high: the box it lies in."""
    from ..kernels import shares

    start, factors, shape = np.array(coarse.start), np.array(coarse.factors), coarse.mean.shape
    first = np.clip((np.asarray(low) - start) // factors, 0, shape)
    last = np.clip(-((start - (mask.shape if high is None else high)) // factors), first, shape)
    part = mask[box_slices(start + first * factors, start + last * factors)]
    out = np.zeros(shape, np.float32)
    out[box_slices(first, last)] = shares.share_of_blocks(part.view(np.uint8), coarse.factors, 1, 255)
    return out


def refine_sides(study: Study, coarse: Coarse, sides: np.ndarray, airway: Airway, numbers: LungParameters):
    """Right and left lung, uint8 on the CT's grid: within a block of the border the voxel's own HU decides."""
    from ..kernels.refine import refine_labels

    masks = refine_labels(study.ct.values, sides, coarse.factors, coarse.start, numbers.air_hu)
    box = box_slices(airway.low, airway.high)
    for mask in masks:
        mask[box][airway.part != 0] = 0
    return masks


def at_full_resolution(study: Study, coarse: Coarse, labels: np.ndarray, lungs=None) -> np.ndarray:
    """uint8 labels on the CT's grid: shapes of blocks with their surfaces interpolated, none inside the lungs' own masks."""
    from ..kernels.refine import draw_labels

    return draw_labels(labels, coarse.factors, coarse.start, study.ct.grid.shape, lungs)
