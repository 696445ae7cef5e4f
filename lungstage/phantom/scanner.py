"""A patient as solids in, what a scanner makes of it out: CT in HU and PET in SUV, with blur, noise, breathing and couch.

How the patient is scanned is drawn in `protocol.py`. The CT is painted at its own voxels and reconstructed by `noise.py`. The PET
is painted finer, averaged over breathing, blurred, given noise that grows with the signal, and kept as the integers of a PET.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from ..geometry import Grid
from ..kernels.threads import share_rows
from .anatomy import BACK_MM, Anatomy
from .fields import FIELD
from .motion import Motion, breath_profile, draw_motion, move
from .noise import FWHM_PER_SIGMA, HU_RANGE, reconstruct
from .paint import LATTICE, paint
from .parameters import PhantomParameters, scan_numbers
from .physiology import Physiology
from .protocol import Protocol, draw_protocol
from .solids import Solids, ellipsoid, inside, join, path, sheet

STORED_MAX = 32767


@dataclass(frozen=True)
class Injection:
    """The radiopharmaceutical: activity at injection, minutes until the scan."""

    activity_bq: float
    minutes: float

    def suv_per_bqml(self, weight_kg: float) -> float:
        """SUVbw of one Bq/mL that is corrected to the start of the scan."""
        left = self.activity_bq * 2 ** (-self.minutes * 60 / scan_numbers().half_life_s)
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


@dataclass(frozen=True, eq=False)
class Subject:
    """Who lies in the scanner: solids in painting order, what their tissues are worth, and the lattice of their textures."""

    anatomy: Anatomy
    physiology: Physiology
    solids: Solids
    lattice: np.ndarray

    def painted(self, solids: Solids, shades: np.ndarray, grid: Grid, base: float, pose: np.ndarray | None = None) -> np.ndarray:
        """float32 (z, y, x): some solids of the subject on a grid; pose: where he lies, if not where the CT found him."""
        pose = self.anatomy.person.pose if pose is None else pose
        return paint(solids, shades, self.anatomy.fields, grid, pose, base, self.lattice)


def scan_patient(anatomy: Anatomy, physiology: Physiology, solids: Solids, numbers: PhantomParameters,
                 rngs: dict[str, np.random.Generator], late_min: float | None = None) -> Scan:  # fmt: skip
    """CT and PET; rngs: streams "protocol", "texture", "ct", "pet", "rare", "motion", "moved"; late_min: see `uptake.py`."""
    protocol = draw_protocol(numbers, rngs["protocol"], rngs["rare"])
    patient = Subject(anatomy, physiology, solids, draw_lattice(rngs["texture"]))
    ct_grid, pet_grid = scan_grids(anatomy, protocol, numbers)
    covered = replace(patient, solids=join(blanket(protocol), couch(anatomy, protocol), solids))
    ct = scan_ct(covered, ct_grid, protocol, rngs["ct"], draw_motion(rngs["motion"]))
    injection = draw_injection(anatomy, numbers, rngs["pet"])
    injection = injection if late_min is None else replace(injection, minutes=late_min)
    suv = scan_pet(patient, pet_grid, protocol, numbers, rngs["pet"], draw_moved(rngs["moved"]))
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


def scan_grids(anatomy: Anatomy, protocol: Protocol, numbers: PhantomParameters) -> tuple[Grid, Grid]:
    """Grids of CT and PET, centred on the trunk."""
    person = anatomy.person
    low, high = anatomy.range_mm
    middle = person.to_lps([[0, 10, (low + high) / 2]])[0]
    middle = np.round(middle, 1)
    size = int(numbers.ct_matrix)
    pixel = protocol.ct_pixel_mm or round(field_mm(anatomy, protocol) / size, 4)
    slices = max(int(round((high - low) / protocol.ct_slice_mm)), 2)
    ct = centred_grid(middle, (slices, size, size), (protocol.ct_slice_mm, pixel, pixel))
    x, y, z = protocol.pet_voxel_mm
    across = 2 * int(np.ceil(scan_numbers().whole_field_mm / x / 2))
    pet = centred_grid(middle, (max(int(round((high - low) / z)), 2), across, across), (z, y, x))
    return ct, pet


def field_mm(anatomy: Anatomy, protocol: Protocol) -> float:
    """Width of the CT's field: the scanner's whole, or as wide as trunk or lungs ask for."""
    if protocol.field == "whole":
        return scan_numbers().whole_field_mm
    fields = anatomy.fields
    across = (fields.values[FIELD["lungs"]] < 0).any(axis=(0, 1))
    x = fields.origin_mm[0] + fields.step_mm * np.arange(len(across))
    lungs = float(np.abs(x[across]).max(initial=120.0))
    margin = (
        scan_numbers().trunk_beyond_lungs_mm + anatomy.person.fat_mm
        if protocol.field == "body"
        else scan_numbers().chest_beyond_lungs_mm
    )
    return float(np.clip(2 * (lungs + margin), 250.0, scan_numbers().whole_field_mm))


def centred_grid(middle, shape, spacing) -> Grid:
    """A grid along the scanner's axes around a point (x, y, z)."""
    origin = [m - s * (n - 1) / 2 for m, n, s in zip(middle, shape[::-1], spacing[::-1], strict=True)]
    return Grid(shape, spacing, tuple(round(float(o), 3) for o in origin))


