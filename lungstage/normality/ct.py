"""What the CT of the healthy patient shows, on blocks of about 3 mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from ..kernels.gaussian import smooth_gaussian
from ..kernels.reduce import reduce_blocks
from ..records import Anatomy, Spread, Volume
from .compartments import Shares
from .lattice import Lattice, ask_lattice, mixture
from .lung import expected_lung_hu, fit_lung, lung_reference, vessel_share
from .parameters import NormalityParameters

AIRWAY_HU, AIRWAY_SD_HU = -985.0, 60.0
RIB, SINGLE_RIBS = 100, range(101, 133)
CODE_ROWS = {85: "vertebra", 86: "skull", 90: "sternum", RIB: "rib"}  # of what the skeleton tells apart
CODE_ROWS |= {code: "rib" for code in SINGLE_RIBS}
BLOOD_RANGE_HU = (15.0, 600.0)  # what an aorta can show; less is a place that is no aorta
PHASE_SPREAD = 0.3  # an organ's share of the enhancement varies this much with the phase
BORDER_BLOCKS = 0.8  # masks are off by about this much


@dataclass(frozen=True, eq=False)
class ExpectedCt:
    """Expected HU with spread and z, float32 on `grid`, and the patient's lung."""

    grid: Grid
    expected: np.ndarray
    spread: np.ndarray
    z: np.ndarray
    lung_hu: Spread


def expect_ct(
    ct: Volume, shares: Shares, noise_hu: float, factors: tuple[int, int, int], anatomy: Anatomy, numbers: NormalityParameters
) -> ExpectedCt:
    """Mix what lung, airway, bone and soft tissue show by their shares of each block of `factors` voxels."""
    measured = reduce_blocks(ct.values, factors)[0].astype(np.float32)
    lattice = ask_lattice(shares.grid, anatomy, numbers.lattice_mm)
    lung = fit_lung(measured, shares, numbers)
    parts = (
        (shares.lung, *expect_lung(measured, shares, lung, numbers)),
        (shares.airway, AIRWAY_HU, AIRWAY_SD_HU**2),
        (shares.bone, *expect_bone(measured, shares, numbers)),
        (shares.soft, *expect_soft(measured, shares, lattice, numbers)),
    )
    expected, variance, _ = blend(parts, BORDER_BLOCKS)
    variance += noise_of_blocks(noise_hu, factors) ** 2
    spread = np.sqrt(variance).astype(np.float32)
    z = np.where(shares.body, (measured - expected) / spread, 0).astype(np.float32)
    return ExpectedCt(shares.grid, expected.astype(np.float32), spread, z, lung_reference(lung))


def blend(parts, border_sigma) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Mean, variance and possible shares of blocks filled by several compartments: (share, mean, variance) each.

    The mean goes by the share. The share is wrong by the masks' error, which is large where a mask ends, so the variance
    mixes by shares blurred by that error: those that are possible. border_sigma in blocks.
    """
    mean = sum(share * value for share, value, _ in parts)
    # the kernel integrates its Gaussian over each block, which adds the variance of a block
    sigma = np.sqrt(np.maximum(np.square(border_sigma) - 1 / 12, 0.0))
    possible = [smooth_gaussian(share, (1, 1, 1), sigma) for share, _, _ in parts]
    total = np.maximum(sum(possible), 1e-6)
    possible = [share / total for share in possible]
    variance = sum(share * (own + (value - mean) ** 2) for share, (_, value, own) in zip(possible, parts))
    return mean, variance, possible


def expect_lung(measured, shares: Shares, model, numbers: NormalityParameters) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of healthy lung: bare lung and vessels by depth."""
    bare = expected_lung_hu(model, shares)
    vessels = vessel_share(measured, bare, shares, numbers)
    step = numbers.vessel_hu - bare
    # the mean is that of bare lung: the vessels widen it, but a nodule is measured against lung
    return bare, numbers.lung_texture_hu**2 + model.level_sd_hu**2 + vessels * step**2


def expect_bone(measured, shares: Shares, numbers: NormalityParameters) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of bone by its kind, told by the patient's own bones of that kind where there are enough."""
    mean, variance = np.empty(256, np.float32), np.empty(256, np.float32)
    mean[:], variance[:] = numbers.row("bone").hu_mean, numbers.row("bone").hu_sd ** 2
    whole = shares.bone > 0.8
    kinds = np.where((shares.bone_code > RIB) & (shares.bone_code < SINGLE_RIBS.stop), RIB, shares.bone_code)
    codes, values = kinds[whole], measured[whole]
    for code in np.unique(codes):
        row = numbers.row(CODE_ROWS.get(int(code), "bone"))
        own = values[codes == code]
        trust = len(own) / (len(own) + 200.0)
        mean[code] = trust * np.median(own) + (1 - trust) * row.hu_mean
        variance[code] = row.hu_sd**2
    return mean[kinds], variance[kinds]


def expect_soft(measured, shares: Shares, lattice: Lattice, numbers: NormalityParameters) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the soft regions mixed by the anatomy, enhanced as this patient's blood is."""
    blood_hu, blood_sd = measure_blood_hu(measured, shares, lattice, numbers)
    probabilities, names = lattice.soft()
    rows = [numbers.row(name) for name in names]
    enhancement = np.array([row.hu_enhancement for row in rows])
    above = max(blood_hu - numbers.blood_hu, 0.0)
    means = np.array([row.hu_mean for row in rows]) + enhancement * above
    spreads = np.sqrt(np.array([row.hu_sd for row in rows]) ** 2 + (enhancement * np.hypot(PHASE_SPREAD * above, blood_sd)) ** 2)
    mean, variance = mixture(probabilities, means, spreads)
    return lattice.spread_out(mean), lattice.spread_out(variance)


def measure_blood_hu(measured, shares: Shares, lattice: Lattice, numbers: NormalityParameters) -> tuple[float, float]:
    """HU of blood and its spread: the median where the anatomy puts aorta and heart, else unenhanced and wide."""
    weight = sum(
        lattice.probabilities[:, k] for k, name in enumerate(lattice.names) if name in ("aorta", "heart", "pulmonary_artery")
    ) + np.zeros(len(lattice.probabilities))
    values = lattice.at_lattice(measured)
    whole = lattice.at_lattice(shares.soft) > 0.95
    whole &= (weight > numbers.seen_probability) & (values > BLOOD_RANGE_HU[0]) & (values < BLOOD_RANGE_HU[1])
    if whole.sum() < 5:
        return numbers.blood_hu, numbers.blood_sd_hu
    return float(np.median(values[whole])), float(1.4826 * np.median(abs(values[whole] - np.median(values[whole]))) / 2 + 5.0)


def noise_of_blocks(noise_hu: float, factors: tuple[int, int, int]) -> float:
    """Noise of a block's mean; neighbouring voxels share about four of their noise."""
    return float(noise_hu / np.sqrt(max(1.0, np.prod(factors) / 4)))
