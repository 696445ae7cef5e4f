"""One PET whose true SUV is 1 everywhere, each tag removed or changed in turn: the same SUV, units of the body, or an error.

Never another number. A row is (what was done, how, what must come of it): "same" is SUVbw 1 within 1e-3 and "said" the
same with a note that says what was repaired or given; "relative" is SUVrel with its note; else words of the error.
"""

import numpy as np
import pytest
from pydicom import config
from study.scans import drug_of, item, pet_series, save

from lungstage.errors import LungstageError
from lungstage.study import Wishes, read_pet

DOSE_BQ, WEIGHT_KG, HALF_LIFE_S, HOUR_S = 350e6, 80.0, 6586.2, 3600.0
AT_INJECTION = DOSE_BQ / (WEIGHT_KG * 1000)  # Bq/ml of SUV 1 in a body of 1 g/ml
AT_SCAN = AT_INJECTION * 2 ** (-HOUR_S / HALF_LIFE_S)
SHAPE = (6, 12, 14)
PHILIPS_SUV, PHILIPS_BQ = 0x70531000, 0x70531009


def uniform(bq_per_ml=AT_SCAN, **keywords):
    """The series: F-18 FDG, injected at 09:15, scanned at 10:15."""
    return pet_series(np.full(SHAPE, bq_per_ml), slope=0.2, **keywords)


def put(**values):
    """Each slice with these attributes; None removes one."""

    def change(ds):
        for keyword, value in values.items():
            setattr(ds, keyword, value) if value is not None else ds.__delattr__(keyword)

    return change


def drug(**values):
    """The same for the radiopharmaceutical."""
    return lambda ds: put(**values)(drug_of(ds))


def both(*changes):
    return lambda ds: [change(ds) for change in changes]


def private(tag, vr, value, creator_tag, creator):
    def change(ds):
        ds.add_new(creator_tag, "LO", creator)
        ds.add_new(tag, vr, value)

    return change


def counts(ds):
    """Philips: counts that are a 5000th of the activity."""
    ds.Units = "CNTS"


def no_drug(ds):
    del ds.RadiopharmaceuticalInformationSequence


def nuclide(code, meaning, **values):
    return lambda ds: put(RadionuclideCodeSequence=[item(CodeValue=code, CodeMeaning=meaning)], **values)(drug_of(ds))


