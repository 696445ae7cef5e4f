"""What the PET of the healthy patient shows, on the PET's own grid, as logarithms of SUV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..kernels.gaussian import smooth_gaussian
from ..kernels.resample import resample_tents
from ..records import Anatomy, Spread, Volume
from .compartments import Shares
from .ct import CODE_ROWS, blend
from .lattice import Lattice, ask_lattice, mixture
from .parameters import NormalityParameters
from .references import References, log_normal, measure_references

FLOOR_SUV = 0.15  # below this PET says nothing; added before the logarithm
BODY_SUV = 0.25  # smoothed uptake of a body where the CT does not reach
AIR_LOG_SIGMA = 0.8
ATRIA_AS = "pulmonary_artery"  # whose row of regions.csv they take
ATRIUM_TO_APEX = ("left_atrium", "heart_apex")
LEAST_TAIL = 1e-300  # z of 37
ALONG_VOXELS = 0.1  # grids whose axes part by less than this from end to end have the same


@dataclass(frozen=True, eq=False)
class ExpectedPet:
    """Expected SUV with spread and z, float32 on the PET's grid, and the patient's references."""

    expected: np.ndarray
    spread: np.ndarray
    z: np.ndarray
    blood_suv: Spread
    liver_suv: Spread


def expect_pet(pet: Volume, blocks: Shares, anatomy: Anatomy, numbers: NormalityParameters) -> ExpectedPet:
    """Mix what lung, airway, bone and soft tissue take up, blurred as PET and breathing blur them."""
    suv, grid = np.maximum(pet.values, 0), pet.grid
    shares = bring_to(blocks, grid)
    lattice = ask_lattice(grid, anatomy, numbers.lattice_mm)
    references = measure_references(suv, shares, lattice, anatomy, numbers)
    sides = np.asarray(grid.spacing_mm)
    blur = np.hypot(numbers.pet_blur_mm, (numbers.breathing_mm, 0.0, 0.0)) / sides
    parts = (
        (shares.lung, expect_lung(shares, references, numbers), numbers.lung_sigma**2),
        (shares.airway, np.float32(references.lung), AIR_LOG_SIGMA**2),
        (shares.bone, *expect_bone(shares, references, numbers)),
        (shares.soft, *expect_soft(lattice, anatomy, references, numbers)),
    )
    expected, variance, possible = blend(parts, blur)
    glare = spilled(expected, variance, blur) ** 2
    variance = variance + glare
    body = shares.body | lies_in_body(suv, sides)
    noise = np.repeat(noise_by_slice(suv, body), body.sum((1, 2)))
    z = np.zeros(suv.shape, np.float32)
    z[body] = np.maximum(
        deviations(suv[body], expected[body], variance[body], noise),
        deviations_of_mixture(suv, parts, possible, glare, body, noise),
    )
    median = np.exp(expected)
    return ExpectedPet(
        median.astype(np.float32), (median * np.sqrt(variance)).astype(np.float32), z,
        log_normal(references.blood, references.blood_sigma), log_normal(references.liver, references.liver_sigma),
    )  # fmt: skip


def bring_to(blocks: Shares, grid: Grid) -> Shares:
    """The shares at the voxels of another grid; outside of the blocks all is soft tissue, and not known to be body."""
    from scipy import ndimage

    parts = (blocks.lung, blocks.airway, blocks.bone, blocks.body)
    lung, airway, bone, body = (carried(part, blocks.grid, grid) for part in parts)
    code = carried(ndimage.grey_dilation(blocks.bone_code, size=3), blocks.grid, grid, nearest=True)
    return Shares(grid, lung, airway, bone, np.clip(1 - lung - airway - bone, 0, 1), body >= 0.5, code.astype(np.uint8))


def carried(volume: np.ndarray, own: Grid, grid: Grid, nearest: bool = False) -> np.ndarray:
    """float32: a volume of its own grid at the voxels of another one, linear between voxels or nearest, 0 beyond the ends."""
    from scipy import ndimage

    corner, ends = own.to_index(grid.to_mm([0, 0, 0])), np.eye(3)
    matrix = np.stack([own.to_index(grid.to_mm(end)) - corner for end in ends], axis=1)
    steps = np.diag(matrix)
    if abs(matrix - np.diag(steps)).max() * max(grid.shape) > ALONG_VOXELS:
        order = 0 if nearest else 1
        return ndimage.affine_transform(np.asarray(volume, np.float32), matrix, corner, grid.shape, order=order, cval=0.0)
    # the same axes: line by line, a tenth of the time
    lines = [first + step * np.arange(count) for first, step, count in zip(corner, steps, grid.shape)]
    held = [(line >= 0) & (line <= count - 1) for line, count in zip(lines, volume.shape)]
    if nearest:
        index = [np.clip(np.rint(line), 0, count - 1).astype(int) for line, count in zip(lines, volume.shape)]
        found = volume[np.ix_(*index)].astype(np.float32)
    else:
        found = resample_tents(volume, lines, (1, 1, 1))
    for axis, inside in enumerate(held):
        np.moveaxis(found, axis, 0)[~inside] = 0
    return found


def expect_lung(shares: Shares, references: References, numbers: NormalityParameters) -> np.ndarray:
    """Log SUV of healthy lung, float32 (1, y, 1): a line from the front to the back of the lungs."""
    rows = np.flatnonzero((shares.lung > 0.5).any((0, 2)))
    front, back = (rows[0], rows[-1]) if rows.size else (0, shares.lung.shape[1] - 1)
    place = np.clip((np.arange(shares.lung.shape[1]) - front) / max(back - front, 1), 0, 1)
    ratio = numbers.lung_front_of_blood + place * (numbers.lung_back_of_blood - numbers.lung_front_of_blood)
    middle = (numbers.lung_front_of_blood + numbers.lung_back_of_blood) / 2
    return (references.lung + np.log(ratio / middle)).astype(np.float32)[None, :, None]


def expect_bone(shares: Shares, references: References, numbers: NormalityParameters) -> tuple[np.ndarray, np.ndarray]:
    """Log SUV of bone by its kind, and its variance."""
    mean, variance = np.zeros(256, np.float32), np.zeros(256, np.float32)
    for code in np.unique(shares.bone_code):
        row = numbers.row(CODE_ROWS.get(int(code), "bone"))
        level, level_sigma = references.unit(row.suv_of)
        mean[code] = level + np.log(row.suv_ratio)
        variance[code] = row.suv_sigma**2 + level_sigma**2
    return mean[shares.bone_code], variance[shares.bone_code]


def expect_soft(
    lattice: Lattice, anatomy: Anatomy, references: References, numbers: NormalityParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Log SUV of the soft regions mixed by the anatomy, and its variance.

    The muscle that may glow is that of the ventricles: atria, which lie between the nodes below the carina, are mostly blood,
    as the vessels are that end in them.
    """
    probabilities, names = lattice.soft()
    if "heart" in names:
        heart = names.index("heart")
        atria = probabilities[:, heart] * (1.0 - ventricle_share(lattice.points_mm(), anatomy, numbers))
        probabilities[:, heart] -= atria
        probabilities, names = np.column_stack([probabilities, atria]), (*names, ATRIA_AS)
    rows = [numbers.row(name) for name in names]
    units = [references.unit(row.suv_of) for row in rows]
    means = [level + np.log(row.suv_ratio) for row, (level, _) in zip(rows, units)]
    spreads = [np.hypot(row.suv_sigma, sigma) for row, (_, sigma) in zip(rows, units)]
    mean, variance = mixture(probabilities, means, spreads)
    return lattice.spread_out(mean), lattice.spread_out(variance)


