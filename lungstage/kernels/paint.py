"""Labels of blocks in, labels of voxels out: by what a voxel chooses, or by how bright it is; and choices of voxels in, which of
them occur in each block out."""

from __future__ import annotations

import numpy as np
from numba import njit

from .refine import zeros_by_page
from .shares import as_blocks
from .threads import share_rows


def choices_of_blocks(choice, factors):
    """Which choices occur among the voxels of each block.

    choice    uint8 (z, y, x), 0 to 7
    factors   three ints >= 1, voxels of a block along z, y, x; the last blocks may be part blocks
    returns   uint8 (ceil(z / fz), ceil(y / fy), ceil(x / fx)): bit k is set where a voxel of the block chooses k
    cost      one pass over a uint8 volume
    """
    choice, factors, shape = as_blocks(choice, factors)
    out = np.zeros(shape, np.uint8)
    if out.size:
        share_rows(_gather, len(out), 0.3 * choice.size, choice, *factors, out)
    return out


@njit(cache=True, nogil=True)
def _gather(start, stop, choice, fz, fy, fx, out):
    columns = np.empty(choice.shape[2], np.uint8)
    for block_z in range(start, stop):
        for block_y in range(out.shape[1]):
            columns[:] = 0
            for z in range(block_z * fz, min(block_z * fz + fz, choice.shape[0])):
                for y in range(block_y * fy, min(block_y * fy + fy, choice.shape[1])):
                    row = choice[z, y]
                    for x in range(row.size):
                        columns[x] |= np.uint8(1 << (row[x] & 7))
            bits = out[block_z, block_y]
            for block in range(bits.size):
                found = np.uint8(0)
                for x in range(block * fx, min(block * fx + fx, columns.size)):
                    found |= columns[x]
                bits[block] = found


def paint_blocks(choice, maps, factors):
    """The label of each voxel's block on the map that the voxel chooses.

    choice    uint8 (z, y, x): 0 for none, k for maps[k - 1]; higher than there are maps: none
    maps      uint8 (k, ceil(z / fz), ceil(y / fy), ceil(x / fx))
    factors   three ints >= 1, voxels of a block along z, y, x; the last blocks may be part blocks
    returns   uint8 (z, y, x), 0 where nothing is chosen
    cost      one read and one write of a uint8 volume; same bits on any number of threads
    """
    choice, factors, shape = as_blocks(choice, factors)
    maps = np.ascontiguousarray(maps)
    if maps.dtype != np.uint8 or maps.shape[1:] != shape or len(maps) > 255:
        raise ValueError(f"up to 255 uint8 maps of {shape} blocks are needed, not {maps.shape} {maps.dtype}")
    out = np.zeros(choice.shape, np.uint8)
    if out.size:
        share_rows(_paint, len(out), 1.0 * choice.size, choice, maps, *factors, out)
    return out


@njit(cache=True, nogil=True)
def _paint(start, stop, choice, maps, fz, fy, fx, out):
    labels = np.zeros((256, maps.shape[3]), np.uint8)  # for each choice the labels along a row of blocks
    for z in range(start, stop):
        for y in range(choice.shape[1]):
            if y % fy == 0:
                for k in range(maps.shape[0]):
                    for block in range(maps.shape[3]):
                        labels[k + 1, block] = maps[k, z // fz, y // fy, block]
            row, target = choice[z, y], out[z, y]
            for block in range(maps.shape[3]):
                for x in range(block * fx, min(block * fx + fx, row.size)):
                    if row[x]:
                        target[x] = labels[row[x], block]


def paint_above(volume, labels, limits, factors):
    """The label of each voxel's block where the voxel lies above the block's limit, 0 elsewhere.

    volume    int16 (z, y, x)
    labels    uint8, limits int16 (z // fz, y // fy, x // fx); voxels beyond the last whole block follow the last one
    factors   three ints >= 1, voxels of a block along z, y, x
    returns   uint8 (z, y, x)
    cost      one pass over the result; the volume is read where there are labels. Same bits on any number of threads
    """
    volume, labels, limits = np.asarray(volume), np.ascontiguousarray(labels), np.ascontiguousarray(limits)
    if volume.dtype != np.int16 or labels.dtype != np.uint8 or limits.dtype != np.int16 or labels.shape != limits.shape:
        raise ValueError(
            f"an int16 volume, uint8 labels and int16 limits of equal shapes are needed, not {volume.dtype} {volume.shape}, "
            f"{labels.dtype} {labels.shape}, {limits.dtype} {limits.shape}"
        )
    out = zeros_by_page(volume.shape)
    if out.size:
        factors = (int(f) for f in factors)
        share_rows(_paint_above, len(labels), 0.5 * out.size, volume, labels, limits, *factors, out)
    return out


@njit(cache=True, nogil=True)
def _paint_above(start, stop, volume, labels, limits, fz, fy, fx, out):
    blocks, (nz, ny, nx) = labels.shape[2], out.shape
    wide_names, wide_limits = np.empty(nx, np.uint8), np.empty(nx, np.int16)
    for block_z in range(start, stop):
        for block_y in range(labels.shape[1]):
            names, least = labels[block_z, block_y], limits[block_z, block_y]
            first, last = blocks, -1
            for block in range(blocks):
                if names[block]:
                    first, last = min(first, block), block
            if last < 0:
                continue
            # A row of blocks is drawn out to voxels once for all its rows of voxels.
            left, right = first * fx, nx if last == blocks - 1 else last * fx + fx
            for block in range(first, last + 1):
                end = right if block == last else block * fx + fx
                wide_names[block * fx : end] = names[block]
                wide_limits[block * fx : end] = least[block]
            for z in range(block_z * fz, nz if block_z == labels.shape[0] - 1 else block_z * fz + fz):
                for y in range(block_y * fy, ny if block_y == labels.shape[1] - 1 else block_y * fy + fy):
                    row, target = volume[z, y], out[z, y]
                    for x in range(left, right):
                        target[x] = wide_names[x] * np.uint8(row[x] > wide_limits[x])