TABLE = [
    # --- weight, dose, half-life ---
    ("nothing changed", put(), "same"),
    ("no weight", put(PatientWeight=None), "relative"),
    ("weight 0", put(PatientWeight="0"), "relative"),
    ("weight empty", put(PatientWeight=""), "relative"),
    ("weight 700 kg", put(PatientWeight="700"), "relative"),
    ("weight in grams", put(PatientWeight="80000"), "said"),
    ("no dose", drug(RadionuclideTotalDose=None), "relative"),
    ("dose 0", drug(RadionuclideTotalDose="0"), "relative"),
    ("dose below 0", drug(RadionuclideTotalDose="-350000000"), "relative"),
    ("dose in MBq", drug(RadionuclideTotalDose="350"), "said"),
    ("dose in kBq", drug(RadionuclideTotalDose="350000"), "relative"),
    ("dose a thousand times too large", drug(RadionuclideTotalDose="350000000000"), "relative"),
    ("no half-life", drug(RadionuclideHalfLife=None), "said"),
    ("half-life 0", drug(RadionuclideHalfLife="0"), "said"),
    ("half-life in minutes", drug(RadionuclideHalfLife="109.77"), "said"),
    ("half-life 6500 s", drug(RadionuclideHalfLife="6500"), "said"),
    ("no half-life, nuclide by its code", both(nuclide("C-111A1", "^18^Fluorine", RadionuclideHalfLife=None,
                                                      Radiopharmaceutical=None)), "said"),
    ("no half-life, nuclide unknown", drug(RadionuclideHalfLife=None, Radiopharmaceutical="Solution"), "relative"),
    ("half-life of one second, nuclide unknown", drug(RadionuclideHalfLife="1", Radiopharmaceutical="Solution"), "relative"),
    ("no radiopharmaceutical at all", no_drug, "relative"),
    # --- clocks ---
    ("no time of injection", drug(RadiopharmaceuticalStartTime=None), "relative"),
    ("injection only as date-time", drug(RadiopharmaceuticalStartTime=None,
                                         RadiopharmaceuticalStartDateTime="20200305091500"), "same"),
    ("injection date-time in another zone", both(put(TimezoneOffsetFromUTC="+0100"),
        drug(RadiopharmaceuticalStartDateTime="20200305081500+0000")), "same"),
    ("injection of an anonymised day", drug(RadiopharmaceuticalStartDateTime="19000101091500"), "said"),
    ("injection after the scan", drug(RadiopharmaceuticalStartTime="111500"), "relative"),
    ("injection a night before, no date", both(put(SeriesTime="001500", AcquisitionTime="001500"),
        drug(RadiopharmaceuticalStartTime="231500")), "said"),
    ("injection with fractions of seconds", drug(RadiopharmaceuticalStartTime="091500.000000"), "same"),
    ("injection with colons", drug(RadiopharmaceuticalStartTime="09:15:00"), "same"),
    ("injection not a time", drug(RadiopharmaceuticalStartTime="HELLO"), "relative"),
    ("no SeriesTime", put(SeriesTime=None), "same"),
    ("no AcquisitionTime", put(AcquisitionTime=None), "same"),
    ("no AcquisitionDate", put(AcquisitionDate=None), "same"),
    ("no time of the scan", put(SeriesTime=None, AcquisitionTime=None), "relative"),
    ("no date at all", put(SeriesDate=None, AcquisitionDate=None, StudyDate=None), "relative"),
    ("processed again the same day", put(SeriesTime="154500"), "same"),
    ("processed again the next day", put(SeriesDate="20200306", SeriesTime="080000"), "same"),
    # --- what the values are ---
    ("no Units", put(Units=None), "Units"),
    ("Units CNTS without a factor", counts, "Units CNTS"),
    ("Units PROPCNTS", put(Units="PROPCNTS"), "Units PROPCNTS"),
    ("Units in small letters", put(Units="bqml"), "same"),
    ("no DecayCorrection", put(DecayCorrection=None), "relative"),
    ("one slice without weight, taken from its siblings", lambda ds: put(PatientWeight=None)(ds) if ds.InstanceNumber == 1
        else None, "same"),
    ("DecayCorrection unknown", put(DecayCorrection="MAYBE"), "relative"),
    ("decay not corrected by CorrectedImage", put(CorrectedImage=["ATTN", "SCAT"]), "relative"),
    ("not attenuation-corrected", put(CorrectedImage=["DECY"], AttenuationCorrectionMethod=None), "attenuation"),
    ("called NAC", put(SeriesDescription="PET NAC"), "attenuation"),
    ("attenuation method NONE", put(AttenuationCorrectionMethod="NONE"), "attenuation"),
    ("no RescaleSlope", put(RescaleSlope=None), "RescaleSlope"),
    ("RescaleSlope 0", put(RescaleSlope="0"), "RescaleSlope"),
    ("corrected for decay and not", put(DecayCorrection="NONE"), "relative"),
    ("RescaleSlope without end", put(RescaleSlope="1e30"), "RescaleSlope"),
    ("no RescaleIntercept", put(RescaleIntercept=None), "same"),
    # --- what does not matter for SUV of weight ---
    ("no height", put(PatientSize=None), "same"),
    ("no sex", put(PatientSex=None), "same"),
    ("no duration of the frames", put(ActualFrameDuration=None), "same"),
    ("no maker", put(Manufacturer="SIEMENS"), "same"),
    ("tracer under another name", drug(Radiopharmaceutical="Fludeoxyglucose F^18^"), "same"),
]  # fmt: skip


def outcome(folder, wishes=None):
    """(verdict, PET or error) of reading a folder."""
    try:
        pet = read_pet(folder, wishes=wishes)
    except LungstageError as error:
        return str(error), error
    codes = {note.code for note in pet.notes}
    if pet.unit == "SUVrel":
        assert pet.card.trust == "relative" and "pet_relative_suv" in codes
        return "relative", pet
    np.testing.assert_allclose(pet.values, 1.0, rtol=1e-3)
    spoken = {"pet_repaired", "pet_half_life", "pet_given"} & codes
    assert (pet.card.trust == "assumed") == bool(spoken), f"trust {pet.card.trust}, notes {sorted(codes)}"
    return ("said" if spoken else "same"), pet


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """Tags that break the standard may be written."""
    monkeypatch.setattr(config.settings, "_writing_validation_mode", config.IGNORE)


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_changed_tag_gives_the_same_suv_or_says_so(tmp_path, change, expected):
    series = uniform()
    for ds in series:
        change(ds)
    save(series, tmp_path)

    verdict, _ = outcome(tmp_path)

    if expected in ("same", "said", "relative"):
        assert verdict == expected
    else:
        assert expected in verdict and "\n" not in verdict


