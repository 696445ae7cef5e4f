"""Labels of blocks in, masks at full resolution out; the volume decides only where blocks of several labels meet."""

from __future__ import annotations

import numpy as np
from numba import njit

from .threads import share_rows

REACH = 1.1  # blocks: within this distance along an axis another label makes a voxel one of the border


def refine_labels(volume, labels, factors, start, edge_hu):
    """The full-resolution masks of shapes known on blocks, their borders where the volume has them.

    volume     int16 (z, y, x)
    labels     uint8 (z, y, x) on blocks: 0 outside, 1 and 2 two shapes
    factors    voxels of a block along z, y, x; voxels of a part block beyond the last one follow it
    start      first voxel (z, y, x) of block (0, 0, 0); nothing is drawn before it or beyond the blocks' last part block
    edge_hu    a voxel is of the border if blocks inside and outside lie within 1.1 blocks of it along z, y or x: there it is
               inside if its value is below this. Away from the border it is what its block is
    returns    two uint8 (z, y, x), 1 inside shape 1 and shape 2; a voxel of a block of one shape never belongs to the other
    cost       one pass over what is inside; the volume is read in the border only, 3 to 5 % of the blocks of a lung. Every
               voxel is drawn by one thread: same bits on any number of threads
    """
    volume = np.asarray(volume)
    if volume.ndim != 3 or volume.dtype != np.int16:
        raise ValueError(f"borders are refined in a three-dimensional int16 volume, not {volume.ndim}-d {volume.dtype}")
    one, two = zeros_by_page(volume.shape), zeros_by_page(volume.shape)
    _draw_into(one, two, 1, labels, factors, start, None, volume, int(edge_hu))
    return one, two


def draw_labels(labels, factors, start, shape, at_least=None):
    """The full-resolution labels of shapes known on blocks, their surfaces interpolated.

    labels, factors, start   as in `refine_labels`; `shape` (z, y, x) of what is returned
    at_least                 None, or two uint8 (z, y, x): masks whose voxels near a surface belong to shape 1 and 2 anyway
    returns                  uint8 (z, y, x): where both shapes' trilinear shares together reach a half, the larger one's label
    cost                     one pass over what is inside
    """
    out = zeros_by_page(shape)
    _draw_into(out, out, 2, labels, factors, start, at_least, None, 0)
    return out


def zeros_by_page(shape):
    """uint8 zeros that take memory only where they are written, in pages of four kilobytes.

    Half of a mask is never written. NumPy asks the system for pages of two megabytes, which are taken and cleared whole:
    a quarter more time, and 4 bytes a voxel of the CT instead of 1.8 for the masks of one study.
    """
    import mmap

    size = int(np.prod(shape))
    if size < 2**22 or not hasattr(mmap, "MAP_ANONYMOUS"):
        return np.zeros(shape, np.uint8)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, np.uint8).reshape(shape)


def _draw_into(one, two, value_two, labels, factors, start, at_least, volume, edge):
    labels = np.ascontiguousarray(labels)
    factors = tuple(int(f) for f in factors)
    if labels.ndim != 3 or labels.dtype != np.uint8 or 0 in labels.shape or len(factors) != 3 or min(factors) < 1:
        raise ValueError(f"blocks of {factors} voxels are labelled by uint8 (z, y, x), not {labels.ndim}-d {labels.dtype}")
    extents = [min((b + 1) * f - 1, n - int(s)) for b, f, n, s in zip(labels.shape, factors, one.shape, start)]
    if min(extents) < 1:
        return
    along = tuple(_places(n, f, b) for n, f, b in zip(extents, factors, labels.shape))
    near = np.empty_like(labels)
    _meet(labels + np.uint8(4) * (labels == 0), near)
    none = np.zeros((0, 0, 0), np.uint8)
    first, second = at_least if at_least is not None else (none, none)
    volume = (np.zeros((0, 0, 0), np.int16) if volume is None else volume).view()
    volume.flags.writeable = False  # as that of a study is; of a writable one the kernel would be compiled once more
    origin, cost_ns = tuple(int(s) for s in start), 0.3 * one.size
    lattice, out = (factors, along, origin), (one, two, value_two)
    share_rows(_draw, len(labels), cost_ns, (labels, near), lattice, (volume, edge), (first, second), out)


