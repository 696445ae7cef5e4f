"""parameters/evaluation.toml and costs.toml in, the numbers of the evaluation out."""

from __future__ import annotations

from dataclasses import dataclass

from ..staging import StagingParameters, read_staging_parameters
from ..tables import Priors, read_parameters


@dataclass(frozen=True)
class EvaluationParameters:
    """What counts as found and as called, and how scores are made; meanings stand in the file."""

    hit_reach_mm: float
    hit_dice: float
    called_from: float
    size_edges_mm: tuple[float, ...]
    froc_rates: tuple[float, ...]
    reliability_bins: int
    least_probability: float
    bootstrap_draws: int
    interval: float


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Everything a score rests on: the numbers of the evaluation, and those of the network whose costs and prior are used."""

    priors: Priors
    numbers: EvaluationParameters
    network: StagingParameters


def read_yardstick(priors: Priors) -> Yardstick:
    """The numbers of one folder of priors; ImpossibleRequest names what is wrong with them."""
    numbers = read_parameters(priors, "parameters/evaluation.toml", EvaluationParameters)
    return Yardstick(priors, numbers, read_staging_parameters(priors))
