"""A patient drawn from ellipses, with bones whose names are known; shapes and spacings unequal on purpose."""

from dataclasses import dataclass

import numpy as np

from lungstage.geometry import Grid
from lungstage.records import Passport, Study, Volume

SPACING = (3.0, 1.6, 1.5)
SHAPE = (44, 150, 220)


@dataclass(frozen=True)
class Drawn:
    """A study, and masks of what was drawn."""

    study: Study
    vertebrae: np.ndarray
    ribs: np.ndarray
    sternum: np.ndarray
    heart: np.ndarray


def study_of(values: np.ndarray) -> Study:
    """A study of HU values, rounded and clipped."""
    grid = Grid(values.shape, SPACING, (-165.0, -120.0, 0.0))
    hu = np.clip(np.round(values), -1024, 3071).astype(np.int16)
    return Study(Volume(hu, grid, "HU"), None, Passport((), None, None, {}, (), "drawn"))


def draw_chest(heart_hu=45.0, noise_hu=12.0, mirrored=False, lean_mm=0.0, bend_mm=0.0, seed=1) -> Drawn:
    """A chest with lungs, slanted ribs, spine, sternum, an off-centre heart, and a table below.

    lean_mm   how far the patient lies to the left of the middle at the head end, and to the right at the feet
    bend_mm   how far the spine and all round it swings aside half-way up the scan, and back
    """
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x = x - SHAPE[2] * SPACING[2] / 2 - lean_mm * (2 * z / (SHAPE[0] * SPACING[0]) - 1)
    x = x - bend_mm * np.sin(np.pi * z / (SHAPE[0] * SPACING[0]))
    y = y - 110.0
    if mirrored:
        x = -x
    hu = np.full(SHAPE, -1000.0)
    hu[(x / 150) ** 2 + (y / 100) ** 2 <= 1] = -100.0
    hu[(x / 140) ** 2 + (y / 90) ** 2 <= 1] = 50.0
    chest = np.sqrt((x / 118) ** 2 + (y / 75) ** 2)
    hu[(chest <= 1) & (abs(x) > 25)] = -850.0
    heart = ((x - 20) / 45) ** 2 + ((y + 30) / 30) ** 2 <= 1
    hu[heart] = heart_hu
    # ribs run down from back to front, one every 24 mm, and begin beside the transverse processes
    ribs = (chest > 1.03) & (chest < 1.12) & ((z + 0.4 * y) % 24 < 10) & (y > -60) & ~((abs(x) < 38) & (y > 0))
    hu[ribs] = 400.0
    sternum = (abs(x) < 18) & (abs(y + 80) < 6)
    hu[sternum] = 320.0
    canal_y = 70.0
    body = (x / 16) ** 2 + ((y - canal_y + 21) / 14) ** 2 <= 1
    shell = body & ~((x / 12.5) ** 2 + ((y - canal_y + 21) / 10.5) ** 2 <= 1)
    arch = ((x / 15) ** 2 + ((y - canal_y) / 13) ** 2 <= 1) & (x**2 + (y - canal_y) ** 2 > 64)
    disc = z % 22 < 4
    hu[body & ~disc] = 150.0
    hu[(shell & ~disc) | (arch & ~body & ~disc)] = 450.0
    vertebrae = (body | arch) & ~disc
    hu[(abs(y - 122) < 2) & (abs(x) < 160)] = 300.0
    hu += np.random.default_rng(seed).normal(0, noise_hu, SHAPE)
    return Drawn(study_of(hu), vertebrae, ribs & ~vertebrae, sternum & ~ribs, heart)


def draw_head() -> Study:
    """A skull with brain, and neck muscle without a spine."""
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x, y, z = x - SHAPE[2] * SPACING[2] / 2, y - 120.0, z - 60.0
    radius = np.sqrt((x / 75) ** 2 + (y / 95) ** 2 + (z / 90) ** 2)
    hu = np.where(radius < 1.08, 40.0, -1000.0)
    hu[(radius > 0.93) & (radius <= 1)] = 900.0
    hu[radius <= 0.93] = 32.0
    return study_of(hu + np.random.default_rng(2).normal(0, 5, SHAPE))
