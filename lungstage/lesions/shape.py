"""Study and Candidate in, ShapeSamples out: shapes a careful reader could have drawn, equally likely, with their diameters.

A binary random field on the candidate's box. What cannot be measured but only decided (where in the blur the border lies,
how thick a strand still belongs to the lesion, whether ground glass counts, how far a border without contrast reaches) is a
reading: drawn anew for each sample from its own spread. Between a strict and a generous reading lies a band of undecided
voxels; each sample's labels there are drawn from the field given its reading. Numbers: priors/parameters/shape.toml.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import Normal, ShapeSamples, Study
from ..tables import Priors, read_parameters, shipped_priors
from .appearance import Appearance, learn_appearance
from .attachments import VESSEL_MM, bodies
from .candidate import Candidate
from .diameters import measure_masks
from .scene import IN_LUNG, Scene, look_at

SOLID_HU = -300.0  # ground glass is less dense
NO_HALO = 0.02  # below this probability ground glass around a lesion is not looked at
MOST_LOG_ODDS = 6.0  # of one mm3: one voxel never outvotes all its neighbours


@dataclass(frozen=True)
class ShapeParameters:
    """The weights of the field and the spreads of a reading; what each means stands in priors/parameters/shape.toml."""

    finest_mm: float
    coarsest_mm: float
    side_voxels: float
    samples: int
    sweeps: int
    surface_per_mm2: float
    edge_per_mm2: float
    border_level_sd: float
    cut_shares: tuple[float, ...]
    cut_most_mm: float
    attached_per_mm: float
    wall_per_mm: float
    wall_sd_mm: float
    wall_sd_share: float
    reach_in_lung: float
    reach_in_tissue: float
    reach_spread: float
    reach_weight: float
    halo_excess_hu: float
    halo_spread_hu: float
    pet_weight_in_lung: float
    pet_weight_in_tissue: float
    pet_level: float
    pet_level_sd: float
    pet_hot_ratio: float
    normality_weight: float
    invasion_price: float
    dense_otherwise: float


def load_shape_parameters(priors: Priors | None = None) -> ShapeParameters:
    """The numbers of a folder of priors, or those that ship with the package."""
    return read_parameters(priors or shipped_priors(), "parameters/shape.toml", ShapeParameters)


def sample_shape(
    study: Study, normal: Normal | None, candidate: Candidate, parameters: ShapeParameters | None = None, seed: int = 0
) -> ShapeSamples:
    """Equally likely shapes of one candidate, each with its diameters.

    normal   what this patient's CT would show if healthy, or None
    seed     same seed, same samples
    """
    numbers = parameters or load_shape_parameters()
    scene = look_at(study, normal, candidate, numbers)
    looks = learn_appearance(
        scene, candidate.kind in IN_LUNG, numbers.halo_excess_hu, numbers.halo_spread_hu, numbers.pet_hot_ratio
    )
    clues = gather_clues(scene, looks, numbers)
    readings = draw_readings(numbers, looks, scene, seed)
    masks = draw_masks(scene, clues, readings, numbers, seed)
    return measured(masks, scene, looks, readings)


@dataclass(frozen=True, eq=False)
class Reading:
    """The decisions behind one sample, or (n) of them at once.

    level       where between neighbour and lesion the border lies, as a share of the way
    cut         index into `cut_shares`: how thick an attached strand is still lesion
    wall_mm     how far beyond the allowed ground it may go
    reach       how far it may reach from the centre, in radii
    halo        whether ground glass around it counts
    pet_level   where between background and lesion's uptake the border lies
    """

    level: np.ndarray
    cut: np.ndarray
    wall_mm: np.ndarray
    reach: np.ndarray
    halo: np.ndarray
    pet_level: np.ndarray


@dataclass(frozen=True, eq=False)
class Clues:
    """What every reading weighs, on the scene's box.

    off_body_mm   float32 (cuts or 2 * cuts, z, y, x): distance from the body each cut leaves, then the same with ground glass
    cavity        bool: air that the lesion encloses
    """

    scene: Scene
    looks: Appearance
    off_body_mm: np.ndarray
    cavity: np.ndarray


def gather_clues(scene: Scene, looks: Appearance, numbers: ShapeParameters) -> Clues:
    """Distances from the bodies that are left after cutting, without and with ground glass, and the air it encloses."""
    from ..kernels.components import fill_holes

    near = (scene.away_mm <= 1.2 * scene.radius_mm + 1.0) | (scene.core != 0)
    ground = scene.outside_mm <= 1.0
    off_body, cavity = [], None
    for halo in (False, True)[: 1 + (looks.p_halo > NO_HALO)]:
        tissue = (ground & (density_log_odds(scene.hu, looks, np.float32(0.5), halo) > 0)) | (scene.core != 0)
        # Through the air of a cavity the lesion goes on, or its wall would be as thin as a vessel.
        filled = fill_holes(tissue) != 0
        off_body.append(bodies(filled, scene.box, scene.core, near, numbers.cut_shares, numbers.cut_most_mm))
        cavity = filled & ~tissue if cavity is None else cavity
    return Clues(scene, looks, np.concatenate(off_body), cavity)


def draw_readings(numbers: ShapeParameters, looks: Appearance, scene: Scene, seed: int) -> Reading:
    """`samples` readings, each decision spread evenly over its distribution (Latin hypercube)."""
    from scipy.special import ndtri

    generator = np.random.default_rng([seed, 7])
    count = int(numbers.samples)

    def even():
        return (generator.permutation(count) + 0.5) / count

    return Reading(
        level=np.clip(0.5 + numbers.border_level_sd * ndtri(even()), 0.12, 0.88).astype(np.float32),
        cut=np.floor(even() * len(numbers.cut_shares)).astype(int),
        wall_mm=(wall_spread(numbers, scene.radius_mm) * ndtri(even())).astype(np.float32),
        reach=(reach_of(looks, scene, numbers) * np.exp(numbers.reach_spread * ndtri(even()))).astype(np.float32),
        halo=even() < looks.p_halo if looks.p_halo > NO_HALO else np.zeros(count, bool),
        pet_level=np.clip(numbers.pet_level + numbers.pet_level_sd * ndtri(even()), 0.2, 0.8).astype(np.float32),
    )


def reach_of(looks: Appearance, scene: Scene, numbers: ShapeParameters) -> float:
    """Radii of the candidate that its lesion reaches from the centre, in the middle of the readings.

    Without a map of healthy anatomy a lesion of the lung may end at tissue anywhere, as one in tissue does.
    """
    return numbers.reach_in_lung if looks.in_lung and scene.p_tissue is not None else numbers.reach_in_tissue


def wall_spread(numbers: ShapeParameters, radius_mm: float) -> float:
    """mm: how uncertain the ground's border is; a large lesion hides more of it."""
    return numbers.wall_sd_mm + numbers.wall_sd_share * radius_mm


