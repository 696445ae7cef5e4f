"""The numbers of the lung stage: priors/parameters/lungs.toml and lungs_anatomy.toml in, LungParameters out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..tables import Priors, read_parameters, shipped_priors


@dataclass(frozen=True)
class LungAnatomy:
    """Lengths, shares and densities of the adult chest, from priors/parameters/lungs_anatomy.toml; their meaning stands there."""

    fat_hu: float
    bone_hu: float
    haze_hu: float
    haze_mm: float
    bubble_share: float
    bulla_contact_share: float
    lumen_edge_hu: float
    widest_windpipe: float
    bronchi_mm: tuple[float, ...]
    spine_mm: float
    windpipe_aside_mm: float
    airless_share: float
    rib_pitch_mm: float
    on_dome_mm: float
    right_dome_mm: float
    least_gap_ml: float
    valley_mm: float
    peak_mm: float
    dent_mm: float
    deep_bay_mm: float
    heart_cap_mm: float
    groove_mm: float
    groove_thick_mm: float
    palm_cm2: float
    inner_share: float
    beat_mm: float
    breath_mm: float
    doubled_share_max: float


@dataclass(frozen=True)
class LungParameters:
    """What the lungs are told apart by; meanings, ranges and sources stand in priors/parameters/lungs.toml.

    anatomy   lengths of the adult; None only until its file is read
    """

    block_mm: float
    body_hu: float
    air_hu: float
    gas_hu: float
    vessel_tail_hu: float
    trachea_mm2: float
    airway_ml: float
    airway_wall_mm: float
    vessel_mm: float
    recess_mm: float
    hull_mm: float
    pleura_mm: float
    fluid_hu: tuple[float, float]
    lung_height_mm: float
    thorax_log_odds: tuple[float, ...]
    anatomy: LungAnatomy | None = None


def load_lung_parameters(priors: Priors | None = None) -> LungParameters:
    """The numbers of `priors`, or those that ship with the package."""
    priors = priors or shipped_priors()
    anatomy = read_parameters(priors, "parameters/lungs_anatomy.toml", LungAnatomy)
    return replace(read_parameters(priors, "parameters/lungs.toml", LungParameters), anatomy=anatomy)