def couch(anatomy: Anatomy, protocol: Protocol) -> Solids:
    """The couch under the patient, flat or hollow: thin shells with a light core."""
    fields, numbers = anatomy.fields, scan_numbers()
    behind = np.stack([np.zeros(200), np.linspace(40, BACK_MM - 4, 200), np.full(200, 0.0)], axis=1)
    back = max(
        float(behind[fields.at("skin", behind + [0, 0, z]) < 0][:, 1].max(initial=60.0))
        for z in np.linspace(*anatomy.range_mm, 8)
    )
    # the couch lies along the scanner's axes, not the patient's
    pose, top = anatomy.person.pose, anatomy.person.to_lps([[0, back + protocol.couch_gap_mm, sum(anatomy.range_mm) / 2]])[0]
    reach = (anatomy.range_mm[1] - anatomy.range_mm[0]) / 2 + 400

    def in_frame(points):
        return np.asarray(points) @ pose[:3, :3].T + pose[:3, 3]

    if protocol.flat_couch:
        centre, axes = in_frame(top + [0, numbers.couch_mm / 2, 0]), pose[:3, :3].T
        return join(*(
            ellipsoid(tissue, centre, (numbers.couch_half_mm - thin, numbers.couch_mm / 2 - thin, reach), axes, 12.0)
            for tissue, thin in (("table_shell", 0.0), ("table_core", numbers.couch_shell_mm))
        ))  # fmt: skip
    ends = in_frame(top + np.array([[0, -numbers.couch_round_mm, -reach], [0, -numbers.couch_round_mm, reach]]))
    layers = (
        ("table_shell", numbers.couch_mm),
        ("table_core", numbers.couch_mm - numbers.couch_shell_mm),
        ("table_shell", numbers.couch_shell_mm),
        ("air", 0.0),
    )
    return join(*(path(tissue, ends, numbers.couch_round_mm + beyond) for tissue, beyond in layers))


def blanket(protocol: Protocol) -> Solids:
    """Layers of cloth around the patient, thinner than a voxel."""
    return join(*(sheet("cloth", FIELD["skin"], scan_numbers().cloth_mm, off) for off in protocol.blanket_mm))


def scan_ct(subject: Subject, grid: Grid, protocol: Protocol, rng: np.random.Generator, motion: Motion) -> np.ndarray:
    """int16 (z, y, x) HU; rng: what draws the noise; motion: how the patient moves meanwhile."""
    image = subject.painted(subject.solids, subject.physiology.hu_shades(subject.solids), grid, -1000.0)
    image = move(image, grid, subject.anatomy, motion, subject.lattice)
    out = reconstruct(image, grid.spacing_mm[1], protocol, rng)
    if protocol.padded:
        half = (grid.shape[1] - 1) / 2
        j, i = np.mgrid[0 : grid.shape[1], 0 : grid.shape[2]] - half
        out[:, j**2 + i**2 > (half + 0.5) ** 2] = HU_RANGE[0]
    return out


def inside_ribs() -> Solids:
    """What breathing moves."""
    return inside("trunk", FIELD["cage"], -4.0)


def draw_injection(anatomy: Anatomy, numbers: PhantomParameters, rng: np.random.Generator) -> Injection:
    """Activity by weight and the time since."""
    scan = scan_numbers()
    activity = numbers.activity_mbq_per_kg * anatomy.person.weight_kg * float(np.clip(rng.normal(1, scan.activity_sd), 0.8, 1.2))
    minutes = float(np.clip(rng.normal(*numbers.uptake_min), *scan.waits_limits_min))
    return Injection(round(activity, 1) * 1e6, round(minutes))


