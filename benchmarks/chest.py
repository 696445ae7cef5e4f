"""A number of slices in, a chest as a scanner would deliver it out: 512 x 512 pixels of 0.7 mm over 375 mm of height.

Drawn from ellipsoids slice by slice, with ribs, spine, heart, vessels, windpipe and main bronchi, nodules, a table, gas in the
stomach and noise that hangs together. Its purpose is time and memory, not anatomy: however many slices, it is the same chest.
"""

from __future__ import annotations

import numpy as np

from lungstage.geometry import Grid
from lungstage.records import Passport, SliceLabel, Study, Volume

HEIGHT_MM, SIDE, PIXEL_MM = 375.0, 512, 0.7
NODULES = ((-70, 20, 30, 6), (60, -30, 60, 4), (90, 10, -20, 9), (-40, 50, -60, 12))  # x, y, z, radius, mm


def draw_chest(slices: int, seed: int = 1) -> tuple[Study, np.ndarray]:
    """The study, and uint8 (z, y, x), 1 in the right lung and 2 in the left, with their vessels and nodules."""
    step_mm = HEIGHT_MM / slices
    y, x = np.meshgrid(*[(np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2) * PIXEL_MM] * 2, indexing="ij")
    generator = np.random.default_rng(seed)
    noise = noise_planes(generator)
    values, truth = np.empty((slices, SIDE, SIDE), np.int16), np.empty((slices, SIDE, SIDE), np.uint8)
    for k in range(slices):
        hu, truth[k] = draw_slice(y, x, (k - (slices - 1) / 2) * step_mm)
        hu += np.roll(noise[generator.integers(len(noise))], generator.integers(SIDE, size=2), (0, 1))
        values[k] = np.clip(np.rint(hu), -1024, 3071)
    grid = Grid(values.shape, (step_mm, PIXEL_MM, PIXEL_MM))
    labels = tuple(SliceLabel(k + 1) for k in range(slices))
    return Study(Volume(values, grid, "HU"), None, Passport((), None, None, {}, (), "drawn"), None, labels), truth


def noise_planes(generator: np.random.Generator) -> np.ndarray:
    """float32 (8, y, x): noise of 28 HU that hangs together over a pixel or two."""
    from scipy.ndimage import gaussian_filter

    planes = gaussian_filter(generator.standard_normal((8, SIDE, SIDE)).astype(np.float32), (0, 0.8, 0.8), mode="wrap")
    return planes * np.float32(28 / planes.std())


def draw_slice(y: np.ndarray, x: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """HU without noise (float32) and lung labels (uint8) of one slice at z mm."""

    def ellipsoid(cx, cy, cz, rx, ry, rz):
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1.0

    body = ellipsoid(0, 0, -20, 165, 115, 900)
    domes = ellipsoid(75, 0, -150, 75, 90, 75) | ellipsoid(-75, 0, -140, 75, 90, 75)
    spine = ellipsoid(0, 75, 0, 20, 22, 900)
    ribs = ellipsoid(0, 0, -20, 148, 99, 145) & ~ellipsoid(0, 0, -20, 139, 91, 135) & ((z + 0.3 * y) % 28 < 9) & ~domes
    airway = (x**2 + (y - 15) ** 2 <= 9**2) & (z > 20)
    airway |= (np.abs(z - 20 + np.abs(x)) <= 8) & ((y - 15) ** 2 <= 7**2) & (np.abs(x) <= 45)
    middle = ellipsoid(25, -30, -40, 55, 45, 55) | spine | ellipsoid(0, 15, 40, 24, 28, 110) | ((np.abs(x) < 14) & ~airway)
    lung = ellipsoid(0, 0, -20, 136, 88, 132) & ~middle & ~domes & ~airway
    lung &= ellipsoid(68, 0, -20, 68, 88, 130) | ellipsoid(-68, 0, -20, 68, 88, 130)
    hu = np.full(x.shape, -1000, np.float32)
    hu[(y > 130) & (y < 136) & (np.abs(x) < 170)] = -100
    hu[body] = 40
    hu[body & (spine | ribs)] = 450
    hu[lung] = (-850 + 0.6 * y)[lung]  # denser at the back, as in one who lies
    hu[lung & ((x + 0.5 * z) % 13 < 2.5) & ((y - 0.3 * z) % 11 < 2.5)] = -200  # small vessels
    hu[lung & ((y + 0.4 * z) % 24 < 6) & ((z + 0.3 * np.abs(x)) % 28 < 6)] = 40  # vessels
    for cx, cy, cz, radius in NODULES:
        hu[lung & ellipsoid(cx, cy, cz, radius, radius, radius)] = 30
    hu[airway & body] = -995
    hu[body & ellipsoid(40, -60, -155, 45, 20, 10)] = -980
    return hu, np.where(lung, np.where(x < 0, 1, 2), 0).astype(np.uint8)
