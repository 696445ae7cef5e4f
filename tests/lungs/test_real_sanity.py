"""One real chest turned, noisy, in thick and thin slices, halved: the lungs are the same, or it is said what is not."""

import numpy as np
import pytest
from lungs.chests import TURNS, dice, in_slices_of, noisy, store_turned, with_values

from lungstage.geometry import Grid
from lungstage.lungs import find_lungs

sitk = pytest.importorskip("SimpleITK")
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def chest(real_scan):
    """(study, lungs) of a coarse whole chest."""
    from lungstage.study import read_study

    study = read_study(real_scan("cip-ct64") / "ct-64.nrrd")
    return study, find_lungs(study)


def both(lungs):
    return lungs.right | lungs.left


@pytest.mark.parametrize("noise_hu", [25, 50, 100])
def test_noise_does_not_move_the_lungs(chest, noise_hu):
    study, lungs = chest
    found = find_lungs(noisy(study, noise_hu))

    # one voxel is a block here, so nothing is averaged: at 100 HU each border voxel is a draw
    assert dice(both(found), both(lungs)) >= (0.98 if noise_hu < 100 else 0.96)
    assert dice(found.right, lungs.right) >= (0.98 if noise_hu < 100 else 0.96)


@pytest.mark.parametrize("thick_mm", [0.6, 2.0, 8.0])
def test_thin_and_thick_slices_show_the_same_lungs(chest, thick_mm):
    study, lungs = chest
    resliced, nearest = in_slices_of(study, thick_mm)

    found = find_lungs(resliced)

    # between two slices the border lies half-way, not where the nearer one has it; at 8 mm half of the slices are left out
    assert dice(both(found), both(lungs)[nearest]) >= (0.97 if thick_mm < 8 else 0.95)


@pytest.mark.parametrize("side", ["right", "left"])
def test_half_a_thorax_shows_its_lung_and_says_what_is_cut(chest, side):
    study, lungs = chest
    middle = study.ct.grid.shape[2] // 2
    low, high = (0, middle + 2) if side == "right" else (middle - 2, study.ct.grid.shape[2])
    box = ((0, 0, low), (*study.ct.grid.shape[:2], high))

    found = find_lungs(with_values(study, study.ct.values[:, :, low:high], study.ct.grid.box(*box)))

    assert dice(getattr(found, side), getattr(lungs, side)[:, :, low:high]) >= 0.95
    assert found.quality.cut and found.quality.covered < 0.95


@pytest.mark.parametrize("missing", ["right", "left"])
def test_a_lung_full_of_fluid_has_a_hull_and_the_other_is_as_it_was(chest, missing):
    study, lungs = chest
    there = {"right": "left", "left": "right"}[missing]
    values = np.where(getattr(lungs, missing) != 0, 15, study.ct.values).astype(np.int16)

    found = find_lungs(with_values(study, values, study.ct.grid))

    assert dice(getattr(found, there), getattr(lungs, there)) >= 0.97
    assert np.count_nonzero(getattr(found, missing)) < 0.02 * np.count_nonzero(getattr(lungs, missing))
    hull = found.hull == {"right": 1, "left": 2}[missing]
    assert hull[getattr(lungs, missing) != 0].mean() > 0.75  # the other's mirror image: a heart is not symmetric


def test_lungs_of_a_mirrored_patient_are_mirrored_lungs(chest):
    study, lungs = chest

    found = find_lungs(with_values(study, study.ct.values[:, :, ::-1], study.ct.grid))

    assert dice(found.left, lungs.right[:, :, ::-1]) > 0.98 and dice(found.right, lungs.left[:, :, ::-1]) > 0.98


@pytest.mark.parametrize("name", TURNS)
def test_however_the_array_lies_the_lungs_are_where_they_are_in_the_patient(chest, tmp_path, name):
    from lungstage.study import read_study

    study, lungs = chest
    store_turned(study, TURNS[name], tmp_path / "ct.nii.gz")

    read = read_study(tmp_path / "ct.nii.gz")
    found = find_lungs(read)

    points = study.ct.grid.to_mm(np.argwhere(lungs.right))
    index = np.rint(read.ct.grid.to_index(points)).astype(int)
    assert found.right[tuple(index.T)].mean() > 0.99  # floats of the header may move a voxel of the border
    assert np.count_nonzero(both(found)) == pytest.approx(np.count_nonzero(both(lungs)), rel=0.01)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_patient_turned_by_a_header_that_lies_still_has_lungs(chest, turns):
    """That the header lies is told by the study; the lungs are where the picture shows them."""
    study, lungs = chest
    values = np.rot90(study.ct.values, turns, (1, 2))
    spacing = tuple(np.array(study.ct.grid.spacing_mm)[[0, 2, 1] if turns % 2 else [0, 1, 2]])

    found = find_lungs(with_values(study, values, Grid(values.shape, spacing, study.ct.grid.origin_mm)))

    assert dice(both(found), np.rot90(both(lungs), turns, (1, 2))) > 0.97


@pytest.mark.parametrize("slices", [12, 19])
def test_an_abdomen_below_the_lungs_has_none(real_scan, slices):
    from lungstage.study import read_study

    study = read_study(real_scan("abdomen-ts") / "ct.nii.gz")
    box = ((0, 0, 0), (slices, *study.ct.grid.shape[1:]))

    found = find_lungs(with_values(study, study.ct.values[:slices], study.ct.grid.box(*box)))

    assert found.p_thorax < 0.5 and not both(found).any()
