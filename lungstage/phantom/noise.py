"""Painted CT slices in, slices as reconstructed out: blurred by the kernel, with noise that follows kernel and rays.

A ray that crosses much tissue brings few photons: its noise grows with the root of exp(attenuation). Backprojected, the noise of
one view varies across its rays and not along them. So the noise of a slice is white noise with the kernel's power spectrum, cut
into a few directions, and each direction is as strong at a place as the rays that made it (shoulders: streaks from side to side).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from ..kernels.threads import side_by_side
from .fields import stretched_plane
from .parameters import scan_numbers
from .protocol import Protocol
from .streaks import streaks

HU_RANGE = (-1024, 3071)
DIRECTIONS, VIEWS = 4, 12
COARSE = 8
"""Pixels along the side of the blocks on which path lengths are summed."""
TOGETHER = 8
"""Slices that are made in one go."""
METAL_STREAM = 7
"""What sets the noise of metal's streaks apart from the noise of its slice."""
FWHM_PER_SIGMA = 2.3548


class Filters(NamedTuple):
    """Real weights on the half plane of `rfft2`: the kernel's blur; root of the noise power in each direction (d, y, x)."""

    blur: np.ndarray
    grain: np.ndarray


def reconstruct(image: np.ndarray, pixel_mm: float, protocol: Protocol, rng: np.random.Generator) -> np.ndarray:
    """int16 (z, y, x) HU of the painted float32 (z, y, x); the same bits for any number of threads."""
    filters = make_filters(image.shape[1], pixel_mm, protocol)
    seeds = rng.integers(0, 2**63, image.shape[0] + 1)
    out = np.empty(image.shape, np.int16)

    def some(first):  # neighbours in one go: each slice shares its noise with the next
        last = min(first + TOGETHER, len(image))
        white = white_noise(seeds[first], image.shape[1:])
        for k in range(first, last):
            following = white_noise(seeds[k + 1], image.shape[1:])
            metal_rng = np.random.default_rng([int(seeds[k]), METAL_STREAM])
            out[k] = one_slice(image[k], pixel_mm, protocol, filters, (white, following), metal_rng)
            white = following

    side_by_side(some, range(0, len(image), TOGETHER))
    return out