def test_the_table_has_the_breadth_that_was_asked_for():
    assert len(TABLE) >= 25 and len({row[0] for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("decay", ["START", "ADMIN", "NONE"])
def test_a_phantom_of_suv_one_has_it_whatever_its_decay_correction(tmp_path, decay):
    """Three bed positions ten minutes apart; of NONE each slice has decayed until its own acquisition."""
    after_s = HOUR_S + 600.0 * np.array([0, 0, 1, 1, 2, 2])
    activity = {
        "START": np.full(6, AT_SCAN), "ADMIN": np.full(6, AT_INJECTION), "NONE": AT_INJECTION * 2 ** (-after_s / HALF_LIFE_S),
    }[decay]  # fmt: skip
    series = pet_series(activity[:, None, None] * np.ones(SHAPE), slope=0.2, decay=decay)
    for ds, seconds in zip(series, after_s, strict=True):
        ds.AcquisitionTime = f"{10 + (int(seconds) + 900 - HOUR_S) // 3600:02.0f}{15 + (seconds - HOUR_S) // 60:02.0f}00"
    save(series, tmp_path)

    verdict, pet = outcome(tmp_path)

    assert verdict == "same"
    assert pet.card.trust == "exact"


@pytest.mark.parametrize(
    ("factors", "stored"), [({PHILIPS_SUV: 1 / 5000}, 5000.0), ({PHILIPS_BQ: 0.5}, 2 * AT_SCAN),
                            ({PHILIPS_SUV: 1 / 5000, PHILIPS_BQ: 0.9}, 5000.0)], ids=["suv", "activity", "both"]
)  # fmt: skip
def test_philips_counts_become_suv_one(tmp_path, factors, stored):
    series = uniform(stored, units="CNTS")
    for ds in series:
        for tag, factor in factors.items():
            private(tag, "DS", f"{factor:.8g}", 0x70530010, "Philips PET Private Group")(ds)
    save(series, tmp_path)

    assert outcome(tmp_path)[0] == "same"


@pytest.mark.parametrize("decay", ["START", "ADMIN", ""])
def test_values_that_are_suv_already_are_left_alone(tmp_path, decay):
    save(pet_series(np.ones(SHAPE), slope=1e-4, units="GML", decay=decay), tmp_path)

    assert outcome(tmp_path)[0] == "same"


@pytest.mark.parametrize(
    ("change", "wishes"),
    [(put(PatientWeight=None), Wishes(weight_kg=80)), (drug(RadionuclideTotalDose=None), Wishes(dose_mbq=350)),
     (drug(RadiopharmaceuticalStartTime=None), Wishes(uptake_min=60)), (put(PatientWeight="8"), Wishes(weight_kg=80)),
     (no_drug, Wishes(dose_mbq=350, uptake_min=60))],
    ids=["weight", "dose", "uptake", "wrong weight", "everything"],
)  # fmt: skip
def test_what_is_missing_may_be_given(tmp_path, change, wishes):
    series = uniform()
    for ds in series:
        change(ds)
    save(series, tmp_path)

    verdict, pet = outcome(tmp_path, wishes)

    if pet.card.trust == "relative":  # without any radiopharmaceutical the half-life is still missing
        assert change is no_drug
    else:
        assert verdict == "said"


def test_one_slice_without_its_slope_is_never_taken_as_it_is(tmp_path):
    series = uniform()
    del series[3].RescaleSlope
    save(series, tmp_path)

    with pytest.raises(LungstageError, match="RescaleSlope"):
        read_pet(tmp_path)


def test_slices_that_disagree_about_the_dose_are_not_one_pet(tmp_path):
    series = uniform()
    for ds in series[3:]:
        drug_of(ds).RadionuclideTotalDose = "700000000"
    save(series, tmp_path)

    assert outcome(tmp_path)[0] == "relative"
