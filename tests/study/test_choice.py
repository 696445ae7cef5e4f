"""Which series is taken of several, which never is, and that the others say why not."""

import numpy as np
import pytest
from study.scans import (
    SHAPE,
    chest,
    ct_series,
    plain,
    save,
    uid,
)

from lungstage.errors import ImpossibleRequest, UnreadableInput
from lungstage.study import Wishes, inspect, read_study


def test_a_localizer_and_a_screen_capture_are_never_taken(tmp_path):
    save(ct_series(), tmp_path / "ct")
    scout = ct_series(chest((1, 300, 260)), series=2, orientation=((1, 0, 0), (0, 0, -1)))
    for ds in scout:
        ds.ImageType, ds.SeriesDescription = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "TOPOGRAM"
    save(scout, tmp_path / "scout")
    capture = plain("CT", series=3)
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    save([capture], tmp_path / "capture")

    study = read_study(tmp_path)

    reasons = {card.uid: card.why_not for card in study.passport.series}
    assert reasons[uid(2, 1, 1)] is None
    assert "localizer" in reasons[uid(2, 1, 2)]
    assert "capture" in reasons[uid(2, 1, 3)]


def test_the_softer_and_thinner_series_wins_and_the_other_says_why(tmp_path):
    tall = chest((60, 22, 26))
    save(ct_series(tall, spacing=(2.5, 0.8, 0.7)), tmp_path / "good")
    sharp = ct_series(tall[:25], series=2, spacing=(6.0, 0.8, 0.7))
    for ds in sharp:
        ds.ConvolutionKernel, ds.SeriesDescription = "B70f", "THORAX 6.0 B70f"
    save(sharp, tmp_path / "sharp")

    study = read_study(tmp_path)

    loser = next(card for card in study.passport.series if not card.chosen)
    assert study.ct.grid.shape[0] == 60
    assert "thicker" in loser.why_not and "sharper" in loser.why_not


def test_the_user_may_name_the_series(tmp_path):
    save(ct_series(), tmp_path / "one")
    save(ct_series(chest() + np.int16(5), series=2), tmp_path / "two")

    for number, added in ((1, 0), (2, 5)):
        study = read_study(tmp_path, ct=uid(2, 1, number))
        assert study.ct.values[0, 0, 0] == -1000 + added
    with pytest.raises(ImpossibleRequest, match="not the UID of one series"):
        read_study(tmp_path, wishes=Wishes(ct="1.2.3"))


def test_a_derived_map_is_never_taken_for_a_ct(tmp_path):
    series = ct_series()
    for ds in series:
        ds.ImageType = ["DERIVED", "PRIMARY", "PERFUSION", "RCBF"]
    save(series, tmp_path)

    with pytest.raises(UnreadableInput, match="derived map"):
        read_study(tmp_path)


def test_several_patients_are_named(tmp_path):
    save(ct_series(patient="Anna"), tmp_path / "a")
    save(ct_series(patient="Bert", study=2, frame=2), tmp_path / "b")

    with pytest.raises(ImpossibleRequest, match="Anna, Bert"):
        read_study(tmp_path)
    assert read_study(tmp_path, ct=uid(2, 2, 1)).patient.patient_id == "Bert"


def test_two_examinations_of_one_patient_are_named_and_one_must_be_chosen(tmp_path):
    old, new = ct_series(), ct_series(chest() + np.int16(5), study=2, frame=2)
    for ds in new:
        ds.StudyDate = "20210101"
    save(old, tmp_path / "old")
    save(new, tmp_path / "new")

    with pytest.raises(ImpossibleRequest, match="2 examinations.*20200305.*20210101.*--ct"):
        read_study(tmp_path)
    assert read_study(tmp_path, ct=uid(2, 2, 1)).ct.values[0, 0, 0] == -995
    assert inspect(tmp_path).studies == 2


def test_a_localizer_of_another_examination_is_no_second_examination(tmp_path):
    save(ct_series(), tmp_path / "ct")
    scout = ct_series(chest()[:2], study=2, frame=2)
    for ds in scout:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    save(scout, tmp_path / "scout")

    assert read_study(tmp_path).ct.grid.shape == SHAPE
