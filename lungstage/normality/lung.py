"""Lung blocks in, the patient's healthy lung out: density by gravity, vessels by depth under the chest wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.distance import squared_distance_mm2
from ..kernels.slices import span_slices
from ..records import Spread
from .compartments import Shares
from .parameters import NormalityParameters

EFFECTIVE_BLOCKS = 60.0  # neighbouring blocks say the same; this many speak for themselves
LEAST_BLOCKS = 50
DEGREES = 4.0  # of the Student-t of the robust fit
VESSEL_ABOVE_HU = 150.0  # a block this much above the fit is no bare lung


@dataclass(frozen=True, eq=False)
class LungModel:
    """Healthy lung of this patient: hu = level + slope * (cm behind the middle of the lungs).

    level_hu, level_sd_hu   at the middle of the lungs
    slope_hu_per_cm         towards the back
    middle_y                row of the blocks in the middle of the lungs
    """

    level_hu: float
    level_sd_hu: float
    slope_hu_per_cm: float
    middle_y: float


def fit_lung(mean_hu: np.ndarray, shares: Shares, numbers: NormalityParameters) -> LungModel:
    """Robust fit of level and gravity to blocks that are all lung, held by the priors.

    Both lungs together; but where one side is denser than the other by more than patients differ, that side is ill as a
    whole, and the other one alone is fitted.
    """
    inside = shares.lung > 0.99
    _, rows, columns = np.nonzero(inside)
    values = mean_hu[inside].astype(float)
    if len(values) < LEAST_BLOCKS:
        return LungModel(numbers.lung_hu, numbers.lung_sd_hu, numbers.gravity_hu_per_cm, (shares.lung.shape[1] - 1) / 2)
    middle_y = float(np.median(rows))
    behind_cm = (rows - middle_y) * shares.grid.spacing_mm[1] / 10
    right = columns < (columns.min() + columns.max()) / 2
    levels = [np.median(values[side]) if side.sum() >= LEAST_BLOCKS else np.nan for side in (right, ~right)]
    if abs(levels[0] - levels[1]) > numbers.lung_sd_hu:
        healthier = right if levels[0] < levels[1] else ~right
        values, behind_cm = values[healthier], behind_cm[healthier]
    level, slope, level_sd = robust_line(values, behind_cm, numbers)
    return LungModel(level, level_sd, slope, middle_y)


def robust_line(values: np.ndarray, behind_cm: np.ndarray, numbers: NormalityParameters) -> tuple[float, float, float]:
    """Level, slope and the level's spread by reweighted least squares (Student-t), prior as pseudo-observations."""
    prior_mean = np.array([numbers.lung_hu, numbers.gravity_hu_per_cm])
    prior_precision = np.diag(1 / np.array([numbers.lung_sd_hu, numbers.gravity_sd_hu_per_cm]) ** 2)
    design = np.stack([np.ones_like(behind_cm), behind_cm], axis=1)
    share = EFFECTIVE_BLOCKS / len(values)
    # from the median, not from the mean: a consolidated lobe is no starting point
    scale = 1.4826 * np.median(abs(values - np.median(values)))
    line = np.array([np.median(values), 0.0])
    for _ in range(8):
        spread = max(scale, numbers.lung_texture_hu)
        steps = (values - design @ line) / spread
        weights = share * (DEGREES + 1) / (DEGREES + steps**2) / spread**2
        precision = prior_precision + (design * weights[:, None]).T @ design
        line = np.linalg.solve(precision, prior_precision @ prior_mean + design.T @ (weights * values))
        scale = 1.4826 * np.median(abs(values - design @ line))
    return float(line[0]), float(line[1]), float(np.sqrt(np.linalg.inv(precision)[0, 0]))


def expected_lung_hu(model: LungModel, shares: Shares) -> np.ndarray:
    """Expected HU of bare lung by row, float32 (1, y, 1)."""
    behind_cm = (np.arange(shares.lung.shape[1]) - model.middle_y) * shares.grid.spacing_mm[1] / 10
    line = np.clip(model.level_hu + model.slope_hu_per_cm * behind_cm, -970, -450)
    return line.astype(np.float32)[None, :, None]


def depth_mm(shares: Shares, limit_mm: float) -> np.ndarray:
    """Depth of each block under the chest wall, float32, up to a limit.

    Measured from outside of what spans both lungs slice by slice, not from the hulls' own surface: at the hilum, where the
    largest vessels enter, the surface of the lung is near and the chest wall far.
    """
    lung = shares.lung > 0.5
    lung &= (lung.sum((1, 2)) > 2)[:, None, None]
    depth = np.zeros(lung.shape, np.float32)
    held = [np.flatnonzero(lung.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if held[0].size:
        # one block wider, where that is in the volume: the nearest place outside lies in it
        box = tuple(slice(max(0, int(ends[0]) - 1), int(ends[-1]) + 2) for ends in held)
        depth[box] = np.sqrt(squared_distance_mm2(~span_slices(lung[box]), shares.grid.spacing_mm, limit_mm))
    return depth


def vessel_share(mean_hu, bare_hu, shares: Shares, numbers: NormalityParameters) -> np.ndarray:
    """Expected part of blocks with a vessel in them, float32: by depth, from the patient's emptier side and the prior."""
    limit = numbers.rim_to_centre_mm
    depth = depth_mm(shares, limit) / np.float32(limit)
    inside = shares.lung > 0.99
    if not inside.any():
        return np.full(depth.shape, numbers.vessel_share_rim, np.float32)
    _, _, columns = np.nonzero(inside)
    right = columns < np.median(columns)
    dense = (mean_hu - bare_hu)[inside] > VESSEL_ABOVE_HU
    bins = np.minimum((depth[inside] * 4).astype(int), 3)
    told = numbers.vessel_share_rim + (numbers.vessel_share_centre - numbers.vessel_share_rim) * depth[inside]
    factors = []
    for k in range(4):
        sides = [(bins == k) & side for side in (right, ~right)]
        # seen over expected count, each with the weight of twenty blocks of prior
        ratios = [(dense[s].sum() + 20 * told[bins == k].mean()) / (told[s].sum() + 20 * told[bins == k].mean())
                  for s in sides if s.any()]  # fmt: skip
        factors.append(np.clip(min(ratios), 0.3, 2.0) if ratios else 1.0)
    # by steps of a thousandth of the way to the centre
    steps = np.linspace(0, 1, 1001)
    share = numbers.vessel_share_rim + (numbers.vessel_share_centre - numbers.vessel_share_rim) * steps
    share = np.clip(share * np.interp(np.clip(steps * 4 - 0.5, 0, 3), np.arange(4), factors), 0.0, 0.6).astype(np.float32)
    return share[np.rint(depth * 1000).astype(np.int16)]


def lung_reference(model: LungModel) -> Spread:
    """The patient's own lung density."""
    return Spread.normal(model.level_hu, model.level_sd_hu)
