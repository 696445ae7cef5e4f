"""A painted CT slice in, what dense things do to it out: dark bands between bones, streaks around metal, in HU.

A ray that crosses much bone or metal arrives harder than one through water alone, so that too little attenuation is read from it,
the more the more dense matter it met: between two bones of 44 mm lies a band of some -10 HU. What each ray loses is summed over
blocks of the slice and backprojected like the slice itself. Blocks are coarse where there is only bone, fine where there is
metal.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit

from .fields import stretched_plane
from .parameters import scan_numbers

FEWEST_METAL = 3
"""Pixels of metal that make a slice one with metal."""
COARSE, FINE = (8, 48), (2, 180)
"""Pixels along a block's side, and views, without and with metal."""


def streaks(plane: np.ndarray, pixel_mm: float, rng: np.random.Generator | None = None) -> np.ndarray | None:
    """float32 (y, x) HU to be added to a painted slice float32 (y, x); None where nothing in it is dense.

    rng   what draws how noisy rays through metal are (None: not at all)
    """
    numbers = scan_numbers()
    if plane.max(initial=-1000.0) <= numbers.dense_hu:
        return None
    block, views = FINE if (plane > numbers.metal_hu).sum() >= FEWEST_METAL else COARSE
    side = plane.shape[0] // block
    if side < 8 or plane.shape[0] != plane.shape[1]:
        return None
    kept = plane[: side * block, : side * block]
    excess = np.maximum(kept - np.float32(numbers.dense_hu), 0)
    metal = (numbers.metal_is_denser - 1) * np.where(kept > numbers.metal_hu, excess, 0)
    excess += metal
    dense = excess.reshape(side, block, side, block).mean(axis=(1, 3), dtype=np.float64) / 1000
    step = pixel_mm * block
    bins, count = ray_bins(side, views)
    filled = np.flatnonzero(dense)  # of a few hundred blocks among thousands
    weights = dense.ravel()[filled]
    path = np.stack([np.bincount(own.ravel()[filled], weights, count) for own in bins]) * step
    path = np.stack([np.convolve(one, (0.25, 0.5, 0.25), mode="same") for one in path])  # blocks fall unevenly into slanted rays
    lost = numbers.hardening_per_mm * path**2 / (1 + path / numbers.hardening_saturates_mm)
    if rng is not None and block == FINE[0]:  # hardly a photon comes through
        lost *= 1 + numbers.metal_noise * rng.standard_normal(lost.shape)
    image = np.zeros((side, side))
    _take_away(image, np.fft.irfft(np.fft.rfft(lost, 2 * count) * ramp(count), 2 * count), bins)
    hu = (image * (np.pi / views / step * 1000)).astype(np.float32)
    hu = stretched_plane(hu, plane.shape)
    hu[: side * block, : side * block] += metal  # it stays as bright as a picture can be
    return hu


@njit(cache=True, nogil=True)
def _take_away(image, rays, bins):
    """Backprojection: each block loses what its ray of each view misses; rays (views, rays), bins (views, y, x)."""
    for view in range(bins.shape[0]):
        for j in range(image.shape[0]):
            for i in range(image.shape[1]):
                image[j, i] -= rays[view, bins[view, j, i]]


@cache
def ray_bins(side: int, views: int) -> tuple[np.ndarray, int]:
    """int16 (views, y, x): the ray of each view that a block lies on; how many rays there are."""
    j, i = np.mgrid[0:side, 0:side] - (side - 1) / 2
    angles = np.arange(views) * np.pi / views
    reach = int(np.ceil(side * 0.71)) + 1
    bins = np.stack([np.rint(i * np.cos(a) + j * np.sin(a)).astype(np.int16) for a in angles]) + np.int16(reach)
    return bins, 2 * reach + 1


@cache
def ramp(count: int) -> np.ndarray:
    """The ramp of filtered backprojection over frequencies of rays one block apart, rounded off towards the highest."""
    f = np.fft.rfftfreq(2 * count)
    return f * (0.54 + 0.46 * np.cos(2 * np.pi * f))
