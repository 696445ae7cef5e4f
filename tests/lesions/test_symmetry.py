"""Uptake at the mirror image: a pair of muscles is one, a metastasis is not, and the midline has no mirror."""

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.lesions.uptake import p_symmetric
from lungstage.records import PatientFrame, Volume

GRID = Grid((40, 40, 40), (4.0, 4.0, 4.0), (-80.0, -80.0, -80.0), np.eye(3))
FRAME = PatientFrame(np.zeros(3), np.eye(3), np.full(3, 200.0))


def pet_with(*spots) -> Volume:
    points = GRID.to_mm(np.moveaxis(np.indices(GRID.shape), 0, -1))
    values = np.full(GRID.shape, 0.5, np.float32)
    for centre, suv in spots:
        values[np.linalg.norm(points - centre, axis=-1) <= 8.0] = suv
    return Volume(values, GRID, "SUVbw")


@pytest.mark.parametrize("other, expected", [(6.0, 1.0), (0.5, 0.0), (4.2, 0.5)])
def test_the_other_side_counts_by_how_hot_it_is(other, expected):
    pet = pet_with(((40, 10, 20), 6.0), ((-40, 10, 20), other))
    assert p_symmetric(pet, FRAME, np.array([40.0, 10, 20]), 15.0, 6.0) == pytest.approx(expected, abs=1e-3)


def test_a_patient_who_lies_askew_is_mirrored_at_his_own_midline():
    turn = np.deg2rad(20)
    axes = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    frame = PatientFrame(np.array([5.0, 3, 0]), axes, np.full(3, 200.0))
    pair = frame.to_mm(np.array([[45.0, 0, 0], [-45.0, 0, 0]]))
    pet = pet_with((pair[0], 6.0), (pair[1], 6.0))
    assert p_symmetric(pet, frame, pair[0], 15.0, 6.0) == 1.0
    assert p_symmetric(pet, FRAME, pair[0], 15.0, 6.0) == 0.0


def test_the_midline_the_edge_and_no_pet_say_nothing():
    pet = pet_with(((2, 0, 0), 6.0))
    assert p_symmetric(pet, FRAME, np.array([2.0, 0, 0]), 15.0, 6.0) == 0.0
    assert p_symmetric(pet, FRAME, np.array([95.0, 0, 0]), 15.0, 6.0) == 0.0
    assert p_symmetric(None, FRAME, np.array([40.0, 0, 0]), 15.0, 6.0) == 0.0
