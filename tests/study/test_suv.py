"""SUV: the cases of knowledge on DICOM units and decay, each with numbers worked out by hand."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from changed_priors import changed_priors
from study.scans import ct_series, drug_of, pet_series, save, uid

from lungstage.errors import ImpossibleGeometry, UnreadableInput
from lungstage.study import Wishes, load_study_parameters, read_pet, read_study
from lungstage.study.headers import Tags
from lungstage.study.pet_header import PetHeader, nuclides, pet_header, with_wishes
from lungstage.study.suv import climb
from lungstage.study.suv_repairs import body_mean

NUMBERS = load_study_parameters()
SCAN = datetime(2020, 3, 5, 10, 15)
# 20000 Bq/ml, 350 MBq injected 60 min before the scan, 80 kg, 175 cm, F-18: worked by hand in malignancy.md 4.3
TEST = PetHeader(
    units="BQML", decay_correction="START", attenuation="yes", weight_kg=80.0, height_cm=175.0, sex="male", dose_bq=350e6,
    half_life_s=6586.2, nuclide=nuclides()[0], tracer="FDG", injection=SCAN - timedelta(hours=1), injection_dated=True,
    series=SCAN, acquisitions=(SCAN, SCAN), decay_factors=(None, None), mid_frame_s=(60.0, 60.0),
)  # fmt: skip
ACTIVITY = 20000.0
SUV_START, SUV_ADMIN = 6.67720, 4.57143


def suv_of(scale):
    return ACTIVITY * scale.factors


def test_activity_corrected_to_the_start_of_the_scan():
    scale = climb(TEST, NUMBERS)

    assert (scale.trust, scale.unit) == ("exact", "SUVbw")
    assert suv_of(scale) == pytest.approx(SUV_START, abs=5e-6)


def test_activity_corrected_to_the_injection():
    scale = climb(replace(TEST, decay_correction="ADMIN"), NUMBERS)

    assert scale.trust == "exact"
    assert suv_of(scale) == pytest.approx(SUV_ADMIN, abs=5e-6)


def test_activity_not_corrected_is_decayed_from_each_slice():
    later = SCAN + timedelta(seconds=6586.2)
    scale = climb(replace(TEST, decay_correction="NONE", acquisitions=(SCAN, later)), NUMBERS)

    assert scale.trust == "exact"
    np.testing.assert_allclose(suv_of(scale), [SUV_START, 2 * SUV_START], rtol=1e-6)


def test_values_that_are_suv_already_stay_as_they_are():
    for suv_type in ("", "BW"):
        scale = climb(replace(TEST, units="GML", suv_type=suv_type), NUMBERS)

        assert (scale.trust, scale.factors, scale.unit) == ("exact", 1.0, "SUVbw")


@pytest.mark.parametrize(
    "suv_type, normalised",
    # SUL and SUVbsa of the test case, from malignancy.md 4.3
    [("LBMJAMES128", 5.11228), ("LBMJANMA", 5.02316), ("BSA", 1.63262)],
)
def test_suv_of_lean_mass_or_surface_is_turned_into_suv_of_weight(suv_type, normalised):
    header = replace(TEST, units="CM2ML" if suv_type == "BSA" else "GML", suv_type=suv_type)

    scale = climb(header, NUMBERS)

    assert normalised * scale.factors == pytest.approx(SUV_START, rel=1e-5)


def test_the_philips_factor_to_suv_comes_before_the_one_to_activity():
    header = replace(TEST, units="CNTS", philips_suv=2.5e-4, philips_activity=2.0)

    assert climb(header, NUMBERS).factors == 2.5e-4
    assert climb(replace(header, philips_suv=None), NUMBERS).factors == pytest.approx(2 * SUV_START / ACTIVITY, rel=1e-6)
    assert climb(replace(header, philips_suv=None, philips_activity=None), NUMBERS).trust == "refused"


@pytest.mark.parametrize("units", ["PROPCNTS", "PROPCPS", "CPS", ""])
def test_counts_without_a_factor_are_refused(units):
    assert climb(replace(TEST, units=units), NUMBERS).trust == "refused"


def test_what_is_not_attenuation_corrected_is_refused():
    assert climb(replace(TEST, attenuation="no"), NUMBERS).trust == "refused"


@pytest.mark.parametrize("missing", ["weight_kg", "dose_bq", "injection"])
def test_without_weight_dose_or_injection_there_are_only_relative_units(missing):
    scale = climb(replace(TEST, **{missing: None}), NUMBERS)

    assert (scale.trust, scale.unit, scale.factors) == ("relative", "SUVrel", None)
    assert scale.notes[0].code == "pet_relative_suv"


def test_a_missing_half_life_is_that_of_the_nuclide():
    scale = climb(replace(TEST, half_life_s=None), NUMBERS)

    assert scale.trust == "assumed"
    assert suv_of(scale) == pytest.approx(SUV_START, abs=5e-6)


def test_a_half_life_in_minutes_is_replaced_and_said():
    scale = climb(replace(TEST, half_life_s=109.77), NUMBERS)

    assert suv_of(scale) == pytest.approx(SUV_START, abs=5e-6)
    assert "pet_half_life" in {note.code for note in scale.notes}


def test_without_half_life_and_nuclide_nothing_is_invented():
    assert climb(replace(TEST, half_life_s=None, nuclide=None), NUMBERS).trust == "relative"


def test_what_the_user_gives_takes_the_place_of_tags():
    header = replace(TEST, weight_kg=None, dose_bq=None, injection=None)

    scale = climb(with_wishes(header, Wishes(weight_kg=80, dose_mbq=350, uptake_min=60)), NUMBERS)

    assert scale.trust == "assumed"
    assert suv_of(scale) == pytest.approx(SUV_START, abs=5e-6)


def test_the_series_time_of_a_series_processed_again_is_not_the_scan():
    header = replace(TEST, series=SCAN + timedelta(hours=5))

    assert suv_of(climb(header, NUMBERS)) == pytest.approx(SUV_START, abs=5e-6)


def test_a_series_time_before_the_acquisition_is_the_reference():
    header = replace(TEST, acquisitions=(SCAN + timedelta(minutes=12),) * 2)

    assert suv_of(climb(header, NUMBERS)) == pytest.approx(SUV_START, abs=5e-6)


def test_the_decay_factor_tells_that_the_reference_is_the_acquisition():
    first = SCAN + timedelta(minutes=12)
    half = 2 ** (60.0 / 6586.2)  # to the middle of a frame of two minutes, and no further
    header = replace(TEST, acquisitions=(first, first), decay_factors=(half, half), injection=first - timedelta(hours=1))

    assert suv_of(climb(header, NUMBERS)) == pytest.approx(SUV_START, rel=1e-4)


def mean_of(header, mean_suv):
    """The body's activity where its true mean SUV is `mean_suv`."""
    return mean_suv / climb(header, NUMBERS).factors


