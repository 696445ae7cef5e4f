from dataclasses import replace

import numpy as np
import pytest
from lungs.chests import SHAPE, SPACING, Chest, draw

from lungstage.lungs import find_lungs
from lungstage.records import Volume

Z, Y, X = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij", sparse=True)


@pytest.fixture(scope="module")
def still():
    study, truth = draw(Chest())
    return study, truth, find_lungs(study).quality


def with_hu(study, values):
    return replace(study, ct=Volume(np.rint(values).astype(np.int16), study.ct.grid, "HU"))


@pytest.mark.parametrize("way_mm", [6.0, 9.0])
def test_a_beating_heart_moves_as_far_as_its_border_is_drawn_out(still, way_mm):
    study, truth, quality = still
    smaller = ((X - 25 + way_mm) / 55) ** 2 + ((Y + 30) / 45) ** 2 + ((Z + 40) / 55) ** 2 <= 1  # its left border lies farther in
    given_back = (((X - 25) / 55) ** 2 + ((Y + 30) / 45) ** 2 + ((Z + 40) / 55) ** 2 <= 1) & ~smaller & (X > 25)
    contracted = np.where(given_back, -850, study.ct.values)

    beating = find_lungs(with_hu(study, (study.ct.values + contracted) / 2)).quality

    # a pixel of 2.8 mm; borders that blur adds to in squares; the way is less where the border does not face the side
    assert beating.heart_motion_mm == pytest.approx(way_mm, abs=2.8)
    assert quality.heart_motion_mm < 2.8


def test_where_nothing_of_the_heart_is_seen_its_motion_is_not_told():
    study, _ = draw(Chest(left_lung=False))

    assert find_lungs(study).quality.heart_motion_mm is None


def test_a_patient_who_breathes_between_the_turns_has_domes_that_are_met_twice(still):
    study, _, quality = still
    values = study.ct.values.copy()
    for first in range(0, SHAPE[0] - 4, 8):  # every other four slices, with the dome four slices (16 mm) higher
        values[first + 4 : first + 8] = study.ct.values[first : first + 4]

    breathing = find_lungs(with_hu(study, values)).quality

    assert quality.doubled_share < 0.03 and "lungs_moved" not in {note.code for note in quality.notes}
    assert breathing.doubled_share > 0.1 and "lungs_moved" in {note.code for note in breathing.notes}


def test_a_slow_breath_that_bends_the_domes_without_doubling_them_is_not_called_so(still):
    study, _, _ = still
    z = np.arange(SHAPE[0])
    source = np.clip(np.rint(z + 2 * np.sin(2 * np.pi * z / 40)), 0, SHAPE[0] - 1).astype(int)  # 8 mm, never backwards

    assert find_lungs(with_hu(study, study.ct.values[source])).quality.doubled_share < 0.05
