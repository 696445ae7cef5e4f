"""Lungs in, hull out: what the lungs would fill without disease, each side labelled.

Three steps, each for its own disease. A ball of `hull_mm` rolled over each lung from outside closes the bays that tumour,
collapse and a swollen hilum leave; the heart is flatter than the ball and stays out. Between lung and ribs fluid and
pleural tumour are added where the gap is wider than a pleura. A lung or a lobe without air is told by the other lung,
mirrored: an upper one by lung below it, a lower one by lung before it, for a dome that has risen leaves none in front.
The dome of the diaphragm bounds all of it from below, except for fluid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .coarse import Coarse, box_of, box_slices
from .parameters import LungParameters
from .rays import MOST_WAY, Rays


def close_hull(
    coarse: Coarse, sides: np.ndarray, lumen: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """uint8 labels on the blocks, RIGHT or LEFT: lungs, and what disease has taken from them.

    sides     uint8 labels of the lungs with their vessels; lumen and tissue uint8; midline an index along x
    """
    hull = sides.copy()
    for side in (RIGHT, LEFT):
        bays = close_bays(coarse, (sides == side).view(np.uint8), numbers)
        hull |= bays * (hull == 0) * np.uint8(side)
    hull = without_heart_tip(coarse, hull, sides, midline, numbers)
    hull = with_grooves(coarse, hull, sides, numbers)
    hull = with_pleural_gap(coarse, hull, sides, tissue, midline, numbers)
    hull = mirror_missing(coarse, hull, sides, tissue, midline, numbers)
    hull[lumen != 0] = 0
    return hull


def with_holes(coarse: Coarse, hull: np.ndarray, sides: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """The hull with holes that have been found to be lung since it was closed, and their walls.

    sides   uint8 labels of the lungs with those holes
    """
    from ..kernels.morphology import close_mm

    wider = hull.copy()
    for side in (RIGHT, LEFT):
        holes = (sides == side) & (hull == 0)
        if holes.any():
            box = box_slices(*box_of(holes, 2 * int(np.ceil(numbers.vessel_mm / min(coarse.spacing_mm))) + 1))
            closed = close_mm((hull[box] == side) | holes[box], coarse.spacing_mm, numbers.vessel_mm)
            wider[box] |= closed * ((hull[box] == 0) & (coarse.mean[box] < numbers.anatomy.bone_hu)) * np.uint8(side)
    return wider


def without_heart_tip(coarse: Coarse, hull: np.ndarray, sides: np.ndarray, midline: float, numbers: LungParameters) -> np.ndarray:
    """The hull without the cap that the ball cuts off a heart whose tip is rounder than it.

    The tip lies in the left lung's lower front. What the ball fills there is a cap, broad and thin; a mass beside the heart is
    as thick as it is broad, and a nodule thinner than a cap is in the lung's mask already.
    """
    from ..kernels.morphology import grow_mm, open_mm

    if not (sides == LEFT).any():
        return hull
    low, high = box_of(hull, 0)
    middle = (low + high) // 2
    cap_mm = numbers.anatomy.heart_cap_mm
    reach = int(np.ceil(cap_mm / min(coarse.spacing_mm))) + 1  # what lies beyond the zone makes its rim thick
    zone = (slice(low[0], middle[0]), slice(low[1], middle[1]), slice(min(max(0, int(midline)), high[2] - 1), high[2]))
    around = tuple(slice(max(0, part.start - reach), part.stop + reach) for part in zone)
    inside = tuple(slice(part.start - wide.start, part.stop - wide.start) for part, wide in zip(zone, around))
    filled = (hull[around] == LEFT) & (sides[around] == 0)
    # a ball enters no corner of a mass
    thick = grow_mm(open_mm(filled, coarse.spacing_mm, cap_mm / 2), coarse.spacing_mm, cap_mm / 4)
    rays = Rays.around(coarse, hull, midline, numbers.anatomy)
    lung_mm = rays.last(hull)
    at_wall = rays.within(MOST_WAY * np.maximum(lung_mm, rays.mirrored(lung_mm)), np.full_like(lung_mm, np.inf))
    kept = hull.copy()
    kept[zone][filled[inside] & (thick[inside] == 0) & (at_wall[zone] == 0)] = 0
    return kept


def with_grooves(coarse: Coarse, hull: np.ndarray, sides: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """The hull with what fills the groove between spine and heart, or another that runs from head to foot, over a short way.

    A ball in the mediastinum reaches into such a groove from inside, however narrow it is on the lung's side. But of one side
    there is lung in it a little above and a little below. Strands between two lungs are vessels.
    """
    from ..kernels.morphology import open_mm

    steps = max(1, round(numbers.anatomy.groove_mm / coarse.spacing_mm[0]))
    grooved = hull.copy()
    for side in (RIGHT, LEFT):
        if not (sides == side).any():
            continue
        box = box_slices(*box_of(sides == side, 0))
        groove = close_columns(sides[box] == side, steps)
        groove &= (hull[box] == 0) & is_soft(coarse.mean[box], numbers)
        thick = open_mm(groove | (hull[box] == side), coarse.spacing_mm, numbers.anatomy.groove_thick_mm)
        grooved[box] |= (thick.view(bool) & groove) * np.uint8(side)
    return grooved


def close_columns(mask: np.ndarray, steps: int) -> np.ndarray:
    """bool (z, y, x): blocks with some of the mask above and below, no farther than `steps` apart."""
    z = np.arange(len(mask), dtype=np.int32)[:, None, None]
    below = np.maximum.accumulate(np.where(mask, z, -steps - 1), axis=0)
    above = np.minimum.accumulate(np.where(mask, z, len(mask) + steps)[::-1], axis=0)[::-1]
    return above - below <= steps


def with_pleural_gap(
    coarse: Coarse, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """The hull with fluid and pleural tumour; looked for in the slices of the lungs and a little beyond."""
    from ..kernels.profiles import count_along

    used = np.flatnonzero(count_along(hull).z)
    if not used.size:
        return hull
    margin = int(np.ceil((numbers.anatomy.peak_mm + 3 * numbers.pleura_mm) / coarse.spacing_mm[0])) + 1
    part = slice(max(0, used[0] - margin), used[-1] + 1 + margin)
    chest = replace(coarse, mean=coarse.mean[part], outside=coarse.outside[part])
    gap = pleural_gap(chest, hull[part], sides[part], tissue[part], midline, numbers)
    if gap.any():
        filled = hull.copy()
        filled[part] |= gap * (hull[part] == 0) * by_side(hull.shape, midline)
        filled[part] = close_seams(chest, filled[part], numbers)
        return filled
    return hull


def close_seams(coarse: Coarse, hull: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """The hull with the half-dark layer between lung and fluid closed."""
    from ..kernels.morphology import close_mm

    closed = hull.copy()
    for side in (RIGHT, LEFT):
        seam = close_mm(hull == side, coarse.spacing_mm, numbers.pleura_mm / 2)
        closed |= seam * ((closed == 0) & (coarse.mean < numbers.anatomy.bone_hu)) * np.uint8(side)
    return closed


def close_bays(coarse: Coarse, lung: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: the lung closed by a ball and its cavities filled, down to the dome of the diaphragm."""
    from ..kernels.components import fill_holes
    from ..kernels.morphology import close_mm

    closed = np.zeros(lung.shape, np.uint8)
    if lung.any():
        box = box_slices(*box_of(lung, 1))
        filled = fill_holes(close_mm(lung[box], coarse.spacing_mm, numbers.hull_mm))
        closed[box] = filled & above_dome(coarse, lung[box], numbers)
    return closed