@pytest.mark.parametrize(
    "wrong",
    [
        {"dose_bq": 350.0},
        {"weight_kg": 80000.0},
        {"injection": SCAN + timedelta(hours=23)},
        {"injection": SCAN - timedelta(days=1000, hours=1)},
    ],
    ids=["dose in MBq", "weight in grams", "across midnight", "date shifted by anonymisation"],
)
def test_one_gross_error_is_repaired_where_the_body_then_is_physiological(wrong):
    mean = mean_of(TEST, 0.9)

    scale = climb(replace(TEST, **wrong), NUMBERS, lambda: mean)

    assert scale.trust == "assumed"
    assert suv_of(scale) == pytest.approx(SUV_START, abs=5e-6)
    assert scale.notes[0].code == "pet_repaired"


@pytest.mark.parametrize(
    "wrong, mean_suv",
    [
        ({"dose_bq": 350.0}, 40.0),
        ({"weight_kg": 700.0}, 0.9),
        ({"injection": SCAN + timedelta(hours=1)}, 0.9),
        ({"dose_bq": 350.0, "weight_kg": 80000.0}, 0.9),
    ],
    ids=["body still not physiological", "700 kg", "injected an hour after the scan", "two errors"],
)
def test_what_no_single_repair_makes_physiological_is_relative(wrong, mean_suv):
    mean = mean_of(TEST, mean_suv)

    scale = climb(replace(TEST, **wrong), NUMBERS, lambda: mean)

    assert scale.trust == "relative"