def extreme_readings(numbers: ShapeParameters, looks: Appearance, scene: Scene) -> Reading:
    """The strictest and the most generous reading worth a thought."""
    far = np.array([-1.7, 1.7], np.float32)
    return Reading(
        level=np.clip(0.5 - numbers.border_level_sd * far, 0.12, 0.88).astype(np.float32),
        cut=np.array([len(numbers.cut_shares) - 1, 0]),
        wall_mm=wall_spread(numbers, scene.radius_mm) * far,
        reach=(reach_of(looks, scene, numbers) * np.exp(numbers.reach_spread * far)).astype(np.float32),
        halo=np.array([False, looks.p_halo > NO_HALO]),
        pet_level=np.clip(numbers.pet_level - numbers.pet_level_sd * far, 0.2, 0.8).astype(np.float32),
    )


def log_odds(clues: Clues, where, readings: Reading, numbers: ShapeParameters) -> np.ndarray:
    """float32 (voxels, readings): what speaks for lesion in each cubic millimetre; where: index of voxels or ..."""
    scene, looks = clues.scene, clues.looks
    total = density_log_odds(scene.hu[where][..., None], looks, readings.level, readings.halo)
    total = np.where(clues.cavity[where][..., None], 2.0, total)
    if scene.suv is not None and looks.hot_suv is not None:
        weight = numbers.pet_weight_in_lung if looks.in_lung else numbers.pet_weight_in_tissue
        share = (scene.suv[where][..., None] - looks.cold_suv) / (looks.hot_suv - looks.cold_suv)
        total = total + weight * np.clip(4.0 * (share - readings.pet_level), -1.0, 1.0)
    if looks.in_lung:
        # Where something else is as dense, density says nothing: other disease and vessels in the lung, its walls around it.
        p_tissue = np.float32(0.3) if scene.p_tissue is None else scene.p_tissue[where][..., None]
        claimed = scene.outside_mm[where][..., None] < readings.wall_mm
        p_tissue = np.where(claimed, np.clip(p_tissue, numbers.dense_otherwise, 0.25), np.maximum(p_tissue, 0.25))
        total = np.minimum(total, -np.log(p_tissue)) - numbers.invasion_price * ~claimed
    elif scene.z_ct is not None:
        total = total + numbers.normality_weight * np.clip(np.abs(scene.z_ct[where][..., None]) - 2.0, -2.0, 2.0)
    total = total - numbers.wall_per_mm * np.clip(scene.outside_mm[where][..., None] - readings.wall_mm, 0.0, 4.0)
    total = total - numbers.attached_per_mm * np.moveaxis(
        clues.off_body_mm[body_of(readings, numbers)][(slice(None), *tuple_of(where))], 0, -1
    )
    reach_mm = readings.reach * np.float32(scene.radius_mm)
    total = total - numbers.reach_weight * np.clip(scene.away_mm[where][..., None] / reach_mm - 1.0, -0.25, 2.0) * 4.0
    return total.astype(np.float32)


