"""The numbers of the skeleton, from priors/parameters/skeleton.toml; their meaning stands there."""

from __future__ import annotations

from dataclasses import dataclass

from ..tables import Priors, read_parameters, shipped_priors


@dataclass(frozen=True)
class SkeletonParameters:
    """What bone looks like and where it stands."""

    working_mm: float
    body_hu: float
    lung_air_hu: float
    bone_above_soft_hu: float
    marrow_above_soft_hu: float
    body_ahead_mm: float
    arch_behind_mm: float
    vertebra_half_width_mm: float
    vertebra_half_depth_mm: float
    canal_radius_mm: float
    spinous_reach_mm: float
    rib_inside_mm: float
    rib_outside_mm: float
    sternum_half_width_mm: float
    sternum_outside_mm: float
    sternum_depth_mm: float
    least_bone_ml: float
    rib_count_p_min: float


def load_skeleton_parameters(priors: Priors | None = None) -> SkeletonParameters:
    """The numbers of a priors folder, or those that ship with the package."""
    return read_parameters(priors or shipped_priors(), "parameters/skeleton.toml", SkeletonParameters)
