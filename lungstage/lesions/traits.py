"""Study, Candidate and ShapeSamples in, Traits out: what of a lesion tells benign from malignant, before its place is known.

Everything is measured on the shape samples, PET on its own grid. What needs the map of the patient (lobe, distances,
neighbours) is added by whoever has it, with `dataclasses.replace`. Numbers: priors/parameters/traits.toml.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..geometry import Grid
from ..records import Normal, ShapeSamples, Spread, Study
from ..tables import Priors, read_parameters, shipped_priors
from .candidate import Candidate
from .diameters import measure_axial
from .rising import rising
from .scene import IN_LUNG, on_box

LEAST_OWN = 0.25  # share of the PET voxels of a lesion that must be its own for their uptake to mean anything
DEEP_SHARE = 0.6  # of its greatest depth: as deep as that any shape is somewhere
FEW = 8  # voxels below which a share of them means nothing


@dataclass(frozen=True)
class Traits:
    """What a lesion looks like.

    longest_mm, short_axis_mm, solid_mm, volume_ml   over the shape samples
    density           probabilities of DENSITIES
    hu_mean, hu_sd    over the median shape
    hu_inner          median of what lies away from its border, where blur does not reach
    p_spiculated, p_lobulated   strands in many directions; bays in the border
    roundness         short axis over longest in the slice, 0 to 1
    p_calcified       calcium in a benign pattern: all through, or the centre
    p_fat             fat inside, away from the border
    suv_max, suv_peak, suv_mean   in suv_unit; None where there is no PET
    uptake_over_blood, uptake_over_liver   suv_max over the patient's own references, None where unknown
    uptake_over_place   suv_max over what its place is expected to take up, blood at least; None where unknown
    p_upper_lobe, p_perifissural, p_emphysema, count, p_symmetric, station, region   context; None (0 for p_perifissural
                      and p_symmetric) where not asked; region: P of each that it may lie in
    distances_mm      named distances
    p_physiological   share of the uptake that the place explains
    p_enclosed        P(fat lies around it: a body of its own and no part of an organ); 0 where not asked
    """

    longest_mm: Spread
    short_axis_mm: Spread
    solid_mm: Spread
    volume_ml: Spread
    density: dict[str, float]
    hu_mean: float
    hu_sd: float
    hu_inner: float
    p_spiculated: float
    p_lobulated: float
    roundness: float
    p_calcified: float
    p_fat: float
    suv_max: float | None = None
    suv_peak: float | None = None
    suv_mean: float | None = None
    suv_unit: str | None = None
    uptake_over_blood: float | None = None
    uptake_over_liver: float | None = None
    uptake_over_place: float | None = None
    p_upper_lobe: float | None = None
    p_perifissural: float = 0.0
    p_emphysema: float | None = None
    count: int | None = None
    p_symmetric: float = 0.0
    station: str | None = None
    region: dict[str, float] | None = None
    distances_mm: dict[str, float] = field(default_factory=dict)
    p_physiological: float = 0.0
    p_enclosed: float = 0.0


@dataclass(frozen=True)
class TraitParameters:
    """Where each trait is as likely there as not, and how sharply; meanings stand in priors/parameters/traits.toml."""

    strand_shell_mm: tuple[float, ...]
    strand_level: float
    strand_radius_mm: float
    spiculated_share: float
    spiculated_blur: float
    lobulated_share: float
    lobulated_blur: float
    glass_solid_share: float
    solid_share: float
    cavity_hu: float
    cavity_share: float
    calcium_hu: float
    calcium_share: float
    fat_hu: tuple[float, ...]
    fat_blur_hu: float
    fat_share: float
    fat_share_blur: float
    fat_certain: float
    fat_depth_mm: float
    fat_slices: float
    deep_mm: float
    pet_shift_mm: float
    spill_mm: float
    unexplained_rate: float
    isolated_rate: float
    peak_radius_mm: float


def load_trait_parameters(priors: Priors | None = None) -> TraitParameters:
    """The numbers of a folder of priors, or those that ship with the package."""
    return read_parameters(priors or shipped_priors(), "parameters/traits.toml", TraitParameters)


def measure_traits(
    study: Study, normal: Normal | None, candidate: Candidate, samples: ShapeSamples, parameters: TraitParameters | None = None
) -> Traits:
    """The traits of one lesion from its shape samples."""
    numbers = parameters or load_trait_parameters()
    hu = on_box(study.ct.values, study.ct.grid, samples.box)
    shape = median_shape(samples)
    depth = depth_mm(shape, samples.box.spacing_mm)
    axial = measure_axial(samples.masks, samples.box.spacing_mm)[:, 0]
    in_lung = candidate.kind in IN_LUNG
    density = density_of(samples, hu, depth, numbers) if in_lung else certainly("solid")
    suv = measure_uptake(study, normal, candidate, samples, numbers)
    inner = hu[depth >= min(1.0, float(depth.max()))]
    deep = hu[depth >= min(numbers.deep_mm, DEEP_SHARE * float(depth.max()))]
    return Traits(
        Spread.of(samples.longest_mm), Spread.of(samples.short_axis_mm), Spread.of(samples.solid_mm),
        Spread.of(samples.volume_ml), density, float(hu[shape != 0].mean()), float(hu[shape != 0].std()), float(np.median(deep)),
        p_spiculated=p_spiculated(study, candidate, samples, numbers) if in_lung else 0.0,
        p_lobulated=p_lobulated(shape, numbers),
        roundness=float(np.clip(np.median(samples.short_axis_mm / np.maximum(axial, 1e-3)), 0, 1)),
        p_calcified=rising(share_of(inner > numbers.calcium_hu), numbers.calcium_share, 0.06),
        p_fat=p_fat(hu, samples, density, study.ct.grid.spacing_mm[0], numbers), **suv,
    )  # fmt: skip


def median_shape(samples: ShapeSamples) -> np.ndarray:
    """uint8: voxels that at least half of the samples hold; where there are none, those that most samples hold."""
    probability = samples.probability()
    return (probability >= min(0.5, float(probability.max()))).view(np.uint8)


def depth_mm(shape: np.ndarray, spacing_mm) -> np.ndarray:
    """float32: distance of voxels inside the shape from its outside, 0 outside; up to 30 mm."""
    from ..kernels.distance import squared_distance_mm2

    return np.sqrt(squared_distance_mm2(shape == 0, spacing_mm, 30.0))


def certainly(name: str) -> dict[str, float]:
    """Densities with one of them certain."""
    return {density: float(density == name) for density in ("solid", "part_solid", "ground_glass", "cavitating")}


def share_of(found: np.ndarray) -> float:
    """Share of voxels found, 0 where they are too few to say."""
    return float(found.mean()) if found.size >= FEW else 0.0


def density_of(samples: ShapeSamples, hu: np.ndarray, depth: np.ndarray, numbers: TraitParameters) -> dict[str, float]:
    """Probabilities of solid, part-solid, ground glass and cavitating, by how much of each sample's length is solid."""
    ratio = samples.solid_mm / np.maximum(samples.longest_mm, 1e-3)
    glass = float(np.mean(1 / (1 + np.exp((ratio - numbers.glass_solid_share) / 0.04))))
    solid = float(np.mean(1 / (1 + np.exp(-(ratio - numbers.solid_share) / 0.04))))
    air = share_of(hu[depth >= min(2.0, float(depth.max()))] < numbers.cavity_hu)
    hollow = rising(air, numbers.cavity_share, numbers.cavity_share / 4) * (1 - glass) if air > 0 else 0.0
    part = max(0.0, 1 - glass - solid)
    total = glass + solid + part
    whole = (1 - hollow) / total
    return {"solid": solid * whole, "part_solid": part * whole, "ground_glass": glass * whole, "cavitating": hollow}


