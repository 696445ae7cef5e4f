"""Coarse in, the spinal canal and the vertebrae out.

In an axial slice the canal is a soft spot with bone before it (the vertebral body) and bone behind it (the arch). Its
likeness is measured everywhere from blurred copies of the bone, and the best continuous line from the lowest to the
highest slice is found by dynamic programming. A heart or aorta full of contrast may stand for a vertebral body, and the
true vertebra behind it for the arch; but then bone as wide as a body lies behind the arch, where muscle should be. The
windpipe is air, so it is no canal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.gaussian import smooth_gaussian
from ..kernels.slices import fill_slices, span_slices
from ..kernels.threads import side_by_side
from .coarse import Coarse
from .parameters import SkeletonParameters
from .pieces import box_of, count_by_slice, highest_beside, keep_pieces_above

FULL_BONE_HU = 160.0  # this much above the least that counts, bone counts fully
MIDLINE_MM = 120.0  # an off-centre spine is believed up to about here; weak, for an arm may shift the body's centre
FURTHEST_MM = 150.0  # from the middle: what is further off has more doubt than likeness
LUNGS_MM2 = 3000.0  # air of a slice above this is more than a windpipe and the lungs' very tops
SLAB_SLICES = 16  # fewer are more calls, more fall out of the cache; neither changes a result
TWO_VERTEBRAE_MM = 50.0
HALF_VERTEBRA_MM = 10.0
SCORE_MIN = (
    0.14  # least likeness of a slice to body, canal and arch to be spine; a quarter more or less changes no slice looked at
)
NECK_SLOPE = 0.85  # mm ahead per mm aside: the neck of a rib lies before this line, the transverse process behind it
STEEPEST = 1.0  # mm sideways per mm along the body


@dataclass(frozen=True, eq=False)
class Canal:
    """The spinal canal through the slices.

    centres    float (z, 2), y and x of its centre in coarse voxels; meaningless where `seen` is False
    seen       bool (z), the slice looks like spine
    corridor   bool (z, y, x), where vertebrae may be
    """

    centres: np.ndarray
    seen: np.ndarray
    corridor: np.ndarray


def trace_canal(coarse: Coarse, skull: np.ndarray, numbers: SkeletonParameters) -> Canal:
    """The line of the canal, outside the slices that cut the skull."""
    middle = middle_columns(coarse)
    columns = columns_about(middle, coarse)
    likeness, doubt = canal_likeness(coarse, middle, columns, numbers)
    in_skull = count_by_slice(skull) > 0.5 * np.maximum(count_by_slice(coarse.bone), 1)
    likeness[in_skull] = 0.0
    line = best_line(np.subtract(likeness, doubt, out=doubt), coarse.spacing_mm)
    scores = likeness[np.arange(len(line)), line[:, 0], line[:, 1]]
    line[:, 1] += columns.start
    seen = linked_to_sure(smooth_along(scores, 12.0 / coarse.spacing_mm[0]), in_skull, SCORE_MIN)
    centres = np.stack([smooth_along(line[:, k], 5.0 / coarse.spacing_mm[0]) for k in (0, 1)], axis=1)
    return Canal(centres, seen, vertebra_corridor(coarse, centres, seen, numbers))


def linked_to_sure(scores: np.ndarray, barred: np.ndarray, least: float) -> np.ndarray:
    """bool (z): slices with at least half the score, in runs with one that reaches it: a spine does not end in a disc."""
    from scipy import ndimage

    runs, _ = ndimage.label((scores >= least / 2) & ~barred)
    sure = np.unique(runs[(scores >= least) & ~barred])
    return np.isin(runs, sure[sure > 0])


def middle_columns(coarse: Coarse) -> np.ndarray:
    """The middle of the body in each slice, float (z) in blocks along x; of a slice without a body 0."""
    weights = coarse.body.sum(1)
    return (weights * np.arange(weights.shape[1])).sum(1) / np.maximum(weights.sum(1), 1)


def columns_about(middle: np.ndarray, coarse: Coarse) -> slice:
    """The columns of blocks in which a canal can lie: up to `FURTHEST_MM` from the middle of any slice of the body."""
    held = middle[coarse.body.any((1, 2))]
    reach = FURTHEST_MM / coarse.spacing_mm[2]
    if not held.size:
        return slice(0, coarse.body.shape[2])
    return slice(max(0, int(held.min() - reach)), int(held.max() + reach) + 2)


def canal_likeness(
    coarse: Coarse, middle: np.ndarray, columns: slice, numbers: SkeletonParameters
) -> tuple[np.ndarray, np.ndarray]:
    """How much each block of some columns looks like the centre of the canal, and why it may still not be it, both float32
    (z, y, columns).

    The doubt (bone behind the arch, a place off the middle) chooses the line; metal rods behind a spine are doubt too,
    but must not hide it, so the likeness alone says whether a slice shows spine.
    """
    likeness, doubt = (np.empty(coarse.mean[:, :, columns].shape, np.float32) for _ in range(2))

    def look(slab):
        likeness[slab], doubt[slab] = likeness_in_slices(coarse, slab, columns, numbers)

    side_by_side(look, [slice(z, z + SLAB_SLICES) for z in range(0, len(likeness), SLAB_SLICES)])
    doubt += off_midline(coarse, middle)[:, :, columns]
    doubt += ahead_of_back(coarse, numbers)
    return smooth_gaussian(likeness, coarse.spacing_mm, (6.0, 0, 0)), doubt


def likeness_in_slices(coarse: Coarse, slab: slice, columns: slice, numbers: SkeletonParameters) -> tuple[np.ndarray, np.ndarray]:
    """How much each block of some slices looks like the canal within its slice, and how much bone lies behind its arch, float32.

    Few slices at a time, and in place where one can, for what is written is read again at once.
    """
    _, side_y, _ = coarse.spacing_mm
    mean, inside = coarse.mean[slab, :, columns], coarse.body[slab, :, columns]

    def blurred(image, sigma_mm):
        return smooth_gaussian(image, coarse.spacing_mm, (0, sigma_mm, sigma_mm))

    bone = mean - np.float32(coarse.soft_hu + 0.4 * numbers.bone_above_soft_hu)
    bone /= np.float32(FULL_BONE_HU)
    np.clip(bone, 0, 1, out=bone)
    bone *= inside
    wide = blurred(bone, numbers.vertebra_half_depth_mm / 2)
    likeness = shifted(wide, numbers.body_ahead_mm / side_y)
    likeness *= shifted(blurred(bone, numbers.arch_behind_mm / 2.3), -numbers.arch_behind_mm / side_y)
    np.sqrt(np.clip(likeness, 0, 1, out=likeness), out=likeness)
    # even bone scores nothing: what counts is that the canal is softer than body and arch
    likeness -= blurred(bone, numbers.canal_radius_mm / 2)
    likeness *= 1.5
    likeness -= 2.0 * blurred((mean < numbers.body_hu).astype(np.float32), numbers.canal_radius_mm)
    np.copyto(likeness, -1.0, where=~inside)
    return likeness, shifted(wide, -(numbers.arch_behind_mm + numbers.vertebra_half_depth_mm) / side_y)


def shifted(image: np.ndarray, voxels: float) -> np.ndarray:
    """The image moved by whole voxels along y, zeros moved in."""
    count = int(round(voxels))
    moved = np.zeros_like(image)
    if abs(count) >= image.shape[1]:
        return moved
    if count >= 0:
        moved[:, count:] = image[:, : image.shape[1] - count]
    else:
        moved[:, :count] = image[:, -count:]
    return moved


def off_midline(coarse: Coarse, middle: np.ndarray) -> np.ndarray:
    """A penalty (z, 1, x) that grows with the distance from the middle of the body, float (z) blocks along x."""
    columns = np.arange(coarse.body.shape[2])
    away_mm = (columns[None, :] - middle[:, None]) * coarse.spacing_mm[2]
    return ((away_mm / MIDLINE_MM) ** 2).astype(np.float32)[:, None, :]


def ahead_of_back(coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """A penalty (z, y, 1) for what lies farther in front of the lungs' back than the canal does; none where lungs are small.

    It grows to 1 over the depth of a vertebral body. Heart and aorta full of contrast look like a body before an arch, but
    stand there.
    """
    air = coarse.body & (coarse.mean < numbers.lung_air_hu)
    rows = np.arange(air.shape[1])
    back = np.where(air.any(2), rows, -1).max(1)
    back[count_by_slice(air) * float(np.prod(coarse.spacing_mm[1:])) < LUNGS_MM2] = -1
    ahead_mm = (back[:, None] - rows) * coarse.spacing_mm[1] - numbers.anatomy.canal_ahead_of_lungs_mm
    return np.clip(ahead_mm / (2 * numbers.vertebra_half_depth_mm), 0, 1).astype(np.float32)[:, :, None]


def best_line(likeness: np.ndarray, spacing_mm: np.ndarray) -> np.ndarray:
    """The line, int (z, 2) of y and x, that gathers most likeness, moving at most STEEPEST a slice."""
    reach = max(1, int(np.ceil(STEEPEST * spacing_mm[0] / min(spacing_mm[1:]))))
    total = likeness.copy()
    for z in range(1, len(total)):
        best = total[z - 1 : z]
        for _ in range(reach):
            best = highest_beside(best, axes=(1, 2))
        total[z] += best[0]
    place = np.array(np.unravel_index(total[-1].argmax(), total[-1].shape))
    line = [place]
    for z in range(len(total) - 2, -1, -1):
        corner = np.maximum(place - reach, 0)
        window = total[z, corner[0] : place[0] + reach + 1, corner[1] : place[1] + reach + 1]
        place = corner + np.array(np.unravel_index(window.argmax(), window.shape))
        line.append(place)
    return np.array(line[::-1])


def smooth_along(values: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian along the slices, ends continued."""
    from scipy import ndimage

    return ndimage.gaussian_filter1d(np.asarray(values, float), sigma, mode="nearest")


