"""The diaphragm on CT and PET: its shift is found, small ones are not made a note of, and nothing is claimed without a liver."""

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.records import Volume
from lungstage.study import load_study_parameters, read_study
from lungstage.study.breathing import breathing_notes, breathing_shift_mm

NUMBERS = load_study_parameters()


def dome_mm(x, y):
    """Height of the diaphragm: two domes of 30 mm on a level of 100 mm."""
    return 100 + 30 * np.exp(-((abs(x) - 70) ** 2 + y**2) / 70**2)


def painted(spacing, shape, origin, low, high, shift_mm=0.0, blur_mm=0.0):
    """A volume with `low` in lungs and `high` in the tissue below and around them."""
    from scipy import ndimage

    grid = Grid(shape, spacing, origin)
    z, y, x = (np.arange(n) * s + o for n, s, o in zip(shape, spacing, origin[::-1]))
    z, y, x = np.meshgrid(z, y, x, indexing="ij")
    body = (x / 160) ** 2 + (y / 110) ** 2 < 1
    lung = ((abs(x) - 70) / 60) ** 2 + (y / 85) ** 2 < 1
    values = np.where(body, high, -1000.0 if low < 0 else 0.0)
    values[lung & (z > dome_mm(x, y) + shift_mm) & (z < 260)] = low
    if blur_mm:
        values = ndimage.gaussian_filter(values, np.divide(blur_mm, spacing))
    return values, grid


def pair(shift_mm, liver=2.2):
    hu, ct_grid = painted((3.0, 1.6, 1.5), (100, 150, 220), (-165.0, -120.0, 0.0), -850, 60)
    suv, pet_grid = painted((4.0, 4.5, 4.5), (90, 56, 76), (-170.0, -125.0, -20.0), 0.4, liver, shift_mm, 3.0)
    return Volume(hu.astype(np.int16), ct_grid, "HU"), Volume(suv.astype(np.float32), pet_grid, "SUVbw")


@pytest.mark.parametrize("shift_mm", [-12.0, 0.0, 7.0, 25.0])
def test_the_shift_of_the_diaphragm_is_measured(shift_mm):
    assert breathing_shift_mm(*pair(shift_mm), NUMBERS) == pytest.approx(shift_mm, abs=3.0)  # less than a voxel of the PET


def test_without_uptake_in_the_liver_nothing_is_claimed():
    assert breathing_shift_mm(*pair(0.0, liver=0.5), NUMBERS) is None


def test_only_a_shift_that_matters_is_noted():
    numbers = load_study_parameters()

    assert breathing_notes(3.0, numbers) == breathing_notes(None, numbers) == ()
    assert "25 mm higher on PET" in breathing_notes(25.0, numbers)[0].text


def test_the_shift_of_a_real_patient_is_reported(real_scan):
    """By eye on coronal pictures the domes agree within two slices."""
    shift_mm = read_study(real_scan("petct-acrin-042")).passport.breathing_shift_mm

    assert shift_mm is not None and abs(shift_mm) < 25
