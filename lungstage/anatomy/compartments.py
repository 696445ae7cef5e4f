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
    inside = share >= 0.5
    half = 0.5 * min(grid.spacing_mm)
    out = np.full(share.shape, REACH_MM - half, np.float32)
    near = box_around(inside, REACH_MM, grid)
    out[near] = distance_mm(inside[near], grid)
    out[near] -= half
    held = box_around(inside, max(grid.spacing_mm), grid)
    outside = np.zeros(share.shape, np.float32)
    outside[held] = distance_mm(~inside[held], grid)
    out -= outside - half
    partly = (share > 0.02) & (share < 0.98)
    out[partly] = (0.5 - share[partly]) * 2 * half
    return out


def distance_mm(mask: np.ndarray, grid: Grid) -> np.ndarray:
    """float32 distance to a mask, REACH_MM at most."""
    from ..kernels.distance import squared_distance_mm2

    return np.sqrt(squared_distance_mm2(mask, grid.spacing_mm, REACH_MM))


def box_around(mask: np.ndarray, margin_mm: float, grid: Grid) -> tuple[slice, slice, slice]:
    """The box of blocks that holds a mask and what lies within the margin of it; the whole volume for an empty mask."""
    box = []
    for axis, side in enumerate(grid.spacing_mm):
        held = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not held.size:
            return (slice(None),) * 3
        steps = int(np.ceil(margin_mm / side))
        box.append(slice(max(0, int(held[0]) - steps), int(held[-1]) + steps + 1))
    return tuple(box)


def cavity_distance_mm(right: np.ndarray, left: np.ndarray, grid: Grid) -> np.ndarray | None:
    """Signed distance to the convex outline round both lungs of each slice; None where one lung is missing."""
    from ..kernels.slices import span_slices

    if min(right.sum(), left.sum()) < LEAST_SHARE * max(right.sum(), left.sum(), 1):
        return None
    return signed_distance_mm(span_slices(right | left, of="centres").astype(np.float32), grid)


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