def p_spiculated(study: Study, candidate: Candidate, samples: ShapeSamples, numbers: TraitParameters) -> float:
    """Strands that leave the lesion in many directions: thin tissue in a shell around it, more than farther out."""
    from ..kernels.distance import squared_distance_mm2
    from ..kernels.morphology import grow_mm, open_mm

    near, far = numbers.strand_shell_mm
    spacing_mm = samples.box.spacing_mm
    room = int(np.ceil(2 * far / spacing_mm[0]))
    box = samples.box.box([-room] * 3, np.array(samples.box.shape) + room)
    hu = on_box(study.ct.values, study.ct.grid, box)
    allowed = on_box(candidate.allowed.astype(np.float32), candidate.box, box, fill=0.0) >= 0.5
    shape = np.pad(median_shape(samples), room)
    away = np.sqrt(squared_distance_mm2(shape, spacing_mm, 2.2 * far))
    lung = hu[(away > far) & allowed & (hu < -500)]
    if lung.size < FEW:
        return 0.0
    level = np.median(lung) + numbers.strand_level * (float(np.median(hu[shape != 0])) - np.median(lung))
    tissue = (hu > level) & (shape == 0)
    # Chest wall, mediastinum and other lesions are thick; with the blur of their border they do not count at all.
    thick = grow_mm(open_mm(tissue, spacing_mm, numbers.strand_radius_mm), spacing_mm, numbers.strand_radius_mm) != 0
    shell, ring = (tissue[(away > low) & (away <= high) & allowed & ~thick] for low, high in ((near, far), (far, 2 * far)))
    return rising(share_of(shell) - share_of(ring), numbers.spiculated_share, numbers.spiculated_blur)


