"""Label volumes: the same voxels at the same millimetres, however a file stores them, and on another grid."""

from itertools import permutations, product

import nibabel
import numpy as np
import pytest

from lungstage.errors import UnreadableInput
from lungstage.evaluation.labels import on_grid, read_labels
from lungstage.geometry import Grid

AFFINE_RAS = np.array([[0.7, 0, 0, -12], [0, 0.8, 0, 31], [0, 0, 2.5, -100], [0, 0, 0, 1.0]])


def volume():
    """(x, y, z) with a label at each of three corners."""
    labels = np.zeros((5, 7, 4), np.uint16)
    labels[0, 0, 0], labels[4, 0, 0], labels[0, 6, 3] = 1, 2, 3
    return labels


def place_of(labels, number):
    (index,) = np.argwhere(labels.values == number)
    return labels.grid.to_mm(index)


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product((False, True), repeat=3)))
def test_labels_stand_where_their_file_says(tmp_path, axes, flips):
    image = nibabel.Nifti1Image(volume(), AFFINE_RAS)
    turned = image.as_reoriented(np.array([[axis, -1 if flip else 1] for axis, flip in zip(axes, flips, strict=True)]))
    nibabel.save(turned, tmp_path / "a.nii.gz")

    labels = read_labels(tmp_path / "a.nii.gz")

    # RAS to LPS: x and y change their sign
    assert place_of(labels, 1) == pytest.approx([12, -31, -100], abs=1e-4)
    assert place_of(labels, 2) == pytest.approx([12 - 4 * 0.7, -31, -100], abs=1e-4)
    assert place_of(labels, 3) == pytest.approx([12, -31 - 6 * 0.8, -100 + 3 * 2.5], abs=1e-4)
    assert np.allclose(labels.grid.axes, np.eye(3))


def test_a_truth_on_its_own_grid_is_laid_onto_that_of_the_answer(tmp_path):
    nibabel.save(nibabel.Nifti1Image(volume(), AFFINE_RAS), tmp_path / "a.nii.gz")
    labels = read_labels(tmp_path / "a.nii.gz")
    point = place_of(labels, 3)
    finer = Grid((12, 20, 18), (1.25, 0.4, 0.35), tuple(point - [2.1, 2.4, 5.0]))

    laid = on_grid(labels, finer)

    assert laid.shape == finer.shape
    centre = finer.to_mm(np.argwhere(laid == 3)).mean(axis=0)
    assert np.all(np.abs(centre - point) <= np.array(finer.spacing_mm[::-1]))
    assert set(np.unique(laid)) == {0, 3}


def test_the_same_grid_is_not_resampled(tmp_path):
    nibabel.save(nibabel.Nifti1Image(volume(), AFFINE_RAS), tmp_path / "a.nii.gz")
    labels = read_labels(tmp_path / "a.nii.gz")

    assert on_grid(labels, read_labels(tmp_path / "a.nii.gz").grid) is labels.values


def test_what_is_no_label_volume_is_refused(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"nothing")
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 2), np.uint8), np.eye(4)), tmp_path / "b.nii.gz")

    with pytest.raises(UnreadableInput, match="no NIfTI label volume"):
        read_labels(tmp_path / "a.nii.gz")
    with pytest.raises(UnreadableInput, match="4 dimensions"):
        read_labels(tmp_path / "b.nii.gz")
