"""The tags of a PET's slices in, what they say of its SUV out: amounts, times, and which corrections were made.

Zero counts as silent, and what one slice leaves out is taken from its siblings; what slices of one PET may not differ in is
kept as contrary. Nothing is judged here. Attributes: DICOM PS3.3 C.8.9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from .clock import moment, moment_of_dt, zone_offset
from .headers import Tags
from .parameters import StudyParameters
from .rules import Nuclide, nuclides, pet_words, spaced
from .wishes import Wishes

# what all slices of one PET share
COMMON = ("Units", "SUVType", "DecayCorrection", "PatientWeight", 0x70531000, 0x70531009)
COMMON_OF_DRUG = (
    "RadionuclideTotalDose", "RadionuclideHalfLife", "RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime",
)  # fmt: skip


@dataclass(frozen=True)
class PetHeader:
    """What the headers say of a PET; None or "" where they are silent, and zero counts as silent.

    injection_dated   whether the injection has a date of its own; else it got the date of the scan
    tracer, is_fdg    how the header calls the radiopharmaceutical, and whether that means FDG; silence does
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
    is_fdg: bool = True
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
    nuclide, tracer = nuclide_of(drug, numbers), tracer_of(drug)
    return PetHeader(
        units=units_of(tags), suv_type=tags.text("SUVType").upper(),
        decay_correction=tags.text("DecayCorrection").upper() or enhanced_decay, attenuation=attenuation_of(tags, numbers),
        weight_kg=positive(tags.number("PatientWeight")),
        height_cm=None if size_m is None else size_m * 100 if size_m < 3 else size_m,
        sex={"M": "male", "F": "female"}.get(tags.text("PatientSex").upper()),
        dose_bq=positive(drug.number("RadionuclideTotalDose")),
        half_life_s=within(drug.number("RadionuclideHalfLife"), numbers.half_life_s, nuclide),
        nuclide=nuclide, tracer=tracer, is_fdg=not tracer or names_fdg(tracer, numbers),
        injection=injection, injection_dated=dated, series=series,
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
    return nuclides(numbers.priors)[0] if names_fdg(said, numbers) else None


def names_fdg(said: str, numbers: StudyParameters) -> bool:
    """Whether the name or code of a radiopharmaceutical is one of FDG (priors/study/pet_words.csv)."""
    return any(word in said.lower() for word in pet_words("fdg", numbers.priors))


def tracer_of(drug: Tags) -> str:
    """How the header calls the radiopharmaceutical."""
    codes = [Tags(item) for item in drug.items("RadiopharmaceuticalCodeSequence")]
    return " ".join(
        filter(None, [drug.text("Radiopharmaceutical"), *(f"{c.text('CodeMeaning')} {c.text('CodeValue')}" for c in codes)])
    )


def attenuation_of(tags: Tags, numbers: StudyParameters) -> str:
    """Whether a PET is corrected for attenuation: "yes", "no" or "unclear"."""
    said = spaced(tags.text("SeriesDescription"))
    uncorrected = pet_words("uncorrected", numbers.priors)
    corrections = tags.words("CorrectedImage")
    method = tags.text("AttenuationCorrectionMethod").strip().upper()
    enhanced = tags.text("AttenuationCorrected").upper()
    if enhanced == "NO" or method == "NONE" or any(f" {word} " in said for word in uncorrected):
        return "no"
    if corrections and "ATTN" not in corrections:
        return "no"
    if enhanced == "YES" or method or (corrections and units_of(tags) in ("BQML", "GML")):
        return "yes"
    return "unclear"


def with_wishes(header: PetHeader, wishes: Wishes) -> PetHeader:
    """The header with what the user gave in the place of the tags."""
    given = {
        "weight_kg": wishes.weight_kg, "height_cm": wishes.height_cm, "uptake_min": wishes.uptake_min,
        "dose_bq": None if wishes.dose_mbq is None else wishes.dose_mbq * 1e6,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    # a height alone changes only SUV normalised by lean mass or surface
    return replace(header, **given, given=tuple(name for name in given if name != "height_cm"))


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
