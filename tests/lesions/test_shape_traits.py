"""Traits of lesions made to have them."""

import numpy as np
import pytest
from lesions.bodies import LUNG_HU, TISSUE_HU, candidate, ellipsoid, healthy, model, scan

from lungstage.geometry import Grid
from lungstage.lesions.shape import sample_shape
from lungstage.lesions.traits import measure_traits
from lungstage.records import Study, Volume

POINTS, FINE = model()


def traits_of(*bodies, radius_mm=8.0, noise_hu=25.0, pet=None, kind="pulmonary"):
    hu = np.full(FINE.shape, LUNG_HU)
    for mask, value in bodies:
        hu[mask] = value
    study = scan(hu, FINE, noise_hu=noise_hu)
    study = Study(study.ct, pet, study.passport)
    normal, made = healthy(study), candidate(study, radius_mm, kind)
    return measure_traits(study, normal, made, sample_shape(study, normal, made))


def ball(diameter_mm, value=TISSUE_HU):
    return ellipsoid(POINTS, (diameter_mm,) * 3), value


@pytest.fixture(scope="module")
def plain():
    """A smooth solid ball of 16 mm."""
    return traits_of(ball(16))


def test_a_smooth_solid_ball_is_just_that(plain):
    assert plain.density["solid"] > 0.9 and plain.p_spiculated < 0.2 and plain.p_lobulated < 0.2
    assert plain.p_calcified < 0.1 and plain.p_fat < 0.1 and plain.roundness > 0.85
    assert abs(plain.hu_mean - TISSUE_HU) < 150  # the blurred rim is part of it
    assert plain.suv_max is None and plain.uptake_over_blood is None


def test_densities_sum_to_one_and_are_told_apart():
    glass = traits_of(ball(16, -600)).density
    part = traits_of(ball(20, -600), ball(10)).density

    assert glass["ground_glass"] > 0.8 and part["part_solid"] > 0.7
    assert sum(glass.values()) == pytest.approx(1) and sum(part.values()) == pytest.approx(1)


def test_strands_in_many_directions_are_spicules():
    generator = np.random.default_rng(0)
    strands = []
    for _ in range(40):
        u = generator.normal(size=3)
        u /= np.linalg.norm(u)
        along = np.tensordot(u, POINTS, 1)
        away = np.sqrt((POINTS**2).sum(0) - along**2)
        strands.append(((away < 0.8) & (along > 0) & (along < 13), TISSUE_HU))

    assert traits_of(*strands, ball(16)).p_spiculated > 0.5


def test_calcium_all_through_is_a_benign_pattern_and_a_speck_is_not(plain):
    speck = traits_of(ball(16), (ellipsoid(POINTS, (2, 2, 2), (0, 4, 0)), 600))

    assert traits_of(ball(12, 500), radius_mm=6.0).p_calcified > 0.9 and speck.p_calcified < 0.2


def test_fat_inside_is_found(plain):
    assert traits_of(ball(18), ball(9, -90)).p_fat > 0.5


@pytest.mark.parametrize("spacing_mm", [(1.0, 0.7, 0.7), (3.0, 2.0, 2.0), (5.0, 1.0, 1.0)])
def test_the_blur_of_a_border_is_no_fat_wherever_the_voxels_lie(spacing_mm):
    """Values between voxels of a coarse scan pass through those of fat; moved by half a voxel they lie deeper inside."""
    for diameter_mm in (12, 18, 24):
        for moved in (0.0, 0.25, 0.5):
            hu = np.where(ellipsoid(POINTS, (diameter_mm,) * 3, moved * np.array(spacing_mm)), TISSUE_HU, LUNG_HU)
            study = scan(hu, FINE, spacing_mm, noise_hu=20.0)
            made = candidate(study, diameter_mm / 2)
            normal = healthy(study)

            assert measure_traits(study, normal, made, sample_shape(study, normal, made)).p_fat < 0.1


def test_noise_is_no_fat():
    assert traits_of(ball(16), noise_hu=80).p_fat < 0.2


def pet_with(hot_mm, suv, step_mm=4.0):
    from scipy.ndimage import gaussian_filter

    from lungstage.lesions.scene import on_box

    uptake = gaussian_filter(1 + (suv - 1.0) * ellipsoid(POINTS, (hot_mm,) * 3), 2.0 / 0.5).astype(np.float32)
    count = int(44 / step_mm)
    grid = Grid((count,) * 3, (step_mm,) * 3, FINE.origin_mm)
    return Volume(on_box(uptake, FINE, grid), grid, "SUVbw")


def test_uptake_is_read_on_the_pets_own_grid():
    found = traits_of(ball(16), pet=pet_with(16, 10.0))

    assert 7 < found.suv_max <= 10 and found.suv_mean < found.suv_max and found.suv_unit == "SUVbw"
    assert found.suv_peak <= found.suv_max


def test_heat_next_door_is_not_its_own():
    beside = pet_with(6, 1.0)
    values = beside.values.copy()
    points = beside.grid.to_mm(np.moveaxis(np.indices(beside.grid.shape), 0, -1))
    values[np.linalg.norm(points - (18, 0, 0), axis=-1) < 5] = 30

    assert traits_of(ball(12), pet=Volume(values, beside.grid, "SUVbw"), radius_mm=6.0).suv_max < 5


def test_a_pet_that_ends_before_the_lesion_says_nothing():
    far = Grid((5, 5, 5), (4.0, 4.0, 4.0), (100.0, 100.0, 100.0))

    assert traits_of(ball(12), pet=Volume(np.ones((5, 5, 5), np.float32), far, "SUVbw"), radius_mm=6.0).suv_max is None
