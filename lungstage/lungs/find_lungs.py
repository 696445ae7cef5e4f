"""Study in, Lungs out: right and left lung, airway and hull, with how sure we are.

Body first, then the air inside it, then the airway from the windpipe downwards, then right and left apart along the
thinnest sheet, then the hull: what the lungs would fill without disease. All of that on blocks of three millimetres; the
volume itself is read once for the blocks, and again only in the band where a border runs.
Numbers: priors/parameters/lungs.toml.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records import Lungs, Study
from ..records.lungs import LEFT, RIGHT
from .air import find_lung_air
from .airway import trace_airway
from .body import fill_body, find_tissue
from .coarse import Coarse, coarsen, crop, signed_distance_mm
from .given import shares_of, with_given
from .hull import close_hull
from .parameters import LungParameters, load_lung_parameters
from .quality import judge, no_lungs, p_thorax
from .sides import find_midline, part_sides, with_vessels


def find_lungs(study: Study, parameters: LungParameters | None = None) -> Lungs:
    """The lungs of a study, and the probability that it shows a chest at all.

    study       any CT; PET is not looked at
    parameters  None: the shipped priors
    returns     Lungs on the CT's grid. Below `p_thorax_min` right, left, airway and hull are empty, and the body is what it is
    """
    numbers = parameters or load_lung_parameters()
    coarse = coarsen(study, numbers.block_mm)
    coarse, tissue = crop(coarse, find_tissue(coarse, numbers), margin=3)
    chest_air = find_lung_air(coarse, tissue, None, numbers)
    airway = trace_airway(study, coarse, chest_air, tissue, numbers)
    lumen = share_of_blocks(airway, coarse) >= 0.3
    lung = find_lung_air(coarse, tissue, lumen, numbers)
    midline = find_midline(coarse, lung, lumen, tissue)
    sides = part_sides(coarse, lung, midline, numbers)
    p = p_thorax(coarse, sides, lumen, numbers)
    if p < numbers.p_thorax_min:
        return no_lungs(study, p, full_resolution(study, coarse, fill_body(tissue, lung)))
    sides = with_vessels(coarse, sides, lumen, numbers)
    hull = close_hull(coarse, sides, lumen, tissue, midline, numbers)
    notes = ()
    if study.given is not None and study.given.lungs is not None:
        shares = shares_of(study.given.lungs, lambda mask: share_of_blocks(mask, coarse))
        inside = fill_body(tissue, (hull != 0) | lumen).astype(bool) & ~lumen
        hull, notes = with_given(hull, sides, shares, inside, midline, numbers.given_share_min)
    body = fill_body(tissue, (hull != 0) | lumen)
    right, left = refine_sides(study, coarse, sides, airway, numbers)
    hull = full_resolution(study, coarse, hull == RIGHT) * np.uint8(RIGHT) | (
        full_resolution(study, coarse, hull == LEFT) * np.uint8(LEFT)
    )
    quality = judge(study, coarse, right, left, airway, sides, tissue, numbers)
    return Lungs(
        study.ct.grid, right, left, airway, with_lungs(hull, right, left), full_resolution(study, coarse, body), p,
        replace(quality, notes=(*quality.notes, *notes)),
    )  # fmt: skip


def share_of_blocks(mask: np.ndarray, coarse: Coarse) -> np.ndarray:
    """float32 (blocks), 0 to 1: the share of each block that a mask on the CT's grid fills."""
    from ..kernels.reduce import reduce_blocks

    return reduce_blocks(mask[coarse.window].astype(np.int16) * np.int16(100), coarse.factors)[0].astype(np.float32) / 100


def refine_sides(study: Study, coarse: Coarse, sides: np.ndarray, airway: np.ndarray, numbers: LungParameters):
    """Right and left lung, uint8 on the CT's grid: within a block of the border the voxel's own HU decides."""
    from ..kernels.refine import refine_border

    band_mm = 1.1 * max(coarse.spacing_mm[1:])
    limit_mm = 4 * max(coarse.spacing_mm)
    to_right, to_left = (signed_distance_mm(sides == side, coarse.spacing_mm, limit_mm) for side in (RIGHT, LEFT))
    masks = []
    for own, other in ((to_right, to_left), (to_left, to_right)):
        mask = np.zeros(study.ct.grid.shape, np.uint8)
        values = study.ct.values[coarse.window]
        mask[coarse.window] = refine_border(values, own, own - other, coarse.factors, band_mm, int(numbers.air_hu))
        mask[airway != 0] = 0
        masks.append(mask)
    masks[1][masks[0] != 0] = 0
    return masks


def full_resolution(study: Study, coarse: Coarse, mask: np.ndarray) -> np.ndarray:
    """uint8 on the CT's grid: a shape of blocks with its surface interpolated."""
    from ..kernels.refine import refine_border

    signed_mm = signed_distance_mm(mask, coarse.spacing_mm, 2 * max(coarse.spacing_mm))
    whole = np.zeros(study.ct.grid.shape, np.uint8)
    values = study.ct.values[coarse.window]
    whole[coarse.window] = refine_border(values, signed_mm, np.ones_like(signed_mm), coarse.factors, 0.0, 0)
    return whole


def with_lungs(hull: np.ndarray, right: np.ndarray, left: np.ndarray) -> np.ndarray:
    """The hull, which holds the lungs whole even where its own surface was drawn a voxel too tight."""
    hull[right != 0] = RIGHT
    hull[left != 0] = LEFT
    return hull
