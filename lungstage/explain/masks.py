"""A Report in, masks out: NIfTI label volumes on the CT's own grid, in the order its files stored it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..geometry import Grid
from ..records import Lesion, StoredOrder
from ..records.names import LOBES
from ..tables import Priors, read_rows

RIGHT, LEFT, AIRWAY = 1, 2, 3
REGION_COLUMNS = ("code", "name", "group", "text")
SOFT = 1
"""Voxels of the body outside of both hulls choose this map, those of a hull the map SOFT + RIGHT or SOFT + LEFT."""
MAP_STEP_MM = 4.0
"""Regions are smooth; their map is made on blocks of about this size and shown on the full grid."""
NIFTI_DATA_AT = 352
GZIP = 31
"""What zlib calls a window of 32 kB inside of a gzip file."""


def write_masks(report, folder: Path) -> None:
    """lungs, hull, lesions and anatomy (contract section 2) into `folder`."""
    folder.mkdir()
    grid, stored = report.study.ct.grid, report.study.stored
    write_nifti(lung_labels(report.lungs), grid, stored, folder / "lungs.nii.gz")
    write_nifti(report.lungs.hull, grid, stored, folder / "hull.nii.gz")
    write_nifti(lesion_labels(report), grid, stored, folder / "lesions.nii.gz")
    write_nifti(anatomy_labels(report), grid, stored, folder / "anatomy.nii.gz")


def lung_labels(lungs) -> np.ndarray:
    """uint8 (z, y, x): 1 right, 2 left, 3 airway."""
    labels = lungs.left * np.uint8(LEFT)
    for label, right, airway in zip(labels, lungs.right, lungs.airway, strict=True):
        np.maximum(label, np.maximum(right, airway * np.uint8(AIRWAY)), out=label)
    return labels


def lesion_labels(report) -> np.ndarray:
    """uint16 (z, y, x): k where lesion Lk is; where two overlap, the more suspicious."""
    grid = report.study.ct.grid
    labels = np.zeros(grid.shape, np.uint16)
    for lesion in sorted(report.lesions, key=lambda one: one.p_malignant):
        low, mask = median_shape(lesion, grid)
        box = tuple(slice(start, start + size) for start, size in zip(low, mask.shape, strict=True))
        labels[box][mask] = int(lesion.id[1:])
    return labels


def median_shape(lesion: Lesion, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """The lesion's shape on the CT's grid: first index (3,), and bool mask of the box that starts there."""
    box = lesion.samples.box
    if box.direction != grid.direction:
        raise ValueError(f"{lesion.id} lies on a box turned against the CT: {box.direction}, {grid.direction}")
    corners = grid.to_index(box.corners_mm())
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, grid.shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, grid.shape)
    # the axes are the same, so each of them is looked up for itself
    steps = np.asarray(grid.spacing_mm) / np.asarray(box.spacing_mm)
    index = [
        np.rint(first + step * np.arange(count)).astype(int)
        for first, step, count in zip(box.to_index(grid.to_mm(low)), steps, np.maximum(high - low, 0), strict=True)
    ]
    held = [(rows >= 0) & (rows < count) for rows, count in zip(index, box.shape, strict=True)]
    mask = np.zeros([len(rows) for rows in index], bool)
    inside = lesion.samples.probability() >= 0.5
    mask[np.ix_(*held)] = inside[np.ix_(*(rows[kept] for rows, kept in zip(index, held, strict=True)))]
    return low, mask


def anatomy_labels(report) -> np.ndarray:
    """uint8 (z, y, x): codes of regions.csv; lobes, airway and bones from their masks, the rest where it most probably is."""
    from ..kernels.paint import choices_of_blocks, paint_blocks

    lungs, anatomy = report.lungs, report.anatomy
    if anatomy is None:
        return np.zeros(lungs.grid.shape, np.uint8)
    codes = region_codes(report.priors)
    lobe_codes = np.array([codes[name] for name in LOBES], np.uint8)
    own = np.array([0 if name in LOBES else codes[name] for name in anatomy.region_names], np.uint8)
    choice, named = chosen_maps(lungs, report.skeleton, codes["airway"])
    factors, blocks = map_blocks(lungs.grid)
    held = choices_of_blocks(choice, factors)
    maps = np.zeros((3, *blocks.shape), np.uint8)
    maps[0] = likely_regions(anatomy, blocks, (held >> SOFT) & 1 > 0, held == 1 << SOFT, own)
    for side, lobes in ((RIGHT, slice(0, 3)), (LEFT, slice(3, 5))):
        where = (held >> (SOFT + side)) & 1 > 0
        maps[side][where] = lobe_codes[lobes][most_probable(anatomy.lobe_probability, blocks.to_mm(np.argwhere(where)), lobes)]
    return np.maximum(paint_blocks(choice, maps, factors), named)


def chosen_maps(lungs, skeleton, airway_code: int) -> tuple[np.ndarray, np.ndarray]:
    """From which map each voxel takes its label, and the labels of airway and bones, both uint8 (z, y, x).

    0 outside of the body and where airway or bone is, SOFT in the body, SOFT + RIGHT and SOFT + LEFT in the hulls: a lobe
    cannot be where the other side's hull is.
    """
    choice, named = (np.zeros(lungs.grid.shape, np.uint8) for _ in range(2))
    for z in range(len(choice)):  # slice by slice, so that what is only looked at once stays small
        hull, bone = lungs.hull[z], skeleton.labels[z]
        np.maximum(lungs.airway[z] * np.uint8(airway_code) * (bone == 0), bone, out=named[z])
        np.multiply(np.where(hull > 0, hull + np.uint8(SOFT), lungs.body[z]), named[z] == 0, out=choice[z])
    return choice, named


def likely_regions(anatomy, blocks: Grid, asked: np.ndarray, soft: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The code of the most probable region, uint8 on `blocks`, 0 where none is asked for.

    Regions are smooth: every second block along each axis is asked, and a block between two of the same region, all three
    soft, is of that region too. Less than half of a chest's 500 000 blocks are left to ask, and one in 10 000 differs.

    asked, soft   bool (z, y, x); soft: without lung, airway and bone, beside which a region may be thinner than a block
    codes         (regions) the code of each column of region_probability
    """
    found = np.zeros(blocks.shape, np.uint8)

    def ask(where):
        found[where] = codes[most_probable(anatomy.region_probability, blocks.to_mm(np.argwhere(where)))]

    every_second = np.zeros(blocks.shape, bool)
    every_second[::2, ::2, ::2] = True
    ask(asked & every_second)
    steps = [2, 2, 2]
    for axis in range(3):
        steps[axis] = 1
        missing = np.zeros(blocks.shape, bool)
        grid = tuple(slice(None, None, step) for step in steps)
        region, whole, wanted, still = (np.moveaxis(each[grid], axis, 0) for each in (found, soft, asked, missing))
        before, between, after = slice(0, -2, 2), slice(1, -1, 2), slice(2, None, 2)
        same = (region[before] == region[after]) & whole[before] & whole[between] & whole[after]
        np.copyto(region[between], region[before], where=same)
        still[1::2] = wanted[1::2]
        still[between] &= ~same
        ask(missing)
    return found


