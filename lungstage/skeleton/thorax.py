"""Coarse and canal in, ribs and sternum out: what is bone along the outline round both lungs.

The outline of a slice is the convex hull of the air of both lungs; below the lungs the last outlines are carried on, for
the lowest ribs lie there. Signed distance to it tells rib (near), vessel or calcium (deep inside) and shoulder (outside).
"""

from __future__ import annotations

import numpy as np

from ..kernels.distance import squared_distance_mm2
from ..kernels.slices import span_slices
from .coarse import Coarse
from .parameters import SkeletonParameters
from .pieces import CORNERS_IN_SLICE, keep_pieces_above, small_pieces_touching
from .spine import Canal, from_canal_mm

SKIN_MM = 8.0  # skin and fat before the first rib, at least
WINDPIPE_MM2 = 700.0  # air of a slice below this can be windpipe alone
RIB_SLANT_MM = 25.0  # a slice meets each rib at a few places only; this far above and below, it meets the others
RIB_MM = 10.0  # a rib's thickness and its way through the slices
ARM_MM = 40.0  # an arm beside the chest is further from it than the next rib
RIB_END_ML = 15.0  # an end of a rib that leaves the outline is smaller than this, a shoulder blade larger
FAR_MM = 60.0  # nothing is asked of distances beyond


def outline_thorax(coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Depth inside the outline, float32 (z, y, x) in mm: positive inside, negative outside; it stops at FAR_MM
    outside and at twice the depth of ribs inside."""
    hull = chest_hull(coarse, numbers)
    if not hull.any():
        return np.full(hull.shape, -FAR_MM, np.float32)
    return in_plane_mm(~hull, coarse, 2 * numbers.rib_inside_mm) - in_plane_mm(hull, coarse, FAR_MM)


def in_plane_mm(mask: np.ndarray, coarse: Coarse, limit_mm: float) -> np.ndarray:
    """Distance (z, y, x) in mm to the mask within the axial slice, up to a limit."""
    _, side_y, side_x = coarse.spacing_mm
    # slices too far apart to see each other
    return np.sqrt(squared_distance_mm2(mask, (2 * limit_mm, side_y, side_x), limit_mm))


def chest_hull(coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """The convex hull of lung air in every slice, carried on downwards along the lowest ribs, bool."""
    voxel_ml = coarse.grid.voxel_ml
    air = keep_pieces_above(coarse.body & (coarse.mean < numbers.lung_air_hu), numbers.lung_air_ml, voxel_ml)
    if not air.any():
        return air
    lowest_full = lowest_full_slice(air)
    hull = span_slices(keep_pieces_above(air, WINDPIPE_MM2 / 1000 * coarse.spacing_mm[0], voxel_ml, CORNERS_IN_SLICE))
    carried = np.zeros(air.shape[1:], bool)
    for z in range(len(air) - 1, -1, -1):
        carried = carried | hull[z]
        if z <= lowest_full and carried.any():
            carried |= inside_of_ribs(coarse, z, carried)
        hull[z] = carried
    return hull & (in_plane_mm(~coarse.body, coarse, 2 * SKIN_MM) > SKIN_MM)


def inside_of_ribs(coarse: Coarse, z: int, carried: np.ndarray) -> np.ndarray:
    """What the bones near a slice surround, bool (y, x): their convex hull without their own thickness."""
    slab = max(1, int(RIB_SLANT_MM / coarse.spacing_mm[0]))
    ring = coarse.bone[max(0, z - slab) : z + slab + 1].any(0)
    ring &= in_plane_mm(carried[None], coarse, ARM_MM)[0] < ARM_MM
    if not ring.any():
        return ring
    return in_plane_mm(~span_slices(ring[None]), coarse, 2 * RIB_MM)[0] > RIB_MM


def lowest_full_slice(air: np.ndarray) -> int:
    """The lowest slice with at least half of the widest slice's air: below it diaphragm and liver fill the chest."""
    areas = air.sum((1, 2))
    return int(np.flatnonzero(areas >= areas.max() / 2)[0])


def find_ribs(coarse: Coarse, depth_mm: np.ndarray, canal: Canal, numbers: SkeletonParameters) -> np.ndarray:
    """Bone near the outline and outside the corridor of the vertebrae, with ends that leave the outline, bool."""
    near = (depth_mm <= numbers.rib_inside_mm) & (depth_mm >= -numbers.rib_outside_mm)
    ribs = keep_pieces_above(coarse.bone & near & ~canal.corridor, numbers.least_bone_ml, coarse.grid.voxel_ml)
    outside = coarse.bone & (depth_mm < -numbers.rib_outside_mm) & (depth_mm > -FAR_MM) & ~canal.corridor
    return ribs | small_pieces_touching(outside, ribs, RIB_END_ML, coarse.grid.voxel_ml)


def find_sternum(coarse: Coarse, depth_mm: np.ndarray, canal: Canal, numbers: SkeletonParameters) -> np.ndarray:
    """Bone of the outline in the front, straight ahead of the spine, bool."""
    if not canal.seen.any() or (depth_mm > 0).sum() == 0:
        return np.zeros_like(coarse.bone)
    behind, beside = from_canal_mm(coarse, canal.centres)
    middle_mm = [np.flatnonzero(plane.any(1)).mean() if plane.any() else np.inf for plane in depth_mm > 0]
    front = np.arange(coarse.body.shape[1])[None, :, None] < np.array(middle_mm)[:, None, None] - 20 / coarse.spacing_mm[1]
    near = (depth_mm <= numbers.rib_inside_mm) & (depth_mm >= -numbers.rib_outside_mm)
    ahead = (abs(beside) <= numbers.sternum_half_width_mm) & front & np.isfinite(middle_mm)[:, None, None]
    return keep_pieces_above(coarse.bone & near & ahead, 5 * numbers.least_bone_ml, coarse.grid.voxel_ml)