def test_another_tracer_is_noted():
    scale = climb(replace(TEST, tracer="Ga-68 DOTATATE", is_fdg=False), NUMBERS)

    assert "pet_tracer" in {note.code for note in scale.notes}


@pytest.mark.parametrize(
    ("name", "is_fdg"),
    [("FDG -- fluorodeoxyglucose", True), ("Fludeoxyglucose F^18^", True), ("[18F]-2-Deoxyglucose", True), ("", True),
     ("C-B1031", True), ("DOTATATE", False), ("FLT", False), ("Choline", False)],
)  # fmt: skip
def test_which_names_of_a_tracer_are_fdg_stands_in_the_priors(name, is_fdg):
    series = pet_series(np.full((3, 4, 4), 2000.0))
    for ds in series:
        drug_of(ds).Radiopharmaceutical = name

    assert pet_header([Tags(ds) for ds in series], NUMBERS).is_fdg == is_fdg


@pytest.mark.parametrize(
    ("description", "attenuation"),
    [("PET WB NAC", "no"), ("WB (no-AC)", "no"), ("FDG_non_attenuation_corrected", "no"), ("Uncorrected", "no"),
     ("PET AC", "yes"), ("NACHT 3D", "yes"), ("PET corrected", "yes")],
)  # fmt: skip
def test_which_words_say_that_a_pet_is_not_corrected_stands_in_the_priors(description, attenuation):
    series = pet_series(np.full((3, 4, 4), 2000.0))
    for ds in series:
        ds.SeriesDescription = description

    assert pet_header([Tags(ds) for ds in series], NUMBERS).attenuation == attenuation


def test_a_hospital_may_add_its_own_word_for_an_uncorrected_pet(tmp_path):
    own = load_study_parameters(changed_priors(tmp_path, "study/pet_words.csv", "uncorr,uncorrected,", "roh,uncorrected,"))
    series = pet_series(np.full((3, 4, 4), 2000.0))
    for ds in series:
        ds.SeriesDescription = "PET roh"

    assert pet_header([Tags(ds) for ds in series], own).attenuation == "no"


def test_the_mean_of_the_body_does_not_depend_on_how_much_air_is_around_it():
    rng = np.random.default_rng(1)
    small, large = (np.zeros((20, side, side), np.float32) for side in (40, 80))
    body = rng.gamma(9.0, 1 / 9.0, (20, 24, 24)).astype(np.float32)
    for field in (small, large):
        field += rng.gamma(1.0, 0.01, field.shape).astype(np.float32)
        field[:, 8:32, 8:32] += body

    assert body_mean(small) == pytest.approx(1.0, abs=0.1)
    assert body_mean(large) == pytest.approx(body_mean(small), rel=0.03)


# --- from files ---


def uniform(activity=ACTIVITY, shape=(6, 12, 14)):
    return np.full(shape, activity)


def test_a_pet_alone_comes_back_in_suv(tmp_path):
    save(pet_series(uniform()), tmp_path)

    pet = read_pet(tmp_path)

    assert (pet.unit, pet.values.dtype, pet.card.trust) == ("SUVbw", np.float32, "exact")
    np.testing.assert_allclose(pet.values, SUV_START, rtol=1e-4)
    assert any(step.tags.get("PatientWeight") == "80 kg" for step in pet.card.steps)


def test_slices_not_decay_corrected_keep_their_own_factor_whatever_their_order(tmp_path):
    series = pet_series(uniform(), decay="NONE")
    for k, ds in enumerate(series):
        ds.AcquisitionTime = (SCAN + timedelta(minutes=10 * k)).strftime("%H%M%S")
        ds.ImageOrientationPatient = ["1", "0", "0", "0", "-1", "0"]  # the normal now runs to the feet
    save(series, tmp_path)

    pet = read_pet(tmp_path)

    expected = SUV_START * 2 ** (600 * np.arange(6) / 6586.2)
    np.testing.assert_allclose(pet.values.mean(axis=(1, 2)), expected, rtol=1e-3)


