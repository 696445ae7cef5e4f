"""Masks of lungs and bones in, Compartments out: signed distances on blocks of about 4 mm."""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..records import Compartments, Lungs, Skeleton
from ..records.lungs import LEFT, RIGHT
from .atlas import Atlas
from .parameters import MapNumbers

BLOCK_MM = 4.0
REACH_MM = 40.0  # further off a surface says nothing more
LEAST_SHARE = 0.25  # of the other lung, below which a lung is missing


def find_compartments(lungs: Lungs, skeleton: Skeleton, atlas: Atlas, numbers: MapNumbers) -> Compartments:
    """What lungs, airway and bones say of every place of the scan."""
    from ..kernels.shares import highest_of_blocks, share_of_blocks

    factors = np.maximum(1, np.rint(BLOCK_MM / np.asarray(lungs.grid.spacing_mm))).astype(int)
    factors = np.minimum(factors, lungs.grid.shape)
    grid = whole_blocks(lungs.grid, factors)
    right, left = (share_of_blocks(lungs.hull, factors, side, side) for side in (RIGHT, LEFT))
    airway, bone = share_of_blocks(lungs.airway, factors, 1, 1), share_of_blocks(skeleton.labels, factors, 1, 255)
    return Compartments(
        grid,
        *(signed_distance_mm(share, grid) for share in (right, left, airway, bone)),
        cavity_distance_mm(right >= 0.5, left >= 0.5, grid),
        spread_codes(highest_of_blocks(skeleton.labels, factors)), bone_columns(atlas), numbers.surface_sd_mm,
    )  # fmt: skip


def whole_blocks(grid: Grid, factors) -> Grid:
    """The grid of blocks that covers the whole grid: a last part block counts as whole."""
    shape = -(-np.asarray(grid.shape) // factors)
    return Grid(tuple(shape), tuple(np.asarray(grid.spacing_mm) * factors), tuple(grid.to_mm((factors - 1) / 2)), grid.direction)


def signed_distance_mm(share: np.ndarray, grid: Grid) -> np.ndarray:
    """float32: negative inside; at the surface a block that is half inside is at 0. REACH_MM at most."""
    from ..kernels.distance import squared_distance_mm2

    inside = share >= 0.5
    half = 0.5 * min(grid.spacing_mm)
    out = np.sqrt(squared_distance_mm2(inside, grid.spacing_mm, REACH_MM)) - half
    out -= np.sqrt(squared_distance_mm2(~inside, grid.spacing_mm, REACH_MM)) - half
    partly = (share > 0.02) & (share < 0.98)
    out[partly] = (0.5 - share[partly]) * 2 * half
    return out


def cavity_distance_mm(right: np.ndarray, left: np.ndarray, grid: Grid) -> np.ndarray | None:
    """Signed distance to the outline round both lungs of each slice; None where one lung is missing."""
    if min(right.sum(), left.sum()) < LEAST_SHARE * max(right.sum(), left.sum(), 1):
        return None
    return signed_distance_mm(span_slices(right | left).astype(np.float32), grid)


def span_slices(mask: np.ndarray) -> np.ndarray:
    """bool (z, y, x): in each slice the smallest convex outline round the mask."""
    from scipy.spatial import ConvexHull, QhullError

    out = mask.copy()
    y, x = np.indices(mask.shape[1:])
    for z in np.flatnonzero(mask.any(axis=(1, 2))):
        points = np.argwhere(mask[z])
        try:
            lines = ConvexHull(points).equations
        except QhullError:
            continue  # fewer than three points, or all on one line: nothing to span
        out[z] = np.all([a * y + b * x + c <= 1e-9 for a, b, c in lines], axis=0)
    return out


def spread_codes(codes: np.ndarray) -> np.ndarray:
    """uint8: each block without bone takes the code of a bone up to two blocks off, the nearer first."""
    from scipy.ndimage import maximum_filter

    for _ in range(2):
        around = maximum_filter(codes, size=3, mode="nearest")
        codes = np.where(codes > 0, codes, around)
    return codes


def bone_columns(atlas: Atlas) -> dict[int, tuple[int, ...]]:
    """Code of a bone -> columns of the regions it may stand for: a vertebra without number for each, a bone for any."""
    codes = {name: code for code, name, group in atlas.regions if group == "bone"}
    at = {name: column for column, (_, name, _) in enumerate(atlas.regions)}
    shaped = set(atlas.shapes.places.names)
    meant = {code: (name,) for name, code in codes.items()}
    meant[codes["vertebra"]] = tuple(name for name in codes if name.startswith("vertebra_"))
    meant[codes["bone"]] = ("bone", *(name for name in codes if name in shaped and not name.startswith(("vertebra", "rib"))))
    return {code: tuple(at[name] for name in names) for code, names in meant.items()}
