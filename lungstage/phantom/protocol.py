"""A seed and the tables of scanners in, how this patient is scanned out: slices, field, kernel, noise, couch, and the PET's own.

Numbers that a caller sets in `PhantomParameters` win over what is drawn, and drawing goes on as if they had not been set, so
that another slice thickness does not change the couch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parameters import PhantomParameters, Table, read_table, scan_numbers


@dataclass(frozen=True)
class Protocol:
    """How one patient is scanned.

    field          "whole", "body" or "chest": how far the pixels reach
    ct_pixel_mm    pixel of the CT where it is set, else None: the field over the matrix
    f0_per_mm, p   noise power f exp(-(f / f0)^p) in the slice
    edge           overshoot of the kernel's edge enhancement
    next_slice     correlation of the noise of neighbouring slices
    pet_noise      coefficient of variation in the liver of a patient of 75 kg
    """

    name: str
    field: str
    ct_slice_mm: float
    ct_pixel_mm: float | None
    ct_psf_mm: float
    f0_per_mm: float
    p: float
    edge: float
    ct_noise_hu: float
    next_slice: float
    flat_couch: bool
    couch_gap_mm: float
    blanket_mm: tuple[float, ...]
    padded: bool
    pet_voxel_mm: tuple[float, float, float]
    pet_psf_mm: float
    pet_noise: float


def draw_protocol(numbers: PhantomParameters, rng: np.random.Generator, rare: np.random.Generator | None = None) -> Protocol:
    """One way of scanning out of the clinic's; rare: what decides whether it is one of rare_protocols.csv (None: never)."""
    scan = scan_numbers()
    ct, pet = ct_row(rng, rare), pick_row(read_table("pet_scanners"), rng)
    noise = ct["noise"] + ct["noise_sd"] * float(np.clip(rng.normal(), -1.6, 2.2))
    psf = pet["psf"] + pet["psf_sd"] * float(np.clip(rng.normal(), -2, 2))
    grain = pet["noise"] + pet["noise_sd"] * float(np.clip(rng.normal(), -2, 2))
    flat, gap = rng.random() < scan.flat_couches, float(rng.uniform(0, 6))
    blanket = tuple(np.sort(rng.uniform(3, 22, int(rng.integers(1, 4))))) if rng.random() < scan.blankets else ()
    padded = rng.random() < scan.padded
    return Protocol(
        name=ct["protocol"], field=ct["field"], ct_slice_mm=chosen(numbers.ct_slice_mm, ct["slice"]),
        ct_pixel_mm=numbers.ct_pixel_mm, ct_psf_mm=ct["psf"], f0_per_mm=ct["f0"], p=ct["p"], edge=ct["edge"],
        ct_noise_hu=chosen(numbers.ct_noise_hu, noise), next_slice=ct["next"], flat_couch=bool(flat), couch_gap_mm=gap,
        blanket_mm=tuple(float(one) for one in blanket), padded=bool(padded),
        pet_voxel_mm=chosen(numbers.pet_voxel_mm, (pet["voxel"], pet["voxel"], pet["slice"])),
        pet_psf_mm=chosen(numbers.pet_psf_mm, psf), pet_noise=grain,
    )  # fmt: skip


def ct_row(rng: np.random.Generator, rare: np.random.Generator | None = None) -> dict:
    """The row of protocols.csv, or of rare_protocols.csv, by which the CT is made."""
    common = pick_row(read_table("protocols"), rng)
    return (rare_row(rare) if rare else None) or common


def pick_row(table: Table, rng: np.random.Generator) -> dict:
    """A row by its weight."""
    row = table.row(int(rng.choice(len(table), p=table["weight"] / table["weight"].sum())))
    return {name: float(cell) if isinstance(cell, np.floating) else cell for name, cell in row.items()}


def rare_row(rng: np.random.Generator) -> dict | None:
    """A row of the rare protocols by its share of all, or None."""
    table, drawn = read_table("rare_protocols"), rng.random()
    index = int(np.searchsorted(np.cumsum(table["share"]), drawn, side="right"))
    return table.row(index) if index < len(table) else None


def chosen(wish, drawn):
    """The wish, where there is one."""
    return drawn if wish is None else wish
