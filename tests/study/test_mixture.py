"""What a hospital's export holds all at once: the right CT and PET are taken, and every other series is told why not."""

import re

import numpy as np
import pytest
from study.scans import add_plane, chest, ct_series, pet_series, plain, save, uid

from lungstage.cli.main import main
from lungstage.errors import ImpossibleRequest
from lungstage.study import inspect, read_study

TALL, SPACING = (24, 22, 26), (10.0, 0.8, 0.7)
SOFT, LUNG, SCOUT, DOSE, CAPTURE = range(1, 6)
PET, UNCORRECTED, MIP, CORONAL = range(7, 11)
UPRIGHT = ((1, 0, 0), (0, 0, -1))  # a coronal plane


def described(series, description, **attributes):
    for ds in series:
        ds.SeriesDescription = description
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return series


def dose_report(series):
    """A page of numbers, stored as a CT picture, as some scanners do."""
    page = plain("CT", series=series)
    add_plane(page, np.zeros((30, 40), np.uint8), (0, 0, 0))
    page.ImageType = ["DERIVED", "SECONDARY", "OTHER", "CSA RESULT"]
    page.SeriesDescription = "Patient Protocol"
    return [page]


def capture(series, modality):
    page = plain("CT", series=series)
    page.SOPClassUID = page.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    page.Modality, page.SeriesDescription = modality, "PET MIP screen"
    return [page]


def one_patient(patient="P1", study=1, frame=1):
    """Every series of one examination; the CTs and the PETs reach over the whole chest."""
    own = {"patient": patient, "study": study, "frame": frame}
    tall, ct = chest(TALL), {**own, "spacing": SPACING}
    activity, pet = np.full((24, 8, 9), 2000.0), {**own, "spacing": (10.0, 4.0, 4.0)}
    projection = ["DERIVED", "SECONDARY", "PROJECTION IMAGE", "MIP"]
    return {
        SOFT: described(ct_series(tall, series=SOFT, **ct), "CT WB 2.5 B30f"),
        LUNG: described(ct_series(tall + np.int16(3), series=LUNG, **ct), "CT WB 2.5 B70f", ConvolutionKernel="B70f"),
        SCOUT: described(
            ct_series(chest((2, 22, 26)), series=SCOUT, orientation=UPRIGHT, **own), "Topogram",
            ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        ),
        DOSE: dose_report(DOSE),
        CAPTURE: capture(CAPTURE, "PT"),
        PET: described(pet_series(activity, series=PET, **pet), "PET WB AC"),
        UNCORRECTED: described(
            pet_series(activity, series=UNCORRECTED, **pet), "PET WB NAC", CorrectedImage=["DECY"],
            AttenuationCorrectionMethod="",
        ),
        MIP: described(pet_series(activity, series=MIP, **pet), "PET MIP", ImageType=projection),
        CORONAL: described(
            ct_series(tall, series=CORONAL, **ct), "CT WB cor MPR", ImageType=["DERIVED", "SECONDARY", "REFORMATTED"],
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """One folder with every file of the examination, mixed, under names that say nothing."""
    folder = tmp_path_factory.mktemp("export")
    files = [ds for series in one_patient().values() for ds in series]
    order = np.random.default_rng(4).permutation(len(files))
    return save(files, folder, [f"{number:05d}" for number in order])


def test_of_all_that_one_examination_holds_the_soft_ct_and_the_corrected_pet_are_used(export):
    study = read_study(export)

    assert study.passport.ct.uid == uid(2, 1, SOFT)
    assert study.passport.pet.uid == uid(2, 1, PET)
    assert np.array_equal(study.ct.values, chest(TALL))


@pytest.fixture(scope="module")
def cards(export):
    """UID to what the passport says of each series."""
    return {card.uid: card for card in inspect(export).series}


@pytest.mark.parametrize(
    ("series", "reason"),
    [(LUNG, "sharper than the one in use"), (SCOUT, "localizer"), (DOSE, "screen capture|document"), (CAPTURE, "screen capture"),
     (UNCORRECTED, "not attenuation-corrected"), (MIP, "a projection or a document"), (CORONAL, "a projection or reformat")],
)  # fmt: skip
def test_each_series_that_is_not_used_says_why(cards, series, reason):
    assert not cards[uid(2, 1, series)].chosen
    assert re.search(reason, cards[uid(2, 1, series)].why_not)


def test_inspect_prints_every_series_with_its_reason(export, capsys):
    assert main(["inspect", str(export)]) == 0

    printed = capsys.readouterr().out
    for words in ("CT WB 2.5 B30f", "CT WB 2.5 B70f", "sharper", "Topogram", "localizer", "Patient Protocol", "screen capture",
                  "PET WB NAC", "not attenuation-corrected", "PET MIP", "a projection or a document", "cor MPR"):  # fmt: skip
        assert words in printed, words


def test_a_second_patient_in_the_folder_is_named_and_one_must_be_chosen(export, tmp_path, capsys):
    both = save([ds for series in one_patient().values() for ds in series], tmp_path / "both" / "a").parent
    other = one_patient("P2", study=2, frame=2)
    save([ds for key in (SOFT, PET, SCOUT) for ds in other[key]], both / "b")

    with pytest.raises(ImpossibleRequest, match=r"2 patients are here \(P1, P2\).*--ct"):
        read_study(both)
    assert main(["stage", str(both), "-o", str(tmp_path / "out")]) == 2
    assert "P1, P2" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

    for number, patient in ((1, "P1"), (2, "P2")):
        study = read_study(both, ct=uid(2, number, SOFT))
        assert study.patient.patient_id == patient
        assert (study.passport.ct.uid, study.passport.pet.uid) == (uid(2, number, SOFT), uid(2, number, PET))
