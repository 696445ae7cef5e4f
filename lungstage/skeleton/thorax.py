"""Coarse and canal in, ribs and sternum out: what is bone along the outline round both lungs.

The outline of a slice is the convex hull of the air of both lungs; below the lungs the last outlines are carried on, for
the lowest ribs lie there. Signed distance to it tells rib (near), vessel or calcium (deep inside) and shoulder (outside).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.components import find_pieces
from ..kernels.distance import squared_distance_mm2
from ..kernels.morphology import grow_mm, shrink_mm
from ..kernels.slices import span_slices
from .coarse import Coarse
from .parameters import SkeletonAnatomy, SkeletonParameters
from .pieces import box_of, chosen, count_by_slice, grown, highest_beside, keep_pieces_above, shrunk, small_pieces_touching
from .spine import Canal, box_at_canal, from_canal_mm

BOTH_TOPS_MM = 10.0  # so far below the higher lung's top the other one has mostly begun
LUNG_SHARE = 0.1  # of the largest piece of air: one lung may be small
HEADS_BELOW_TOP_MM = 40.0  # so far below their tops the lungs are narrow, and ribs run far behind the outline
LUMP_BLOCKS = 3  # a rib is at most twice as thick
CUT_SLICES = 3  # lungs that reach nearer to the highest slice go on above it
LUNG_AIR_ML = 25.0  # less connected air is windpipe or bowel gas; 25 % more or less moves no block on any scan looked at
METAL_HU = 2000.0  # of a block; a block of cortical bone has less
AHEAD_OF_MIDDLE_MM = 20.0  # the sternum lies in the front half of the outline
MIDLINE_HALF_MM, HELD_SHARE = 10.0, 0.5  # where less of this strip is bone, nothing crosses the midline but a clavicle's tip
STERNUM_STEP_MM = 8.0  # its front may lie so far before where its neighbours say,
FRONT_SMOOTH_MM = 25.0  # that is, the median of so many mm
FAR_MM = 60.0  # nothing is asked of distances beyond


@dataclass(frozen=True, eq=False)
class Air:
    """The air of a scan.

    all     bool (z, y, x), connected air above `LUNG_AIR_ML`: lungs, and windpipe and bowel gas of that size
    lungs   bool (z, y, x), the largest pieces of it: of a whole body, not the bowel and the mouth
    """

    all: np.ndarray
    lungs: np.ndarray


def find_air(coarse: Coarse, numbers: SkeletonParameters) -> Air:
    """The air inside the body and the lungs in it; both empty where there is none."""
    air = keep_pieces_above(coarse.body & (coarse.mean < numbers.lung_air_hu), LUNG_AIR_ML, coarse.grid.voxel_ml)
    return Air(air, lung_pieces(air) if air.any() else air)


def outline_thorax(coarse: Coarse, canal: Canal, air: Air, numbers: SkeletonParameters) -> np.ndarray:
    """Depth inside the outline, float32 (z, y, x) in mm: positive inside, negative outside; it stops at FAR_MM
    outside and at twice the depth of ribs inside."""
    hull = chest_hull(coarse, canal, air, numbers)
    if not hull.any():
        return np.full(hull.shape, -FAR_MM, np.float32)
    depth_mm = np.full(hull.shape, -FAR_MM, np.float32)
    around, within = box_of(hull, reach_of(FAR_MM, coarse)), box_of(hull, (0, 1, 1))
    depth_mm[around] = -in_plane_mm(hull[around], coarse, FAR_MM)
    depth_mm[within] += in_plane_mm(~hull[within], coarse, 2 * numbers.rib_inside_mm)
    return depth_mm


def reach_of(limit_mm: float, coarse: Coarse) -> tuple[int, int, int]:
    """How many blocks (z, y, x) a distance within the axial slice can reach."""
    return 0, *(int(limit_mm / side) + 1 for side in coarse.spacing_mm[1:])


def in_plane_mm(mask: np.ndarray, coarse: Coarse, limit_mm: float) -> np.ndarray:
    """Distance (z, y, x) in mm to the mask within the axial slice, up to a limit."""
    squared = squared_distance_mm2(mask, flat_spacing(coarse), limit_mm)
    return np.sqrt(squared, out=squared)


def flat_spacing(coarse: Coarse) -> tuple[float, float, float]:
    """A spacing (z, y, x) in which slices are too far apart to see each other."""
    return (1e6, *coarse.spacing_mm[1:])


def chest_hull(coarse: Coarse, canal: Canal, breath: Air, numbers: SkeletonParameters) -> np.ndarray:
    """The convex hull of lung air in every slice, carried on upwards to the head of the first rib, and downwards along the
    lowest ribs, bool."""
    voxel_ml, air, lungs, anatomy = coarse.grid.voxel_ml, breath.all, breath.lungs, numbers.anatomy
    if not air.any():
        return air
    lowest_full, highest = lowest_full_slice(lungs), highest_slice(lungs, coarse, anatomy)
    least_ml = anatomy.windpipe_mm2 / 1000 * coarse.spacing_mm[0]
    hull = span_slices(keep_pieces_above(air, least_ml, voxel_ml, flat=True))
    hull[highest + 1 :] = False
    if hull.any():
        both = max(0, highest - int(BOTH_TOPS_MM / coarse.spacing_mm[0]))
        hull[both : highest + 1 + int(anatomy.first_rib_above_lungs_mm / coarse.spacing_mm[0])] |= hull[both]
    lowest = max(0, lowest_full - int(anatomy.ribs_below_diaphragm_mm / coarse.spacing_mm[0]))
    hull[:lowest] = False
    spine = spine_and_behind(coarse, canal, anatomy)
    carried = np.zeros(air.shape[1:], bool)
    for z in range(len(air) - 1, lowest - 1, -1):
        if z > lowest_full or not carried.any():
            hull[z] |= carried
        else:
            inside = inside_of_ribs(coarse, z, carried, spine, anatomy)
            hull[z] |= inside if inside.any() else carried
        carried = hull[z]
    return hull & shrink_mm(coarse.body, flat_spacing(coarse), anatomy.skin_mm).view(bool)


def lung_pieces(air: np.ndarray) -> np.ndarray:
    """The largest pieces of air, bool."""
    pieces = find_pieces(air)
    return chosen(pieces, pieces.sizes >= LUNG_SHARE * pieces.sizes[1:].max())


def highest_slice(lungs: np.ndarray, coarse: Coarse, anatomy: SkeletonAnatomy) -> int:
    """Index of the highest slice in which the lungs are wider than a windpipe; the last one where they are nowhere."""
    wide = np.flatnonzero(count_by_slice(lungs) * float(np.prod(coarse.spacing_mm[1:])) > anatomy.windpipe_mm2)
    return int(wide[-1]) if wide.size else len(lungs) - 1


def lung_top_mm(coarse: Coarse, top: int) -> float | None:
    """Height of the lungs' tops above the lowest slice, None where the scan ends below them or shows none."""
    return float(top * coarse.spacing_mm[0]) if top < len(coarse.mean) - CUT_SLICES else None