def from_canal_mm(coarse: Coarse, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each block lies behind (z, y, 1) and beside (z, 1, x) the canal, in mm."""
    _, rows, columns = coarse.body.shape
    behind = (np.arange(rows)[None, :] - centres[:, :1]) * coarse.spacing_mm[1]
    beside = (np.arange(columns)[None, :] - centres[:, 1:]) * coarse.spacing_mm[2]
    return behind[:, :, None], beside[:, None, :]


def vertebra_corridor(coarse: Coarse, centres: np.ndarray, seen: np.ndarray, numbers: SkeletonParameters) -> np.ndarray:
    """Body, pedicles, arch and spinous process around the canal, without the canal itself."""
    behind, beside = from_canal_mm(coarse, centres)
    half_width = half_widths_mm(coarse, behind, beside, seen, numbers)[:, None, None]
    # bodies are as deep as wide in the chest and flatter in the loins (Panjabi 1991); the shell's blur is added
    half_depth = 3.0 + 0.9 * half_width
    corridor = np.zeros(coarse.body.shape, bool)
    foremost = -max(numbers.canal_radius_mm + 2 * float(half_depth.max()), numbers.body_ahead_mm / 2)
    hindmost = max(numbers.arch_behind_mm + numbers.anatomy.transverse_behind_arch_mm, numbers.spinous_reach_mm)
    box = box_at_canal(behind, beside, foremost, hindmost, max(numbers.anatomy.transverse_reach_mm, float(half_width.max())))
    behind, beside = behind[:, box[1]], beside[:, :, box[2]]
    body = (beside / half_width) ** 2 + ((behind + numbers.canal_radius_mm + half_depth) / half_depth) ** 2 <= 1
    arch = (abs(beside) <= numbers.anatomy.transverse_reach_mm) & (
        behind <= numbers.arch_behind_mm + numbers.anatomy.transverse_behind_arch_mm
    )
    arch &= behind >= np.maximum(NECK_SLOPE * abs(beside) - numbers.anatomy.rib_neck_ahead_mm, -numbers.body_ahead_mm / 2)
    spinous = (abs(beside) <= numbers.vertebra_half_width_mm / 2.5) & (behind > 0) & (behind <= numbers.spinous_reach_mm)
    canal = beside**2 + behind**2 <= numbers.canal_radius_mm**2
    corridor[box] = (body | arch | spinous) & ~canal & seen[:, None, None]
    return corridor


def box_at_canal(behind, beside, foremost_mm: float, hindmost_mm: float, aside_mm: float) -> tuple[slice, slice, slice]:
    """The box of all slices that holds what lies from one distance behind the canal (before it: below 0) to another, and up to a
    distance aside; distances as `from_canal_mm` gives them."""
    rows = np.flatnonzero(((behind >= foremost_mm) & (behind <= hindmost_mm)).any((0, 2)))
    columns = np.flatnonzero((abs(beside) <= aside_mm).any((0, 1)))
    return slice(None), *(slice(k[0], k[-1] + 1) if k.size else slice(0, 0) for k in (rows, columns))


def half_widths_mm(coarse: Coarse, behind, beside, seen: np.ndarray, numbers: SkeletonParameters) -> np.ndarray:
    """Half the width of the vertebral body by slice (z).

    The outermost dense column beside the front half of the body, where no rib touches it, on the side where it is nearer:
    an enhanced aorta lies on one side only. Not the count of dense columns, for old marrow is no denser than muscle.
    A running median over two vertebrae passes over discs.
    """
    from scipy import ndimage

    widest, least = 1.15 * numbers.vertebra_half_width_mm, 0.6 * numbers.vertebra_half_width_mm
    if not seen.any():
        return np.full(len(seen), numbers.vertebra_half_width_mm)
    front = (behind <= -numbers.body_ahead_mm) & (behind >= -1.5 * numbers.body_ahead_mm)
    dense = (coarse.mean > coarse.soft_hu + numbers.marrow_above_soft_hu) & front
    column = dense.sum(1) >= 0.4 * np.maximum(front.sum(1), 1)
    away = beside[:, 0]
    column &= abs(away) <= widest
    reach = np.minimum((column * np.maximum(away, 0)).max(1), (column * np.maximum(-away, 0)).max(1))
    reach = np.interp(np.arange(len(reach)), np.flatnonzero(seen), reach[seen])
    slices = 2 * int(round(TWO_VERTEBRAE_MM / 2 / coarse.spacing_mm[0])) + 1
    return np.clip(ndimage.median_filter(reach, size=slices, mode="nearest") + coarse.spacing_mm[2], least, widest)


def find_vertebrae(coarse: Coarse, canal: Canal, numbers: SkeletonParameters) -> np.ndarray:
    """The vertebrae, bool: bone of the corridor, with its marrow.

    Marrow of an old spine is hardly denser than enhanced blood, so it is found as what the shell of a body encloses; the shell
    of a slice may be thin, but the end plates above and below reach as far.
    """
    vertebrae = np.zeros(coarse.bone.shape, bool)
    box = box_of(canal.corridor, (1, 1, 1))
    if box is None:
        return vertebrae
    corridor = canal.corridor[box]
    shell = coarse.bone[box] & corridor
    marrow = corridor & (coarse.mean[box] > coarse.soft_hu + numbers.marrow_above_soft_hu)
    closed = span_slices(grown_along(shell, HALF_VERTEBRA_MM / coarse.spacing_mm[0])).view(bool)
    vertebrae[box] = shell | (marrow & closed)
    vertebrae[box] |= fill_slices(vertebrae[box]) & corridor
    return keep_pieces_above(vertebrae, 5 * numbers.least_bone_ml, coarse.grid.voxel_ml)


def grown_along(mask: np.ndarray, slices: float) -> np.ndarray:
    """The mask with what lies up to so many slices above or below it."""
    from scipy import ndimage

    return ndimage.maximum_filter1d(mask.view(np.uint8), 2 * int(round(slices)) + 1, axis=0, mode="constant")
