"""SUV by the program and by a plain transcription of the published pseudo-code, over headers that hypothesis makes up."""

from datetime import datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.suv import suv_factors
from study.scans import drug_of, pet_series

from lungstage.study.headers import Tags, quietly
from lungstage.study.parameters import load_study_parameters
from lungstage.study.pet_header import pet_header
from lungstage.study.suv import climb

NUMBERS = load_study_parameters()
MIDNIGHT = datetime(2020, 3, 5)
PHILIPS_SUV, PHILIPS_BQ, GE_START = 0x70531000, 0x70531009, 0x0009100D


def maybe(values):
    """A value, or one time in eight none."""
    return st.integers(0, 7).flatmap(lambda k: st.none() if k == 0 else values)


@st.composite
def headers(draw):
    """The header of a PET of four slices in two bed positions; scans may begin just before midnight."""
    start = draw(st.integers(3 * 3600, 24 * 3600 - 1))
    bed_s = draw(st.sampled_from([0, 120, 600]))
    acquired = [start, start, start + bed_s, start + bed_s]
    series = draw(maybe(st.sampled_from([start, start - 30, start + 5400])))
    ge = draw(st.booleans()) and series is not None
    return {
        "units": draw(st.sampled_from(["BQML", "BQML", "BQML", "GML", "CNTS", "PROPCNTS"])),
        "suv_type": draw(st.sampled_from(["", "BW", "LBM", "LBMJAMES128", "LBMJANMA", "BSA", "IBW"])),
        "corrected": draw(st.sampled_from([{"ATTN", "DECY"}, {"ATTN", "DECY"}, {"ATTN"}, {"DECY"}])),
        "decay": draw(st.sampled_from(["START", "START", "ADMIN", "NONE"])),
        "weight_kg": draw(maybe(st.integers(40, 150))), "height_cm": draw(maybe(st.integers(150, 200))),
        "sex": draw(maybe(st.sampled_from("MF"))), "dose_bq": draw(maybe(st.integers(50, 800).map(lambda mbq: mbq * 10**6))),
        "half_life_s": draw(maybe(st.sampled_from([6586.2, 6588.0, 6580.0]))),
        "injected_s": draw(maybe(st.integers(1800, 9000).map(lambda before: start - before))),
        "injection_dated": draw(st.booleans()), "series_s": series, "acquired_s": acquired,
        "ge_start_s": start - 60 if ge and draw(st.booleans()) else None,
        "philips_suv": draw(maybe(st.sampled_from([1.7e-4, 2e-3]))) if draw(st.booleans()) else None,
        "philips_bq": draw(maybe(st.sampled_from([0.5, 3.0]))),
    }  # fmt: skip


def tags_of(header):
    """The tags of four slices that say so; the nuclide is not named, so that nothing fills in a missing half-life."""
    series = pet_series(np.ones((4, 2, 2)), units=header["units"], decay=header["decay"])
    for ds, acquired in zip(series, header["acquired_s"], strict=True):
        put(ds, "SUVType", header["suv_type"] or None)
        put(ds, "PatientWeight", header["weight_kg"])
        put(ds, "PatientSize", header["height_cm"] and header["height_cm"] / 100)
        put(ds, "PatientSex", header["sex"])
        ds.CorrectedImage = sorted(header["corrected"]) + ["SCAT"]
        del ds.AttenuationCorrectionMethod
        clock(ds, "Acquisition", acquired)
        clock(ds, "Series", header["series_s"])
        drug = drug_of(ds)
        drug.Radiopharmaceutical = "Solution"
        put(drug, "RadionuclideTotalDose", header["dose_bq"])
        put(drug, "RadionuclideHalfLife", header["half_life_s"])
        injected = None if header["injected_s"] is None else MIDNIGHT + timedelta(seconds=header["injected_s"])
        put(drug, "RadiopharmaceuticalStartTime", None if injected is None else f"{injected:%H%M%S}")
        if injected is not None and header["injection_dated"]:
            drug.RadiopharmaceuticalStartDateTime = f"{injected:%Y%m%d%H%M%S}"
        if header["ge_start_s"] is not None:
            ds.Manufacturer = "GE MEDICAL SYSTEMS"
            private(
                ds,
                0x00090010,
                "GEMS_PETD_01",
                GE_START,
                "DT",
                f"{MIDNIGHT + timedelta(seconds=header['ge_start_s']):%Y%m%d%H%M%S}",
            )
        for tag, factor in ((PHILIPS_SUV, header["philips_suv"]), (PHILIPS_BQ, header["philips_bq"])):
            if factor is not None:
                private(ds, 0x70530010, "Philips PET Private Group", tag, "DS", f"{factor:g}")
    return [Tags(ds) for ds in series]


def put(ds, keyword, value):
    """An attribute, or none."""
    if value is not None:
        setattr(ds, keyword, value if isinstance(value, str) else f"{value:g}" if value < 1e6 else f"{value:d}")
    elif keyword in ds:
        delattr(ds, keyword)


def clock(ds, what, seconds):
    """Date and time of the series or the acquisition."""
    at = None if seconds is None else MIDNIGHT + timedelta(seconds=seconds)
    put(ds, f"{what}Date", None if at is None else f"{at:%Y%m%d}")
    put(ds, f"{what}Time", None if at is None else f"{at:%H%M%S}")


def private(ds, creator_tag, creator, tag, vr, value):
    """A private attribute with its creator."""
    ds.add_new(creator_tag, "LO", creator)
    ds.add_new(tag, vr, value)


@settings(max_examples=400)
@given(headers())
def test_suv_is_that_of_the_published_pseudo_code(header):
    if header["units"] == "GML" and header["suv_type"] == "":
        header["suv_type"] = "BW"
    expected = suv_factors(header)

    with quietly():
        scale = climb(pet_header(tags_of(header), NUMBERS), NUMBERS)

    if expected is None:
        assert scale.trust in ("relative", "refused") and scale.factors is None, f"{scale.trust}: {scale.factors}"
    else:
        assert scale.trust == "exact" and scale.unit == "SUVbw", f"{scale.trust}, expected {expected}: {scale.why}"
        np.testing.assert_allclose(np.broadcast_to(scale.factors, 4), expected, rtol=1e-6)
