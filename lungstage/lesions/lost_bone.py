"""A lesion's shapes and the bones in, the part of a vertebra that is missing beside it out.

A vertebra is alike on both sides. What is bone in the mirror image of the spine but not in the spine itself has been taken away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import ShapeSamples
from .beyond import shape_on_blocks
from .survey import Survey

VERTEBRAE = ((60, 83), (85, 85))  # codes of priors/atlas/regions.csv
NEAR_MM = 15.0  # without vertebra so near to a lesion none is looked for
SPINE_MM = 45.0  # half the width of a vertebra with its transverse processes, and a bend of the spine
ALONG_MM = 25.0  # above and below a lesion a vertebra that it has not reached


@dataclass(frozen=True, eq=False)
class LostBone:
    """Vertebra that is not there though the other half of it is.

    points_mm   float (n, 3) LPS of its search blocks in the lesion and beside it
    volume_ml   of them
    """

    points_mm: np.ndarray
    volume_ml: float


def lost_vertebra(samples: ShapeSamples, survey: Survey) -> LostBone:
    """Blocks in the lesion and beside it where the mirror image of the spine is bone and it is not."""
    from scipy.ndimage import binary_erosion, distance_transform_edt

    search, numbers = survey.search, survey.numbers.contacts
    none = LostBone(np.empty((0, 3)), 0.0)
    if not vertebra(*shape_on_blocks(samples, survey, NEAR_MM), survey)[0].any():
        return none
    low, share = shape_on_blocks(samples, survey, SPINE_MM)
    inside = share >= 0.5
    spine, bare = vertebra(low, share, survey)
    mirrored = mirror_image(spine, inside, search.grid.spacing_mm)
    if not inside.any() or mirrored is None:
        return none
    core = binary_erosion(mirrored, ball(numbers.bone_rim_mm, search.grid.spacing_mm))
    away = distance_transform_edt(~inside, sampling=search.grid.spacing_mm)
    gone = core & bare & (away <= numbers.beyond_mm[1])
    return LostBone(search.points_mm(np.argwhere(gone) + low), float(gone.sum()) * search.grid.voxel_ml)


def vertebra(low: np.ndarray, share: np.ndarray, survey: Survey) -> tuple[np.ndarray, np.ndarray]:
    """Which blocks of a box, from index `low` on, are vertebra in their middle, and which are no bone."""
    grid = survey.study.ct.grid
    points = survey.search.points_mm(np.moveaxis(np.indices(share.shape), 0, -1) + low)
    index = np.rint(grid.to_index(points.reshape(-1, 3))).astype(int).clip(0, np.array(grid.shape) - 1)
    labels = survey.skeleton.labels[tuple(index.T)].reshape(share.shape)
    return np.any([(labels >= first) & (labels <= last) for first, last in VERTEBRAE], axis=0), labels == 0


def mirror_image(spine: np.ndarray, inside: np.ndarray, spacing_mm) -> np.ndarray | None:
    """The spine turned about its own middle at the height of the lesion; None without any there."""
    rows = np.flatnonzero(inside.any(axis=(1, 2)))
    margin = int(np.ceil(ALONG_MM / spacing_mm[0]))
    here = np.nonzero(spine[max(0, rows[0] - margin) : rows[-1] + margin + 1])[2] if len(rows) else np.empty(0)
    if not len(here):
        return None
    source = np.rint(2.0 * np.median(here) - np.arange(spine.shape[2])).astype(int)
    held = (source >= 0) & (source < spine.shape[2])
    mirrored = np.zeros_like(spine)
    mirrored[..., held] = spine[..., source[held]]
    return mirrored


def ball(radius_mm: float, spacing_mm) -> np.ndarray:
    """bool: blocks whose middle lies within the radius of the middle one."""
    steps = (np.arange(-n, n + 1) * step for n, step in ((int(radius_mm // step), step) for step in spacing_mm))
    return sum(np.square(axis) for axis in np.meshgrid(*steps, indexing="ij")) <= radius_mm**2


def close_to(points: np.ndarray, lost: LostBone, survey: Survey) -> np.ndarray:
    """bool (n): which points (n, 3) lie beside lost bone: what has taken it away reaches them."""
    from scipy.spatial import cKDTree

    if not len(lost.points_mm) or not len(points):
        return np.zeros(len(points), bool)
    return np.isfinite(cKDTree(lost.points_mm).query(points, distance_upper_bound=survey.numbers.contacts.beyond_mm[1])[0])
