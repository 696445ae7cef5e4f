"""A coarse shape as a distance in, its mask at full resolution out; the volume decides only near the border."""

from __future__ import annotations

import numpy as np
from numba import njit, prange


def refine_border(volume, signed_mm, rival_mm, factors, band_mm, edge_hu):
    """The full-resolution mask of a shape known on blocks.

    volume     int16 (z, y, x)
    signed_mm  float32, one value a block: distance to the shape's border, above 0 inside, right up to +- band_mm at least
    rival_mm   float32, one value a block: below 0 where a rival shape is nearer; there nothing is taken
    factors    voxels of a block along z, y, x; voxels beyond the last whole block follow the last one
    band_mm    nearer to the border than this, a voxel is inside if its value is below `edge_hu`; farther away the sign
               decides. 0: the sign alone decides, everywhere
    edge_hu    value half-way between the shape's inside and its surroundings
    returns    uint8 (z, y, x)
    cost       one pass over the result; the volume is read in the band, 3 to 5 % of the blocks of a lung
    """
    volume = np.asarray(volume)
    signed_mm, rival_mm = np.ascontiguousarray(signed_mm, np.float32), np.ascontiguousarray(rival_mm, np.float32)
    if volume.dtype != np.int16 or signed_mm.shape != rival_mm.shape or min(signed_mm.shape) < 1:
        raise ValueError(f"{volume.dtype} volume, blocks {signed_mm.shape} and {rival_mm.shape}: int16 and equal shapes needed")
    out = np.zeros(volume.shape, np.uint8)
    fz, fy, fx = (int(f) for f in factors)
    if out.size:
        _refine(volume, signed_mm, rival_mm, fz, fy, fx, np.float32(band_mm), int(edge_hu), out)
    return out


@njit(cache=True, parallel=True)
def _refine(volume, signed, rival, fz, fy, fx, band, edge, out):
    blocks_y, blocks_x = -(-out.shape[1] // fy), -(-out.shape[2] // fx)
    for z_ in prange(out.shape[0]):
        z = np.int64(z_)  # the index of prange is unsigned
        bz, pz = _place(z, fz, signed.shape[0])
        rows = np.empty((4, signed.shape[2]), np.float32)
        for block_y in range(blocks_y):
            _range_of_rows(signed, z // fz, block_y, rows[0], rows[1])
            if rows[1].max() <= min(-band, np.float32(0)):
                continue
            _range_of_rows(rival, z // fz, block_y, rows[2], rows[3])
            y_end = min(out.shape[1], (block_y + 1) * fy)
            for block_x in range(blocks_x):
                left = min(max(block_x - 1, 0), signed.shape[2] - 1)
                right = max(left + 1, min(block_x + 2, signed.shape[2]))
                if rows[1, left:right].max() <= min(-band, np.float32(0)):
                    continue
                x_end = min(out.shape[2], (block_x + 1) * fx)
                lowest = rows[0, left:right].min()
                if lowest > 0 and lowest >= band and rows[2, left:right].min() >= 0:
                    out[z, block_y * fy : y_end, block_x * fx : x_end] = 1
                    continue
                for y in range(block_y * fy, y_end):
                    by, py = _place(y, fy, signed.shape[1])
                    for x in range(block_x * fx, x_end):
                        bx, px = _place(x, fx, signed.shape[2])
                        depth = _between(signed, bz, by, bx, pz, py, px)
                        if depth >= band:
                            inside = depth > 0
                        else:
                            inside = depth > -band and volume[z, y, x] < edge
                        if inside and _between(rival, bz, by, bx, pz, py, px) >= 0:
                            out[z, y, x] = 1


@njit(cache=True)
def _place(i, factor, blocks):
    """The lower of the two blocks whose centres surround voxel i, and how far between them (0 to 1) it lies."""
    place = min(max((i + 0.5) / factor - 0.5, 0.0), blocks - 1.0)
    lower = min(int(place), max(blocks - 2, 0))
    return lower, np.float32(place - lower)


@njit(cache=True)
def _between(field, z, y, x, pz, py, px):
    """Trilinear interpolation; a side of one block has no upper neighbour and needs none (its p is 0)."""
    z1, y1, x1 = min(z + 1, field.shape[0] - 1), min(y + 1, field.shape[1] - 1), min(x + 1, field.shape[2] - 1)
    one = np.float32(1)
    low = (field[z, y, x] * (one - px) + field[z, y, x1] * px) * (one - py)
    low += (field[z, y1, x] * (one - px) + field[z, y1, x1] * px) * py
    high = (field[z1, y, x] * (one - px) + field[z1, y, x1] * px) * (one - py)
    high += (field[z1, y1, x] * (one - px) + field[z1, y1, x1] * px) * py
    return low * (one - pz) + high * pz


@njit(cache=True)
def _range_of_rows(field, z, y, lowest, highest):
    """Smallest and largest value along z and y around each block of a row: what interpolation can reach, but for x."""
    nz, ny, nx = field.shape
    lowest[:] = np.inf
    highest[:] = -np.inf
    for k in range(min(max(z - 1, 0), nz - 1), min(z + 2, nz)):
        for j in range(min(max(y - 1, 0), ny - 1), min(y + 2, ny)):
            row = field[k, j]
            for x in range(nx):
                lowest[x] = min(lowest[x], row[x])
                highest[x] = max(highest[x], row[x])
