"""The numbers of the reader, from study.toml and orientation.toml in priors/parameters; their meaning stands there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..tables import Priors, read_parameters, shipped_priors


@dataclass(frozen=True)
class OrientationParameters:
    """What must be seen of a chest before a header is called wrong about head, back and left (orientation.toml)."""

    block_mm: float
    body_hu: float
    lung_hu: float
    lungs_ml: float
    lung_piece_ml: float
    bone_hu: float
    bone_pale_hu: float
    bone_texture_hu: float
    bone_sure_hu: float
    spine_seen: float
    spine_margin: float
    spine_behind: float
    spine_rival: float
    bare_lung: float
    ribs_slope: float
    ribs_step_mm: float
    ribs_fall_mm: float
    windpipe_share: float
    windpipe_hu: float
    soft_hu: float
    aorta_share: float
    heart_share: float
    liver_share: float
    below_lungs_mm: float
    sides_votes: float
    sides_seen: float
    spine_drift_mm: float
    spine_middle: float
    ribs_aside_mm: float
    ribs_near_mm: float
    windpipe_mm2: tuple[float, float]
    windpipe_before_mm: tuple[float, float]
    windpipe_aside_mm: float
    aorta_aside_mm: tuple[float, float]
    aorta_before_mm: tuple[float, float]
    heart_before_mm: float
    liver_hu: tuple[float, float]
    liver_below_mm: float
    liver_wall_mm: float


@dataclass(frozen=True)
class StudyParameters:
    """When a geometry, a Hounsfield scale or an SUV is believed. priors: where the tables of priors/study/ are read from."""

    step_tolerance_share: float
    step_tolerance_mm: float
    missing_steps: float
    apart_noted: float
    line_tolerance_mm: float
    tilt_most_deg: float
    pixel_mm: tuple[float, float]
    step_mm: tuple[float, float]
    clip_hu: tuple[float, float]
    air_hu: float
    outside_hu: float
    air_share_min: float
    tissue_share_min: float
    thin_hu: tuple[float, float]
    tissue_hu: tuple[float, float]
    lost_air: tuple[float, float]
    lost_air_share_min: float
    lost_tissue: tuple[float, float]
    picture_hu: tuple[float, float]
    weight_kg: tuple[float, float]
    height_cm: tuple[float, float]
    oldest_years: float
    dose_mbq: tuple[float, float]
    uptake_min: tuple[float, float]
    usual_uptake_min: tuple[float, float]
    half_life_s: tuple[float, float]
    half_life_tolerance: float
    gross_factor: float
    body_suv: tuple[float, float]
    usual_body_suv: float
    file_suv_lowest: float
    file_suv_far: float
    staging_bytes: float
    staging_gb: float
    breathing_noted_mm: float
    visit_hours: float
    breathing_lung_hu: float
    breathing_liver_hu: tuple[float, float]
    breathing_contrast: float
    breathing_dome_mm: float
    breathing_reach_mm: float
    breathing_plateau_mm: float
    breathing_share: float
    breathing_tissue_above_mm: float
    orientation: OrientationParameters | None = None
    priors: Priors | None = None


def load_study_parameters(priors: Priors | None = None) -> StudyParameters:
    """The numbers of a priors folder; by default those that ship with the package."""
    priors = priors or shipped_priors()
    orientation = read_parameters(priors, "parameters/orientation.toml", OrientationParameters)
    return replace(read_parameters(priors, "parameters/study.toml", StudyParameters), orientation=orientation, priors=priors)
