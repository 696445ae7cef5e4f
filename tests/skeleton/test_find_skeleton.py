"""Bones of drawn patients and of real ones."""

import numpy as np
import pytest

from lungstage.kernels.threads import set_threads
from lungstage.skeleton import find_skeleton, load_skeleton_parameters
from lungstage.skeleton.coarse import look_coarsely
from lungstage.skeleton.names import code_of
from lungstage.skeleton.spine import ahead_of_back, linked_to_sure

from .patient import SHAPE, SPACING, draw_chest, draw_head, study_of

VERTEBRA, RIB, STERNUM, BONE, SKULL = (code_of(name) for name in ("vertebra", "rib", "sternum", "bone", "skull"))


@pytest.fixture(scope="module")
def chest():
    drawn = draw_chest()
    return drawn, find_skeleton(drawn.study).labels


def share(labels, code, truth):
    """How much of what was drawn carries the code, or that of one vertebra or rib by its number."""
    return (nameless(labels)[truth] == code).mean()


def nameless(labels):
    """Vertebrae and ribs without their numbers."""
    labels = np.where((labels >= 60) & (labels < 84), VERTEBRA, labels)
    return np.where((labels > RIB) & (labels <= RIB + 32), RIB, labels)


def test_the_codes_are_those_of_the_table():
    assert (VERTEBRA, RIB, STERNUM, BONE, SKULL) == (85, 100, 90, 87, 86)


def test_most_of_what_was_drawn_as_vertebra_is_vertebra(chest):
    drawn, labels = chest

    # a fifth: noise in the marrow and half a block at the surface
    assert share(labels, VERTEBRA, drawn.vertebrae) > 0.8


def test_the_centre_of_the_vertebrae_of_each_slice_is_the_drawn_one(chest):
    drawn, labels = chest
    found = nameless(labels) == VERTEBRA

    for z in np.flatnonzero(drawn.vertebrae.sum((1, 2)) > 100):
        middle = np.argwhere(found[z]).mean(0) - np.argwhere(drawn.vertebrae[z]).mean(0)
        assert np.all(abs(middle) * (1.6, 1.5) < 5), f"slice {z}: {middle} voxels from the drawn centre"  # two blocks


def test_ribs_are_ribs(chest):
    drawn, labels = chest

    assert share(labels, RIB, drawn.ribs) > 0.8


def test_the_sternum_is_sternum(chest):
    drawn, labels = chest

    assert share(labels, STERNUM, drawn.sternum) > 0.8


def test_the_table_is_no_bone(chest):
    _, labels = chest

    assert not labels[:, 144:].any()


def test_a_heart_full_of_contrast_is_no_bone():
    drawn = draw_chest(heart_hu=280)

    labels = find_skeleton(drawn.study).labels

    assert (labels[drawn.heart & ~drawn.ribs & ~drawn.sternum] > 0).mean() < 0.02
    assert share(labels, VERTEBRA, drawn.vertebrae) > 0.8


