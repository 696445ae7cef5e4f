"""A Spot and its surroundings in, the Candidate that is looked at closely out: what it may be, and where its shape may lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..records import Anatomy
from .candidate import Candidate, Masks, candidate_from
from .malignancy import ANY, MalignancyParameters, foci_of
from .parameters import LesionParameters, SearchParameters
from .rising import rising
from .search import Search
from .spots import Spot

AROUND_MM = 12.0
CORE_SHARE = 0.5
MARGIN_MM = 4.0
BONE_REACH_MM, BONE_HOLE_MM = 3.5, 9.0
"""Against bone; holes up to twice as wide are closed."""
SHELL_MM = (2.0, 8.0)
LARGE_NODE_MM = 15.0
LEAST_PULMONARY = 0.1
"""What lies in the hull may be a lesion of the lung whatever lies around it."""
WALL_SHARE = 0.15
"""Beyond the hull a lesion of the lung may have grown by this part of its radius: small ones seldom have."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A box of search blocks around one spot: first index, and points (n, 3) with the distance of each from the centre."""

    box: tuple
    low: np.ndarray
    away_mm: np.ndarray


def candidate_of(spot: Spot, search: Search, anatomy: Anatomy, near: float, numbers: LesionParameters) -> Candidate | None:
    """None where nothing but air or bone lies.

    near   how near the centre is to where nodes lie, 0 to 1
    """
    around = surroundings(spot, search)
    core = core_of(spot, search, around)
    if not core.any():
        return None
    p_kind = kinds_of(spot, search, anatomy, around, core, near, numbers)
    ground = allowed_for(p_kind, spot, search, around, lung_share(spot, search, around, core) > numbers.search.node_in_lung)
    allowed = ground | core
    grid = search.grid.box(around.low, around.low + np.array(core.shape))
    taken, spill = (
        blocks_within(blocks, around).astype(np.uint8) if len(blocks) else None for blocks in (spot.beside, spot.spill)
    )
    masks = Masks(core.astype(np.uint8), allowed.astype(np.uint8), taken, spill)
    candidate = candidate_from(grid, masks, p_kind, spot.score, spot.found_by, radius_mm=spot.radius_mm)
    return replace(candidate, isolated=spot.isolated)


def surroundings(spot: Spot, search: Search) -> Surroundings:
    """The blocks within two radii and a margin."""
    reach = 2.0 * spot.radius_mm + AROUND_MM
    points = search.points_mm(spot.blocks) if len(spot.blocks) else spot.centre_mm[None]
    index = search.grid.to_index(points)
    steps = np.ceil(reach / np.asarray(search.grid.spacing_mm)).astype(int)
    low = np.clip(np.floor(index.min(axis=0)).astype(int) - steps, 0, np.array(search.hu.shape) - 1)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + steps + 1, low + 1, search.hu.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high))
    inside = np.moveaxis(np.indices(tuple(high - low)), 0, -1) + low
    away = np.linalg.norm(search.points_mm(inside) - spot.centre_mm, axis=-1)
    return Surroundings(box, low, away)


def blocks_within(blocks: np.ndarray, around: Surroundings) -> np.ndarray:
    """bool on the box: the given search blocks (n, 3), as far as they lie in it."""
    named = np.zeros(around.away_mm.shape, bool)
    index = blocks - around.low
    index = index[np.all((index >= 0) & (index < named.shape), axis=1)]
    named[tuple(index.T)] = True
    return named


def core_of(spot: Spot, search: Search, around: Surroundings) -> np.ndarray:
    """bool on the box: what surely belongs to it."""
    if len(spot.blocks):
        # the middle of a dense part surely belongs to it; its rim may be wall, vessel or the lung beside it
        own = blocks_within(spot.blocks, around)
        inner = distance_mm(~own, search, np.inf)
        return own & (inner >= CORE_SHARE * inner.max())
    hu = search.hu[around.box]
    solid = ~search.airway[around.box]
    near = solid & (around.away_mm <= max(0.5 * spot.radius_mm, 1.01 * float(around.away_mm[solid].min(initial=np.inf))))
    if not near.any():
        return near
    ring = (around.away_mm > 1.5 * spot.radius_mm) & (around.away_mm < 3.0 * spot.radius_mm) & solid
    background = float(np.median(hu[ring])) if ring.any() else -850.0
    return near & (hu >= 0.5 * (background + float(hu[near].max())))