def test_a_zone_in_the_start_date_time_is_honoured(tmp_path):
    series = pet_series(uniform())
    for ds in series:
        ds.TimezoneOffsetFromUTC = "+0200"
        drug_of(ds).RadiopharmaceuticalStartDateTime = "20200305071500+0000"
    save(series, tmp_path)

    np.testing.assert_allclose(read_pet(tmp_path).values, SUV_START, rtol=1e-4)


def test_an_injection_before_midnight_without_a_date_is_repaired(tmp_path):
    series = pet_series(uniform(3000.0))
    for ds in series:
        ds.SeriesTime = ds.AcquisitionTime = "003000"
        drug_of(ds).RadiopharmaceuticalStartTime = "233000"
    save(series, tmp_path)

    pet = read_pet(tmp_path)

    np.testing.assert_allclose(pet.values, SUV_START * 3000 / ACTIVITY, rtol=3e-4)  # half of a stored unit in 2000
    assert "pet_repaired" in {note.code for note in pet.notes}


def test_a_pet_without_weight_is_in_units_of_the_body(tmp_path):
    series = pet_series(uniform())
    for ds in series:
        ds.PatientWeight = "0"
    save(series, tmp_path)

    relative, given = read_pet(tmp_path), read_pet(tmp_path, wishes=Wishes(weight_kg=80))

    assert (relative.unit, relative.card.trust) == ("SUVrel", "relative")
    np.testing.assert_allclose(relative.values, 0.9, rtol=1e-3)  # as the bodies of README-pet's scans have
    assert (given.unit, given.card.trust) == ("SUVbw", "assumed")
    np.testing.assert_allclose(given.values, SUV_START, rtol=1e-4)


def test_the_corrected_pet_is_chosen_and_the_uncorrected_says_why(tmp_path):
    save(ct_series(), tmp_path / "ct")
    save(pet_series(uniform()), tmp_path / "ac")
    uncorrected = pet_series(uniform(500.0), series=8)
    for ds in uncorrected:
        ds.CorrectedImage, ds.SeriesDescription = ["DECY", "SCAT"], "PET WB"
        del ds.AttenuationCorrectionMethod
    save(uncorrected, tmp_path / "nac")

    study = read_study(tmp_path)

    assert study.passport.pet.uid == uid(2, 1, 7)
    assert "not attenuation-corrected" in {card.why_not for card in study.passport.series}
    np.testing.assert_allclose(study.pet.values, SUV_START, rtol=1e-4)


def test_an_uncorrected_pet_alone_is_left_out_of_the_study_with_a_note(tmp_path):
    save(ct_series(), tmp_path / "ct")
    series = pet_series(uniform())
    for ds in series:
        ds.SeriesDescription = "PET NAC"
    save(series, tmp_path / "nac")

    study = read_study(tmp_path)

    assert study.pet is None
    assert "pet_not_used" in {note.code for note in study.passport.notes}
    with pytest.raises(UnreadableInput, match="not attenuation-corrected"):
        read_pet(tmp_path)


def test_the_pet_of_another_patient_is_refused(tmp_path):
    save(ct_series(patient="Anna"), tmp_path / "ct")
    save(pet_series(uniform(), patient="Bert"), tmp_path / "pet")

    with pytest.raises(ImpossibleGeometry, match="Bert.*Anna"):
        read_study(tmp_path)


def test_another_frame_of_reference_in_the_same_study_is_noted(tmp_path):
    save(ct_series(), tmp_path / "ct")
    save(pet_series(uniform(), frame=2), tmp_path / "pet")

    study = read_study(tmp_path)

    assert study.pet is not None
    assert "pet_other_frame" in {note.code for note in study.passport.notes}


