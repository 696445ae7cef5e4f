"""The truths of the real scans, as `evaluate` reads them: whole, in their place, and silent where nobody knows."""

import numpy as np
import pytest
from evaluation.patients import write_answer
from real.adapters import ADAPTERS, write_truth

import lungstage
from lungstage.evaluation.labels import read_labels
from lungstage.evaluation.truths import read_truth

pytestmark = pytest.mark.real


@pytest.fixture(params=sorted(ADAPTERS))
def adapted(request, real_scan, tmp_path):
    return read_truth(write_truth(real_scan(request.param), tmp_path), request.param)


def test_a_real_truth_is_read_and_its_masks_lie_where_it_says(adapted):
    assert not adapted.editions, "no edition is named for any of these scans"
    if "lesions" not in adapted.masks:
        return
    drawn = read_labels(adapted.masks["lesions"])
    assert set(np.unique(drawn.values)) == {0, *(lesion.label for lesion in adapted.lesions)}
    for lesion in adapted.lesions:
        inside = np.argwhere(drawn.values == lesion.label)
        # the centres were rounded to tenths
        assert drawn.grid.to_mm(inside).mean(axis=0) == pytest.approx(lesion.centre_mm, abs=0.1)
        assert len(inside) * drawn.grid.voxel_ml == pytest.approx(lesion.volume_ml, rel=0.01)


def test_lungs_of_real_truths_have_their_sides_and_volumes(real_scan, tmp_path):
    # README-ct.md
    for name, right_ml, left_ml in (("lung1-001", 2966, 2277), ("cip-ct64", 2419, 2135)):
        truth = read_truth(write_truth(real_scan(name), tmp_path / name), name)
        lungs = read_labels(truth.masks["lungs"])
        volumes = [(lungs.values == side).sum() * lungs.grid.voxel_ml for side in (1, 2)]
        assert volumes == pytest.approx([right_ml, left_ml], rel=0.01), name
        right, left = (lungs.grid.to_mm(np.argwhere(lungs.values == side)).mean(axis=0) for side in (1, 2))
        assert right[0] < left[0], f"{name}: x grows to the patient's left"


def test_real_scans_that_tell_little_are_scored_by_what_they_tell(real_scan, tmp_path):
    for name in sorted(ADAPTERS):
        write_truth(real_scan(name), tmp_path / "truth" / name)
        write_answer(tmp_path / "result" / name, [], editions={}, masks=False)

    scores = lungstage.evaluate(tmp_path / "truth", tmp_path / "result")

    assert not scores.missing.lines()
    # five tumours and three nodes; nothing was found by an empty answer
    assert scores.find("recall, any candidate", "all malignant").items == 8
    assert scores.find("recall, any candidate", "all malignant").value == 0
    assert scores.find("recall, any candidate", "malignant or not is not told").items == 3
    assert "Stage of the 9th edition" in " ".join(scores.not_scored)
