"""A patient as solids in, what a scanner makes of it out: CT in HU and PET in SUV, with blur, noise, breathing and couch.

The CT is painted at its own voxels, blurred in the slice and given noise that the same blur correlates. The PET is painted finer,
averaged over breathing, blurred, given noise that grows with the signal, and kept as the stored integers of a PET.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from .anatomy import BACK_MM, Anatomy
from .fields import FIELD
from .paint import LATTICE, paint
from .parameters import PhantomParameters
from .physiology import Physiology
from .solids import Solids, inside, join, path

HU_RANGE = (-1024, 3071)
FWHM_PER_SIGMA = 2.3548
SHOULDER_NOISE = 1.7
"""Noise at the shoulders over noise at the heart (anatomy.md 9.1)."""
LUNG_NOISE = 0.8
HALF_LIFE_S = 6586.2
"""Of F-18."""
STORED_MAX = 32767
BREATHING_PHASES = (0.0, 0.06, 0.2, 0.45, 0.8)
"""Positions between breath out (0) and in (1) that a scan sees equally long: most time is near breath out."""


@dataclass(frozen=True)
class Injection:
    """The radiopharmaceutical: activity at injection, minutes until the scan."""

    activity_bq: float
    minutes: float

    def suv_per_bqml(self, weight_kg: float) -> float:
        """SUVbw of one Bq/mL that is corrected to the start of the scan."""
        left = self.activity_bq * 2 ** (-self.minutes * 60 / HALF_LIFE_S)
        return weight_kg * 1000 / left


@dataclass(frozen=True, eq=False)
class Scan:
    """What the scanner stored.

    ct           int16 (z, y, x) in HU on ct_grid
    pet_stored   int16 (z, y, x) on pet_grid;   pet_slopes (z) Bq/mL for one stored unit of each slice
    """

    ct: np.ndarray
    ct_grid: Grid
    pet_stored: np.ndarray
    pet_slopes: np.ndarray
    pet_grid: Grid
    injection: Injection

    def pet_suv(self, weight_kg: float) -> np.ndarray:
        """float32 (z, y, x): SUVbw as a reader of the files gets it."""
        factor = self.injection.suv_per_bqml(weight_kg)
        return (self.pet_stored * (self.pet_slopes[:, None, None] * factor)).astype(np.float32)


def scan_patient(anatomy: Anatomy, physiology: Physiology, solids: Solids, numbers: PhantomParameters,
                 rngs: dict[str, np.random.Generator]) -> Scan:  # fmt: skip
    """CT and PET; rngs: streams "texture", "ct", "pet"."""
    lattice = draw_lattice(rngs["texture"])
    ct_grid, pet_grid = scan_grids(anatomy, numbers)
    ct = scan_ct(anatomy, physiology, join(couch(anatomy), solids), ct_grid, numbers, lattice, rngs["ct"])
    injection = draw_injection(anatomy, numbers, rngs["pet"])
    suv = scan_pet(anatomy, physiology, solids, pet_grid, numbers, lattice, rngs["pet"])
    bqml = suv / injection.suv_per_bqml(anatomy.person.weight_kg)
    slopes = np.maximum(bqml.max(axis=(1, 2)), 1.0) / STORED_MAX
    slopes = np.array([float(f"{slope:.8g}") for slope in slopes])  # as many digits as a decimal string of DICOM holds
    stored = np.clip(np.rint(bqml / slopes[:, None, None]), 0, STORED_MAX).astype(np.int16)
    return Scan(ct, ct_grid, stored, slopes, pet_grid, injection)


def draw_lattice(rng: np.random.Generator) -> np.ndarray:
    """The periodic random block that textures come from."""
    from scipy.ndimage import gaussian_filter

    lattice = gaussian_filter(rng.normal(size=(LATTICE,) * 3), 0.7, mode="wrap")
    return (lattice / lattice.std()).astype(np.float32)


def scan_grids(anatomy: Anatomy, numbers: PhantomParameters) -> tuple[Grid, Grid]:
    """Grids of CT and PET, centred on the trunk."""
    person = anatomy.person
    low, high = anatomy.range_mm
    middle = person.to_lps([[0, 10, (low + high) / 2]])[0]
    middle = np.round(middle, 1)
    size = int(numbers.ct_matrix)
    slices = max(int(round((high - low) / numbers.ct_slice_mm)), 2)
    ct = centred_grid(middle, (slices, size, size), (numbers.ct_slice_mm, numbers.ct_pixel_mm, numbers.ct_pixel_mm))
    x, y, z = numbers.pet_voxel_mm
    across = 2 * int(np.ceil(numbers.ct_pixel_mm * size / x / 2))
    pet = centred_grid(middle, (max(int(round((high - low) / z)), 2), across, across), (z, y, x))
    return ct, pet


def centred_grid(middle, shape, spacing) -> Grid:
    """A grid along the scanner's axes around a point (x, y, z)."""
    origin = [m - s * (n - 1) / 2 for m, n, s in zip(middle, shape[::-1], spacing[::-1], strict=True)]
    return Grid(shape, spacing, tuple(round(float(o), 3) for o in origin))