def test_the_canal_is_not_looked_for_in_front_of_the_lungs_back(chest):
    coarse = look_coarsely(chest[0].study, load_skeleton_parameters())

    penalty = ahead_of_back(coarse, load_skeleton_parameters())[len(coarse.mean) // 2, :, 0]

    rows = (np.arange(penalty.size) + coarse.start[1] + 0.5) * coarse.spacing_mm[1]  # mm from the top of the image
    assert (penalty[abs(rows - 180) < 8] == 0).all()  # where the canal was drawn
    assert (penalty[(rows > 80) & (rows < 105)] == 1).all()  # behind the heart


def test_a_spine_goes_on_through_pale_slices_up_to_one_without_any():
    scores = np.array([0.05, 0.08, 0.1, 0.15, 0.1, 0.02, 0.09, 0.2, 0.3])
    skull = np.arange(9) == 8

    assert linked_to_sure(scores, skull, 0.14).tolist() == [False, True, True, True, True, False, True, True, False]


def test_the_skeleton_of_a_mirrored_patient_is_the_mirrored_skeleton(chest):
    drawn, labels = chest
    mirrored = find_skeleton(study_of(drawn.study.ct.values[:, :, ::-1])).labels

    agree = (nameless(mirrored[:, :, ::-1]) == nameless(labels))[(labels > 0) | (mirrored[:, :, ::-1] > 0)].mean()

    assert agree > 0.9  # the blocks fall otherwise on the voxels, one voxel at each surface


@pytest.mark.parametrize("lean_mm", [-25, 25])
def test_a_patient_who_lies_askew_has_the_same_spine(lean_mm):
    drawn = draw_chest(lean_mm=lean_mm)

    assert share(find_skeleton(drawn.study).labels, VERTEBRA, drawn.vertebrae) > 0.8


def test_a_bent_spine_is_followed():
    drawn = draw_chest(bend_mm=40)  # over 132 mm: 55 degrees after Cobb

    labels = find_skeleton(drawn.study).labels

    assert share(labels, VERTEBRA, drawn.vertebrae) > 0.8
    assert share(labels, RIB, drawn.ribs) > 0.7


def test_a_lung_full_of_fluid_takes_no_rib_away():
    drawn = draw_chest()
    values = drawn.study.ct.values.astype(float)
    right = np.arange(SHAPE[2]) < SHAPE[2] // 2
    values[(values < -500) & right & (np.arange(SHAPE[1]) > 40)[:, None]] = 15.0
    values[:, :12] = values[:, -3:] = values[:, :, :8] = -1000.0  # the room, which lies there, stays air

    labels = find_skeleton(study_of(values)).labels

    assert share(labels, VERTEBRA, drawn.vertebrae) > 0.8
    assert share(labels, RIB, drawn.ribs & ~right) > 0.8


def test_an_aorta_and_a_vein_full_of_contrast_are_no_bone(chest):
    drawn, labels = chest
    values = drawn.study.ct.values.astype(float)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x, y = x - SHAPE[2] * SPACING[2] / 2, y - 110.0
    aorta = (x - 32) ** 2 + (y - 42) ** 2 < 13**2  # beside the body of the vertebra
    vein = (x + 20) ** 2 + (y + 20) ** 2 < 9**2
    values[aorta], values[vein] = 400.0, 900.0
    around = (aorta | vein) & ~drawn.vertebrae & ~drawn.ribs

    found = find_skeleton(study_of(values)).labels

    assert (nameless(found)[vein] > 0).mean() < 0.02
    assert np.isin(nameless(found)[around], (RIB, STERNUM)).mean() < 0.05  # what shares a block with a rib
    assert share(found, VERTEBRA, drawn.vertebrae) > share(labels, VERTEBRA, drawn.vertebrae) - 0.05
    assert share(found, RIB, drawn.ribs) > share(labels, RIB, drawn.ribs) - 0.05


def test_arms_beside_the_chest_are_no_ribs(chest):
    drawn, labels = chest
    values = drawn.study.ct.values.astype(float)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x, y = x - SHAPE[2] * SPACING[2] / 2, y - 110.0
    radius = np.sqrt((abs(x) - 158) ** 2 + (y - 15) ** 2)
    humerus = (radius < 11) & (radius > 6)
    values[radius < 30] = np.maximum(values[radius < 30], 45.0)
    values[humerus] = 900.0

    found = find_skeleton(study_of(values)).labels

    assert (nameless(found)[humerus] == RIB).mean() < 0.02
    assert share(found, VERTEBRA, drawn.vertebrae) > share(labels, VERTEBRA, drawn.vertebrae) - 0.05
    assert share(found, RIB, drawn.ribs) > share(labels, RIB, drawn.ribs) - 0.05


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_any_number_of_threads_finds_the_same_bits(chest, threads):
    drawn, labels = chest
    set_threads(threads)
    try:
        found = find_skeleton(drawn.study).labels
    finally:
        set_threads(None)

    assert np.array_equal(found, labels)


def test_a_cylinder_of_water_has_no_bones():
    y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE[1:], SPACING[1:])), indexing="ij")
    water = np.where((x - 165) ** 2 + (y - 120) ** 2 < 90**2, 0.0, -1000.0)
    values = np.broadcast_to(water, SHAPE) + np.random.default_rng(5).normal(0, 20, SHAPE)

    assert not find_skeleton(study_of(values)).labels.any()


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_alone_has_no_named_bones(seed):
    labels = find_skeleton(study_of(np.random.default_rng(seed).uniform(-1024, 3071, SHAPE))).labels

    assert not np.isin(nameless(labels), (RIB, STERNUM, VERTEBRA, SKULL)).any()


@pytest.mark.parametrize(("noise_hu", "most"), [(25, 0.02), (60, 0.02), (100, 0.03)])  # in a block half of it
def test_strong_noise_makes_no_bone_of_muscle(noise_hu, most):
    drawn = draw_chest(noise_hu=noise_hu)
    labels = find_skeleton(drawn.study).labels
    away = ~(drawn.vertebrae | drawn.ribs | drawn.sternum)

    assert share(labels, VERTEBRA, drawn.vertebrae) > 0.7
    assert (labels[away] > 0).mean() < most


def test_a_head_has_a_skull_and_no_ribs():
    labels = find_skeleton(draw_head()).labels

    assert (labels == SKULL).sum() > 0.9 * (labels > 0).sum()
    assert not np.isin(labels, (RIB, STERNUM, VERTEBRA)).any()


