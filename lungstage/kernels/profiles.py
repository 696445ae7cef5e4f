"""Masks and labels in, how many voxels lie where out: along each axis, by label and value, on faces between pieces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .distance import as_mask


class Profile(NamedTuple):
    """How many voxels of a mask lie in each slice (z), row (y) and column (x): int64 along each axis."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray


def count_along(mask):
    """The Profile of a mask, uint8 or bool (z, y, x), in one look at it."""
    mask = as_mask(mask)
    along = Profile(*(np.zeros(n, np.int64) for n in mask.shape))
    if mask.size:
        _count_along(mask, along.z, along.y, along.x)
    return along


def count_by_label(labels, values, count, lowest, highest):
    """Histograms of the values of each label.

    labels    int32 (z, y, x), 0 … count - 1          values   int16 or uint8 (z, y, x)
    returns   int64 (count, highest - lowest + 1); values beyond the ends count as the ends. Label 0 is not counted
    cost      one look at the labels, and one at the values where there is a label
    """
    labels, values = np.ascontiguousarray(labels), np.ascontiguousarray(values)
    if labels.shape != values.shape or labels.dtype != np.int32:
        raise ValueError(f"values {values.shape} are counted by int32 labels of their shape, not {labels.shape} {labels.dtype}")
    out = np.zeros((count, highest - lowest + 1), np.int64)
    _count_by_label(labels.reshape(-1), values.reshape(-1), lowest, highest, out)
    return out


def count_faces(labels, rest, count):
    """How much of its surface each piece shares with what.

    labels    int32 (z, y, x), 0 … count - 1          rest     uint8 or bool (z, y, x), a mask
    returns   two int64 (count): faces of label k with voxels of label 0, and how many of these are in `rest`; ends of the
              volume are no faces. Entry 0 stays 0
    """
    labels, rest = np.ascontiguousarray(labels), as_mask(rest)
    if labels.shape != rest.shape or labels.dtype != np.int32:
        raise ValueError(f"faces are counted on int32 labels of the mask's shape, not {labels.shape} {labels.dtype}")
    faces, shared = np.zeros(count, np.int64), np.zeros(count, np.int64)
    _count_faces(labels, rest, faces, shared)
    return faces, shared


@njit(cache=True, nogil=True)
def _count_along(mask, along_z, along_y, along_x):
    nz, ny, nx = mask.shape
    column = np.zeros(nx, np.int32)
    for z in range(nz):
        for y in range(ny):
            row, held = mask[z, y], np.int32(0)
            for x in range(nx):
                held += np.int32(row[x] != 0)
            if held:
                along_z[z] += held
                along_y[y] += held
                for x in range(nx):
                    column[x] += np.int32(row[x] != 0)
    for x in range(nx):  # not along_x[:] = column: the words of its error take two seconds to compile
        along_x[x] = column[x]


@njit(cache=True, nogil=True)
def _count_by_label(labels, values, lowest, highest, out):
    for i in range(labels.size):
        if labels[i]:
            out[labels[i], min(max(np.int64(values[i]), lowest), highest) - lowest] += 1


@njit(cache=True, nogil=True)
def _count_faces(labels, rest, faces, shared):
    nz, ny, nx = labels.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                label = labels[z, y, x]
                if label:
                    for side in range(6):
                        axis, step = side // 2, 2 * (side % 2) - 1
                        k, j, i = z + step * (axis == 0), y + step * (axis == 1), x + step * (axis == 2)
                        if 0 <= k < nz and 0 <= j < ny and 0 <= i < nx and not labels[k, j, i]:
                            faces[label] += 1
                            shared[label] += rest[k, j, i] != 0