def kinds_of(spot, search, anatomy, around, core, near: float, numbers: LesionParameters) -> dict[str, float]:
    """What it may be, by where it lies: probabilities over kinds."""
    # what is hot in or against bone is of the bone, also where its bulge is drawn into the hull
    bone = bone_share(search, around, core) if spot.suv is not None else 0.0
    lung = lung_kinds(spot, search, around, core, near, numbers.search)
    if spot.found_by in ("nodule", "mass", "glass"):
        wall = wall_share(spot, search, numbers.search)
        rest = (1.0 - bone) * wall
        kinds = {"bone": bone + rest * numbers.search.wall_bone, "soft_tissue": rest * (1.0 - numbers.search.wall_bone)}
        return normalised(kinds | {name: (1.0 - bone) * (1.0 - wall) * share for name, share in lung.items()})
    focus = spot.found_by in ("focus", "adrenal")  # where a mass of a small gland is looked for it is found more often
    inside = float((search.hull[around.box][core] > 0).mean())
    kinds = {"bone": bone} | {name: inside * (1.0 - bone) * share for name, share in lung.items()}
    regions = dict(zip(anatomy.region_names, anatomy.region_probability(np.asarray(spot.centre_mm)[None])[0]))
    for name, share in kinds_by_region(regions, focus, near, numbers.malignancy).items():
        kinds[name] = kinds.get(name, 0.0) + (1.0 - inside) * (1.0 - bone) * share
    return normalised(kinds)


def kinds_by_region(regions: dict[str, float], focus: bool, near: float, numbers: MalignancyParameters) -> dict[str, float]:
    """What lies in one of these regions, with the probability of each.

    A point that may be liver or adrenal is more likely liver, which is larger; a focus there is more likely one of the
    adrenal, where foci are frequent for so small a gland.
    """
    if focus:
        regions = {name: share * foci_of(name, numbers).all for name, share in regions.items()}
    node = near if focus else 1.0
    kinds = {}
    for name, share in regions.items():
        kind = foci_of(name, numbers).kind
        for one, part in (("node", node), ("soft_tissue", 1.0 - node)) if kind == ANY else ((kind, 1.0),):
            kinds[one] = kinds.get(one, 0.0) + float(share) * part
    return normalised(kinds)


def bone_share(search: Search, around: Surroundings, core: np.ndarray) -> float:
    """How much of a focus lies in bone, against it or in a hole of it: a lytic one is no bone to a threshold, but bone stands
    around it. What only lies before the spine is in no hole."""
    bone = search.bone[around.box]
    near = distance_mm(bone, search, BONE_REACH_MM) <= BONE_REACH_MM
    far = distance_mm(bone, search, BONE_HOLE_MM) > BONE_HOLE_MM
    return float((near | (distance_mm(far, search, BONE_HOLE_MM) > BONE_HOLE_MM))[core].mean()) if bone.any() else 0.0


def wall_share(spot: Spot, search: Search, numbers: SearchParameters) -> float:
    """Probability that what bulges into the hull is of the wall: its uptake lies beyond the hull. That of a tumour of the lung
    lies in it, up to what PET blurs out."""
    if not len(spot.hot):
        return 0.0
    beyond = float((search.hull[tuple(spot.hot.T)] == 0).mean())
    return float(np.clip((beyond - numbers.wall_beyond[0]) / (numbers.wall_beyond[1] - numbers.wall_beyond[0]), 0.0, 1.0))