@pytest.mark.parametrize("hu", [-1000, 40, 2000])
def test_an_even_image_has_no_named_bones(hu):
    labels = find_skeleton(study_of(np.full(SHAPE, hu, float))).labels

    assert not np.isin(labels, (RIB, STERNUM, VERTEBRA, SKULL)).any()


def test_a_scan_of_few_slices_is_read():
    drawn = draw_chest()

    labels = find_skeleton(study_of(drawn.study.ct.values[20:23].astype(float))).labels

    assert share(labels, VERTEBRA, drawn.vertebrae[20:23]) > 0.7


def test_the_same_image_gives_the_same_bits(chest):
    drawn, labels = chest

    assert np.array_equal(find_skeleton(drawn.study, load_skeleton_parameters()).labels, labels)


def test_the_sternum_ends_at_its_notch_and_has_no_vein_behind_it():
    drawn = draw_chest()
    values = drawn.study.ct.values.astype(float)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x, y, top = x - SHAPE[2] * SPACING[2] / 2, y - 110.0, 32 * SPACING[0]
    values[drawn.sternum & (z >= top)] = 50.0
    heads = (z >= top) & (abs(abs(x) - 22) < 8) & (abs(y + 80) < 6)
    vein = (abs(x) < 22) & (abs(y + 45) < 6) & (z > top - 30) & (z < top)
    values[heads], values[vein] = 500.0, 400.0

    sternum = find_skeleton(study_of(values)).labels == STERNUM

    assert sternum[drawn.sternum & (z < top)].mean() > 0.6
    assert not sternum[vein].any()
    assert np.flatnonzero(sternum.any((1, 2)))[-1] <= 32 + 1  # a block of 3 mm is one slice


def test_a_sternum_no_denser_than_marrow_is_sternum():
    drawn = draw_chest()
    values = drawn.study.ct.values.astype(float)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    chest = ((x - SHAPE[2] * SPACING[2] / 2) / 118) ** 2 + ((y - 110) / 75) ** 2 <= 1
    values[chest & (z > 114) & (values < -500)] = 50.0  # the lungs' tops lie in the scan
    sternum = drawn.sternum & (z > 12) & (z < 108)
    values[drawn.sternum] = 50.0
    values[sternum] = 120.0  # 70 HU above soft tissue

    labels = find_skeleton(study_of(values)).labels

    assert share(labels, STERNUM, sternum) > 0.6
    assert (labels == STERNUM).sum() < 1.5 * sternum.sum()


def test_calcified_cartilage_beside_the_body_of_the_sternum_is_no_sternum():
    drawn = draw_chest()
    values = drawn.study.ct.values.astype(float)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x, y = x - SHAPE[2] * SPACING[2] / 2, y - 110.0
    cartilage = (abs(x) > 18) & (abs(x) < 60) & (abs(y + 80) < 6) & (z % 24 < 12) & (z < 72)  # 60 mm below the highest slice
    values[cartilage] = 400.0

    labels = find_skeleton(study_of(values)).labels

    assert share(labels, STERNUM, drawn.sternum) > 0.8
    assert not (labels[cartilage & (abs(x) > 28)] == STERNUM).any()  # 24 mm and a block


@pytest.mark.parametrize("metal", ["pacemaker", "screws", "arm"])
def test_metal_moves_no_bone(chest, metal):
    drawn, labels = chest
    values = drawn.study.ct.values.astype(float)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(SHAPE, SPACING)), indexing="ij")
    x, y = x - SHAPE[2] * SPACING[2] / 2, y - 110.0
    height = (z > 50) & (z < 90)
    if metal == "pacemaker":  # under the skin before the left lung, with dark and bright rays from its ends
        box = (abs(x - 70) < 18) & (abs(y + 82) < 5) & height
        rays = (abs(y + 82) < 4) & ~box & height & (abs(x - 70) < 60) & (values > -300)
        values[rays] += np.where(np.floor(x[rays] / 4) % 2, 250, -250)
    elif metal == "screws":  # through both pedicles into the body, one vertebra of two
        box = ((abs(x) - 9) ** 2 + (z % 44 - 12) ** 2 < 9) & (y > 40) & (y < 84)
    else:  # a nail in an arm beside the chest
        box = (x + 158) ** 2 + (y - 10) ** 2 < 36
        values[(x + 158) ** 2 + (y - 10) ** 2 < 400] = 40
    values[box] = 3071

    found = find_skeleton(study_of(values)).labels

    bones = (("vertebra", VERTEBRA, drawn.vertebrae), ("rib", RIB, drawn.ribs), ("sternum", STERNUM, drawn.sternum))
    for name, code, truth in bones:
        seen = truth & ~box
        assert share(found, code, seen) > share(labels, code, seen) - 0.05, name
    assert share(found, RIB, box) < 0.1