def _places(n, factor, blocks):
    """int32 (4, n), for each of n voxels: the lower of the two blocks whose centres surround it, how many half voxels beyond
    its centre it lies (whole numbers, so that shares are exact), and the first and last block within REACH."""
    halves = np.clip(2 * np.arange(n) + 1 - factor, 0, 2 * factor * (blocks - 1))
    lower = np.minimum(halves // (2 * factor), max(blocks - 2, 0))
    low = np.maximum(np.ceil(halves / (2 * factor) - REACH), 0)
    high = np.minimum(np.floor(halves / (2 * factor) + REACH), blocks - 1)
    return np.stack([lower, halves - 2 * factor * lower, low, high]).astype(np.int32)


@njit(cache=True, nogil=True)
def _meet(codes, near):
    """near = the codes (bits: 1, 2, and 4 for outside) of each block and its 26 neighbours."""
    nz, ny, nx = codes.shape
    row = np.zeros(nx + 2, np.uint8)
    for z in range(nz):
        for y in range(ny):
            middle = row[1 : nx + 1]
            middle[:] = 0
            for k in range(max(z - 1, 0), min(z + 2, nz)):
                for j in range(max(y - 1, 0), min(y + 2, ny)):
                    source = codes[k, j]
                    for x in range(nx):
                        middle[x] |= source[x]
            target, before, after = near[z, y], row[:nx], row[2:]
            for x in range(nx):
                target[x] = before[x] | middle[x] | after[x]


@njit(cache=True, nogil=True)
def _draw(start, stop, blocks, lattice, image, at_least, out):
    """Draw shape 1 as 1 into the first array of `out` and shape 2 as the value that is its last item into the second.

    blocks     their labels and the codes of `_meet`
    lattice    `factors` of `refine_labels`, `_places` along z, y and x, and its start
    image      the volume and the value that is its edge; a volume without voxels: surfaces are interpolated instead
    at_least   two masks or two arrays without voxels, as in `draw_labels`
    """
    (labels, near), (volume, edge), (first, second), (one, two, value_two) = blocks, image, at_least, out
    factors, along, origin = lattice
    along_z, along_y, along_x = along
    sides = (np.int32(2 * factors[0]), np.int32(2 * factors[1]), np.int32(2 * factors[2]))
    lower_x, part_x = along_x[0], along_x[1]
    shares = np.empty((2, labels.shape[2] + 1), np.int32)  # one more: a single block has no upper neighbour
    spans = np.empty((labels.shape[2], 3), np.int64)
    for bz in range(start, stop):
        for by in range(labels.shape[1]):
            count = _spans(near[bz, by], factors[2], along_x.shape[1], spans)
            if count == 0:
                continue
            for z in range(bz * factors[0], _end(bz, factors[0], labels.shape[0], along_z.shape[1])):
                for y in range(by * factors[1], _end(by, factors[1], labels.shape[1], along_y.shape[1])):
                    row_one, row_two = one[origin[0] + z, origin[1] + y], two[origin[0] + z, origin[1] + y]
                    blended = False
                    for k in range(count):
                        a, b, code = spans[k, 0], spans[k, 1], spans[k, 2]
                        if code == 1:
                            row_one[origin[2] + a : origin[2] + b] = 1
                        elif code == 2:
                            row_two[origin[2] + a : origin[2] + b] = value_two
                        elif volume.size:
                            row = volume[origin[0] + z, origin[1] + y]
                            for bx in range(a // factors[2], min(-(-b // factors[2]), labels.shape[2])):
                                block = labels[bz, by, bx]
                                for x in range(bx * factors[2], _end(bx, factors[2], labels.shape[2], along_x.shape[1])):
                                    label, is_below = block, row[origin[2] + x] < edge
                                    if is_below != (label > 0):
                                        label = _label_across(labels, (bz, by, bx), along, (z, y, x), is_below)
                                    if label == 1:
                                        row_one[origin[2] + x] = 1
                                    elif label == 2:
                                        row_two[origin[2] + x] = value_two
                        else:
                            if not blended:
                                _blend(labels, along, z, y, sides, shares)
                                blended = True
                            for x in range(a, b):
                                lower, part = np.uint32(lower_x[x]), part_x[x]  # unsigned: never an index from the end
                                share = shares[0, lower] * (sides[2] - part) + shares[0, lower + 1] * part
                                other = shares[1, lower] * (sides[2] - part) + shares[1, lower + 1] * part
                                is_inside, is_one = 2 * (share + other) >= sides[0] * sides[1] * sides[2], share >= other
                                if first.size:
                                    forced = first[origin[0] + z, origin[1] + y, origin[2] + x]
                                    if forced or second[origin[0] + z, origin[1] + y, origin[2] + x]:
                                        is_inside, is_one = True, forced > 0
                                if is_inside and is_one:
                                    row_one[origin[2] + x] = 1
                                elif is_inside:
                                    row_two[origin[2] + x] = value_two


@njit(cache=True, nogil=True)
def _end(block, factor, blocks, n):
    """One past the last voxel of a block; the last block goes on to the end."""
    return n if block == blocks - 1 else (block + 1) * factor


@njit(cache=True, nogil=True)
def _spans(codes, factor, n, spans):
    """Rows of (first voxel, one past the last, code) of one code each along a row of blocks, all outside left out; how many."""
    count, bx = 0, 0
    while bx < codes.size:
        code, last = codes[bx], bx + 1
        while last < codes.size and codes[last] == code:
            last += 1
        if code != 4:
            spans[count, 0], spans[count, 1], spans[count, 2] = bx * factor, _end(last - 1, factor, codes.size, n), code
            count += 1
        bx = last
    return count


@njit(cache=True, nogil=True)
def _label_across(labels, block, along, voxel, is_below):
    """The label of a voxel (z, y, x) whose value and block disagree, by the blocks within reach of it along each axis.

    Below the edge in a block outside: the lowest label there, 0 if there is none. Above it in a block inside: that block's
    label if no block there is outside, else 0.
    """
    bz, by, bx = block
    along_z, along_y, along_x = along
    z, y, x = voxel
    bits = 0
    for k in range(along_z[2, z], along_z[3, z] + 1):
        bits |= 1 << labels[k, by, bx]
    for k in range(along_y[2, y], along_y[3, y] + 1):
        bits |= 1 << labels[bz, k, bx]
    for k in range(along_x[2, x], along_x[3, x] + 1):
        bits |= 1 << labels[bz, by, k]
    if not is_below:
        return np.uint8(0) if bits & 1 else labels[bz, by, bx]
    if bits & 2:
        return np.uint8(1)
    return np.uint8(2 if bits & 4 else 0)


@njit(cache=True, nogil=True)
def _blend(labels, along, z, y, sides, shares):
    """shares[label - 1] = the label's share in a row of blocks, interpolated to voxels z, y, in parts of sides[0] * sides[1]."""
    (z, part_z), (y, part_y) = (along[0][0, z], along[0][1, z]), (along[1][0, y], along[1][1, y])
    shares[:] = 0
    for dz in range(2):
        weight_z = part_z if dz else sides[0] - part_z
        for dy in range(2):
            weight = weight_z * (part_y if dy else sides[1] - part_y)
            if weight > 0:
                row = labels[z + dz, y + dy]
                for x in range(row.size):
                    shares[0, x] += weight * np.int32(row[x] == 1)
                    shares[1, x] += weight * np.int32(row[x] == 2)