def map_blocks(grid: Grid) -> tuple[tuple[int, int, int], Grid]:
    """Voxels of a block of about MAP_STEP_MM, and the grid of such blocks that covers all of `grid`."""
    factors = [min(max(1, round(MAP_STEP_MM / side)), count) for side, count in zip(grid.spacing_mm, grid.shape, strict=True)]
    shape = [-(-count // factor) for count, factor in zip(grid.shape, factors, strict=True)]
    first = grid.to_mm((np.array(factors) - 1) / 2)
    return tuple(factors), Grid(tuple(shape), tuple(np.multiply(grid.spacing_mm, factors)), tuple(first), grid.direction)


def most_probable(probability, points: np.ndarray, columns: slice = slice(None), size: int = 50_000) -> np.ndarray:
    """Which of the columns of probability(points) is highest, int (n); in batches, for their memory."""
    parts = [points[start : start + size] for start in range(0, len(points), size)]
    return np.concatenate([np.zeros(0, int), *(probability(part)[:, columns].argmax(axis=1) for part in parts)])


def region_codes(priors: Priors) -> dict[str, int]:
    """Name to code."""
    return {row["name"]: int(row["code"]) for row in read_rows(priors, "atlas/regions.csv", REGION_COLUMNS)}


def stored_affine_ras(grid: Grid, stored: StoredOrder) -> np.ndarray:
    """4x4 from the index (i, j, k) of the array as NIfTI holds it (fastest axis first) to RAS mm."""
    shape = np.array(grid.shape)
    sides = np.empty((3, 3))
    first = np.zeros(3)
    for turned, (axis, flipped) in enumerate(zip(stored.axes, stored.flips, strict=True)):
        step = np.zeros(3)
        step[turned] = -1.0 if flipped else 1.0
        sides[axis] = grid.to_mm(step) - grid.to_mm(np.zeros(3))
        first[turned] = shape[turned] - 1 if flipped else 0
    affine = np.eye(4)
    affine[:3, :3] = sides[::-1].T
    affine[:3, 3] = grid.to_mm(first)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def write_nifti(labels: np.ndarray, grid: Grid, stored: StoredOrder, path: Path) -> None:
    """One label volume as NIfTI, gzip without name and time so that equal labels are equal bytes."""
    from isal import isal_zlib
    from nibabel import Nifti1Header

    rows = stored.undo(labels)
    affine = stored_affine_ras(grid, stored)
    header = Nifti1Header(endianness="<")
    header.set_data_dtype(labels.dtype)
    header.set_data_shape(rows.shape[::-1])
    header.set_xyzt_units("mm")
    header.set_qform(affine, code=1)
    header.set_sform(affine, code=1)
    header["magic"], header["vox_offset"], header["scl_slope"], header["scl_inter"] = b"n+1", NIFTI_DATA_AT, np.nan, np.nan
    packer = isal_zlib.compressobj(isal_zlib.ISAL_BEST_SPEED + 1, wbits=GZIP)
    with path.open("wb") as file:
        file.write(packer.compress(header.binaryblock + bytes(NIFTI_DATA_AT - len(header.binaryblock))))
        for plane in rows:
            file.write(packer.compress(np.ascontiguousarray(plane)))
        file.write(packer.flush())
