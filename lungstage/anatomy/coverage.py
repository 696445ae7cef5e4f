"""Regions and a scanned field in, the share of each region that lies inside it out."""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..records import Blobs, Lungs, PatientFrame
from ..records.names import STATIONS
from .atlas import Atlas
from .fit import Fit

POINTS = 256
MEDIASTINAL = tuple(name for name in STATIONS if name[0] in "23456789")
HILAR = tuple(name for name in STATIONS if name[:2] in ("10", "11"))


def measure_coverage(
    blobs: Blobs, fit: Fit, atlas: Atlas, frame: PatientFrame, grid: Grid, outside: np.ndarray | None, lungs: Lungs
) -> dict[str, float]:
    """Share in [0, 1] of every region that has a place, and of the names of COVERED, inside the field of `grid`.

    outside   uint8 on the grid, 1 where nothing was measured, or None
    """
    ball = cloud_in_ball()
    inside, volume = {}, {}
    for row, column in enumerate(blobs.columns):
        name = blobs.names[column]
        root = np.linalg.cholesky(np.linalg.inv(blobs.precisions[row]) + np.eye(3) * (blobs.spreads[row] / blobs.edges[row]) ** 2)
        points = blobs.centres[row] + blobs.edges[row] * ball @ root.T
        size = np.linalg.det(blobs.precisions[row]) ** -0.5
        inside[name] = inside.get(name, 0.0) + size * share_inside(frame.to_mm(points), grid, outside)
        volume[name] = volume.get(name, 0.0) + size
    coverage = {name: float(inside[name] / volume[name]) for name in inside}
    stations = station_coverage(fit, atlas, frame, grid, outside)
    coverage["lungs"] = lung_coverage(lungs, grid)
    coverage["mediastinum"] = weighted(stations, MEDIASTINAL, atlas)
    coverage["hila"] = weighted(stations, HILAR, atlas)
    coverage["adrenals"] = 0.5 * (coverage["adrenal_right"] + coverage["adrenal_left"])
    coverage["skeleton"] = skeleton_coverage(coverage, atlas)
    return coverage


def cloud_in_ball() -> np.ndarray:
    """(POINTS, 3) spread evenly through the unit ball, the same every time."""
    order = np.arange(POINTS) + 0.5
    radius = (order / POINTS) ** (1 / 3)
    height = 1 - 2 * np.mod(order * 0.7548776662466927, 1.0)
    turn = 2 * np.pi * np.mod(order * 0.5698402909980532, 1.0)
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1) * radius[:, None]


def share_inside(points_mm: np.ndarray, grid: Grid, outside: np.ndarray | None) -> float:
    """Share of LPS points (n, 3) that were measured."""
    held = grid.holds(points_mm)
    if outside is not None and held.any():
        index = np.clip(np.rint(grid.to_index(points_mm[held])).astype(int), 0, np.array(grid.shape) - 1)
        held[held] = outside[tuple(index.T)] == 0
    return float(held.mean())


def station_coverage(fit: Fit, atlas: Atlas, frame: PatientFrame, grid: Grid, outside) -> dict[str, float]:
    """Share of each station's nodes, out to two standard deviations."""
    centres, covariances = fit.places(atlas.stations)
    ball = 2.0 * cloud_in_ball()
    return {
        name: share_inside(frame.to_mm(centre + ball @ np.linalg.cholesky(covariance).T), grid, outside)
        for name, centre, covariance in zip(STATIONS, centres, covariances)
    }


def weighted(stations: dict[str, float], names, atlas: Atlas) -> float:
    """Mean over stations, each counted by its nodes."""
    nodes = np.array([atlas.nodes[STATIONS.index(name)] for name in names])
    return float(nodes @ [stations[name] for name in names] / nodes.sum())


def lung_coverage(lungs: Lungs, grid: Grid) -> float:
    """Share of the lungs: what the CT holds of them, and of that what this field holds."""
    if grid == lungs.grid:
        return float(lungs.quality.covered)
    index = np.argwhere(lungs.hull[::4, ::8, ::8] > 0) * (4, 8, 8)
    held = float(grid.holds(lungs.grid.to_mm(index)).mean()) if len(index) else 0.0
    return held * float(lungs.quality.covered)


def skeleton_coverage(coverage: dict[str, float], atlas: Atlas) -> float:
    """Mean over bones, each counted by its volume."""
    total = sum(volume for _, volume in atlas.bones)
    share = 0.0
    for beginning, volume in atlas.bones:
        parts = [value for name, value in coverage.items() if name.startswith(beginning)]
        share += volume * float(np.mean(parts)) if parts else 0.0
    return share / total