def spine_and_behind(coarse: Coarse, canal: Canal, anatomy: SkeletonAnatomy) -> np.ndarray:
    """Where vertebrae may be, and rods and screws with what they throw, bool: no rib is there."""
    behind, beside = from_canal_mm(coarse, canal.centres)
    hidden = (behind > anatomy.behind_arch_mm) & (abs(beside) < anatomy.beside_arch_mm)
    return canal.corridor | (hidden & canal.seen[:, None, None])


def inside_of_ribs(coarse: Coarse, z: int, carried: np.ndarray, spine: np.ndarray, anatomy: SkeletonAnatomy) -> np.ndarray:
    """What the bones near a slice surround, bool (y, x): the convex hull of all but the spine, without their own thickness.

    A spine with rods would stretch it backwards, so that the ribs beside it lay deep inside.
    """
    slab = max(1, int(anatomy.rib_slant_mm / coarse.spacing_mm[0]))
    near = slice(max(0, z - slab), z + slab + 1)
    ring = (coarse.bone[near] & ~spine[near]).any(0)
    ring &= grow_mm(carried[None], flat_spacing(coarse), anatomy.arm_beside_mm)[0].view(bool)
    if not ring.any():
        return ring
    return shrink_mm(span_slices(ring[None]), flat_spacing(coarse), anatomy.rib_thick_mm)[0].view(bool)


