"""A patient's truth in, lesions for the network out, each as certain as can be: what a perfect reader of the images would say."""

from __future__ import annotations

import numpy as np

from ..geometry import Grid
from ..records import Contact, Lesion, Place, ShapeSamples, Spread
from ..records.names import DENSITIES, LOBES, STRUCTURES
from ..staging import StagingParameters
from .truths import PatientTruth, TrueLesion

NEAR_CARINA = "mb_lt2"
SOMEWHERE = "mediastinum"


def described(truth: PatientTruth, in_scan, parameters: StagingParameters) -> tuple[Lesion, ...] | None:
    """The lesions inside the scan, or None where the truth does not tell enough of them."""
    if truth.lesions is None or not truth.complete:
        return None
    if not all(is_told(one) for one in truth.lesions):
        return None
    return tuple(
        describe(one, truth, parameters.numbers.log_odds_limit) for one, seen in zip(truth.lesions, in_scan, strict=True) if seen
    )


def is_told(lesion: TrueLesion) -> bool:
    """Whether enough is known of a lesion for the network."""
    return lesion.kind is not None and lesion.malignant is not None and bool(lesion.longest_diameter_mm)


def describe(lesion: TrueLesion, truth: PatientTruth, certain_log_odds: float) -> Lesion:
    """One lesion; what is not told of it is as usual: solid, its short axis its longest, its lobe that of its side."""
    longest = lesion.longest_diameter_mm
    solid = longest if lesion.solid_diameter_mm is None else min(lesion.solid_diameter_mm, longest)
    short = lesion.short_axis_mm if lesion.short_axis_mm is not None else longest
    volume = lesion.volume_ml if lesion.volume_ml is not None else np.pi / 6000 * longest**3
    samples = ShapeSamples(
        Grid((1, 1, 1), (1.0, 1.0, 1.0)), np.ones((1, 1, 1, 1), np.uint8),
        np.array([longest]), np.array([short]), np.array([solid]), np.array([volume]),
    )  # fmt: skip
    density = lesion.density or "solid"
    sides = {side: float(lesion.side == side) if lesion.side else 0.5 for side in ("right", "left")}
    lobes = [lesion.lobe] if lesion.lobe else [lobe for lobe in LOBES if lesion.side and lobe.startswith(lesion.side)] or LOBES
    in_lung = lesion.kind in ("pulmonary", "collapse")
    return Lesion(
        id=lesion.id, kind=lesion.kind, p_kind={lesion.kind: 1.0}, centre_mm=lesion.centre_mm or (0.0, 0.0, 0.0), slice=None,
        place=Place(sides, {lobe: 1 / len(lobes) for lobe in lobes} if in_lung else {SOMEWHERE: 1.0},
                    {lesion.station: 1.0} if lesion.station else None),
        longest_diameter_mm=certain(longest), short_axis_mm=certain(short), solid_diameter_mm=certain(solid),
        volume_ml=certain(volume), density={name: float(name == density) for name in DENSITIES}, hu_mean=0.0,
        suv_max=lesion.suv, suv_mean=lesion.suv, suv_unit=None if lesion.suv is None else "SUVbw",
        contacts=tuple(
            Contact(name, float(invaded), longest, 0.0, float(invaded), np.array([float(invaded)]))
            for name, invaded in lesion.contacts.items() if name in STRUCTURES
        ),
        base_log_odds=certain_log_odds if lesion.malignant else -certain_log_odds, reasons=(),
        p_malignant=float(lesion.malignant), samples=samples,
        distances_mm={"carina": 0.0} if NEAR_CARINA in truth.features else {},
    )  # fmt: skip


def certain(value: float) -> Spread:
    """A number that is known."""
    return Spread.normal(value, 0.0)
