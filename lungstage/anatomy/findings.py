"""Lungs, airway tree and bones in, found landmarks out, along the axes of a first or better frame.

Ends of the lungs that the scan cuts off are not found; the atlas tells them later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..records import Lungs, Skeleton
from ..records.lungs import LEFT, RIGHT
from .airway_tree import AirwayTree
from .fit import Finding, Fit
from .parameters import MapNumbers

INF = np.inf
LEAST_LUNG_ML = 80.0
TIP_MM = 5.0  # the outermost so many mm of a lung are averaged to its tip
COLUMN_MM = 8.0  # width of the columns in which the base of a lung is looked up
SPINE_LEVELS = {
    "spine_60": 60, "spine_30": 30, "spine_0": 0, "spine_m40": -40, "spine_m80": -80, "spine_m120": -120, "spine_m160": -160,
}  # fmt: skip
STERNUM_LEVELS = {"sternum_0": 0, "sternum_m40": -40}
LEVEL_MM = 8.0
LEAST_COLUMN_MM = 30.0  # a lower column of lung is a rim, no base
VERTEBRA_CODES, STERNUM_CODE = (60, 85), 90


@dataclass(frozen=True, eq=False)
class Clouds:
    """Points LPS (n, 3) of the parts, thinned: enough for tips and levels. right and left of the hull, spine, sternum."""

    right: np.ndarray
    left: np.ndarray
    spine: np.ndarray
    sternum: np.ndarray
    voxel_ml: float


def gather_clouds(lungs: Lungs, skeleton: Skeleton) -> Clouds:
    """Every voxel of a lattice of about 3 mm that belongs to a part."""
    stride = np.maximum(1, np.floor(3.4 / np.asarray(lungs.grid.spacing_mm)).astype(int))
    pick = tuple(slice(None, None, step) for step in stride)
    hull, bone = lungs.hull[pick], skeleton.labels[pick]
    spine = (bone >= VERTEBRA_CODES[0]) & (bone <= VERTEBRA_CODES[1]) & (bone != 84)
    masks = (hull == RIGHT, hull == LEFT, spine, bone == STERNUM_CODE)
    return Clouds(*(lungs.grid.to_mm(np.argwhere(mask) * stride) for mask in masks), lungs.grid.voxel_ml * stride.prod())


def find_landmarks(clouds: Clouds, tree: AirwayTree, grid: Grid, frame: Fit, numbers: MapNumbers) -> list[Finding]:
    """What the image shows, found along the axes of `frame`."""
    found = airway_findings(tree, numbers)
    for side, cloud in (("right", clouds.right), ("left", clouds.left)):
        if len(cloud) * clouds.voxel_ml >= LEAST_LUNG_ML:
            found += lung_findings(side, cloud, grid, frame, numbers)
    return found + spine_findings(clouds.spine, frame, numbers) + sternum_findings(clouds.sternum, grid, frame, numbers)


def airway_findings(tree: AirwayTree, numbers: MapNumbers) -> list[Finding]:
    """Carina and lobar spurs."""
    sd = (numbers.airway_landmark_sd_mm,) * 3
    places = {
        "carina": tree.carina_mm, "right_upper_bronchus": tree.right_upper_mm, "left_upper_bronchus": tree.left_upper_mm,
    }  # fmt: skip
    return [Finding(name, point, sd) for name, point in places.items() if point is not None]


def lung_findings(side: str, cloud: np.ndarray, grid: Grid, frame: Fit, numbers: MapNumbers) -> list[Finding]:
    """Tips of one lung along the frame's axes, and its dome."""
    place = frame.to_frame(cloud)
    sd, vague = numbers.lung_landmark_sd_mm, 3 * numbers.lung_landmark_sd_mm
    outward = -1 if side == "right" else 1
    tips = {
        f"apex_{side}": (2, 1, (vague, vague, sd)), f"recess_{side}": (2, -1, (vague, vague, sd)),
        f"lateral_{side}": (0, outward, (sd, INF, INF)), f"front_{side}": (1, -1, (INF, sd, INF)),
        f"back_{side}": (1, 1, (INF, sd, INF)),
    }  # fmt: skip
    found = [
        Finding(name, point, spread) for name, (axis, sign, spread) in tips.items()
        if (point := tip(place, axis, sign, grid, frame)) is not None
    ]  # fmt: skip
    base = dome(place, outward, grid, frame)
    return found if base is None else [*found, Finding(f"dome_{side}", base, (INF, INF, 1.5 * sd))]