def p_lobulated(shape: np.ndarray, numbers: TraitParameters) -> float:
    """Bays: how much of the convex hull the shape leaves out."""
    from scipy.spatial import ConvexHull, QhullError

    points = np.argwhere(shape & ~surrounded(shape))
    if len(points) < 20:
        return 0.0
    try:
        # Half a voxel all around: the hull runs through the centres of the outermost voxels.
        hull = ConvexHull(points)
    except QhullError:  # all in one plane
        return 0.0
    bays = 1 - shape.sum() / (hull.volume + 0.5 * hull.area)
    return rising(float(bays), numbers.lobulated_share, numbers.lobulated_blur)


def surrounded(shape: np.ndarray) -> np.ndarray:
    """uint8: voxels of the shape whose six neighbours are in it."""
    from scipy.ndimage import binary_erosion

    return binary_erosion(shape).view(np.uint8)


def p_fat(hu: np.ndarray, samples: ShapeSamples, density: dict[str, float], slice_mm: float, numbers: TraitParameters) -> float:
    """Fat away from the border, where no blur can look like it; never of ground glass, which is blur all through.

    Deep is what lies deep in nearly every shape: where readers disagree about the border, its blur is inside one of them.
    """
    sure = (samples.probability() >= numbers.fat_certain).view(np.uint8)
    inner = hu[depth_mm(sure, samples.box.spacing_mm) >= max(numbers.fat_depth_mm, numbers.fat_slices * slice_mm)]
    if inner.size < FEW:
        return 0.0
    (low, high), blur = numbers.fat_hu, numbers.fat_blur_hu

    def fatty(values):  # from 0 to 1 at either end of fat, as far as noise may carry it
        return np.clip((values - low) / blur + 0.5, 0, 1) * np.clip((high - values) / blur + 0.5, 0, 1)

    # Noise falls as far above the median as below it: what the mirrored values show is no fat, unless it is fat all through.
    middle = float(np.median(inner))
    noise = float(fatty(2 * middle - inner).mean()) * rising(middle, high, blur / 4)
    share = float(fatty(inner).mean()) - noise
    none, found = (rising(value, numbers.fat_share, numbers.fat_share_blur) for value in (0.0, share))
    return max(0.0, found - none) / (1.0 - none) * density["solid"]