def lowest_full_slice(air: np.ndarray) -> int:
    """The lowest slice with at least half of the widest slice's air: below it diaphragm and liver fill the chest."""
    areas = count_by_slice(air)
    return int(np.flatnonzero(areas >= areas.max() / 2)[0])


def find_ribs(coarse: Coarse, depth_mm: np.ndarray, canal: Canal, top: int, numbers: SkeletonParameters) -> np.ndarray:
    """Bone near the outline and outside the corridor of the vertebrae, with ends that leave the outline, bool."""
    # a pacemaker lies as near to the lungs as a rib; of its half-filled blocks the next ones hold enough
    metal = coarse.mean > METAL_HU
    bone = coarse.bone & ~spine_and_behind(coarse, canal, numbers.anatomy)
    if metal.any():
        bone &= ~highest_beside(metal)
    bone &= ~lumps(bone)
    near = (depth_mm <= numbers.rib_inside_mm) & (depth_mm >= -numbers.rib_outside_mm)
    near |= first_ribs(coarse, depth_mm, canal, top, numbers)
    ribs = keep_pieces_above(bone & near, numbers.least_bone_ml, coarse.grid.voxel_ml)
    outside = bone & (depth_mm < -numbers.rib_outside_mm) & (depth_mm > -FAR_MM)
    return ribs | small_pieces_touching(outside, ribs, numbers.anatomy.rib_end_ml, coarse.grid.voxel_ml)


def lumps(bone: np.ndarray) -> np.ndarray:
    """What is thicker than any rib, bool: a kidney or a heart full of contrast, the head of the humerus, a femur."""
    cores = shrunk(bone, LUMP_BLOCKS)
    box = box_of(cores, (LUMP_BLOCKS + 2,) * 3)
    if box is not None:
        cores[box] = grown(cores[box], LUMP_BLOCKS + 2)
    return cores


def first_ribs(coarse: Coarse, depth_mm: np.ndarray, canal: Canal, top: int, numbers: SkeletonParameters) -> np.ndarray:
    """Where the heads of the first ribs may be, bool: about and above the lungs' tops, behind; the clavicle lies before.

    The outline carried there says little of depth, for the lungs' tops are small and one may be higher than the other.
    """
    near = np.zeros(depth_mm.shape, bool)
    if canal.seen.any():
        side_z = coarse.spacing_mm[0]
        about = slice(
            max(0, top - int(HEADS_BELOW_TOP_MM / side_z)), top + 1 + int(numbers.anatomy.first_rib_above_lungs_mm / side_z)
        )
        behind, beside = from_canal_mm(coarse, canal.centres)
        near[about] = (
            (behind[about] > -numbers.anatomy.first_rib_ahead_mm)
            & (behind[about] < numbers.anatomy.first_rib_behind_mm)
            & (abs(beside[about]) < numbers.anatomy.first_rib_beside_mm)
        )
    return near


def find_sternum(coarse: Coarse, depth_mm: np.ndarray, canal: Canal, top: int, numbers: SkeletonParameters) -> np.ndarray:
    """The sternum, bool: of bone, or of what is no denser than marrow where bone is too short for any sternum.

    An old sternum of wide voxels is spongy; but taken so at once, cartilage of ribs and veins would go with others.
    """
    sternum = follow_sternum(coarse, coarse.bone, depth_mm, canal, top, numbers)
    held = sternum.any((1, 2))
    is_cut = top >= len(held) - CUT_SLICES or held[:CUT_SLICES].any()
    if is_cut or np.count_nonzero(held) * coarse.spacing_mm[0] >= numbers.anatomy.least_sternum_mm:
        return sternum
    spongy = coarse.body & (coarse.mean > coarse.soft_hu + numbers.marrow_above_soft_hu)
    return follow_sternum(coarse, spongy, depth_mm, canal, top, numbers)


