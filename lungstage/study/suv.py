"""A PET's headers in, the factor from its values to SUV out, with how far it can be trusted and every step on the way.

The ladder, first rung that holds: values that are SUV already; the Philips factor to SUV, then to activity; activity with
weight, dose and times (exact); the same with a half-life from the nuclide or with what the user gave (assumed); units of the
patient's own body where weight, dose or times are missing (relative); refused. Nothing is invented; gross header errors are
repaired only where exactly one repair gives a body of physiological uptake. Formulas: DICOM PS3.3 C.8.9, QIBA FDG-PET profile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..records import Note, SuvStep
from .parameters import StudyParameters
from .pet_header import PetHeader, reference_time, uptake_s
from .suv_repairs import doubtful, fitting_repair


@dataclass(frozen=True)
class Scale:
    """How stored activity becomes SUV.

    trust    "exact", "assumed", "relative" or "refused"
    unit     "SUVbw" or "SUVrel"
    factors  SUV for one unit of the values: one number, or (slices) one for each stored slice; None where relative or refused
    why      why not better, in words
    """

    trust: str
    unit: str
    factors: float | np.ndarray | None
    steps: tuple[SuvStep, ...] = ()
    notes: tuple[Note, ...] = ()
    why: str = ""


def climb(header: PetHeader, numbers: StudyParameters, body_mean: Callable[[], float] | None = None) -> Scale:
    """The first rung of the ladder that holds.

    body_mean   gives the mean of the body in the PET's own unit; asked only when a header may need repair. Without it
                (when series are compared before anything is read) such a header counts as assumed.
    """
    if header.attenuation == "no":
        return Scale("refused", "SUVrel", None, why="not attenuation-corrected")
    if any(not slope for slope in header.slopes):
        return Scale("refused", "SUVrel", None, why="RescaleSlope is missing or 0")
    if "Units" in header.contrary:
        return Scale("refused", "SUVrel", None, why="its slices have different Units")
    if header.units in ("GML", "CM2ML"):
        return already_suv(header)
    if header.units == "CNTS" and header.philips_suv:
        step = SuvStep("counts x Philips SUV Scale Factor", {"(7053,1000)": f"{header.philips_suv:.8g}"})
        return Scale("exact", "SUVbw", header.philips_suv, (step,), tracer_notes(header))
    to_activity, before = 1.0, ()
    if header.units == "CNTS" and header.philips_activity:
        to_activity = header.philips_activity
        before = (SuvStep("counts x Philips activity factor = Bq/ml", {"(7053,1009)": f"{to_activity:.8g}"}),)
    elif header.units != "BQML":
        return Scale("refused", "SUVrel", None, why=f"Units {header.units or 'missing'} cannot be turned into SUV")
    if contradiction := contradicted(header):
        return relative(header, contradiction, before)
    if lacking := missing_tags(header):
        return relative(header, f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing", before)
    doubts = doubtful(header, numbers)
    if not doubts:
        return from_activity(header, numbers, to_activity, before)
    if body_mean is None:
        return Scale("assumed", "SUVbw", None, why="; ".join(doubts))
    return repaired(header, numbers, to_activity, before, doubts, body_mean())


def already_suv(header: PetHeader) -> Scale:
    """Units GML (or CM2ML): the values are SUV; of body weight unless SUVType names another size, which is then taken back."""
    suv_type = header.suv_type or ("BSA" if header.units == "CM2ML" else "BW")
    step = SuvStep("values are SUV already", {"Units": header.units, "SUVType": header.suv_type or "(empty: BW)"})
    if suv_type == "BW":
        return Scale("exact", "SUVbw", 1.0, (step,), tracer_notes(header))
    factor = bodyweight_over(suv_type, header)
    if factor is None:
        return relative(header, f"SUVType is {suv_type}, and weight, height or sex to turn it into SUVbw are missing", (step,))
    tags = {"PatientWeight": f"{header.weight_kg:g}", "PatientSize": f"{header.height_cm:g} cm", "PatientSex": header.sex or ""}
    turned = SuvStep(f"SUV{suv_type.lower()} x {factor:.6g} = SUVbw", tags)
    return Scale("assumed" if header.given else "exact", "SUVbw", factor, (step, turned), tracer_notes(header))


def bodyweight_over(suv_type: str, header: PetHeader) -> float | None:
    """SUVbw for one unit of SUV of another kind: lean mass of James or Janmahasatian, ideal weight, or surface of DuBois."""
    weight, height = header.weight_kg, header.height_cm
    if weight is None or height is None:
        return None
    if suv_type == "BSA":
        return weight * 1000 / (0.007184 * weight**0.425 * height**0.725 * 10000)
    if header.sex is None:
        return None
    man, bmi = header.sex == "male", weight / (height / 100) ** 2
    lean_kg = {
        "LBM": (1.10 * weight - 120 * (weight / height) ** 2) if man else (1.07 * weight - 148 * (weight / height) ** 2),
        "LBMJAMES128": (1.10 * weight - 128 * (weight / height) ** 2) if man else (1.07 * weight - 148 * (weight / height) ** 2),
        "LBMJANMA": 9270 * weight / (6680 + 216 * bmi) if man else 9270 * weight / (8780 + 244 * bmi),
        "IBW": (48.0 + 1.06 * (height - 152)) if man else (45.5 + 0.91 * (height - 152)),
    }.get(suv_type)
    return None if lean_kg is None or lean_kg <= 0 else weight / lean_kg


def contradicted(header: PetHeader) -> str:
    """Where the headers of a PET contradict each other about what an SUV needs; "" where they do not."""
    if header.contrary:
        return f"{' and '.join(header.contrary)} {'differ' if len(header.contrary) > 1 else 'differs'} among its slices"
    corrected = header.decay_correction in ("START", "ADMIN")
    if header.decay_listed is not None and header.decay_correction and header.decay_listed != corrected:
        listed = "lists DECY" if header.decay_listed else "does not list DECY"
        return f"DecayCorrection is {header.decay_correction} and CorrectedImage {listed}"
    return ""


def missing_tags(header: PetHeader) -> list[str]:
    """What an SUV from activity needs and the header has not."""
    wanted = {
        "PatientWeight": header.weight_kg, "RadionuclideTotalDose": header.dose_bq,
        "DecayCorrection": header.decay_correction if header.decay_correction in ("START", "ADMIN", "NONE") else None,
    }  # fmt: skip
    if header.decay_correction != "ADMIN":
        wanted["RadionuclideHalfLife"] = header.half_life_s or header.nuclide
        if header.uptake_min is None:
            wanted["the time of injection"] = header.injection
            wanted["the time of the scan"] = reference_time(header)[0]
    if header.decay_correction == "NONE" and not all(header.acquisitions):
        wanted["AcquisitionTime"] = None
    return [name for name, value in wanted.items() if value is None]


def half_life(header: PetHeader, numbers: StudyParameters) -> tuple[float, bool, str]:
    """(seconds, whether the tag was believed, words)."""
    known = header.nuclide.half_life_s if header.nuclide else None
    told = header.half_life_s
    if told is not None and (known is None or abs(told / known - 1) <= numbers.half_life_tolerance):
        return told, True, f"{told:g} s"
    source = "missing" if told is None else f"{told:g} s"
    return known, False, f"{known:g} s of {header.nuclide.name} (the tag: {source})"


def from_activity(header: PetHeader, numbers: StudyParameters, to_activity: float, before: tuple[SuvStep, ...]) -> Scale:
    """SUVbw = C w / (D f), with f for what of the dose is left at the moment to which the values are corrected."""
    tags = {"PatientWeight": f"{header.weight_kg:g} kg", "RadionuclideTotalDose": f"{header.dose_bq:.6g} Bq"}
    words = f"{header.dose_bq / 1e6:.0f} MBq"
    notes, trusted, left = tracer_notes(header), True, 1.0
    if header.decay_correction != "ADMIN":
        seconds_half, trusted, half_words = half_life(header, numbers)
        seconds = uptake_s(header)
        if header.decay_correction == "NONE":
            first = min(header.acquisitions)
            seconds = seconds + np.array([(at - first).total_seconds() for at in header.acquisitions])
            if header.uptake_min is None:
                seconds = np.array([(at - header.injection).total_seconds() for at in header.acquisitions])
        left = np.exp2(-np.asarray(seconds, float) / seconds_half)
        tags |= {"RadionuclideHalfLife": half_words, **time_tags(header)}
        minutes = float(np.mean(seconds)) / 60
        words += f"{clock_words(header)} ({minutes:.0f} min)"
        notes += uptake_notes(minutes, numbers)
        if not trusted:
            notes += (Note("pet_half_life", f"the half-life is {half_words}", "SUV rests on the nuclide's own half-life"),)
    if header.given:
        notes += (Note("pet_given", f"the user gave {', '.join(header.given)}", "SUV rests on it"),)
    tags["DecayCorrection"] = header.decay_correction
    factors = np.divide(to_activity * header.weight_kg * 1000, header.dose_bq * left)
    step = SuvStep(f"{words}, {header.weight_kg:g} kg", tags)
    trust = "exact" if trusted and not header.given else "assumed"
    return Scale(trust, "SUVbw", factors if np.ndim(factors) else float(factors), (*before, step), notes)


def time_tags(header: PetHeader) -> dict[str, str]:
    """The times an SUV rests on."""
    if header.uptake_min is not None:
        return {"uptake": f"{header.uptake_min:g} min, from the user"}
    at, keyword = reference_time(header)
    return {
        "RadiopharmaceuticalStart": f"{header.injection:%H:%M:%S}{'' if header.injection_dated else ' (without a date)'}",
        keyword: f"{at:%H:%M:%S}",
    }


def clock_words(header: PetHeader) -> str:
    """The times in words."""
    if header.uptake_min is not None:
        return " by the user's uptake time"
    return f" at {header.injection:%H:%M}, scan {reference_time(header)[0]:%H:%M}"


def tracer_notes(header: PetHeader) -> tuple[Note, ...]:
    """A note where the tracer is not FDG."""
    if header.is_fdg:
        return ()
    return (Note("pet_tracer", f"the tracer is called {header.tracer!r}, not FDG", "normal uptake of organs is that of FDG"),)


def uptake_notes(minutes: float, numbers: StudyParameters) -> tuple[Note, ...]:
    """A note where the scan came unusually early or late."""
    low, high = numbers.usual_uptake_min
    if low <= minutes <= high:
        return ()
    return (Note("pet_uptake_time", f"the PET began {minutes:.0f} min after injection ({low:.0f} to {high:.0f} are usual)",
                 "uptake of tumours and of the blood differs from the tables"),)  # fmt: skip


def relative(header: PetHeader, why: str, before: tuple[SuvStep, ...] = ()) -> Scale:
    """The rung without a factor: units of the patient's own body."""
    note = Note("pet_relative_suv", f"no SUV: {why}", "uptake is told in units of the patient's own body, and is less sure")
    return Scale("relative", "SUVrel", None, before, (note, *tracer_notes(header)), why)


def repaired(header: PetHeader, numbers: StudyParameters, to_activity: float, before: tuple[SuvStep, ...], doubts: list[str],
             mean: float) -> Scale:  # fmt: skip
    """The scale after the one repair that makes the body physiological; relative where none or several do."""

    def scale_of(one: PetHeader) -> Scale:
        return from_activity(one, numbers, to_activity, before)

    fitting = fitting_repair(header, numbers, mean, lambda one: float(np.mean(scale_of(one).factors)))
    if fitting is None:
        return relative(header, "; ".join(doubts), before)
    words, candidate, suv = fitting
    scale = scale_of(candidate)
    note = Note("pet_repaired", f"{doubts[0]}; {words}", f"the body then has a mean SUV of {suv:.2f}, as bodies have")
    return replace(scale, trust="assumed", notes=(note, *scale.notes), steps=(SuvStep(words), *scale.steps))