def scan_pet(subject: Subject, grid: Grid, protocol: Protocol, numbers: PhantomParameters, rng: np.random.Generator,
             moved_mm=(0.0, 0.0, 0.0)) -> np.ndarray:  # fmt: skip
    """float32 (z, y, x) SUVbw; moved_mm: LPS, where the patient lies compared with the CT."""
    from scipy.ndimage import gaussian_filter

    fine, scan = halved(grid), scan_numbers()
    anatomy, physiology, solids = subject.anatomy, subject.physiology, subject.solids
    pose = anatomy.person.pose @ shifted(-np.asarray(moved_mm))

    def share_of(one: Solids) -> np.ndarray:
        return subject.painted(one, np.array([[1.0, 0, 0, 0]]), fine, 0.0, pose)

    image, moving = subject.painted(solids, physiology.suv_shades(solids), fine, 0.0, pose), share_of(inside_ribs())
    image, lifted_mm = breathe(image, moving, fine, anatomy, numbers, rng)
    if lifted_mm > scan.least_lift_mm:
        # the CT shows lung where the PET has liver: too little is added for what its rays lose there
        over = share_of(inside("band", FIELD["below"], lifted_mm)) - share_of(inside("band", FIELD["below"]))
        image *= 1 - scan.lost_at_dome * over * moving
    sigma = protocol.pet_psf_mm / FWHM_PER_SIGMA / np.array(fine.spacing_mm)
    image = gaussian_filter(image, sigma, truncate=3)
    image = image.reshape(grid.shape[0], grid.shape[1], 2, grid.shape[2], 2).mean(axis=(2, 4))
    liver = physiology.tissues["liver"].suv
    width = protocol.pet_psf_mm / FWHM_PER_SIGMA / np.array(grid.spacing_mm)
    noise = gaussian_filter(rng.standard_normal(grid.shape, np.float32), width * 0.9, truncate=3)
    noise /= noise.std()
    heavy = (anatomy.person.weight_kg / scan.pet_noise_kg) ** scan.pet_noise_power
    spread = protocol.pet_noise * heavy * liver * np.maximum(image / liver, scan.pet_least_signal) ** scan.pet_signal_power
    return np.maximum(image + spread * noise, 0).astype(np.float32)


def draw_moved(rng: np.random.Generator) -> np.ndarray:
    """(3,) mm LPS: how far the patient has moved since the CT; 0 for most."""
    way = rng.normal(0, scan_numbers().moved_sd_mm)
    return way if rng.random() < scan_numbers().moved_share else np.zeros(3)


def shifted(way_mm) -> np.ndarray:
    """(4, 4) a shift."""
    out = np.eye(4)
    out[:3, 3] = way_mm
    return out


def halved(grid: Grid) -> Grid:
    """The grid with pixels half as wide in the slice."""
    z, y, x = grid.spacing_mm
    return Grid((grid.shape[0], 2 * grid.shape[1], 2 * grid.shape[2]), (z, y / 2, x / 2), tuple(grid.to_mm((0, -0.25, -0.25))))


def breathe(image: np.ndarray, moving: np.ndarray, grid: Grid, anatomy: Anatomy, numbers: PhantomParameters,
            rng: np.random.Generator) -> tuple[np.ndarray, float]:  # fmt: skip
    """The image averaged over breathing: what lies inside the cage moves along z, most at the diaphragm, nothing at the apex.

    Also by how many mm the dome lies higher in it, on average, than in the CT.
    """
    scan = scan_numbers()
    low, high = numbers.breathing_mm
    way, shift = float(rng.uniform(low, high)), float(np.clip(rng.normal(*scan.dome_mismatch_mm), *scan.dome_mismatch_limits_mm))
    z = grid.origin_mm[2] + grid.spacing_mm[0] * np.arange(grid.shape[0]) - anatomy.person.offset_mm[2]
    profile = breath_profile(anatomy, z)
    # breath out lifts the content: what is seen at z comes from lower down
    lifts = (np.array(scan.breathing_phases)[:, None] - scan.ct_phase) * way - shift * 0.5
    source = np.clip(np.arange(len(z)) + lifts * profile / grid.spacing_mm[0], 0, len(z) - 1.001)
    first = source.astype(int)
    out = np.empty_like(image)
    cost_ns = 2.0 * len(first) * image.size
    share_rows(_average_breaths, len(image), cost_ns, image, moving, first, (source - first).astype(np.float32), out)
    lifted_mm = shift * 0.5 - (float(np.mean(scan.breathing_phases)) - scan.ct_phase) * way
    return out, lifted_mm


@njit(cache=True, nogil=True, error_model="numpy")
def _average_breaths(start, stop, image, moving, first, share, out):
    """Each slice as the mean over breaths (p) of what lies `share` (p, z) of the way from slice `first` (p, z) to the next, as
    far as it moves (z, y, x) with them."""
    for k in range(start, stop):
        for j in range(image.shape[1]):
            for i in range(image.shape[2]):
                mean = np.float32(0)
                for p in range(first.shape[0]):
                    low = first[p, k]
                    high = min(low + 1, image.shape[0] - 1)
                    mean += image[low, j, i] * (np.float32(1) - share[p, k]) + image[high, j, i] * share[p, k]
                still = image[k, j, i]
                out[k, j, i] = still + moving[k, j, i] * (np.float32(mean / first.shape[0]) - still)