def test_a_pet_of_another_examination_elsewhere_is_not_used(tmp_path):
    save(ct_series(), tmp_path / "ct")
    save(pet_series(uniform(), frame=2, study=2), tmp_path / "pet")

    study = read_study(tmp_path)

    assert study.pet is None
    assert "pet_not_used" in {note.code for note in study.passport.notes}


@pytest.mark.parametrize(("date", "time", "used"), [("20200307", "101500", False), ("20200306", "001000", True)])
def test_a_pet_of_another_day_is_not_used_even_in_the_frame_of_the_ct(tmp_path, date, time, used):
    """A visit may go over midnight."""
    ct = ct_series()
    for ds in ct:
        ds.AcquisitionTime = "235000"
    pet = pet_series(uniform())
    for ds in pet:
        ds.AcquisitionDate = ds.SeriesDate = date
        ds.AcquisitionTime = ds.SeriesTime = time
        drug_of(ds).RadiopharmaceuticalStartDateTime = "20200305231500" if used else "20200307091500"
    save(ct, tmp_path / "ct")
    save(pet, tmp_path / "pet")

    study = read_study(tmp_path)

    assert (study.pet is not None) == used
    if not used:
        assert "34 hours" in next(note.text for note in study.passport.notes if note.code == "pet_not_used")


def test_a_pet_that_reaches_farther_than_the_ct_is_noted(tmp_path):
    save(ct_series(), tmp_path / "ct")
    save(pet_series(uniform(shape=(20, 12, 14))), tmp_path / "pet")

    note = next(note for note in read_study(tmp_path).passport.notes if note.code == "pet_beyond_ct")

    # outer edges: -2 + 20 slices of 4 mm beside -1.25 + 8 slices of 2.5 mm, centres of the lowest at one height
    assert "59 mm towards the head" in note.text


def test_an_enhanced_pet_says_its_unit_and_reference_in_other_places(tmp_path):
    from pydicom.sequence import Sequence
    from study.scans import add_plane, drug_of, item, plain

    stored = np.full((5, 12, 14), 10000, np.uint16)
    ds = plain("PET")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.130"
    add_plane(ds, stored, None)
    ds.NumberOfFrames, ds.PatientWeight = 5, "80"
    ds.AttenuationCorrected, ds.DecayCorrected, ds.DecayCorrectionDateTime = "YES", "YES", "20200305101500"
    ds.RadiopharmaceuticalInformationSequence = pet_series(uniform())[0].RadiopharmaceuticalInformationSequence
    drug_of(ds).RadiopharmaceuticalStartDateTime = "20200305091500"
    unit = item(CodeValue="Bq/ml", CodingSchemeDesignator="UCUM", CodeMeaning="Bq/ml")
    ds.SharedFunctionalGroupsSequence = Sequence([item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[4, 4], SliceThickness=4)]),
        RealWorldValueMappingSequence=Sequence([item(
            RealWorldValueSlope=2.0, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=Sequence([unit]))]),
    )])  # fmt: skip
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, 4 * k])])) for k in range(5)]
    )
    save([ds], tmp_path)

    pet = read_pet(tmp_path)

    assert pet.card.trust == "exact"
    np.testing.assert_allclose(pet.values, SUV_START, rtol=1e-4)


def test_a_dynamic_pet_says_that_one_of_its_frames_is_used(tmp_path):
    """Three passes over the same beds; a single frame is no PET of an hour after injection unless somebody looks."""
    number = 0
    for frame, bq in enumerate((2000.0, 4000.0, 6000.0)):
        for ds in pet_series(np.full((5, 6, 6), bq)):
            number += 1
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(9, 9, frame, number)
            ds.InstanceNumber, ds.AcquisitionTime = number, f"10{15 + 5 * frame}00"
            save([ds], tmp_path, [f"{number}.dcm"])

    pet = read_pet(tmp_path)

    note = next(note for note in pet.notes if note.code == "series_parted")
    assert "the same place lies in it 3 times (AcquisitionTime 101500" in note.text
    assert np.ptp(pet.values) < 1e-3 * pet.values.mean()
