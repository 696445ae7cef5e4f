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
    factors = np.maximum(1, np.rint(BLOCK_MM / np.asarray(lungs.grid.spacing_mm))).astype(int)
    factors = np.minimum(factors, lungs.grid.shape)
    grid = whole_blocks(lungs.grid, factors)
    right, left, airway, bone, codes = shares_of_blocks(lungs, skeleton, factors, grid.shape)
    return Compartments(
        grid,
        *(signed_distance_mm(share, grid) for share in (right, left, airway, bone)),
        cavity_distance_mm(right >= 0.5, left >= 0.5, grid), nearest_code(codes, grid), bone_columns(atlas), numbers.surface_sd_mm,
    )  # fmt: skip


def whole_blocks(grid: Grid, factors) -> Grid:
    """The grid of blocks that covers the whole grid: a last part block counts as whole."""
    shape = -(-np.asarray(grid.shape) // factors)
    return Grid(tuple(shape), tuple(np.asarray(grid.spacing_mm) * factors), tuple(grid.to_mm((factors - 1) / 2)), grid.direction)


def shares_of_blocks(lungs: Lungs, skeleton: Skeleton, factors, shape) -> tuple[np.ndarray, ...]:
    """Shares (z, y, x), float32, of each block that right hull, left hull, airway and bone fill; and its highest bone code."""
    right, left, airway, bone = (np.zeros(shape, np.float32) for _ in range(4))
    held, codes = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    for offset in np.ndindex(*factors):
        pick = tuple(slice(start, None, step) for start, step in zip(offset, factors))
        hull, labels = lungs.hull[pick], skeleton.labels[pick]
        here = tuple(slice(0, n) for n in hull.shape)
        right[here] += hull == RIGHT
        left[here] += hull == LEFT
        airway[here] += lungs.airway[pick]
        bone[here] += labels > 0
        np.maximum(codes[here], labels, out=codes[here])
        held[here] += 1
    return right / held, left / held, airway / held, bone / held, codes


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


def nearest_code(codes: np.ndarray, grid: Grid) -> np.ndarray:
    """uint8 on the blocks: code of the nearest bone; 0 everywhere if there is none."""
    from scipy.ndimage import distance_transform_edt

    if not codes.any():
        return codes
    nearest = distance_transform_edt(codes == 0, sampling=grid.spacing_mm, return_distances=False, return_indices=True)
    return codes[tuple(nearest)]


def bone_columns(atlas: Atlas) -> dict[int, tuple[int, ...]]:
    """Code of a bone -> columns of the regions it may stand for: a vertebra without number for each, a bone for any."""
    codes = {name: code for code, name, group in atlas.regions if group == "bone"}
    at = {name: column for column, (_, name, _) in enumerate(atlas.regions)}
    shaped = set(atlas.shapes.places.names)
    meant = {code: (name,) for name, code in codes.items()}
    meant[codes["vertebra"]] = tuple(name for name in codes if name.startswith("vertebra_"))
    meant[codes["bone"]] = ("bone", *(name for name in codes if name in shaped and not name.startswith(("vertebra", "rib"))))
    return {code: tuple(at[name] for name in names) for code, names in meant.items()}