def measure_uptake(
    study: Study, normal: Normal | None, candidate: Candidate, samples: ShapeSamples, numbers: TraitParameters
) -> dict:
    """The fields of Traits that PET gives; {} where it does not cover the lesion, or shows only the blur of a hotter one."""
    if study.pet is None:
        return {}
    pet = study.pet
    centres = samples.box.to_mm(np.argwhere(median_shape(samples)))
    if not np.all(pet.grid.holds(centres[[0, -1]])) or not pet.grid.holds(centres.mean(axis=0)):
        return {}
    near, weight, values, grid = pet_voxels(pet, samples, numbers.pet_shift_mm)
    foreign = spilled(candidate, grid, numbers.spill_mm)
    if (near & ~foreign).sum() < LEAST_OWN * near.sum():
        return {}
    near, weight = near & ~foreign, np.where(foreign, 0.0, weight)
    suv_max = float(values[near].max())
    hottest = np.argmax(np.where(near, values, -np.inf))
    index = np.unravel_index(hottest, values.shape)
    steps = [(np.arange(n) - i) * s for n, i, s in zip(values.shape, index, pet.grid.spacing_mm)]
    ball = steps[0][:, None, None] ** 2 + steps[1][:, None] ** 2 + steps[2] ** 2 <= numbers.peak_radius_mm**2
    mean = float((values * weight).sum() / weight.sum()) if weight.sum() > 0.5 else suv_max
    ratios = {}
    if normal is not None and normal.blood_suv is not None:
        ratios["uptake_over_blood"] = suv_max / max(normal.blood_suv.mean, 1e-3)
    if normal is not None and normal.liver_suv is not None:
        ratios["uptake_over_liver"] = suv_max / max(normal.liver_suv.mean, 1e-3)
    if normal is not None and normal.z_pet is not None:
        hottest_mm = grid.to_mm(np.array(index))
        place = np.rint(pet.grid.to_index(hottest_mm)).astype(int)
        rate = numbers.isolated_rate if candidate.isolated else numbers.unexplained_rate
        ratios["p_physiological"] = p_physiological(float(normal.z_pet[tuple(place)]), rate)
        if normal.blood_suv is not None:
            usual = max(float(normal.expected_suv[tuple(place)]), normal.blood_suv.mean, 1e-3)
            ratios["uptake_over_place"] = suv_max / usual
    return {"suv_max": suv_max, "suv_peak": float(values[ball].mean()), "suv_mean": mean, "suv_unit": pet.unit, **ratios}


def p_physiological(z: float, rate: float) -> float:
    """P(a place this hot is healthy), by how seldom physiology is and how often (`rate`) disease is."""
    from scipy.special import ndtr

    healthy = float(ndtr(-z))
    return healthy / (healthy + rate)


def pet_voxels(pet, samples: ShapeSamples, shift_mm: float):
    """PET voxels around the lesion: which may belong to it (bool), the share of each that does, their SUV; and their Grid.

    shift_mm   how far PET and CT may be apart
    """
    from ..kernels.distance import squared_distance_mm2

    ends = pet.grid.to_index(samples.box.corners_mm())
    low = np.clip(np.floor(ends.min(0)) - 2, 0, np.array(pet.grid.shape) - 1).astype(int)
    high = np.clip(np.ceil(ends.max(0)) + 3, low + 1, pet.grid.shape).astype(int)
    grid = pet.grid.box(low, high)
    values = pet.values[tuple(slice(a, b) for a, b in zip(low, high))]
    weight = on_box(samples.probability(), samples.box, grid, fill=0.0)
    room = int(np.ceil(shift_mm / samples.box.spacing_mm[0])) + 1
    shape = np.pad(median_shape(samples), room)
    away = np.sqrt(squared_distance_mm2(shape, samples.box.spacing_mm, shift_mm + samples.box.spacing_mm[0]))
    padded = samples.box.box([-room] * 3, np.array(samples.box.shape) + room)
    index = np.rint(padded.to_index(grid.to_mm(np.moveaxis(np.indices(values.shape), 0, -1)))).astype(int)
    inside = np.all((index >= 0) & (index < away.shape), axis=-1)
    index = np.clip(index, 0, np.array(away.shape) - 1)
    near = inside & (away[tuple(np.moveaxis(index, -1, 0))] <= shift_mm)
    if not near.any():  # smaller than a PET voxel
        centre = np.clip(
            np.rint(grid.to_index(samples.box.to_mm(np.argwhere(shape).mean(0) - room))), 0, np.array(near.shape) - 1
        )
        near[tuple(centre.astype(int))] = True
    return near, weight, values, grid


def spilled(candidate: Candidate, grid: Grid, reach_mm: float) -> np.ndarray:
    """bool (z, y, x): PET voxels that belong to another focus, or that the blur of one reaches."""
    from ..kernels.distance import squared_distance_mm2

    if candidate.spill is None:
        return np.zeros(grid.shape, bool)
    hot = on_box(candidate.spill.astype(np.float32), candidate.box, grid, fill=0.0) >= 0.5
    return squared_distance_mm2(hot, grid.spacing_mm, 2.0 * reach_mm) <= reach_mm**2
