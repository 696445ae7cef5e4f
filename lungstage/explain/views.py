"""Volumes in, flat pictures out: planes through the patient at a true scale, patient's right at the left, head up.

Planes follow the axes of the CT. Everything here is geometry and grey values; what is drawn on top is `pictures`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..records import Volume

AXIAL, CORONAL, SAGITTAL = 0, 1, 2
LUNG_WINDOW = (-1350.0, 250.0)
SOFT_WINDOW = (-160.0, 240.0)


@dataclass(frozen=True)
class View:
    """A flat window on a grid: a plane at `index` along `axis`, rows and columns from low to high, drawn at `mm` per pixel."""

    grid: Grid
    axis: int
    index: float
    low: tuple[float, float]
    high: tuple[float, float]
    mm: float

    @property
    def across(self) -> tuple[int, int]:
        """The grid axes that become rows and columns."""
        return {AXIAL: (1, 2), CORONAL: (0, 2), SAGITTAL: (0, 1)}[self.axis]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns in pixels."""
        return tuple(
            max(1, round((high - low) * self.grid.spacing_mm[axis] / self.mm))
            for axis, low, high in zip(self.across, self.low, self.high, strict=True)
        )

    def index_of_pixels(self, grid: Grid | None = None) -> np.ndarray:
        """Indices (rows, columns, 3) under the pixels' centres, on the view's own grid or on another one."""
        rows, columns = (
            low + (np.arange(n) + 0.5) * (high - low) / n - 0.5
            for n, low, high in zip(self.shape, self.low, self.high, strict=True)
        )
        if self.axis != AXIAL:
            rows = rows[::-1]  # the head is up
        steps = np.eye(3)
        first = steps[self.axis] * self.index
        if grid is not None and grid is not self.grid:
            zero = grid.to_index(self.grid.to_mm(np.zeros(3)))
            steps = grid.to_index(self.grid.to_mm(steps)) - zero
            first = grid.to_index(self.grid.to_mm(first))
        # an affine map of rows and columns: no point needs to be turned one by one
        return first + rows[:, None, None] * steps[self.across[0]] + columns[:, None] * steps[self.across[1]]

    def pixel_of(self, points_mm) -> tuple[np.ndarray, np.ndarray]:
        """Columns (...) and rows (...) of points (..., 3), projected onto the plane."""
        index = self.grid.to_index(points_mm)
        row, column = (
            (index[..., axis] + 0.5 - low) / (high - low) * n
            for axis, low, high, n in zip(self.across, self.low, self.high, self.shape, strict=True)
        )
        return column, self.shape[0] - row if self.axis != AXIAL else row


def whole_view(grid: Grid, axis: int, index: float, mm: float) -> View:
    """The plane from edge to edge."""
    rows, columns = View(grid, axis, index, (0, 0), (1, 1), mm).across
    return View(grid, axis, index, (0, 0), (grid.shape[rows], grid.shape[columns]), mm)


def box_view(grid: Grid, axis: int, index: float, box: tuple[slice, slice, slice], mm: float) -> View:
    """The plane from edge to edge of a box."""
    rows, columns = (box[a].indices(grid.shape[a]) for a in View(grid, axis, index, (0, 0), (1, 1), mm).across)
    return View(grid, axis, index, (rows[0], columns[0]), (rows[1], columns[1]), mm)


def close_view(grid: Grid, axis: int, point_mm, half_mm: float, mm: float) -> View:
    """The plane through a point, `half_mm` to each side of it."""
    index = grid.to_index(point_mm)
    rows, columns = View(grid, axis, 0, (0, 0), (1, 1), mm).across
    half = [half_mm / grid.spacing_mm[a] for a in (rows, columns)]
    centre = [index[a] + 0.5 for a in (rows, columns)]
    return View(
        grid, axis, float(index[axis]), (centre[0] - half[0], centre[1] - half[1]),
        (centre[0] + half[0], centre[1] + half[1]), mm,
    )  # fmt: skip


def seen(volume: Volume, view: View, outside: float) -> np.ndarray:
    """float32 (rows, columns): the volume's values under the view's pixels, linear between voxels, `outside` beyond it."""
    from ..kernels.sample import sample_linear

    index = view.index_of_pixels(volume.grid)
    values = sample_linear(volume.values, index.reshape(-1, 3)).astype(np.float32).reshape(view.shape)
    values[~np.all((index >= 0) & (index <= np.array(volume.grid.shape) - 1), axis=-1)] = outside
    return values


def seen_mask(mask: np.ndarray, grid: Grid, view: View) -> np.ndarray:
    """(rows, columns): the label under each pixel, 0 beyond the grid."""
    index = np.rint(view.index_of_pixels(grid)).astype(int)
    held = np.all((index >= 0) & (index < grid.shape), axis=-1)
    labels = np.zeros(held.shape, mask.dtype)
    labels[held] = mask[tuple(index[held].T)]
    return labels


def grey(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """uint8 (rows, columns, 3): black at the low end of the window, white at the high end."""
    low, high = window
    level = np.clip((values - low) / (high - low), 0.0, 1.0) * 255.0
    return np.repeat(level.astype(np.uint8)[..., None], 3, axis=-1)


def tinted(picture: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], strength: float) -> np.ndarray:
    """The picture with a colour laid over a mask."""
    painted = picture.astype(np.float32)
    painted[mask] = (1 - strength) * painted[mask] + strength * np.array(colour, np.float32)
    return painted.astype(np.uint8)


def outlined(picture: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The picture with the inner border of a mask drawn, one pixel wide."""
    from scipy.ndimage import binary_erosion

    painted = picture.copy()
    painted[mask & ~binary_erosion(mask)] = colour
    return painted
