"""The numbers of the map, from priors/parameters/anatomy.toml and the tables of priors/atlas; their meaning stands there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..tables import Priors, read_parameters, shipped_priors
from .atlas import Atlas, read_atlas


@dataclass(frozen=True)
class MapNumbers:
    """How landmarks are found, how far patients differ, how sharp the borders are."""

    front_step_mm: float
    main_branch_mm: float
    lobar_branch_mm: float
    airway_landmark_sd_mm: float
    lung_landmark_sd_mm: float
    bone_landmark_sd_mm: float
    width_sd: float
    depth_sd: float
    height_sd: float
    breath_mm: float
    breath_sd_mm: float
    bend_sd_mm: float
    turn_sd_deg: float
    origin_sd_mm: float
    tail_freedom: float
    surface_sd_mm: float
    fissure_floor_mm: float
    fissure_trust_sd: float
    carina_in_chest_sd_mm: tuple[float, float, float]
    given_misses: float
    given_strays: float
    given_whole: float


@dataclass(frozen=True, eq=False)
class AnatomyParameters:
    """Numbers and atlas together."""

    numbers: MapNumbers
    atlas: Atlas


@cache
def load_anatomy_parameters(priors: Priors | None = None) -> AnatomyParameters:
    """The parameters of the shipped priors, or of a folder the user names."""
    priors = priors or shipped_priors()
    return AnatomyParameters(read_parameters(priors, "parameters/anatomy.toml", MapNumbers), read_atlas(priors))
