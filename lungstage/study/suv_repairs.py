"""A PET's header that cannot be true in, the one gross repair that gives a body of physiological uptake out.

Only errors of a large factor can be seen from the body's mean SUV: Bq for MBq, grams for kilograms, an injection on another
day. Numbers: priors/parameters/study.toml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np

from .parameters import StudyParameters
from .pet_header import PetHeader, reference_time, uptake_s

DAY = timedelta(days=1)


def doubtful(header: PetHeader, numbers: StudyParameters) -> list[str]:
    """What in a complete header cannot be true, in words."""
    doubts = []
    low, high = numbers.weight_kg
    if not low <= header.weight_kg <= high:
        doubts.append(f"PatientWeight {header.weight_kg:g} kg cannot be true")
    low, high = numbers.dose_mbq
    if not low <= header.dose_bq / 1e6 <= high:
        doubts.append(f"RadionuclideTotalDose {header.dose_bq:g} Bq cannot be true")
    if header.decay_correction != "ADMIN":
        low, high = numbers.uptake_min
        minutes = uptake_s(header) / 60
        if not low <= minutes <= high:
            doubts.append(f"an injection {minutes:.0f} min before the scan cannot be true")
    return doubts


def repairs(header: PetHeader, numbers: StudyParameters) -> list[tuple[str, PetHeader]]:
    """(words, header) of every single gross repair that a header may need."""
    found = []
    if header.dose_bq / 1e6 < numbers.dose_mbq[0]:
        found.append((f"RadionuclideTotalDose {header.dose_bq:g} read as MBq", replace(header, dose_bq=header.dose_bq * 1e6)))
    if header.weight_kg > numbers.weight_kg[1]:
        found.append((f"PatientWeight {header.weight_kg:g} read as grams", replace(header, weight_kg=header.weight_kg / 1000)))
    if header.decay_correction != "ADMIN" and header.uptake_min is None:
        at = reference_time(header)[0]
        days = (at - header.injection) // DAY
        if days:
            words = f"the injection at {header.injection:%H:%M} taken as the last such time before the scan"
            found.append((words, replace(header, injection=header.injection + days * DAY)))
    return found


def fitting_repair(
    header: PetHeader, numbers: StudyParameters, mean: float, factor_of: Callable[[PetHeader], float]
) -> tuple[str, PetHeader, float] | None:
    """(words, repaired header, mean SUV of the body) of the one repair that makes the body physiological; else None.

    mean        of the body in the PET's own unit
    factor_of   gives the mean SUV of one such unit by a header
    """
    low, high = numbers.body_suv
    with np.errstate(all="ignore"):  # of a dose injected years ago nothing is left
        was = mean * factor_of(header)
    fitting = []
    for words, candidate in repairs(header, numbers):
        if doubtful(candidate, numbers):
            continue
        suv = mean * factor_of(candidate)
        gross = max(suv, was) > numbers.gross_factor * min(suv, was)
        if low <= suv <= high and gross:
            fitting.append((words, candidate, suv))
    return fitting[0] if len(fitting) == 1 else None


def body_mean(values: np.ndarray) -> float:
    """Mean of the body in a PET, in its own unit, from the PET alone; 0 where it is empty.

    values   float32 (z, y, x). Every other voxel is enough. The body is what holds more than a tenth of the uptake of
             ordinary tissue, which the median of the upper half tells.
    """
    few = values[::2, ::2, ::2]
    few = few[np.isfinite(few) & (few > 0)]
    if not few.size:
        return 0.0
    ordinary = few.mean(dtype=np.float64)
    for _ in range(8):  # mean of what is above half the mean: settles on the body whatever share of the field it fills
        ordinary = few[few > 0.3 * ordinary].mean(dtype=np.float64)
    return float(ordinary)