def above_dome(coarse: Coarse, lung: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """bool: blocks not below the lung's base.

    The base is the lowest lung of each column; what stands up from it more narrowly than a dome, such as a tumour on the
    diaphragm, is levelled first. Columns without lung are bounded by nothing.
    """
    from ..kernels.relief import lowest_of_columns, open_relief

    height = lung.shape[0]
    # Beyond the lung's outline the base counts as high, or opening would lower it all along its rim.
    base = lowest_of_columns(lung)
    reach_y, reach_x = (max(1, round(numbers.anatomy.on_dome_mm / s)) for s in coarse.spacing_mm[1:])
    level = np.where(base < height, np.minimum(base, open_relief(base, reach_y, reach_x)), -height)
    return np.arange(height, dtype=np.int32)[:, None, None] >= level


def by_side(shape: tuple[int, int, int], midline: float) -> np.ndarray:
    """uint8 labels (1, 1, x): RIGHT up to the midline, LEFT beyond."""
    return np.where(np.arange(shape[2]) < midline, RIGHT, LEFT).astype(np.uint8)[None, None]


@dataclass(frozen=True, eq=False)
class Walls:
    """Where on the rays lung and chest wall lie, float (z, ray) in mm from the middle of the chest.

    lung, first       outermost and innermost block of the hull; mirrored: the outermost of the other side
    bay               how deep a bay the ball has closed there, 0 where lung reaches as far as the hull
    bone, rib         the first bone beyond the hull, and beyond most of the way to the other side's
    cage              the inside of the ribs as far as told, 0 elsewhere; deep: with the gutters beside the spine
    flank             the inside of the ribs where no lung is seen
    """

    lung: np.ndarray
    first: np.ndarray
    mirrored: np.ndarray
    bay: np.ndarray
    bone: np.ndarray
    rib: np.ndarray
    cage: np.ndarray
    deep: np.ndarray
    flank: np.ndarray


def pleural_gap(
    coarse: Coarse, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """uint8: soft tissue and fluid between the outside of the lungs and the inside of the ribs where that gap is too wide, and
    lobes without air.
    """
    rays = Rays.around(coarse, hull, midline, numbers.anatomy)
    soft = is_soft(coarse.mean, numbers) & (hull == 0)
    fluid = fluid_blocks(coarse, numbers) & (hull == 0)
    walls = find_walls(coarse, rays, hull, sides, tissue, soft, fluid, numbers)
    wide = is_wide(walls.lung, walls.cage, numbers)
    lobe_mm = rays.airless_lobe(walls.lung, walls.first, walls.flank)
    if not (wide.any() or (walls.bay > numbers.pleura_mm / 2).any() or lobe_mm.any()):
        return np.zeros(hull.shape, np.uint8)
    above = np.zeros(hull.shape, bool)
    for side, half in halves(midline, hull.shape[2]):
        above[:, :, half] = above_dome(coarse, (hull == side).view(np.uint8), numbers)[:, :, half]
    gap = rays.within(walls.lung, np.where(wide, walls.cage, 0.0)) & soft & (above | fluid)
    behind = rays.behind_lung(walls.lung, walls.cage) & (walls.cage - walls.lung > numbers.pleura_mm)
    gap |= rays.within(np.maximum(walls.lung, rays.mirrored(walls.first)), np.where(behind, walls.cage, 0.0)) & soft
    gap = without_thin_and_small(coarse, gap, numbers)
    if gap.any():
        gap = up_to_ribs(coarse, rays, walls, follow_fluid(coarse, rays, walls, gap, fluid, numbers), soft)
    hollow = (coarse.mean < numbers.air_hu) & (hull == 0)  # a hole in what fills a bay
    gap |= bays_to_wall(rays, walls, numbers) & (soft | hollow) & above
    # The front of a chest is gristle and muscle, which no bone tells apart: no farther out than the other lung.
    far_mm = np.minimum(walls.mirrored + coarse.spacing_mm[2] / 2, walls.rib)
    lobe = rays.within(lobe_mm, np.where(lobe_mm > 0, far_mm, 0.0)) & soft
    return gap | (lobe & above_other_dome(coarse, above, midline, numbers))


def find_walls(
    coarse: Coarse, rays: Rays, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, soft: np.ndarray, fluid: np.ndarray,
    numbers: LungParameters,
) -> Walls:  # fmt: skip
    """Lung and chest wall on the rays; soft, fluid: bool, blocks of such density beside the hull.

    Where something lies between lung and ribs for certain, and where it is fluid, the gutters beside the spine are parts of the
    cage; elsewhere it is fat and muscle that fill them, in front and behind.
    """
    lung_mm = rays.last(hull)
    mirrored_mm, barrel_mm = rays.mirrored(lung_mm), rays.barrel(lung_mm)
    bone = (coarse.mean > numbers.anatomy.bone_hu) & (tissue != 0)
    bone_mm = rays.first_beyond(bone, lung_mm)
    near_mm, deep_mm = (
        np.where(np.isfinite(mm), np.minimum(mm, barrel_mm), 0.0)
        for mm in (rays.cage(bone_mm), rays.deepened(rays.cage(bone_mm)))
    )
    sure = rays.within(lung_mm, np.where(is_wide(lung_mm, near_mm, numbers), near_mm, 0.0)) & soft
    sure |= rays.within(lung_mm, np.where(is_wide(lung_mm, deep_mm, numbers), deep_mm, 0.0)) & fluid
    told = rays.around_places(rays.last(without_thin_and_small(coarse, sure, numbers)) > 0)
    # Where a lung is not seen, what is bone nearer to the middle than the other lung's flank is of spine and mediastinum.
    rib_mm = rays.first_beyond(bone, np.maximum(lung_mm, MOST_WAY * mirrored_mm))
    flank_mm = np.minimum(rays.deepened(rays.cage(rib_mm)), barrel_mm)
    return Walls(
        lung_mm, rays.first_beyond(hull != 0, np.zeros_like(lung_mm)), mirrored_mm, lung_mm - rays.last(sides), bone_mm, rib_mm,
        np.where(told, deep_mm, near_mm), deep_mm, np.minimum(np.maximum(flank_mm, mirrored_mm), rib_mm),
    )  # fmt: skip


def bays_to_wall(rays: Rays, walls: Walls, numbers: LungParameters) -> np.ndarray:
    """uint8: what lies between a bay in the outside of a lung, closed by the ball, and the wall: the ball rests on chords.

    A membrane spans what is not too deep, and reaches a little beyond the bay; what is deep goes on to the ribs.
    """
    at_wall = walls.bay > numbers.pleura_mm / 2
    spanned_mm = np.minimum(rays.bridged(walls.lung, walls.lung - walls.bay, at_wall), walls.bone)
    spanned = (spanned_mm > walls.lung) & (walls.bay < numbers.anatomy.deep_bay_mm)
    wall_mm = np.where(spanned, spanned_mm, np.maximum(spanned_mm, walls.deep))
    return rays.within(walls.lung, np.where(at_wall, wall_mm, np.where(walls.bay > 0, spanned_mm, 0.0)))


def up_to_ribs(coarse: Coarse, rays: Rays, walls: Walls, gap: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """uint8: the gap with the blocks beside ribs, which hold some of them and are no fluid by their surroundings."""
    from ..kernels.morphology import grow_mm

    last = rays.within(MOST_WAY * walls.cage, np.maximum(walls.cage, walls.flank) + coarse.spacing_mm[2] / 2)
    return gap | (grow_mm(gap, coarse.spacing_mm, 1.1 * max(coarse.spacing_mm)) & last & soft)


def is_soft(mean: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """bool: denser than fat, and no bone."""
    return (mean > numbers.anatomy.fat_hu) & (mean < numbers.anatomy.bone_hu)


def is_wide(lung_mm: np.ndarray, cage_mm: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """bool (z, ray): where more than a pleura lies between lung and cage, and the lung is not one beside the spine."""
    return (cage_mm - lung_mm > numbers.pleura_mm) & (lung_mm > numbers.anatomy.inner_share * cage_mm)


def above_other_dome(coarse: Coarse, above: np.ndarray, midline: float, numbers: LungParameters) -> np.ndarray:
    """bool: blocks above the dome of the other side, mirrored, for a lung without air has none of its own.

    above   bool, blocks above the dome of their own side
    """
    mirrored = mirror_of(above, midline, True)
    lift = min(round(numbers.anatomy.right_dome_mm / coarse.spacing_mm[0]), len(above))
    (_, right), _ = halves(midline, above.shape[2])
    mirrored[lift:, :, right] = mirrored[: len(above) - lift, :, right]
    return mirrored


def mirror_of(mask: np.ndarray, midline: float, beyond: bool) -> np.ndarray:
    """bool (z, y, x): the mask of the patient seen in a mirror; `beyond` where that lies outside the picture."""
    column = np.rint(2 * midline - np.arange(mask.shape[2])).astype(int)
    seen = (column >= 0) & (column < mask.shape[2])
    mirrored = np.full(mask.shape, beyond)
    mirrored[:, :, seen] = mask[:, :, column[seen]]
    return mirrored


def halves(midline: float, width: int) -> tuple[tuple[int, slice], tuple[int, slice]]:
    """Each side with its columns, as `by_side` has them."""
    middle = min(max(int(np.ceil(midline)), 0), width)
    return (RIGHT, slice(0, middle)), (LEFT, slice(middle, width))


def fluid_blocks(coarse: Coarse, numbers: LungParameters) -> np.ndarray:
    """bool: blocks whose surroundings have the density of pleural fluid; smoothed, or noise would make liver of it."""
    from ..kernels.statistics import sum_around

    low_hu, high_hu = numbers.fluid_hu
    around = sum_around(coarse.mean)
    return (around > 27 * low_hu) & (around < 27 * high_hu)


def without_thin_and_small(coarse: Coarse, gap: np.ndarray, numbers: LungParameters) -> np.ndarray:
    """uint8: what is as thick as a normal pleura's gap, in pieces that are worth a look."""
    from ..kernels.components import choose_pieces, find_pieces
    from ..kernels.morphology import open_mm

    pieces = find_pieces(open_mm(gap, coarse.spacing_mm, numbers.pleura_mm / 2))
    large = pieces.sizes * coarse.voxel_ml >= numbers.anatomy.least_gap_ml
    large[0] = False
    return choose_pieces(pieces.labels, large.view(np.uint8))


def follow_fluid(
    coarse: Coarse, rays: Rays, walls: Walls, gap: np.ndarray, fluid: np.ndarray, numbers: LungParameters
) -> np.ndarray:
    """uint8: the gap with the fluid inside the cage that hangs together with it; layers thinner than the gap (fat beside muscle)
    do not. Fluid is followed to where no ray through lung leads."""
    from ..kernels.components import touching_components
    from ..kernels.morphology import close_mm, grow_mm, open_mm

    inside = fluid & rays.within(np.zeros_like(walls.cage), walls.cage)
    pools = open_mm(inside, coarse.spacing_mm, numbers.pleura_mm / 2)
    pools = touching_components(pools, grow_mm(gap, coarse.spacing_mm, 1.1 * max(coarse.spacing_mm))) | gap
    # Between two ribs fluid bulges a little past the cage, and noise leaves pinholes.
    pools |= grow_mm(pools, coarse.spacing_mm, numbers.pleura_mm) & fluid
    return close_mm(pools, coarse.spacing_mm, numbers.pleura_mm / 2)


def mirror_missing(
    coarse: Coarse, hull: np.ndarray, sides: np.ndarray, tissue: np.ndarray, midline: float, numbers: LungParameters
) -> np.ndarray:
    """The hull, with a side that has next to no air filled by the other side's mirror image where there is tissue."""
    counts = {side: np.count_nonzero(sides == side) for side in (RIGHT, LEFT)}
    weak, strong = (RIGHT, LEFT) if counts[RIGHT] < counts[LEFT] else (LEFT, RIGHT)
    if counts[weak] >= numbers.anatomy.airless_share * counts[strong]:
        return hull
    mirrored = mirror_of(hull == strong, midline, False)
    mirrored &= (tissue != 0) & (coarse.mean < numbers.anatomy.bone_hu) & (hull == 0)
    return np.where(mirrored, np.uint8(weak), hull)
