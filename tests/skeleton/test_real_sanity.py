"""One real chest turned, mirrored, noisy, in thin and thick slices, halved: the same bones, and no number is a wrong one."""

import numpy as np
import pytest
from lungs.chests import TURNS, dice, in_slices_of, noisy, store_turned, with_values

from lungstage.skeleton import find_skeleton
from lungstage.skeleton.names import code_of
from lungstage.study import read_study

pytestmark = pytest.mark.real
KINDS = {"rib": (100, 132), "vertebra": (60, 85), "sternum": (90, 90)}
RIBS = (code_of("rib_right_1"), code_of("rib_left_12"))


@pytest.fixture(scope="module")
def chest(real_scan):
    """(study, labels) of a whole chest in slices of 3.27 mm."""
    study = read_study(real_scan("petct-acrin-042") / "ct")
    return study, find_skeleton(study).labels


def of_kind(labels, kind):
    low, high = KINDS[kind]
    return (labels >= low) & (labels <= high)


def alike(found, labels) -> dict[str, float]:
    """Dice of each kind of bone."""
    return {kind: float(dice(of_kind(found, kind), of_kind(labels, kind))) for kind in KINDS}


def right_numbers(found, labels) -> float:
    """Of the voxels with a rib's number in both, those with the same."""
    both = (found >= RIBS[0]) & (found <= RIBS[1]) & (labels >= RIBS[0]) & (labels <= RIBS[1])
    return float((found[both] == labels[both]).mean()) if both.any() else 1.0


@pytest.mark.parametrize(("noise_hu", "least"), [(25, 0.9), (50, 0.85), (100, 0.75)])
def test_noise_moves_the_surface_of_bones_and_no_number(chest, noise_hu, least):
    study, labels = chest
    found = find_skeleton(noisy(study, noise_hu)).labels

    # bones are found on blocks, where noise is a third; their surface is drawn voxel by voxel, at 40 HU above soft tissue
    assert min(alike(found, labels).values()) > least, alike(found, labels)
    assert right_numbers(found, labels) > 0.99


@pytest.mark.parametrize("thick_mm", [1.0, 5.0, 8.0])
def test_thin_and_thick_slices_show_the_same_bones(chest, thick_mm):
    study, labels = chest
    resliced, nearest = in_slices_of(study, thick_mm)

    found = find_skeleton(resliced).labels

    nearest = labels[nearest]
    # blocks fall otherwise on the slices, and between two of them a surface lies half-way
    assert min(alike(found, nearest).values()) > 0.88, alike(found, nearest)
    assert right_numbers(found, nearest) > 0.97


@pytest.mark.parametrize("name", TURNS)
def test_however_the_array_lies_the_bones_are_where_they_are_in_the_patient(chest, tmp_path, name):
    pytest.importorskip("SimpleITK")
    study, labels = chest
    store_turned(study, TURNS[name], tmp_path / "ct.nii.gz")

    read = read_study(tmp_path / "ct.nii.gz")
    found = find_skeleton(read).labels

    index = np.rint(read.ct.grid.to_index(study.ct.grid.to_mm(np.argwhere(labels > 0)))).astype(int)
    assert (found[tuple(index.T)] == labels[labels > 0]).mean() > 0.99  # floats of the header may move a voxel of the border
    assert np.count_nonzero(found) == pytest.approx(np.count_nonzero(labels), rel=0.01)


def test_a_mirrored_patient_has_the_ribs_of_the_other_side(chest):
    study, labels = chest

    found = find_skeleton(with_values(study, study.ct.values[:, :, ::-1], study.ct.grid)).labels[:, :, ::-1]

    left, right = (found >= 121) & (found <= 132), (found >= 101) & (found <= 112)
    swapped = np.where(left, found - 20, np.where(right, found + 20, found))
    assert min(alike(found, labels).values()) > 0.95, alike(found, labels)  # blocks fall otherwise on the voxels
    assert right.any() and right_numbers(swapped, labels) > 0.99


@pytest.mark.parametrize("part", ["upper", "middle", "lower"])
def test_the_bones_of_a_part_of_a_chest_are_those_of_the_whole_and_its_numbers_the_same_or_none(chest, part):
    study, labels = chest
    slices, rows, columns = study.ct.grid.shape
    low, high = {"upper": (slices // 2, slices), "middle": (slices // 4, 3 * slices // 4), "lower": (0, slices // 2)}[part]

    grid = study.ct.grid.box((low, 0, 0), (high, rows, columns))
    found = find_skeleton(with_values(study, study.ct.values[low:high], grid)).labels

    assert min(alike(found, labels[low:high]).values()) > 0.9, alike(found, labels[low:high])
    assert right_numbers(found, labels[low:high]) > 0.98


@pytest.mark.parametrize("side", ["right", "left"])
def test_half_a_thorax_has_the_ribs_of_its_side(chest, side):
    study, labels = chest
    slices, rows, columns = study.ct.grid.shape
    low, high = (0, columns // 2 + 20) if side == "right" else (columns // 2 - 20, columns)  # with the spine

    grid = study.ct.grid.box((0, 0, low), (slices, rows, high))
    found = find_skeleton(with_values(study, study.ct.values[:, :, low:high], grid)).labels

    whole = labels[:, :, low:high]
    # the spine is cut too, and the outline of one lung runs straight where the heart was
    assert alike(found, whole)["rib"] > 0.8 and alike(found, whole)["vertebra"] > 0.7, alike(found, whole)
    assert right_numbers(found, whole) > 0.9
