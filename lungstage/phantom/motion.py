"""A painted CT in, what moved while it was taken out: the heart as two hearts, the lung bases as the breath left them.

A turn of the tube sees half a heartbeat: the border of the heart is doubled. A table moves while the patient breathes: what lies
near the diaphragm is read too high in one slice and too low some centimetres on (anatomy.md 9.3). The truth is that of the
patient at rest, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from .anatomy import Anatomy
from .fields import FIELD
from .paint import paint
from .parameters import scan_numbers
from .solids import inside


@dataclass(frozen=True)
class Motion:
    """What moves in one CT: mm of the heart's border; mm of the dome, mm of table and phase of a breath (0 mm: breath held)."""

    beat_mm: float
    wave_mm: float
    wave_length_mm: float
    phase: float


def draw_motion(rng: np.random.Generator) -> Motion:
    """How one patient moves."""
    numbers = scan_numbers()
    beat = float(np.clip(rng.normal(*numbers.beat_mm), *numbers.beat_limits_mm))
    wave = float(np.clip(rng.normal(*numbers.wave_mm), *numbers.wave_limits_mm))
    length = float(np.clip(rng.normal(*numbers.breath_s), *numbers.breath_limits_s) * rng.uniform(*numbers.table_mm_per_s))
    phase = float(rng.uniform(0, 2 * np.pi))
    return Motion(beat, wave if rng.random() < numbers.breathing_share else 0.0, length, phase)


def move(image: np.ndarray, grid: Grid, anatomy: Anatomy, motion: Motion, lattice: np.ndarray) -> np.ndarray:
    """float32 (z, y, x): the painted CT as it looks when the patient moves; the image itself where nothing does."""
    if motion.wave_mm > 0:
        image = waved(image, grid, anatomy, motion, lattice)
    return beaten(image, grid, anatomy, motion)


def waved(image: np.ndarray, grid: Grid, anatomy: Anatomy, motion: Motion, lattice: np.ndarray) -> np.ndarray:
    """What lies inside the ribs is read up to `wave_mm` too high or too low, most at the dome, nothing at the apex."""
    moving = paint(
        inside("trunk", FIELD["cage"], -4.0), np.array([[1.0, 0, 0, 0]]), anatomy.fields, grid, anatomy.person.pose, 0.0, lattice
    )
    z = grid.origin_mm[2] + grid.spacing_mm[0] * np.arange(grid.shape[0]) - anatomy.person.offset_mm[2]
    off = motion.wave_mm * np.sin(2 * np.pi * z / motion.wave_length_mm + motion.phase) * breath_profile(anatomy, z)
    source = np.clip(np.arange(len(z)) + off / grid.spacing_mm[0], 0, len(z) - 1.001)
    out = np.empty_like(image)
    for k in range(len(z)):
        first = int(source[k])
        share = np.float32(source[k] - first)
        seen = image[first] * (1 - share) + image[min(first + 1, len(z) - 1)] * share
        out[k] = image[k] + moving[k] * (seen - image[k])
    return out


def breath_profile(anatomy: Anatomy, z: np.ndarray) -> np.ndarray:
    """How far breathing moves what lies at heights z (n), over the way of the dome."""
    numbers = scan_numbers()
    apex, dome = numbers.apex_mm * anatomy.person.scale[2], anatomy.landmarks["dome_right"][2]
    return np.clip((apex - z) / (apex - dome), 0, 1.15) ** numbers.breath_power


def beaten(image: np.ndarray, grid: Grid, anatomy: Anatomy, motion: Motion) -> np.ndarray:
    """The mean of the heart at rest and the heart contracted by `beat_mm`."""
    from scipy.ndimage import map_coordinates

    numbers = scan_numbers()
    half = np.array(numbers.heart_half_mm) * anatomy.person.size
    centre = anatomy.landmarks["heart_centre"]
    z, y, x = grid.to_index(anatomy.person.to_lps(centre[None])[0])
    dz, dy, dx = grid.spacing_mm
    reach = half[::-1] * (1 + 3 * numbers.beat_fades) / (dz, dy, dx)
    low = np.maximum(np.floor(np.array([z, y, x]) - reach), 0).astype(int)
    high = np.minimum(np.ceil(np.array([z, y, x]) + reach) + 1, image.shape).astype(int)
    if (high - low < 2).any():
        return image
    j, i = np.mgrid[low[1] : high[1], low[2] : high[2]].astype(np.float64)
    out = image.copy()
    for k in range(low[0], high[0]):
        points = anatomy.person.pose[:3, :3] @ grid.to_mm(np.stack([np.full(j.size, k), j.ravel(), i.ravel()], 1)).T
        points = points.T + anatomy.person.pose[:3, 3]
        far = np.linalg.norm((points - centre) / half, axis=1)
        weight = np.exp(-((np.maximum(far - 1, 0) / numbers.beat_fades) ** 2)) * np.clip(
            -anatomy.fields.at("cage", points) / 8 - 0.5, 0, 1
        )
        grown = (1 + motion.beat_mm / (half.mean() * np.maximum(far, 0.35)) * np.minimum(far / 0.35, 1) * weight).reshape(j.shape)
        places = [y + (j - y) * grown, x + (i - x) * grown]
        squeezed = map_coordinates(image[k], places, order=1, mode="nearest")
        box = (k, slice(low[1], high[1]), slice(low[2], high[2]))
        out[box] = (image[box] + squeezed) / 2
    return out