def body_of(readings: Reading, numbers: ShapeParameters) -> np.ndarray:
    """Index into `off_body_mm` of each reading."""
    return readings.cut + len(numbers.cut_shares) * np.asarray(readings.halo, int)


def tuple_of(where) -> tuple:
    """An index of voxels as a tuple."""
    return where if isinstance(where, tuple) else (where,)


def density_log_odds(hu, looks: Appearance, level, halo) -> np.ndarray:
    """Log odds of lesion against its neighbours for a density: two normal distributions of equal spread, moved to `level`.

    Between the borders to darker and to brighter neighbours the surroundings that look the same set the bound.
    """
    most = min(MOST_LOG_ODDS, -np.log(looks.p_same)) if looks.p_same > 0 else MOST_LOG_ODDS
    total = np.float32(most)
    if looks.low_hu is not None:
        own = np.where(halo, looks.halo_hu, looks.tissue_hu)
        border = looks.low_hu + level * (own - looks.low_hu)
        total = np.minimum(total, (own - looks.low_hu) * (hu - border) / looks.noise_hu**2)
    if looks.high_hu is not None:
        border = looks.high_hu + level * (looks.tissue_hu - looks.high_hu)
        total = np.minimum(total, (looks.high_hu - looks.tissue_hu) * (border - hu) / looks.noise_hu**2)
    return np.maximum(np.broadcast_to(total, np.broadcast_shapes(np.shape(hu), np.shape(level))), -MOST_LOG_ODDS)


