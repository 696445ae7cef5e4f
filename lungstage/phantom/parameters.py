"""priors/phantom in, the numbers of the phantom out: parameters as a record, tables as rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..tables import Priors, read_parameters, read_rows, shipped_priors

PATH = "phantom/parameters.toml"
TAIL = ("source", "verified")
COLUMNS = {
    "outline": ("z", "cage_half", "cage_front", "cage_back", "skin_half", "skin_front", "skin_back", "wall_side", "wall_front",
                "wall_back"),
    "great_vessels": ("name", "tissue", "x", "y", "z", "radius", "margin"),
    "airways": ("name", "parent", "dx", "dy", "dz", "length", "diameter", "lobe"),
    "fissures": ("fissure", "z0", "a", "b", "c", "d", "z0_sd", "a_sd", "b_sd"),
    "ribs": ("rib", "length", "cartilage", "head_z", "drop", "height", "thickness", "sternum_z"),
    "vertebrae": ("name", "z", "y", "height", "width", "depth"),
    "organs": ("name", "tissue", "x", "y", "z", "rx", "ry", "rz", "turn_x", "turn_y", "turn_z", "exponent", "clip"),
    "stations": ("station", "count", "benign_mm", "benign_sigma", "malignant_mm", "malignant_sigma", "x", "y", "z", "spread_x",
                 "spread_y", "spread_z"),
    "primaries": ("primary", "density", "low", "high", "solid_low", "solid_high", "feature", "weight"),
    "spread": ("t", "n0", "n1", "n2a", "n2b", "n3", "m_log_odds"),
    "drainage": ("lobe", "share", "2R", "4R", "2L", "4L", "3a", "3p", "5", "6", "7", "8", "9", "10", "11", "12", "contra10"),
    "metastases": ("site", "organ", "weight", "single", "most", "size", "size_sigma", "suv", "suv_sigma", "hu", "needs"),
    "findings": ("finding", "share", "most", "size", "size_sigma", "hu", "hu_sd", "suv", "suv_sigma"),
    "states": ("state", "share", "tissues", "hu", "hu_sd", "suv_low", "suv_high"),
    "variants": ("variant", "share"),
    "variant_vessels": ("variant", "name", "tissue", "x", "y", "z", "radius", "margin"),
    "muscles": ("muscle", "z", "turn", "outside", "half", "thick"),
    "protocols": ("protocol", "weight", "slice", "field", "psf", "f0", "p", "edge", "noise", "noise_sd", "next", "breath_low",
                  "breath_high"),
    "rare_protocols": ("protocol", "share", "slice", "field", "psf", "f0", "p", "edge", "noise", "noise_sd", "next", "breath_low",
                       "breath_high"),
    "kinetics": ("tissue", "power"),
    "pet_scanners": ("scanner", "weight", "voxel", "slice", "psf", "psf_sd", "noise", "noise_sd"),
    "tissues": ("tissue", "hu", "hu_sd", "hu_texture", "hu_contrast", "suv", "suv_sigma", "suv_texture"),
}  # fmt: skip
"""Columns of each table of priors/phantom, without `source` and `verified`."""
WORDS = {
    "primary",
    "density",
    "feature",
    "t",
    "site",
    "organ",
    "needs",
    "finding",
    "name",
    "tissue",
    "parent",
    "lobe",
    "clip",
    "station",
    "rib",
    "protocol",
    "muscle",
    "state",
    "tissues",
    "field",
    "scanner",
    "variant",
    "fissure",
}


@dataclass(frozen=True)
class PhantomParameters:
    """How patients vary and how they are scanned; meanings and units in priors/phantom/parameters.toml.

    What is None is drawn from priors/phantom/protocols.csv and pet_scanners.csv, scan by scan.
    """

    male_share: float
    height_male_cm: tuple[float, float]
    height_female_cm: tuple[float, float]
    body_mass_index: tuple[float, float]
    build_sd: float
    female_breadth: float
    front_sigma: float
    front_limits: tuple[float, float]
    back_flatter: float
    side_width_sd: float
    side_turn_sd: float
    ribs_turn_per_mm: float
    shoulder_sd_mm: float
    side_muscle_sd: float
    age_years: tuple[float, float]
    age_limits_years: tuple[float, float]
    fat_mm_per_index: float
    roundness: tuple[float, float]
    muscle_sd: float
    female_muscle: float
    dome_drop_mm: float
    lung_weight_g: tuple[float, float]
    lung_weight_sigma: float
    least_lung_weight_g: float
    lung_hu_limits: tuple[float, float]
    lung_gradient_hu_per_mm: tuple[float, float]
    lung_gradient_sd_hu_per_mm: tuple[float, float]
    lung_gradient_up_hu_per_mm: float
    lung_suv_gradient_per_mm: float
    arteries_per_lung: int
    veins_per_lung: int
    end_vessel_radius_mm: float
    murray_exponent: float
    branch_advance: tuple[float, float]
    branch_split: tuple[float, float]
    contrast_share: float
    arms_up_share: float
    ct_matrix: int
    breathing_mm: tuple[float, float]
    uptake_min: tuple[float, float]
    activity_mbq_per_kg: float
    field_step_mm: float
    ct_pixel_mm: float | None = None
    ct_slice_mm: float | None = None
    ct_noise_hu: float | None = None
    pet_voxel_mm: tuple[float, float, float] | None = None
    pet_psf_mm: float | None = None


def read_phantom_parameters(priors: Priors) -> PhantomParameters:
    """The parameters of a folder of priors."""
    return read_parameters(priors, PATH, PhantomParameters)


def shipped_parameters() -> PhantomParameters:
    """The parameters inside the package."""
    return read_phantom_parameters(shipped_priors())


@dataclass(frozen=True)
class ScanNumbers:
    """How scans are made and what moves during them; meanings and units in priors/phantom/scan.toml."""

    breathing_share: float
    wave_mm: tuple[float, float]
    wave_limits_mm: tuple[float, float]
    breath_s: tuple[float, float]
    breath_limits_s: tuple[float, float]
    table_mm_per_s: tuple[float, float]
    beat_mm: tuple[float, float]
    beat_limits_mm: tuple[float, float]
    heart_half_mm: tuple[float, float, float]
    beat_fades: float
    apex_mm: float
    breath_power: float
    dense_hu: float
    metal_hu: float
    metal_is_denser: float
    hardening_per_mm: float
    hardening_saturates_mm: float
    metal_noise: float
    water_per_mm: float
    current_follows: float
    noise_path_mm: float
    noise_longest_mm: float
    electronic_noise: float
    edge_per_mm: float
    edge_width_per_mm: float
    half_life_s: float
    couch_mm: float
    couch_shell_mm: float
    couch_half_mm: float
    couch_round_mm: float
    trunk_beyond_lungs_mm: float
    chest_beyond_lungs_mm: float
    cloth_mm: float
    moved_share: float
    moved_sd_mm: tuple[float, float, float]
    least_lift_mm: float
    lost_at_dome: float
    pet_noise_kg: float
    pet_noise_power: float
    pet_signal_power: float
    pet_least_signal: float
    breathing_phases: tuple[float, float, float, float, float]
    ct_phase: float
    dome_mismatch_mm: tuple[float, float]
    dome_mismatch_limits_mm: tuple[float, float]
    activity_sd: float
    waits_limits_min: tuple[float, float]
    flat_couches: float
    blankets: float
    padded: float
    whole_field_mm: float


@dataclass(frozen=True)
class TrunkNumbers:
    """Where the diaphragm and what breathes lie; meanings and units in priors/phantom/trunk.toml."""

    right_dome_mm: tuple[float, float, float]
    left_dome_mm: tuple[float, float, float]
    dome_fall_per_mm: tuple[float, float, float, float]
    dome_fall_sd: float
    crus_reach_mm: float
    crus_rise: float
    back_flat: float
    hilum_mm: tuple[float, float, float]
    skin_waves_mm: float
    skin_wave_length_mm: float
    apex_mm: tuple[float, float, float]
    cupola_mm: float
    cupola_front: float
    fissures_follow: float
    follows_dome: float
    sinks_abdomen: float
    sinks_heart: float
    trachea_radius_mm: tuple[float, float]
    trachea_wall_mm: float


def trunk_numbers() -> TrunkNumbers:
    """The numbers of priors/phantom/trunk.toml inside the package."""
    return read_parameters(shipped_priors(), "phantom/trunk.toml", TrunkNumbers)


def scan_numbers() -> ScanNumbers:
    """The numbers of priors/phantom/scan.toml inside the package."""
    return read_parameters(shipped_priors(), "phantom/scan.toml", ScanNumbers)


@dataclass(frozen=True)
class Table:
    """One table of priors/phantom: columns as tuples of text or arrays of numbers (nan where empty)."""

    columns: dict[str, tuple[str, ...] | np.ndarray]

    def __getitem__(self, column: str):
        return self.columns[column]

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def row(self, index: int) -> dict[str, str | float]:
        """One row by name of column."""
        return {name: values[index] for name, values in self.columns.items()}

    def points(self) -> np.ndarray:
        """(n, 3) of the columns x, y, z."""
        return np.stack([self["x"], self["y"], self["z"]], axis=1)


@cache
def read_table(name: str) -> Table:
    """A table of priors/phantom by its name in COLUMNS."""
    rows = read_rows(shipped_priors(), f"phantom/{name}.csv", COLUMNS[name] + TAIL)
    columns = {}
    for column in COLUMNS[name]:
        cells = [row[column] for row in rows]
        columns[column] = tuple(cells) if column in WORDS else np.array([float(cell) if cell else np.nan for cell in cells])
    for values in columns.values():
        if isinstance(values, np.ndarray):
            values.flags.writeable = False
    return Table(columns)
