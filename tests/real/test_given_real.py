"""Contours that physicians drew on real scans, given as --lesions: measured as they were drawn."""

import gzip
import json

import pytest

import lungstage

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_a_real_tumour_has_the_size_of_its_contours(real_scan, tmp_path):
    folder = real_scan("lung1-001")
    (tmp_path / "rtstruct.dcm").write_bytes(gzip.decompress((folder / "truth" / "rtstruct.dcm.gz").read_bytes()))
    truth = json.loads((folder / "truth" / "truth.json").read_text())["lesion"]

    report = lungstage.stage(folder / "ct", lesions=tmp_path / "rtstruct.dcm")

    (tumour,) = (one for one in report.lesions if any(reason.term == "marked as a lesion by others" for reason in one.reasons))
    assert max(report.staging.primary, key=report.staging.primary.get) == tumour.id
    assert tumour.place.side["left"] > 0.99
    # a slice of 3 mm, and a rim of half a voxel
    assert tumour.longest_diameter_mm.q50 == pytest.approx(truth["longest_diameter_3d_mm"], abs=3.0)
    assert tumour.volume_ml.q50 == pytest.approx(truth["volume_ml"], rel=0.05)
    assert {"lesions_given", "lesions_given_others"} <= {note.code for note in report.notes}
