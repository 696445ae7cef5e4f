"""The numbers of the stage: of the search (lesions.toml), and of shape, traits, malignancy and contacts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..tables import Priors, read_parameters, shipped_priors
from .invasion import ContactParameters, InvasionRow, invasion_table, load_contact_parameters
from .malignancy import MalignancyParameters, load_malignancy_parameters
from .shape import ShapeParameters, load_shape_parameters
from .traits import TraitParameters, load_trait_parameters


@dataclass(frozen=True)
class SearchParameters:
    """What a detector takes for a spot, and how many spots are looked at more closely; meanings stand in the file."""

    search_step_mm: float
    nodule_scales_mm: tuple[float, ...]
    nodule_response_hu: float
    dense_hu: float
    vessel_radius_mm: float
    mass_ml: float
    neck_ratio: float
    glass_excess_hu: float
    glass_vessel_mm: float
    glass_around_mm: float
    glass_healthy_hu: float
    glass_radius_mm: float
    glass_ml: float
    glass_hu: float
    glass_filled: float
    glass_roundness: float
    glass_at_most: int
    node_scales_mm: tuple[float, ...]
    small_node_scales_mm: tuple[float, ...]
    airway_wall_mm: float
    thick_mm: float
    thick_hu: float
    node_response_hu: float
    fat_hu: float
    soft_hu: float
    nodes_at_most: int
    adrenal_limb_mm: float
    adrenal_most_mm: float
    adrenal_smooth_mm: float
    adrenal_reach: float
    adrenal_hu: float
    adrenals_at_most: int
    enclosed_share: float
    enclosed_blur: float
    against_spine: float
    against_spine_blur: float
    against_spine_share: float
    focus_z: float
    focus_suv: float
    focus_share: float
    focus_saddle: float
    focus_of_mass: float
    wall_beyond: tuple[float, ...]
    wall_bone: float
    cold_share: float
    cold_reach_mm: float
    cold_gap_mm: float
    island_suv: float
    island_share: float
    island_ml: tuple[float, ...]
    island_roundness: float
    island_z: float
    fluid_hu_low: float
    fluid_hu_high: float
    effusion_ml: float
    effusion_fluid: float
    effusion_fluid_blur: float
    effusion_wall: float
    effusion_wall_blur: float
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
    fat_share: float
    fat_blur: float
    lung_around: float
    lung_around_blur: float
    bare_share: float
    bare_lung: float
    bare_blur: float
    rim_depth: float
    rim_depth_blur: float
    rim_share: float
    great_vessel_wider_mm: float
    breath_spread_mm: float
    breath_mediastinum: float
    focus_tissue: float
    great_vessel_share: float
    node_vessel_share: float
    great_vessel_over_blood: float
    great_vessel_blur: float
    great_vessel_mm: float
    great_vessel_blur_mm: float
    heart_reach_mm: float
    heart_apart_mm: float
    heart_as_hot: float
    heart_blur: float
    hot_alternative: float
    hot_over_blood: float
    hot_blur: float
    hot_ball: float
    hot_ball_blur: float
    hot_ball_over_blood: float
    aerated_share: float
    aerated_hu: float
    aerated_blur_hu: float
    tissue_hu: float
    rim_hu_mm: float
    density_told_mm: tuple[float, ...]
    node_in_lung: float
    line_share: float
    line_ratio: float
    line_blur: float
    line_upright: float
    brown_share: float
    brown_fat: float
    brown_fat_blur: float
    gut_share: float
    gut_gas: float
    gut_gas_blur: float
    harmless_share: float
    harmless_over_blood: float
    harmless_blur: float
    lone_share: float
    lone_hu: float
    lone_blur_hu: float
    lone_roundness: float
    lone_roundness_blur: float
    looks_at_most: int
    mass_ball: float
    candidates_at_most: int
    given_real: float
    given_border_sd_mm: float


@dataclass(frozen=True, eq=False)
class LesionParameters:
    """Everything the stage rests on, from one folder of priors."""

    search: SearchParameters
    shape: ShapeParameters
    traits: TraitParameters
    malignancy: MalignancyParameters
    contacts: ContactParameters
    invasion: dict[str, InvasionRow]


@cache
def load_lesion_parameters(priors: Priors | None = None) -> LesionParameters:
    """From the shipped priors, or another folder's."""
    priors = priors or shipped_priors()
    return LesionParameters(
        read_parameters(priors, "parameters/lesions.toml", SearchParameters), load_shape_parameters(priors),
        load_trait_parameters(priors), load_malignancy_parameters(priors), load_contact_parameters(priors),
        invasion_table(priors),
    )  # fmt: skip
