"""Labels in, what one sees of them from the front and from the side out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .distance import as_mask
from .threads import share_rows


class Look(NamedTuple):
    """What lines through a volume meet; arrays over the volume's two other axes.

    first   int32, index along the line of the first voxel with a label, -1 where there is none
    label   uint8, that voxel's label
    count   int32, voxels with a label on the line
    """

    first: np.ndarray
    label: np.ndarray
    count: np.ndarray


def look_through(labels):
    """What is met along y from its low end, and along x from its high end: a patient from the front and from the left.

    labels    uint8 or bool (z, y, x)
    returns   two Looks: (z, x) along y, and (z, y) along x
    cost      one pass over the labels for both; same bits on any number of threads
    """
    labels = as_mask(labels)
    nz, ny, nx = labels.shape
    looks = [
        Look(np.full(shape, -1, np.int32), np.zeros(shape, np.uint8), np.zeros(shape, np.int32)) for shape in ((nz, nx), (nz, ny))
    ]
    if labels.size:
        share_rows(_look, len(labels), 0.5 * labels.size, labels, *looks[0], *looks[1])
    return looks


@njit(cache=True, nogil=True)
def _look(start, stop, labels, front, front_label, front_count, side, side_label, side_count):
    for z in range(start, stop):
        first, label, count = front[z], front_label[z], front_count[z]
        for y in range(labels.shape[1]):
            row = labels[z, y]
            total = 0
            for x in range(row.size):
                total += np.int64(row[x] > 0)
            if total == 0:
                continue
            side_count[z, y] = total
            for x in range(row.size):
                if row[x]:
                    if count[x] == 0:
                        first[x] = y
                        label[x] = row[x]
                    count[x] += 1
                    # the last one stays
                    side[z, y] = x
                    side_label[z, y] = row[x]