def white_noise(seed: int, shape: tuple[int, int]) -> np.ndarray:
    """float32 (y, x) of one slice, before any kernel."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def one_slice(plane: np.ndarray, pixel_mm: float, protocol: Protocol, filters: Filters, white: tuple[np.ndarray, np.ndarray],
              metal_rng: np.random.Generator) -> np.ndarray:  # fmt: skip
    """int16 (y, x) HU of one painted slice; white: noise of its own and of the next slice; metal_rng: of rays through metal."""
    from scipy.fft import irfft2, rfft2

    result = irfft2(rfft2(plane + np.float32(1000)) * filters.blur, plane.shape) - np.float32(1000)
    if protocol.ct_noise_hu > 0:
        share = neighbour_weight(protocol.next_slice)
        mixed = rfft2((white[0] + share * white[1]) / np.float32(np.sqrt(1 + share**2)))
        for grain, strength in zip(filters.grain, strengths(plane, pixel_mm), strict=True):
            strong = stretched_plane(strength, plane.shape) * np.float32(protocol.ct_noise_hu)
            result += irfft2(mixed * grain, plane.shape) * strong
    hardened = streaks(plane, pixel_mm, metal_rng)
    if hardened is not None:
        result += hardened
    return np.clip(np.rint(result), *HU_RANGE).astype(np.int16)


def neighbour_weight(correlation: float) -> np.float32:
    """w such that neighbours of a[k] + w a[k + 1] correlate so: w / (1 + w^2) of it."""
    r = min(correlation, 0.49)
    return np.float32(0.0 if r <= 0 else (1 - np.sqrt(1 - 4 * r * r)) / (2 * r))


def make_filters(side: int, pixel_mm: float, protocol: Protocol) -> Filters:
    """The kernel's blur and its noise, cut into directions."""
    numbers = scan_numbers()
    fy, fx = np.fft.fftfreq(side, pixel_mm)[:, None], np.fft.rfftfreq(side, pixel_mm)[None, :]
    f = np.hypot(fy, fx)
    sigma = protocol.ct_psf_mm / FWHM_PER_SIGMA
    # the painter has averaged over a pixel already
    width = max(sigma**2 - pixel_mm**2 / 12, 0.0)
    blur = np.exp(-2 * np.pi**2 * width * f**2) * (
        1 + protocol.edge * np.exp(-(((f - numbers.edge_per_mm) / numbers.edge_width_per_mm) ** 2)) * (f > 0)
    )
    power = (f + 0.04) * np.exp(-((f / protocol.f0_per_mm) ** protocol.p))
    power[0, 0] = 0.0
    full = np.full(side // 2 + 1, 2.0)
    full[0] = 1.0
    if side % 2 == 0:
        full[-1] = 1.0
    root = np.sqrt(power / ((power * full).sum() / side**2))
    turn = np.arctan2(fy, fx)
    grain = np.stack([root * direction_weight(turn, d * np.pi / DIRECTIONS) for d in range(DIRECTIONS)])
    return Filters(blur.astype(np.float32), grain.astype(np.float32))


def direction_weight(turn: np.ndarray, middle: float) -> np.ndarray:
    """1 at one direction, 0 at its neighbours; the weights of all directions add up to 1."""
    off = np.abs((turn - middle + np.pi / 2) % np.pi - np.pi / 2)
    return np.clip(1 - off / (np.pi / DIRECTIONS), 0, 1)


def strengths(plane: np.ndarray, pixel_mm: float) -> np.ndarray:
    """float32 (d, blocks, blocks): noise over the protocol's, by direction of `make_filters` and block of COARSE pixels."""
    numbers = scan_numbers()
    per_mm = numbers.water_per_mm * numbers.current_follows
    side = plane.shape[0] // COARSE
    rest = plane.shape[0] - side * COARSE
    kept = plane[: side * COARSE, : side * COARSE] if rest else plane
    water = np.clip(kept.reshape(side, COARSE, side, COARSE).mean(axis=(1, 3)) / 1000 + 1, 0, 2.2)
    step = pixel_mm * COARSE
    sums = np.zeros((DIRECTIONS, side, side))
    bins, count = view_bins(side)
    weights = view_weights()
    for view in range(VIEWS):
        path = smoothed(np.bincount(bins[view].ravel(), water.ravel(), count) * step)
        variance = np.exp(per_mm * (np.minimum(path, numbers.noise_longest_mm) - numbers.noise_path_mm))
        sums += weights[:, view, None, None] * variance[bins[view]]
    return np.sqrt(sums + numbers.electronic_noise**2).astype(np.float32)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Neighbouring rays averaged: blocks fall unevenly into the rays of a slanted view."""
    return np.convolve(np.pad(values, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")


@cache
def view_bins(side: int) -> tuple[np.ndarray, int]:
    """int (views, y, x): the ray each block lies on, for views whose rays are told apart along VIEWS directions."""
    j, i = np.mgrid[0:side, 0:side] - (side - 1) / 2
    angles = np.arange(VIEWS) * np.pi / VIEWS
    reach = int(np.ceil(side * 0.71)) + 1
    bins = np.stack([np.rint(i * np.cos(a) + j * np.sin(a)) for a in angles]).astype(int) + reach
    return bins, 2 * reach + 1


@cache
def view_weights() -> np.ndarray:
    """(directions, views): how much a view has to do with a direction; each direction's add up to 1."""
    angles = np.arange(VIEWS) * np.pi / VIEWS
    weights = np.stack([direction_weight(angles, d * np.pi / DIRECTIONS) for d in range(DIRECTIONS)])
    return weights / weights.sum(axis=1, keepdims=True)