def couch(anatomy: Anatomy) -> Solids:
    """The couch under the patient: a thin shell with a light core."""
    fields = anatomy.fields
    behind = np.stack([np.zeros(200), np.linspace(40, BACK_MM - 4, 200), np.full(200, 0.0)], axis=1)
    back = max(
        float(behind[fields.at("skin", behind + [0, 0, z]) < 0][:, 1].max(initial=60.0))
        for z in np.linspace(*anatomy.range_mm, 8)
    )
    # the couch lies along the scanner's axes, not the patient's
    pose, middle = anatomy.person.pose, anatomy.person.to_lps([[0, back + 15, sum(anatomy.range_mm) / 2]])[0]
    reach = (anatomy.range_mm[1] - anatomy.range_mm[0]) / 2 + 400
    ends = (middle + np.array([[0, 0, -reach], [0, 0, reach]])) @ pose[:3, :3].T + pose[:3, 3]
    upwards = pose[:3, :3] @ np.array([0.0, 1.0, 0.0])
    shell = path("table_shell", ends, 215.0, flat=14 / 215, normals=upwards)
    return join(shell, path("table_core", ends, 213.0, flat=12.4 / 213, normals=upwards))


def scan_ct(anatomy: Anatomy, physiology: Physiology, solids: Solids, grid: Grid, numbers: PhantomParameters, lattice: np.ndarray,
            rng: np.random.Generator) -> np.ndarray:  # fmt: skip
    """int16 (z, y, x) HU."""
    from scipy.ndimage import gaussian_filter1d

    image = paint(solids, physiology.hu_shades(solids), anatomy.fields, grid, anatomy.person.pose, -1000.0, lattice)
    sigma = numbers.ct_psf_mm / FWHM_PER_SIGMA / grid.spacing_mm[1]
    # white noise through a Gaussian of sigma pixels keeps 1 / (2 sqrt(pi) sigma) of its standard deviation
    gain = max(2 * np.sqrt(np.pi) * sigma, 1.0)
    heights = anatomy.person.place([[0, 0, 60]])[0, 2], anatomy.person.place([[0, 0, 105]])[0, 2]
    z = (
        (grid.to_mm(np.stack([np.arange(grid.shape[0]), *np.zeros((2, grid.shape[0]))], axis=1))[:, 2])
        - anatomy.person.offset_mm[2]
    )
    shoulder = np.clip((z - heights[0]) / (heights[1] - heights[0]), 0, 1) * (z < heights[1] + 40)
    out = np.empty(grid.shape, np.int16)
    for k in range(grid.shape[0]):
        sd = numbers.ct_noise_hu * gain * (1 + (SHOULDER_NOISE - 1) * shoulder[k])
        noise = rng.standard_normal(grid.shape[1:], np.float32) * np.float32(sd)
        noise *= np.where(image[k] < -400, np.float32(LUNG_NOISE), np.float32(1))
        plane = image[k] + noise
        if sigma > 0.2:
            plane = gaussian_filter1d(gaussian_filter1d(plane, sigma, axis=0, truncate=3), sigma, axis=1, truncate=3)
        out[k] = np.clip(np.rint(plane), *HU_RANGE)
    return out


