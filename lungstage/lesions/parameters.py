"""The numbers of the search for lesions (priors/parameters/lesions.toml)."""

from __future__ import annotations

from dataclasses import dataclass

from ..tables import Priors, read_parameters, shipped_priors


@dataclass(frozen=True)
class LesionParameters:
    """What a detector takes for a spot, and how many spots are looked at more closely; meanings stand in the file."""

    search_step_mm: float
    nodule_scales_mm: tuple[float, ...]
    nodule_response_hu: float
    dense_hu: float
    vessel_radius_mm: float
    mass_ml: float
    node_scales_mm: tuple[float, ...]
    node_response_hu: float
    fat_hu: float
    soft_hu: float
    nodes_at_most: int
    focus_z: float
    focus_suv: float
    focus_share: float
    fluid_hu_low: float
    fluid_hu_high: float
    effusion_ml: float
    hilum_reach_mm: float
    vessel_hilum_mm: float
    vessel_periphery_mm: float
    vessel_ratio: float
    vessel_ratio_blur: float
    inside_share: float
    inside_blur: float
    wall_depth: float
    wall_depth_blur: float
    contrast_hu: float
    contrast_blur_hu: float
    embedded_share: float
    embedded_blur: float
    hot_alternative: float
    harmless_share: float
    harmless_over_blood: float
    harmless_blur: float
    candidates_at_most: int


def load_lesion_parameters(priors: Priors | None = None) -> LesionParameters:
    """From the shipped priors, or another folder's."""
    return read_parameters(priors or shipped_priors(), "parameters/lesions.toml", LesionParameters)
