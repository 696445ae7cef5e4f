"""A PET's headers in, the factor from its values to SUV out, with how far it can be trusted and every step on the way.

The ladder, first rung that holds: values that are SUV already; the Philips factor to SUV, then to activity; activity with
weight, dose and times (exact); the same with a half-life from the nuclide or with what the user gave (assumed); units of the
patient's own body where weight, dose or times are missing (relative); refused. Nothing is invented; gross header errors are
repaired only where exactly one repair gives a body of physiological uptake. Formulas: DICOM PS3.3 C.8.9, QIBA FDG-PET profile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from ..records import Note, SuvStep
from .clock import moment, moment_of_dt, zone_offset
from .headers import Tags
from .parameters import StudyParameters
from .rules import Nuclide, nuclides
from .wishes import Wishes

FDG = ("fdg", "fludeoxyglucose", "fluorodeoxyglucose", "deoxyglucose", "c-b1031", "y-x1743", "35321007")
UNCORRECTED = (
    " nac ", " noac ", " no ac ", " non ac ", " nonac ", " uncorrected ", " without ac ", " wo ac ", " non attenuation ",
    " not attenuation ", " no attenuation ", " no atten ", " uncorr ",
)  # fmt: skip
DAY = timedelta(days=1)
# what all slices of one PET share
COMMON = ("Units", "SUVType", "DecayCorrection", "PatientWeight", 0x70531000, 0x70531009)
COMMON_OF_DRUG = (
    "RadionuclideTotalDose", "RadionuclideHalfLife", "RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime",
)  # fmt: skip


@dataclass(frozen=True)
class PetHeader:
    """What the headers say of a PET; None or "" where they are silent, and zero counts as silent.

    injection_dated   whether the injection has a date of its own; else it got the date of the scan
    acquisitions      the moment at which each slice's acquisition began, in the order of the slices
    decay_factors     DecayFactor of each slice; mid_frame_s: from its start to the mean time of its decays
    """

    units: str = ""
    suv_type: str = ""
    decay_correction: str = ""
    attenuation: str = "unclear"  # "yes", "no", "unclear"
    weight_kg: float | None = None
    height_cm: float | None = None
    sex: str | None = None
    dose_bq: float | None = None
    half_life_s: float | None = None
    nuclide: Nuclide | None = None
    tracer: str = ""
    injection: datetime | None = None
    injection_dated: bool = False
    series: datetime | None = None
    scan_start: datetime | None = None  # GE's own tag
    corrected_to: datetime | None = None  # DecayCorrectionDateTime of enhanced PET
    acquisitions: tuple[datetime | None, ...] = ()
    decay_factors: tuple[float | None, ...] = ()
    mid_frame_s: tuple[float, ...] = ()
    philips_suv: float | None = None
    philips_activity: float | None = None
    slopes: tuple[float | None, ...] = ()  # RescaleSlope of each slice
    decay_listed: bool | None = None  # whether CorrectedImage lists DECY; None where it is empty
    contrary: tuple[str, ...] = ()  # attributes that differ among the slices and may not
    uptake_min: float | None = None  # from the user
    given: tuple[str, ...] = ()  # what the user gave instead of tags


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


# --- headers ---------------------------------------------------------------------------------------------------------


def pet_header(all_tags: list[Tags], numbers: StudyParameters) -> PetHeader:
    """The header of a PET from the tags of its slices; what the first is silent about is taken from its siblings."""
    tags = Tags(*(dataset for piece in all_tags for dataset in piece.datasets))
    drug = drug_of(tags)
    zone = zone_offset(tags.text("TimezoneOffsetFromUTC"))
    series = moment(tags.text("SeriesDate"), tags.text("SeriesTime"))
    acquisitions = tuple(acquisition_of(piece, zone) for piece in all_tags)
    injection, dated = injection_of(drug, zone, min((at for at in (series, *acquisitions) if at), default=None))
    size_m = positive(tags.number("PatientSize"))
    enhanced_decay = {"YES": "START", "NO": "NONE"}.get(tags.text("DecayCorrected").upper(), "")
    nuclide = nuclide_of(drug, numbers)
    return PetHeader(
        units=units_of(tags), suv_type=tags.text("SUVType").upper(),
        decay_correction=tags.text("DecayCorrection").upper() or enhanced_decay, attenuation=attenuation_of(tags),
        weight_kg=positive(tags.number("PatientWeight")),
        height_cm=None if size_m is None else size_m * 100 if size_m < 3 else size_m,
        sex={"M": "male", "F": "female"}.get(tags.text("PatientSex").upper()),
        dose_bq=positive(drug.number("RadionuclideTotalDose")),
        half_life_s=within(drug.number("RadionuclideHalfLife"), numbers.half_life_s, nuclide),
        nuclide=nuclide, tracer=tracer_of(drug), injection=injection, injection_dated=dated, series=series,
        scan_start=moment_of_dt(tags.text(0x0009100D), zone) if "GE" in tags.text("Manufacturer").upper() else None,
        corrected_to=moment_of_dt(tags.text("DecayCorrectionDateTime"), zone), acquisitions=acquisitions,
        decay_factors=tuple(positive(piece.number("DecayFactor")) for piece in all_tags),
        mid_frame_s=tuple((positive(piece.number("ActualFrameDuration")) or 0.0) / 2000 for piece in all_tags),
        philips_suv=positive(tags.number(0x70531000)), philips_activity=positive(tags.number(0x70531009)),
        slopes=tuple(slope_of(piece) for piece in all_tags), contrary=contrary_tags(all_tags),
        decay_listed="DECY" in tags.words("CorrectedImage") if tags.words("CorrectedImage") else None,
    )  # fmt: skip


def drug_of(tags: Tags) -> Tags:
    """The attributes of the radiopharmaceutical, in its sequence or beside it."""
    return Tags(*tags.items("RadiopharmaceuticalInformationSequence")[:1], *tags.datasets)


def slope_of(tags: Tags) -> float | None:
    """What one stored unit of a slice is worth; None where no tag says so."""
    return tags.number("RealWorldValueSlope") or tags.number("RescaleSlope")


def contrary_tags(all_tags: list[Tags]) -> tuple[str, ...]:
    """The attributes that every slice of a PET has in common, where two slices say different things."""
    said = {name: set() for name in (*COMMON, *COMMON_OF_DRUG)}
    for tags in all_tags:
        drug = drug_of(tags)
        for names, source in ((COMMON, tags), (COMMON_OF_DRUG, drug)):
            for name in names:
                said[name].add(source.text(name))
    return tuple(name_of_tag(name) for name, words in said.items() if len(words - {""}) > 1)


def name_of_tag(tag: str | int) -> str:
    """How messages call an attribute."""
    return tag if isinstance(tag, str) else f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def positive(value: float | None) -> float | None:
    """The value, or None where it is absent or not above 0: a header that says 0 says nothing."""
    return value if value is not None and value > 0 else None


def within(half_life_s: float | None, believed_s: tuple[float, float], nuclide: Nuclide | None) -> float | None:
    """A half-life that some nuclide of PET has; of a nuclide with a name any number above 0, which is compared with it later."""
    low, high = believed_s
    told = positive(half_life_s)
    return told if told is not None and (nuclide is not None or low <= told <= high) else None


def units_of(tags: Tags) -> str:
    """Units of a PET; of an enhanced one from its measurement units code."""
    for item in tags.items("MeasurementUnitsCodeSequence"):
        code = Tags(item).text("CodeValue").lower()
        if code in ("bq/ml", "bq/cc"):
            return "BQML"
        if code.startswith("g/ml") and "suv" not in code.replace("suvbw", ""):
            return "GML"
    return tags.text("Units").upper()


def acquisition_of(tags: Tags, zone) -> datetime | None:
    """When the acquisition of one slice began."""
    at = moment(tags.text("AcquisitionDate") or tags.text("SeriesDate"), tags.text("AcquisitionTime"))
    return at or moment_of_dt(tags.text("FrameAcquisitionDateTime") or tags.text("AcquisitionDateTime"), zone)


def injection_of(drug: Tags, zone, scan: datetime | None) -> tuple[datetime | None, bool]:
    """(moment of injection, whether it has a date of its own): the DT first, then the TM on the day of the scan."""
    at = moment_of_dt(drug.text("RadiopharmaceuticalStartDateTime"), zone)
    if at is not None:
        return at, True
    day = "" if scan is None else scan.strftime("%Y%m%d")
    return moment(day, drug.text("RadiopharmaceuticalStartTime")), False


def nuclide_of(drug: Tags, numbers: StudyParameters) -> Nuclide | None:
    """The nuclide by its code, else by the words of its code or of the radiopharmaceutical."""
    codes = [Tags(item) for item in drug.items("RadionuclideCodeSequence")]
    said = " ".join([drug.text("Radiopharmaceutical"), *(code.text("CodeMeaning") for code in codes)]).lower()
    for nuclide in nuclides(numbers.priors):
        if any(code.text("CodeValue") in nuclide.codes for code in codes):
            return nuclide
    for nuclide in nuclides(numbers.priors):
        if any(word.lower() in said for word in nuclide.words):
            return nuclide
    return nuclides(numbers.priors)[0] if any(word in said for word in FDG) else None


def tracer_of(drug: Tags) -> str:
    """How the header calls the radiopharmaceutical."""
    codes = [Tags(item) for item in drug.items("RadiopharmaceuticalCodeSequence")]
    return " ".join(
        filter(None, [drug.text("Radiopharmaceutical"), *(f"{c.text('CodeMeaning')} {c.text('CodeValue')}" for c in codes)])
    )


def attenuation_of(tags: Tags) -> str:
    """Whether a PET is corrected for attenuation: "yes", "no" or "unclear"."""
    said = f" {' '.join(''.join(c if c.isalnum() else ' ' for c in tags.text('SeriesDescription').lower()).split())} "
    corrections = tags.words("CorrectedImage")
    method = tags.text("AttenuationCorrectionMethod").strip().upper()
    enhanced = tags.text("AttenuationCorrected").upper()
    if enhanced == "NO" or method == "NONE" or any(word in said for word in UNCORRECTED):
        return "no"
    if corrections and "ATTN" not in corrections:
        return "no"
    if enhanced == "YES" or method or (corrections and units_of(tags) in ("BQML", "GML")):
        return "yes"
    return "unclear"


# --- the ladder ------------------------------------------------------------------------------------------------------


def with_wishes(header: PetHeader, wishes: Wishes) -> PetHeader:
    """The header with what the user gave in the place of the tags."""
    given = {
        "weight_kg": wishes.weight_kg, "height_cm": wishes.height_cm, "uptake_min": wishes.uptake_min,
        "dose_bq": None if wishes.dose_mbq is None else wishes.dose_mbq * 1e6,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    # a height alone changes only SUV normalised by lean mass or surface
    return replace(header, **given, given=tuple(name for name in given if name != "height_cm"))


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


def reference_time(header: PetHeader) -> tuple[datetime | None, str]:
    """(the moment to which START corrects, the tag it comes from).

    SeriesTime is that moment unless it is later than the acquisitions, as in series that were processed again; then GE's own
    tag or the earliest acquisition. Where DecayFactor tells plainly which of them it is, it decides.
    """
    if header.corrected_to is not None:
        return header.corrected_to, "DecayCorrectionDateTime"
    known = [at for at in header.acquisitions if at is not None]
    earliest = min(known) if known else None
    if header.series is None or earliest is None:
        return (header.series, "SeriesTime") if header.series else (earliest, "AcquisitionTime")
    if header.series > earliest:
        return (header.scan_start, "(0009,100D)") if header.scan_start else (earliest, "AcquisitionTime")
    told = reference_by_decay_factor(header, earliest)
    if told is not None:
        to_series, to_scan = abs((told - header.series).total_seconds()), abs((told - earliest).total_seconds())
        if to_scan < 30 < to_series:
            return earliest, "AcquisitionTime"
    return header.series, "SeriesTime"


def reference_by_decay_factor(header: PetHeader, earliest: datetime) -> datetime | None:
    """The reference that the DecayFactor of the first bed position implies, or None where it says nothing (1 everywhere)."""
    half_life_s = header.half_life_s or (header.nuclide.half_life_s if header.nuclide else None)
    rows = [
        (factor, mid) for factor, mid, at in zip(header.decay_factors, header.mid_frame_s, header.acquisitions)
        if factor is not None and factor > 1 and at == earliest
    ]  # fmt: skip
    if not rows or not half_life_s:
        return None
    factor, mid_s = min(rows)
    return earliest + timedelta(seconds=mid_s - half_life_s * float(np.log2(factor)))


def uptake_s(header: PetHeader) -> float:
    """Seconds from injection to the moment to which the values are corrected."""
    if header.uptake_min is not None:
        return header.uptake_min * 60
    return (reference_time(header)[0] - header.injection).total_seconds()


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
    if not header.tracer or any(word in header.tracer.lower() for word in FDG):
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


# --- repairs ---------------------------------------------------------------------------------------------------------


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


def repaired(header, numbers: StudyParameters, to_activity: float, before, doubts: list[str], mean: float) -> Scale:
    """The scale after the one repair that makes the body physiological; relative where none or several do."""
    low, high = numbers.body_suv
    fitting = []
    for words, candidate in repairs(header, numbers):
        if doubtful(candidate, numbers):
            continue
        scale = from_activity(candidate, numbers, to_activity, before)
        suv = mean * float(np.mean(scale.factors))
        with np.errstate(all="ignore"):  # of a dose injected years ago nothing is left
            was = mean * float(np.mean(from_activity(header, numbers, to_activity, before).factors))
        gross = max(suv, was) > numbers.gross_factor * min(suv, was)
        if low <= suv <= high and gross:
            fitting.append((words, scale, suv))
    if len(fitting) != 1:
        return relative(header, "; ".join(doubts), before)
    words, scale, suv = fitting[0]
    note = Note("pet_repaired", f"{doubts[0]}; {words}", f"the body then has a mean SUV of {suv:.2f}, as bodies have")
    return replace(scale, trust="assumed", notes=(note, *scale.notes), steps=(SuvStep(words), *scale.steps))


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