def lung_kinds(spot, search, around, core, near: float, numbers: SearchParameters) -> dict[str, float]:
    """Of what lies in the hull: near the hilum a node is possible; a large part may be effusion (water) or collapse.

    near   how near to where nodes lie, 0 to 1
    """
    volume_ml = float(max(len(spot.blocks), core.sum())) * search.grid.voxel_ml
    node = near * float(np.exp(-((spot.radius_mm / LARGE_NODE_MM) ** 2)))
    kinds = {"pulmonary": 1.0, "node": node}
    if spot.suv is not None:
        # what is hot is no vessel: with lung around it a lesion of the lung, without it a node
        lung_around = lung_share(spot, search, around, core)
        # the nodes of lobar and segmental bronchi lie in the lung, but next to these bronchi; what is large there is a tumour
        beside = max(1.0 - lung_around, near**2)
        kinds = {"pulmonary": max(lung_around, LEAST_PULMONARY) * (1.0 - node), "node": beside * node}
    if volume_ml >= numbers.effusion_ml and len(spot.blocks):
        hu = search.hu[around.box][core]
        fluid = float(np.mean((hu > numbers.fluid_hu_low) & (hu < numbers.fluid_hu_high)))
        at_wall = rising(border_share(spot, search, around), numbers.effusion_wall, numbers.effusion_wall_blur)
        water = at_wall * rising(fluid, numbers.effusion_fluid, numbers.effusion_fluid_blur)
        kinds["effusion"] = water / (1.0 - water)
        kinds["collapse"] = (1.0 - fluid) * at_wall
    return normalised(kinds)


def lung_share(spot: Spot, search: Search, around: Surroundings, core: np.ndarray) -> float:
    """Share of what lies around a spot that is air-filled lung."""
    own = blocks_within(spot.blocks, around) if len(spot.blocks) else core | (around.away_mm <= spot.radius_mm)
    away = distance_mm(own, search, SHELL_MM[1])
    shell = (away > SHELL_MM[0]) & (away <= SHELL_MM[1]) & search.body[around.box]
    return float(search.lung[around.box][shell].mean()) if shell.any() else 1.0


def border_share(spot: Spot, search: Search, around: Surroundings) -> float:
    """Share of the surface of a dense part that lies at the border of the hull rather than in the lung: fluid lies against the
    wall with all of its outer side, a tumour only where it touches it."""
    from scipy.ndimage import binary_dilation

    own = blocks_within(spot.blocks, around)
    shell = binary_dilation(own) & ~own
    return float((search.hull[around.box][shell] == 0).mean()) if shell.any() else 0.0


def allowed_for(p_kind: dict[str, float], spot: Spot, search: Search, around: Surroundings, in_lung: bool) -> np.ndarray:
    """bool on the box: where its shape may lie. in_lung: if it is a node, it is one of the bronchi in the lung."""
    solid = search.body[around.box] & ~search.airway[around.box]
    if len(spot.blocks):
        reach_mm = 0.5 * spot.radius_mm + MARGIN_MM
        near = distance_mm(blocks_within(spot.blocks, around), search, reach_mm) <= reach_mm
    else:
        near = around.away_mm <= 2.0 * spot.radius_mm + MARGIN_MM
    hull = search.hull[around.box] > 0
    if p_kind.get("pulmonary", 0.0) + p_kind.get("effusion", 0.0) + p_kind.get("collapse", 0.0) >= 0.5:
        wall_mm = WALL_SHARE * spot.radius_mm
        reach = distance_mm(hull, search, wall_mm) <= wall_mm if hull.any() else solid
        return near & solid & (hull | (reach & ~search.bone[around.box]))
    # the rim of what lies in the lung is half air, and so are the blocks that hold it
    soft = solid if in_lung else solid & ~search.lung[around.box]
    return near & (soft if p_kind.get("bone", 0.0) >= 0.5 else soft & ~search.bone[around.box])


def distance_mm(mask: np.ndarray, search: Search, limit_mm: float) -> np.ndarray:
    """float32 on a box of blocks: how far each lies from the mask; a little more than `limit_mm` where it is farther."""
    from ..kernels.distance import squared_distance_mm2

    return np.sqrt(squared_distance_mm2(mask, search.grid.spacing_mm, 1.01 * limit_mm))


def normalised(kinds: dict[str, float]) -> dict[str, float]:
    """Shares that sum to 1, those below 1 % left out."""
    total = sum(kinds.values())
    kept = {name: share / total for name, share in kinds.items() if share >= 0.01 * total}
    return {name: share / sum(kept.values()) for name, share in kept.items()}