def draw_injection(anatomy: Anatomy, numbers: PhantomParameters, rng: np.random.Generator) -> Injection:
    """Activity by weight and the time since."""
    activity = numbers.activity_mbq_per_kg * anatomy.person.weight_kg * float(np.clip(rng.normal(1, 0.08), 0.8, 1.2))
    minutes = float(np.clip(rng.normal(*numbers.uptake_min), 45, 110))
    return Injection(round(activity, 1) * 1e6, round(minutes))


def scan_pet(anatomy: Anatomy, physiology: Physiology, solids: Solids, grid: Grid, numbers: PhantomParameters,
             lattice: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # fmt: skip
    """float32 (z, y, x) SUVbw."""
    from scipy.ndimage import gaussian_filter

    fine = halved(grid)
    pose, fields = anatomy.person.pose, anatomy.fields
    image = paint(solids, physiology.suv_shades(solids), fields, fine, pose, 0.0, lattice)
    moving = paint(inside("trunk", FIELD["cage"], -4.0), np.array([[1.0, 0, 0, 0]]), fields, fine, pose, 0.0, lattice)
    image = breathe(image, moving, fine, anatomy, numbers, rng)
    sigma = numbers.pet_psf_mm / FWHM_PER_SIGMA / np.array(fine.spacing_mm)
    image = gaussian_filter(image, sigma, truncate=3)
    image = image.reshape(grid.shape[0], grid.shape[1], 2, grid.shape[2], 2).mean(axis=(2, 4))
    liver = physiology.tissues["liver"].suv
    width = numbers.pet_psf_mm / FWHM_PER_SIGMA / np.array(grid.spacing_mm)
    noise = gaussian_filter(rng.standard_normal(grid.shape, np.float32), width * 0.9, truncate=3)
    noise /= noise.std()
    spread = numbers.pet_noise * liver * np.maximum(image / liver, 0.02) ** 0.8
    return np.maximum(image + spread * noise, 0).astype(np.float32)


def halved(grid: Grid) -> Grid:
    """The grid with pixels half as wide in the slice."""
    z, y, x = grid.spacing_mm
    return Grid((grid.shape[0], 2 * grid.shape[1], 2 * grid.shape[2]), (z, y / 2, x / 2), tuple(grid.to_mm((0, -0.25, -0.25))))


def breathe(image: np.ndarray, moving: np.ndarray, grid: Grid, anatomy: Anatomy, numbers: PhantomParameters,
            rng: np.random.Generator) -> np.ndarray:  # fmt: skip
    """The image averaged over breathing: what lies inside the cage moves along z, most at the diaphragm, nothing at the apex."""
    low, high = numbers.breathing_mm
    way, shift = float(rng.uniform(low, high)), float(np.clip(rng.normal(2, 5), -8, 14))
    z = grid.origin_mm[2] + grid.spacing_mm[0] * np.arange(grid.shape[0]) - anatomy.person.offset_mm[2]
    apex, dome = 92 * anatomy.person.scale[2], anatomy.landmarks["dome_right"][2]
    profile = np.clip((apex - z) / (apex - dome), 0, 1.15) ** 1.5
    mean = np.zeros_like(image)
    for phase in BREATHING_PHASES:
        # breath out lifts the content: what is seen at z comes from lower down
        source = np.arange(len(z)) + ((phase - 0.3) * way - shift * 0.5) * profile / grid.spacing_mm[0]
        source = np.clip(source, 0, len(z) - 1.001)
        first = source.astype(int)
        share = (source - first).astype(np.float32)[:, None, None]
        mean += image[first] * (1 - share) + image[np.minimum(first + 1, len(z) - 1)] * share
    mean /= len(BREATHING_PHASES)
    return image + moving * (mean - image)