def tip(place: np.ndarray, axis: int, sign: int, grid: Grid, frame: Fit) -> np.ndarray | None:
    """LPS of the outermost point along an axis, the others averaged over the tip; None where the scan ends there."""
    along = sign * place[:, axis]
    end = np.quantile(along, 0.9995)
    outermost = place[along > end - TIP_MM]
    if cut_off(frame.to_mm(outermost), grid):
        return None
    point = outermost.mean(axis=0)
    point[axis] = sign * end
    return frame.to_mm(point)


def cut_off(points: np.ndarray, grid: Grid) -> bool:
    """Whether a fair part of the points lies in the outermost layers of the scan."""
    index = grid.to_index(points)
    layer = np.maximum(1.0, 3.5 / np.asarray(grid.spacing_mm))
    at_end = (index < layer).any(axis=1) | (index > np.asarray(grid.shape) - 1 - layer).any(axis=1)
    return bool(at_end.mean() > 0.15)


def dome(place: np.ndarray, outward: int, grid: Grid, frame: Fit) -> np.ndarray | None:
    """LPS of the highest base of the lung over its outer half; None where the base is cut off."""
    x = outward * place[:, 0]
    low, high = np.quantile(x, (0.02, 0.98))
    front, back = np.quantile(place[:, 1], (0.1, 0.9))
    # the inner half rests on the heart, the outermost columns on the wall
    inside = (x > low + 0.4 * (high - low)) & (x < low + 0.8 * (high - low)) & (place[:, 1] > front) & (place[:, 1] < back)
    if inside.sum() < 50 or cut_off(lowest(place, frame), grid):
        return None
    column = columns_of(place[inside])
    base = np.full(column.max() + 1, INF)
    np.minimum.at(base, column, place[inside, 2])
    height = np.zeros(len(base))
    np.maximum.at(height, column, place[inside, 2] - base[column])
    base = base[height > LEAST_COLUMN_MM]
    if len(base) < 5:
        return None
    top = np.quantile(base, 0.9)
    near = inside & (np.abs(place[:, 2] - top) < 6.0)
    return frame.to_mm([place[near, 0].mean(), place[near, 1].mean(), top]) if near.any() else None


def columns_of(place: np.ndarray) -> np.ndarray:
    """Number (n) of the column of COLUMN_MM that each point (n, 3) stands in."""
    steps = np.floor(place[:, :2] / COLUMN_MM).astype(int)
    steps -= steps.min(axis=0)
    return steps[:, 0] * (steps[:, 1].max() + 1) + steps[:, 1]


def lowest(place: np.ndarray, frame: Fit) -> np.ndarray:
    """LPS of the lowest half percent of a lung."""
    few = min(len(place) - 1, max(20, len(place) // 200))
    return frame.to_mm(place[np.argpartition(place[:, 2], few)[:few]])


def spine_findings(spine: np.ndarray, frame: Fit, numbers: MapNumbers) -> list[Finding]:
    """Front and middle of the vertebral bodies at the levels of the atlas that the scan holds."""
    place = frame.to_frame(spine)
    found = []
    for name, level in SPINE_LEVELS.items():
        near = np.abs(place[:, 2] - level * frame.scales[2]) < LEVEL_MM
        if near.sum() >= 60:
            front = np.quantile(place[near, 1], 0.04)
            body = near & (place[:, 1] < front + 25.0)
            point = np.array([np.median(place[body, 0]), front, level * frame.scales[2]])
            found.append(Finding(name, frame.to_mm(point), (numbers.bone_landmark_sd_mm,) * 2 + (INF,)))
    return found


def sternum_findings(sternum: np.ndarray, grid: Grid, frame: Fit, numbers: MapNumbers) -> list[Finding]:
    """Middle of the sternum at two levels, and its upper border where that is in the scan."""
    place = frame.to_frame(sternum)
    sd, found = numbers.bone_landmark_sd_mm, []
    for name, level in STERNUM_LEVELS.items():
        near = np.abs(place[:, 2] - level * frame.scales[2]) < LEVEL_MM
        if near.sum() >= 10:
            point = np.array([np.median(place[near, 0]), np.median(place[near, 1]), level * frame.scales[2]])
            found.append(Finding(name, frame.to_mm(point), (2 * sd, sd, INF)))
    if len(place) >= 100:
        top = np.quantile(place[:, 2], 0.99)
        highest = place[:, 2] > top - LEVEL_MM
        if not cut_off(sternum[highest], grid):
            point = np.array([np.median(place[highest, 0]), np.median(place[highest, 1]), top])
            found.append(Finding("jugular_notch", frame.to_mm(point), (2 * sd, 2 * sd, 4 * sd)))
    return found