def follow_sternum(
    coarse: Coarse, dense: np.ndarray, depth_mm: np.ndarray, canal: Canal, top: int, numbers: SkeletonParameters
) -> np.ndarray:
    """The foremost dense things straight ahead of the spine, bool, from the lowest slice where they lie on the outline to the
    notch of the sternum.

    On the outline it is found; but the manubrium stands further in front than the lungs reach, and what lies behind it
    (contrast in a vein, calcium of the aorta) may be as dense. So its front is followed from slice to slice: where nothing
    crosses the midline any more, as between the heads of the clavicles, it has ended.
    """
    nothing, inside = np.zeros_like(dense), depth_mm > 0
    if not canal.seen.any() or not inside.any():
        return nothing
    _, side_y, _ = coarse.spacing_mm
    behind, beside = from_canal_mm(coarse, canal.centres)
    centre = np.array([np.flatnonzero(plane.any(1)).mean() if plane.any() else -np.inf for plane in inside])
    rows = np.arange(coarse.body.shape[1])
    front = rows[None, :, None] < centre[:, None, None] - AHEAD_OF_MIDDLE_MM / side_y
    box = box_at_canal(behind, beside, -np.inf, np.inf, numbers.sternum_half_width_mm)
    depth_mm, aside = depth_mm[box], beside[:, :, box[2]]
    ahead = dense[box] & front & (depth_mm <= numbers.rib_inside_mm) & (depth_mm >= -numbers.sternum_outside_mm)
    ahead &= abs(aside) <= numbers.sternum_half_width_mm
    ahead[top + 1 :] = False
    core = keep_pieces_above(ahead & (depth_mm >= -numbers.rib_outside_mm), 5 * numbers.least_bone_ml, coarse.grid.voxel_ml)
    if not core.any():
        return nothing
    off_mm = float(np.median(np.broadcast_to(aside, core.shape)[core]))  # a bent spine does not stand behind it
    middle = abs(beside - off_mm) <= MIDLINE_HALF_MM
    crossing = ahead & middle[:, :, box[2]]
    held = crossing.any(1).sum(1) >= HELD_SHARE * middle.sum((1, 2))
    slices = linked_slices(held, np.flatnonzero(core.any((1, 2))), numbers.anatomy.sternum_joint_mm / coarse.spacing_mm[0])
    if not slices.size:
        return nothing
    behind_front_mm = (rows - smoothed(crossing[slices].any(2).argmax(1), coarse)[:, None]) * side_y
    layer = np.zeros(ahead.shape[:2], bool)
    layer[slices] = (behind_front_mm >= -STERNUM_STEP_MM) & (behind_front_mm <= numbers.sternum_depth_mm)
    below_notch_mm = (slices[-1] - np.arange(len(ahead))) * coarse.spacing_mm[0]
    narrow = (below_notch_mm > numbers.anatomy.manubrium_mm)[:, None, None]
    ahead &= ~narrow | (abs(aside - off_mm) <= numbers.anatomy.sternum_body_half_width_mm)
    sternum = nothing
    sternum[box] = keep_pieces_above(ahead & layer[:, :, None], 5 * numbers.least_bone_ml, coarse.grid.voxel_ml)
    return sternum


def linked_slices(held: np.ndarray, start: np.ndarray, gap: float) -> np.ndarray:
    """Indices of the slices that are held, from the lowest of `start` up to where more than `gap` slices are not."""
    found = np.flatnonzero(held)
    found = found[found >= start[0]]
    breaks = np.flatnonzero((np.diff(found) > gap + 1) & (found[:-1] >= start[-1]))
    return found[: breaks[0] + 1] if breaks.size else found


def smoothed(rows: np.ndarray, coarse: Coarse) -> np.ndarray:
    """A running median along the slices: one calcium before or behind does not move it."""
    from scipy import ndimage

    slices = 2 * int(FRONT_SMOOTH_MM / 2 / coarse.spacing_mm[0]) + 1
    return ndimage.median_filter(rows.astype(float), size=slices, mode="nearest")
