import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_mask
from naive import flood as naive

from lungstage.kernels.flood import DRY, flood_labels, flood_levels


@settings(deadline=None, max_examples=30)
@given(SHAPES, SEEDS, st.integers(-1000, -990))
def test_a_voxel_is_wet_from_the_level_that_connects_it_with_a_seed(shape, seed, top):
    volume = np.random.default_rng(seed).integers(-1000, -990, shape, dtype=np.int16)
    seeds = random_mask(shape, seed, 0.1)

    np.testing.assert_array_equal(flood_levels(volume, seeds, top), naive.flood_levels(volume, seeds, top))


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS, st.integers(0, 60))
def test_a_flood_stops_after_the_level_that_drowns_too_much(shape, seed, most):
    volume = np.random.default_rng(seed).integers(-1000, -990, shape, dtype=np.int16)
    seeds = random_mask(shape, seed, 0.1)

    np.testing.assert_array_equal(flood_levels(volume, seeds, -991, most), naive.flood_levels(volume, seeds, -991, most))


def test_water_crosses_a_wall_at_the_height_of_the_wall():
    volume = np.array([[[-1000, -1000, -700, -950, -960]]], np.int16)
    seeds = np.array([[[1, 0, 0, 0, 0]]], np.uint8)

    assert flood_levels(volume, seeds, -600)[0, 0].tolist() == [-1000, -1000, -700, -700, -700]
    assert flood_levels(volume, seeds, -800)[0, 0].tolist() == [-1000, -1000, DRY, DRY, DRY]


def test_the_lowest_and_highest_values_of_the_type_are_levels():
    volume = np.array([[[-32768, 32766, -32768]]], np.int16)

    assert flood_levels(volume, np.array([[[1, 0, 0]]], np.uint8), 32766)[0, 0].tolist() == [-32768, 32766, 32766]


def test_without_a_seed_everything_stays_dry():
    assert (flood_levels(np.zeros((2, 3, 4), np.int16), np.zeros((2, 3, 4), np.uint8), 5) == DRY).all()


def test_a_volume_of_another_type_is_refused():
    with pytest.raises(ValueError, match="int16"):
        flood_levels(np.zeros((2, 3, 4)), np.zeros((2, 3, 4), np.uint8), 5)


@settings(deadline=None, max_examples=30)
@given(SHAPES, SEEDS)
def test_a_watershed_is_the_one_a_heap_finds(shape, seed):
    volume = np.random.default_rng(seed).integers(-1000, -990, shape, dtype=np.int16)
    mask, seeds = random_mask(shape, seed, 0.8), random_mask(shape, seed + 1, 0.1) * np.uint8(1 + seed % 3)
    seeds[:, :, ::2] *= 2

    np.testing.assert_array_equal(flood_labels(volume, mask, seeds), naive.flood_labels(volume, mask, seeds))


def test_two_waters_meet_on_the_ridge_and_not_half_way():
    volume = np.array([[[-900, -900, -900, -900, -500, -900]]], np.int16)
    seeds = np.array([[[1, 0, 0, 0, 0, 2]]], np.uint8)

    assert flood_labels(volume, np.ones_like(seeds), seeds)[0, 0].tolist() == [1, 1, 1, 1, 2, 2]
