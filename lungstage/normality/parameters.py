"""The numbers of the imagined healthy patient: priors/parameters/normality.toml and priors/normality/regions.csv."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ..tables import Priors, read_parameters, read_rows, shipped_priors

COLUMNS = ("region", "hu_mean", "hu_sd", "hu_enhancement", "suv_of", "suv_ratio", "suv_sigma", "source")
UNITS_OF_UPTAKE = ("blood", "heart", "liver", "marrow", "wall", "suv")


@dataclass(frozen=True)
class RegionRow:
    """One region of the table: what it shows in health."""

    region: str
    hu_mean: float
    hu_sd: float
    hu_enhancement: float
    suv_of: str
    suv_ratio: float
    suv_sigma: float


@dataclass(frozen=True)
class NormalityParameters:
    """What a healthy patient shows."""

    working_mm: float
    lattice_mm: float
    lung_hu: float
    lung_sd_hu: float
    gravity_hu_per_cm: float
    gravity_sd_hu_per_cm: float
    lung_texture_hu: float
    vessel_share_rim: float
    vessel_share_centre: float
    rim_to_centre_mm: float
    vessel_hu: float
    blood_hu: float
    blood_sd_hu: float
    blood_suv: float
    blood_sigma: float
    heart_of_blood: float
    heart_sigma: float
    heart_cold_sigma: float
    valves_at: tuple[float, float]
    liver_suv: float
    liver_sigma: float
    marrow_of_blood: float
    marrow_sigma: float
    wall_of_blood: float
    wall_sigma: float
    lung_front_of_blood: float
    lung_back_of_blood: float
    lung_sigma: float
    pet_blur_mm: float
    breathing_mm: float
    seen_probability: float
    regions: tuple[RegionRow, ...] = ()

    def row(self, region: str) -> RegionRow:
        """The row of a region, or of its kind: numbered vertebrae and ribs have one row, other bones another."""
        rows = {row.region: row for row in self.regions}
        kinds = (region, region.split("_")[0], region.rsplit("_", 1)[0], "bone")
        return next(rows[kind] for kind in kinds if kind in rows)


@cache
def load_normality_parameters(priors: Priors | None = None) -> NormalityParameters:
    """The numbers of a priors folder, or those that ship with the package."""
    priors = priors or shipped_priors()
    numbers = read_parameters(priors, "parameters/normality.toml", NormalityParameters)
    return replace(numbers, regions=read_region_rows(priors))


def read_region_rows(priors: Priors) -> tuple[RegionRow, ...]:
    """The table of regions, checked."""
    from ..errors import ImpossibleRequest

    rows = []
    for cells in read_rows(priors, "normality/regions.csv", COLUMNS):
        where = f"{priors.name}/normality/regions.csv: {cells['region']}"
        numbers = [float(cells[name]) for name in ("hu_mean", "hu_sd", "hu_enhancement", "suv_ratio", "suv_sigma")]
        if not np.all(np.isfinite(numbers)) or min(numbers[1], numbers[3], numbers[4]) <= 0:
            raise ImpossibleRequest(f"{where}: spreads and ratios are finite numbers above 0")
        if cells["suv_of"] not in UNITS_OF_UPTAKE or cells["source"] not in priors.sources():
            raise ImpossibleRequest(f"{where}: suv_of is one of {', '.join(UNITS_OF_UPTAKE)}, and the source is in sources.bib")
        mean, sd, enhancement, ratio, sigma = numbers
        rows.append(RegionRow(cells["region"], mean, sd, enhancement, cells["suv_of"], ratio, sigma))
    return tuple(rows)
