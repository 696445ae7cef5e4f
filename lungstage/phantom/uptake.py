"""A seed in, how long the tracer had out; and tissues as they are at that time.

Tables tell uptake an hour after the injection. Most patients are scanned about then, and the little that the clock moves them is
part of the tables' spread; some wait much longer, or are scanned a second time (anatomy.md 9.3, priors.md 7.2).
"""

from __future__ import annotations

from dataclasses import replace

from .lesion import Lesion
from .parameters import read_table
from .physiology import Physiology, Worth
from .streams import stream

LATE, DELAYED = 0.08, 0.02
"""Shares of patients who wait long, and who are scanned a second time on purpose."""
LATE_MIN, DELAYED_MIN = (82.0, 110.0), (115.0, 165.0)
TOLD_MIN = 60.0
"""Minutes after injection for which the tables tell uptake."""


def late_minutes(seed: int) -> float | None:
    """Minutes from injection to scan of a patient who waited long, or None."""
    rng = stream(seed, "uptake time")
    drawn, share = rng.random(), rng.random()
    for least, most, ends in ((0.0, DELAYED, DELAYED_MIN), (DELAYED, DELAYED + LATE, LATE_MIN)):
        if least <= drawn < most:
            return float(round(ends[0] + share * (ends[1] - ends[0])))
    return None


def tissues_late(physiology: Physiology, minutes: float | None) -> Physiology:
    """The tissues after that many minutes."""
    if minutes is None:
        return physiology
    powers = read_powers()
    tissues = {
        name: changed(worth, powers[name], minutes) if name in powers else worth for name, worth in physiology.tissues.items()
    }
    return replace(physiology, tissues=tissues)


def lesions_late(lesions: list[Lesion], minutes: float | None) -> list[Lesion]:
    """The lesions after that many minutes: malignant ones hotter, inflamed ones a little."""
    if minutes is None:
        return lesions
    powers = read_powers()
    return [
        replace(
            lesion,
            worths={
                name: changed(worth, powers["malignant" if lesion.malignant else "inflamed"], minutes)
                for name, worth in lesion.worths.items()
            },
        )
        for lesion in lesions
    ]


def changed(worth: Worth, power: float, minutes: float) -> Worth:
    """A tissue whose uptake has gone on."""
    factor = (minutes / TOLD_MIN) ** power
    return replace(worth, suv=worth.suv * factor, suv_texture=worth.suv_texture * factor)


def read_powers() -> dict[str, float]:
    """Tissue -> power of time."""
    table = read_table("kinetics")
    return {name: float(power) for name, power in zip(table["tissue"], table["power"], strict=True)}