def draw_masks(scene: Scene, clues: Clues, readings: Reading, numbers: ShapeParameters, seed: int) -> np.ndarray:
    """uint8 (n, z, y, x): labels drawn from the field of each reading."""
    from ..kernels.gibbs import join_band, keep_anchored, sample_labels

    inside, band = undecided(scene, clues, numbers)
    step = scene.box.spacing_mm[0]
    contrast = 2.0 * clues.looks.noise_hu
    nodes, colours, neighbours, prices, fixed, touching = join_band(
        band, inside, scene.hu, scene.box.spacing_mm, numbers.surface_per_mm2, numbers.edge_per_mm2, contrast
    )
    masks = np.repeat(inside.ravel()[None], len(readings.level), axis=0)
    if nodes.size:
        where = np.unravel_index(nodes, scene.box.shape)
        field = log_odds(clues, where, readings, numbers) * np.float32(step**3) + fixed[:, None]
        heat = np.concatenate([np.linspace(2.0, 1.0, 4), np.ones(int(numbers.sweeps))])
        labels = sample_labels(field, neighbours, prices, colours, field > 0, heat, seed)
        masks[:, nodes] = keep_anchored(labels, neighbours, touching).T
    return masks.reshape(-1, *scene.box.shape)


def undecided(scene: Scene, clues: Clues, numbers: ShapeParameters) -> tuple[np.ndarray, np.ndarray]:
    """uint8 twice: voxels that even the strictest reading takes, deep inside; and the band that is left to the field."""
    from ..kernels.components import touching_components
    from ..kernels.morphology import grow_mm, shrink_mm

    odds = log_odds(clues, ..., extreme_readings(numbers, clues.looks, scene), numbers)
    core = scene.core != 0
    strict, generous = (touching_components((odds[..., k] > 0) | core, scene.core) for k in range(2))
    edge = 1.5 * scene.box.spacing_mm[0]
    inside = shrink_mm(strict, scene.box.spacing_mm, edge) | scene.core
    band = grow_mm(generous | strict, scene.box.spacing_mm, edge) & (1 - inside)
    return inside, band


def measured(masks: np.ndarray, scene: Scene, looks: Appearance, readings: Reading) -> ShapeSamples:
    """The samples, cut to where any of them is, with their diameters."""
    held = np.argwhere(masks.any(axis=0))
    low, high = np.maximum(held.min(axis=0) - 1, 0), np.minimum(held.max(axis=0) + 2, scene.box.shape)
    cut = tuple(slice(a, b) for a, b in zip(low, high))
    masks = np.ascontiguousarray(masks[(slice(None), *cut)])
    sizes = measure_masks(masks, scene.box.spacing_mm)
    volume = masks.reshape(len(masks), -1).sum(axis=1, dtype=np.int64) * scene.box.voxel_ml
    solid_mm = solid_diameters(masks, scene.hu[cut], scene.box.spacing_mm, sizes[:, 0], looks, readings)
    return ShapeSamples(scene.box.box(low, high), masks, sizes[:, 0], sizes[:, 2], solid_mm, volume)


def solid_diameters(masks, hu, spacing_mm, longest_mm, looks: Appearance, readings: Reading) -> np.ndarray:
    """float64 (n) mm: the longest diameter of the solid part: denser than half-way from ground glass to the dense part.

    A lesion without ground glass is solid to its border; one that is ground glass all through may hold a solid part.
    """
    from ..kernels.morphology import open_mm

    if not looks.in_lung:
        return longest_mm
    glass = looks.tissue_hu < SOLID_HU
    border = np.where(readings.halo, looks.halo_hu + readings.level * (looks.tissue_hu - looks.halo_hu), -np.inf)
    border = np.full(len(masks), SOLID_HU) if glass else border
    solid_mm = np.array(longest_mm)
    mixed = np.isfinite(border)
    if mixed.any():
        solid = masks[mixed] * (hu >= border[mixed, None, None, None])
        if glass:  # vessels that run through it are no solid part
            solid *= open_mm(hu >= SOLID_HU, spacing_mm, VESSEL_MM)
        solid_mm[mixed] = np.minimum(measure_masks(solid, spacing_mm)[:, 0], solid_mm[mixed])
    return solid_mm
