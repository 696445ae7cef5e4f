"""DICOM tags in, what they say of the patient out: age, sex, weight, height; None where they are silent or absurd."""

from __future__ import annotations

import re

from ..records import PatientHeader
from .clock import moment
from .headers import Tags
from .parameters import StudyParameters

DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}


def patient_header(tags: Tags, numbers: StudyParameters) -> PatientHeader:
    """The patient as the headers describe them."""
    size_m = tags.number("PatientSize")
    weight = tags.number("PatientWeight")
    low, high = numbers.weight_kg
    shortest, tallest = numbers.height_cm
    return PatientHeader(
        patient_id=tags.text("PatientID") or None,
        age_years=age_of(tags, numbers.oldest_years),
        sex={"M": "male", "F": "female"}.get(tags.text("PatientSex").upper()),
        weight_kg=weight if weight is not None and low <= weight <= high else None,
        height_cm=None if size_m is None or not shortest <= size_m * 100 <= tallest else round(size_m * 100, 1),
    )


def age_of(tags: Tags, oldest_years: float) -> float | None:
    """Age in years, from PatientAge ("067Y"), else from birth to the study; None where that is not from 0 to the oldest."""
    found = re.fullmatch(r"(\d{1,3})([DWMY])", tags.text("PatientAge").upper())
    if found:
        years = float(found[1]) * DAYS[found[2]] / DAYS["Y"]
        return years if 0 < years <= oldest_years else None
    born, seen = (moment(tags.text(keyword), "0000") for keyword in ("PatientBirthDate", "StudyDate"))
    if born is None or seen is None:
        return None
    years = (seen - born).days / DAYS["Y"]
    return round(years, 1) if 0 <= years <= oldest_years else None
