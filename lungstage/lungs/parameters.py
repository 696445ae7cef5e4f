"""The numbers of the lung stage: priors/parameters/lungs.toml in, LungParameters out."""

from __future__ import annotations

from dataclasses import dataclass

from ..tables import Priors, read_parameters, shipped_priors


@dataclass(frozen=True)
class LungParameters:
    """What the lungs are told apart by; meanings, ranges and sources stand in priors/parameters/lungs.toml."""

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


def load_lung_parameters(priors: Priors | None = None) -> LungParameters:
    """The numbers of `priors`, or those that ship with the package."""
    return read_parameters(priors or shipped_priors(), "parameters/lungs.toml", LungParameters)