def ventricle_share(points: np.ndarray, anatomy: Anatomy, numbers: NormalityParameters) -> np.ndarray:
    """(n): probability that heart at a point (n, 3) is that of the ventricles, by how far it lies from atrium to apex."""
    from scipy.special import ndtr

    if not set(ATRIUM_TO_APEX) <= set(anatomy.landmarks):
        return np.ones(len(points))
    atrium, apex = (anatomy.landmarks[name].point_mm for name in ATRIUM_TO_APEX)
    axis = np.subtract(apex, atrium)
    along = (points - atrium) @ axis / max(float(axis @ axis), 1.0)
    return ndtr((along - numbers.valves_at[0]) / numbers.valves_at[1])


def spilled(expected: np.ndarray, variance: np.ndarray, blur) -> np.ndarray:
    """How much hot neighbours may add to the logarithm: heart, kidney and bladder shine into what lies beside them."""
    likely = np.exp(expected + variance / 2).astype(np.float32)
    around = smooth_gaussian(likely, (1, 1, 1), 1.5 * np.asarray(blur))
    return 0.5 * np.log(np.maximum(around / likely, 1.0))


def deviations(suv: np.ndarray, expected: np.ndarray, variance: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """z of uptake where one distribution of its logarithm is expected; noise: spread of the logarithm by noise alone."""
    median = np.exp(expected)
    steps = np.log(suv + FLOOR_SUV) - np.log(median + FLOOR_SUV)
    return steps / np.sqrt(variance * (median / (median + FLOOR_SUV)) ** 2 + noise**2)


def deviations_of_mixture(suv, parts, possible, glare, body: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """z of the voxels of the body by what each part would show, not by their blend.

    Where lung may be mediastinum the blend is wide, and a node three times as hot as the hotter of them looks usual; but
    neither shows that. The probability of so much or more, over the parts, as the z that has it.
    """
    from scipy.special import ndtr, ndtri

    more = np.zeros(len(noise))
    for share, (_, expected, variance) in zip(possible, parts):
        mean, own = (np.broadcast_to(np.float32(values), body.shape)[body] for values in (expected, variance))
        more += share[body] * ndtr(-deviations(suv[body], mean, own + glare[body], noise))
    return -ndtri(np.clip(more, LEAST_TAIL, 1.0))


def noise_by_slice(suv: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Spread of the logarithm by noise alone, (z): neighbouring voxels against each other; the ends of a PET are noisy."""
    from scipy import ndimage

    noise = np.array([noise_of_slice(np.log(plane + FLOOR_SUV), here) for plane, here in zip(suv, body)])
    known = np.flatnonzero(np.isfinite(noise))
    if not known.size:
        return np.zeros(len(noise))
    return ndimage.median_filter(np.interp(np.arange(len(noise)), known, noise[known]), size=3, mode="nearest")


def noise_of_slice(logs: np.ndarray, body: np.ndarray) -> float:
    """Spread by noise of one slice (y, x), nan where there is too little body."""
    inside = body[:, :-2] & body[:, 2:]
    if inside.sum() <= 20:
        return np.nan
    # a second difference leaves gradients out; its variance is six times that of one voxel
    change = logs[:, :-2] - 2 * logs[:, 1:-1] + logs[:, 2:]
    return float(1.4826 * np.median(abs(change[inside])) / np.sqrt(6))


def lies_in_body(suv: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Where the PET alone shows a body, bool: for slices that the CT does not reach."""
    return smooth_gaussian(suv, sides, 8.0) > BODY_SUV
