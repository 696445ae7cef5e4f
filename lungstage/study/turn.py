"""The stored axes in, the way to the house's axes out: z to the head, y to the back, x to the left; turned, never resampled."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from ..geometry import Grid
from ..records import StoredOrder


def stored_order(axes: np.ndarray) -> StoredOrder:
    """How to turn an array stored as (slice, row, column).

    axes   3x3, columns: LPS unit vectors along which column, row and slice index grow
    """
    along = axes[:, ::-1]  # now in the order of the stored array: slice, row, column
    house = np.eye(3)[::-1]  # head, back, left as LPS vectors
    cosines = house @ along
    chosen = max(permutations(range(3)), key=lambda order: sum(abs(cosines[k, order[k]]) for k in range(3)))
    return StoredOrder(chosen, tuple(bool(cosines[k, chosen[k]] < 0) for k in range(3)))


def turned_grid(shape, spacing_mm, origin_mm, axes: np.ndarray, stored: StoredOrder) -> Grid:
    """The grid of the turned array; shape and spacing as stored, origin LPS mm of the first stored voxel."""
    along = axes[:, ::-1]
    origin = np.array(origin_mm, float)
    directions = []
    for axis, flipped in zip(stored.axes, stored.flips, strict=True):
        direction = along[:, axis]
        if flipped:
            origin = origin + direction * spacing_mm[axis] * (shape[axis] - 1)
            direction = -direction
        directions.append(direction)
    return Grid(
        tuple(shape[axis] for axis in stored.axes), tuple(spacing_mm[axis] for axis in stored.axes), tuple(origin),
        tuple(np.round(np.stack(directions[::-1], axis=1), 12).ravel() + 0.0),
    )  # fmt: skip


def empty_turned(shape, stored: StoredOrder, dtype) -> tuple[np.ndarray, np.ndarray]:
    """A new array in the house's order, and the same memory seen in the stored order, to be filled slice by slice."""
    turned = np.zeros(tuple(shape[axis] for axis in stored.axes), dtype)
    return turned, stored.undo(turned)
