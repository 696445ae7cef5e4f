"""One patient, however his scan was stored: every axis order and flip, every acquisition plane, any order of files."""

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff
from study.scans import AXIAL, ORIGIN, SPACING, chest, ct_series, save

from lungstage.study import read_study

SIDES = ((1, 0, 0), (0, 1, 0), (0, 0, 1))  # left, back, head
AFFINE = np.array([[-0.7, 0, 0, 9.0], [0, -0.8, 0, 30.0], [0, 0, 2.5, 100.0], [0, 0, 0, 1]])  # RAS, of the scan of scans.py
PLANES = {"axial": (AXIAL, (0, 1, 2)), "coronal": (((1, 0, 0), (0, 0, -1)), (1, 0, 2)),
          "sagittal": (((0, 1, 0), (0, 0, -1)), (2, 0, 1))}  # fmt: skip
POINTS_MM = np.asarray(ORIGIN) + np.random.default_rng(5).uniform(0.5, 14, (400, 3))


def values_at(study, points_mm):
    """HU of the voxels nearest to LPS points."""
    index = np.rint(study.ct.grid.to_index(points_mm)).astype(int)
    return study.ct.values[tuple(index.T)]


@pytest.fixture(scope="module")
def axial(tmp_path_factory):
    return read_study(save(ct_series(), tmp_path_factory.mktemp("axial")))


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("flips", list(product((1, -1), repeat=3)), ids=str)
def test_a_nifti_in_each_of_48_axis_orders_and_flips_is_the_same_volume(axial, tmp_path, order, flips):
    orientation = np.array(list(zip(order, flips)), float)
    stored = apply_orientation(chest().T, orientation)
    nibabel.save(nibabel.Nifti1Image(stored, AFFINE @ inv_ornt_aff(orientation, chest().T.shape)), tmp_path / "ct.nii")

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, axial.ct.values)
    np.testing.assert_allclose(study.ct.grid.affine_lps, axial.ct.grid.affine_lps, atol=1e-4)
    np.testing.assert_array_equal(values_at(study, POINTS_MM), values_at(axial, POINTS_MM))
    np.testing.assert_array_equal(study.stored.undo(study.ct.values), stored.T)
    assert study.passport.input_digest == axial.passport.input_digest


def cut(plane):
    """The scan of scans.py stored as slices of another plane, each with its true place."""
    orientation, order = PLANES[plane]
    row, column = np.asarray(orientation, float)
    normal = np.cross(row, column)
    steps_mm = dict(zip("xyz", (SPACING[2], SPACING[1], SPACING[0])))
    size = dict(zip("xyz", chest().shape[::-1]))
    values = np.transpose(chest(), order)
    origin = np.array(ORIGIN, float)
    for axis, direction in enumerate((normal, column, row)):
        way = int(np.abs(direction).argmax())
        if direction[way] < 0:
            values = np.flip(values, axis)
            origin[way] += ("xyz"[way] in size) * steps_mm["xyz"[way]] * (size["xyz"[way]] - 1)
    spacing = tuple(steps_mm["xyz"[int(np.abs(direction).argmax())]] for direction in (normal, column, row))
    return ct_series(np.ascontiguousarray(values), spacing=spacing, origin=tuple(origin), orientation=orientation)


@pytest.mark.parametrize("plane", PLANES)
def test_axial_coronal_and_sagittal_slices_are_the_same_volume(axial, tmp_path, plane):
    study = read_study(save(cut(plane), tmp_path))

    np.testing.assert_array_equal(study.ct.values, axial.ct.values)
    np.testing.assert_allclose(study.ct.grid.affine_lps, axial.ct.grid.affine_lps, atol=1e-3)
    np.testing.assert_array_equal(values_at(study, POINTS_MM), values_at(axial, POINTS_MM))


def test_shuffled_and_duplicated_files_are_the_same_volume(axial, tmp_path):
    series = ct_series()
    rng = np.random.default_rng(3)
    names = [f"{number:05d}" for number in rng.permutation(100)[: len(series)]]
    save(series, tmp_path / "a", names)
    save(series[2:5], tmp_path / "b", ["x1", "x2", "x3"])
    for ds in series:
        ds.InstanceNumber = int(rng.integers(1, 9))
    save(series, tmp_path / "c" / "deep", names)

    once, numbered = read_study(tmp_path / "a"), read_study(tmp_path / "c")
    twice = read_study(tmp_path / "b" / "..")

    assert {study.passport.input_digest for study in (once, numbered, twice)} == {axial.passport.input_digest}


@pytest.mark.parametrize("tilt_deg", [-20.0, 12.0])
def test_a_tilted_gantry_gives_the_volume_within_the_rounding_of_its_shift(tmp_path, tilt_deg):
    """Values that are linear in place survive linear shifts exactly: HU = 20 z - 5 y + 300, rounded to whole HU."""
    shape, spacing = (12, 40, 30), (2.0, 0.8, 0.7)
    angle = np.radians(tilt_deg)
    row, column = np.array([1.0, 0, 0]), np.array([0, np.cos(angle), np.sin(angle)])
    k, j, i = np.indices(shape)
    place = np.array([-9.0, -16.0, 50.0]) + k[..., None] * np.array([0, 0, spacing[0] / np.cos(angle)])
    place = place + j[..., None] * spacing[1] * column + i[..., None] * spacing[2] * row
    truth = 20 * (place[..., 2] - 50) - 5 * place[..., 1]
    series = ct_series(np.rint(truth).astype(np.int16), spacing=spacing, orientation=(row, column))
    for ds, plane in zip(series, place, strict=True):
        ds.ImagePositionPatient = [f"{p:.6f}" for p in plane[0, 0]]
    save(series, tmp_path)

    study = read_study(tmp_path)

    inside = np.argwhere(study.outside == 0) if study.outside is not None else np.argwhere(study.ct.values > -1000)
    here = study.ct.grid.to_mm(inside)
    expected = 20 * (here[:, 2] - 50) - 5 * here[:, 1]
    assert len(inside) > 0.8 * truth.size
    np.testing.assert_allclose(study.ct.values[tuple(inside.T)], expected, atol=1.5)  # two roundings to whole HU
    assert "gantry_tilt" in {note.code for note in study.passport.notes}
