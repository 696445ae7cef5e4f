"""Study in, Coarse out: the CT in blocks of about 3 mm, the body in it, and what is dense enough for bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..kernels.components import choose_pieces, find_pieces
from ..kernels.reduce import reduce_blocks
from ..kernels.slices import fill_slices
from ..records import Study
from .parameters import SkeletonParameters
from .pieces import box_of, grown, largest_piece, shrunk

SOFT_TISSUE_HU = (0, 90)  # where the muscle peak can lie, without contrast or with
SOFT_TISSUE_DEFAULT_HU = 45.0
ROOM_AIR_HU = -970.0  # whole lungs are denser, even with emphysema; the air around a patient is not
LUNG_AT_BORDER_HU = -905.0  # lung at full breath is about as thin as this, room air with foam and table in it thinner
SOLID_SHARE = 0.25  # of a filled shell; what is solid in a hollow thing is less
BESIDE_BODY_BLOCKS = 2  # of air, kept all around
ROOM, LUNG = 1, 2  # kinds of large air
LARGE_AIR_SHARE = 0.01  # of the field of view; smaller pieces are windpipe, bowel gas and creases of skin


@dataclass(frozen=True, eq=False)
class Coarse:
    """The CT in blocks.

    grid      Grid of the blocks; `factors` voxels (z, y, x) make one block
    start     first block of the whole CT's blocks (z, y, x); in the slices, what lies beyond the body is left out
    mean      float32 (z, y, x), HU
    peak      int16 (z, y, x), HU, the highest of each block: a shell thinner than a block stays closed in it
    body      bool, inside the skin, with the air in it, without the table
    bone      bool, mean dense enough for bone, inside the body
    soft_hu   the patient's own soft tissue
    """

    grid: Grid
    factors: tuple[int, int, int]
    start: tuple[int, int, int]
    mean: np.ndarray
    peak: np.ndarray
    body: np.ndarray
    bone: np.ndarray
    soft_hu: float

    @property
    def spacing_mm(self) -> np.ndarray:
        """(z, y, x), the side of the blocks."""
        return np.asarray(self.grid.spacing_mm)


def look_coarsely(study: Study, numbers: SkeletonParameters) -> Coarse:
    """Blocks, body and bone of a study."""
    grid = study.ct.grid
    factors = tuple(min(max(1, round(numbers.working_mm / side)), count) for side, count in zip(grid.spacing_mm, grid.shape))
    mean, peak = reduce_blocks(study.ct.values, factors)
    mean = mean.astype(np.float32)
    body = find_body(mean, peak, numbers)
    whole = grid.blocks(factors)
    box = box_of(body, (BESIDE_BODY_BLOCKS,) * 3) or tuple(slice(0, n) for n in body.shape)
    box = (slice(0, len(body)), *box[1:])
    mean, peak, body = (np.ascontiguousarray(array[box]) for array in (mean, peak, body))
    start = tuple(part.start for part in box)
    soft_hu = find_soft_tissue_hu(mean[body])
    bone = body & (mean > soft_hu + numbers.bone_above_soft_hu)
    part = whole.box(start, tuple(np.add(start, body.shape)))
    return Coarse(part, factors, start, mean, peak, body, bone, soft_hu)


def find_body(mean: np.ndarray, peak: np.ndarray, numbers: SkeletonParameters) -> np.ndarray:
    """The largest dense thing, opened by two blocks so that table and blankets fall off, holes filled slice by slice."""
    dense = mean > numbers.body_hu
    # a scan of few slices is opened as if it went on beyond its ends
    padded = np.pad(dense, ((2, 2), (0, 0), (0, 0)), mode="edge")
    body = fill_slices(largest_piece(grown(shrunk(padded, 2), 2)[2:-2]))
    if body.sum() <= SOLID_SHARE * body.size:
        # a hollow shell, such as a skull phantom, is opened away; of a patient only skin and table are
        shell = fill_slices(largest_piece(peak > numbers.body_hu))
        body = body if body.sum() > SOLID_SHARE * shell.sum() else shell
    air = part_large_air(mean, numbers)
    return (body & (air != ROOM)) | (air == LUNG)


def part_large_air(mean: np.ndarray, numbers: SkeletonParameters) -> np.ndarray:
    """Large connected air, uint8 (z, y, x): `ROOM` or `LUNG`, 0 elsewhere.

    Place alone does not tell them apart: in a tight field of view lung reaches the border, and the air between back and
    table is closed in. So density decides, more strictly at the border, where foam and table core make room look denser.
    """
    pieces = find_pieces(mean < numbers.body_hu)
    at_border = np.zeros(len(pieces.sizes), bool)
    for edge in (pieces.labels[:, 0], pieces.labels[:, -1], pieces.labels[:, :, 0], pieces.labels[:, :, -1]):
        at_border[edge] = True
    kinds = np.zeros(len(pieces.sizes), np.uint8)
    for k in np.flatnonzero(pieces.sizes > LARGE_AIR_SHARE * mean.size):
        if k > 0:
            box = tuple(slice(low, high) for low, high in zip(pieces.low[k], pieces.high[k]))
            least_hu = LUNG_AT_BORDER_HU if at_border[k] else ROOM_AIR_HU
            denser = np.count_nonzero((pieces.labels[box] == k) & (mean[box] > least_hu))
            kinds[k] = LUNG if 2 * denser > pieces.sizes[k] else ROOM
    return choose_pieces(pieces.labels, kinds)


def find_soft_tissue_hu(values_hu: np.ndarray) -> float:
    """The most frequent HU between water and enhanced muscle: the patient's own soft tissue, on this scanner.

    With contrast, liver and blood make peaks of their own above it; those are not taken, for they lie beyond the range.
    """
    from scipy import ndimage

    low, high = SOFT_TISSUE_HU
    # four HU wide; counted a little beyond the range, so that its ends are no peaks
    edges = np.arange(low - 40, high + 44, 4)
    counts = ndimage.gaussian_filter1d(np.histogram(values_hu, edges)[0].astype(float), 2.0)
    centres = (edges[:-1] + edges[1:]) / 2
    peaks = [
        k for k in range(1, len(counts) - 1)
        if low <= centres[k] <= high and counts[k] > counts[k - 1] and counts[k] >= counts[k + 1]
    ]  # fmt: skip
    return float(centres[max(peaks, key=lambda k: counts[k])]) if peaks else SOFT_TISSUE_DEFAULT_HU
