"""Patients of one box: a lesion of known shape, blurred and noisy as a scanner would show it, and the candidate for it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from lungstage.geometry import Grid
from lungstage.lesions.candidate import Candidate, Masks, candidate_from
from lungstage.records import Normal, Passport, Spread, Study, Volume

FINE_MM = 0.5
BLUR_MM = 0.7  # sigma of the scanner
LUNG_HU, TISSUE_HU, FAT_HU = -850.0, 40.0, -100.0


def model(field_mm: float = 44.0):
    """Points (z, y, x) in mm from the centre of a fine cube, and its Grid; the centre lies at 0 mm."""
    count = int(field_mm / FINE_MM)
    steps = (np.arange(count) - (count - 1) / 2) * FINE_MM
    grid = Grid((count,) * 3, (FINE_MM,) * 3, (steps[0],) * 3)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij")), grid


def ellipsoid(points, diameters_mm, centre_mm=(0, 0, 0)):
    """bool: inside an ellipsoid of diameters (z, y, x)."""
    shifted = points - np.asarray(centre_mm, float)[:, None, None, None]
    return ((shifted / (np.asarray(diameters_mm, float) / 2)[:, None, None, None]) ** 2).sum(axis=0) <= 1


def scan(hu, grid: Grid, spacing_mm=(1.0, 0.7, 0.7), noise_hu: float = 25.0, seed: int = 0, pet=None) -> Study:
    """The Study of a fine volume in HU: blurred, averaged over slices, noisy."""
    from lungstage.lesions.scene import on_box

    blurred = gaussian_filter(hu.astype(np.float32), BLUR_MM / FINE_MM)
    extent = (np.array(grid.shape) - 1) * FINE_MM
    shape = np.floor(extent / spacing_mm).astype(int) + 1
    ct = Grid(tuple(shape), spacing_mm, grid.origin_mm, grid.direction)
    values = on_box(blurred, grid, ct) + np.random.default_rng(seed).normal(0, noise_hu, tuple(shape))
    volume = Volume(np.clip(np.rint(values), -1024, 3071).astype(np.int16), ct, "HU")
    return Study(volume, pet, Passport((), None, None, {}, (), "made for a test"))


def healthy(study: Study, wall_y_mm: float = np.inf) -> Normal:
    """The Normal of a box of lung with chest wall behind `wall_y_mm`."""
    grid = study.ct.grid
    y = grid.to_mm(np.stack([np.zeros(grid.shape[1]), np.arange(grid.shape[1]), np.zeros(grid.shape[1])], 1))[:, 1]
    expected = np.broadcast_to(np.where(y > wall_y_mm, TISSUE_HU, LUNG_HU)[None, :, None], grid.shape).astype(np.float32)
    spread = np.full(grid.shape, 60, np.float32)
    return Normal(grid, expected, spread, (study.ct.values - expected) / spread, Spread.normal(LUNG_HU, 30))


def candidate(study: Study, radius_mm: float, kind: str = "pulmonary", allowed=None, centre_mm=(0, 0, 0)) -> Candidate:
    """A detector's word: something of about that radius at the centre (x, y, z), its core half of that."""
    grid = study.ct.grid
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    core = np.linalg.norm(points - np.asarray(centre_mm), axis=-1) <= max(0.5 * radius_mm, 1.0)
    allowed = np.ones(grid.shape, np.uint8) if allowed is None else allowed
    return candidate_from(grid, Masks(core.astype(np.uint8), allowed), {kind: 1.0}, 1.0, "test", radius_mm=radius_mm)
