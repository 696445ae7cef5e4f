import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS
from naive import refine as naive

from lungstage.kernels.refine import draw_labels, refine_labels

FACTORS = st.sampled_from([(1, 1, 1), (1, 3, 2), (2, 4, 4), (4, 1, 3), (3, 2, 1)])
BLOCKS = st.tuples(*[st.integers(1, 4)] * 3)
START = st.tuples(*[st.integers(0, 2)] * 3)


def blobs(seed, blocks):
    """uint8 labels of blocks, neighbours alike more often than not."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, blocks, dtype=np.uint8)
    alike = generator.random(blocks) < 0.5
    return np.where(alike, labels[:1, :1, :1], labels)


@settings(deadline=None, max_examples=30)
@given(BLOCKS, FACTORS, START, SEEDS)
def test_the_border_is_the_one_found_voxel_by_voxel(blocks, factors, start, seed):
    labels = blobs(seed, blocks)
    shape = tuple(b * f + s + 1 for b, f, s in zip(blocks, factors, start))
    volume = np.random.default_rng(seed).integers(-1000, 100, shape, dtype=np.int16)

    for fast, slow in zip(
        refine_labels(volume, labels, factors, start, -400), naive.refine_labels(volume, labels, factors, start, -400)
    ):
        np.testing.assert_array_equal(fast, slow)


@settings(deadline=None, max_examples=30)
@given(BLOCKS, FACTORS, START, SEEDS, st.booleans())
def test_a_surface_is_where_half_of_a_voxel_s_surroundings_are_inside(blocks, factors, start, seed, is_held):
    labels = blobs(seed, blocks)
    shape = tuple(b * f + s + 1 for b, f, s in zip(blocks, factors, start))
    held = tuple((np.random.default_rng(seed + k).random(shape) < 0.1).astype(np.uint8) for k in (1, 2)) if is_held else None

    np.testing.assert_array_equal(
        draw_labels(labels, factors, start, shape, held), naive.draw_labels(labels, factors, start, shape, held)
    )


def test_inside_the_border_the_volume_decides_and_away_from_it_the_blocks():
    volume = np.array([[[-900, 50, -900, 50, -900, 50, -900]]], np.int16)
    labels = np.array([[[1, 1, 1, 0, 0, 0, 0]]], np.uint8)

    one, two = refine_labels(volume, labels, (1, 1, 1), (0, 0, 0), -400)

    assert one[0, 0].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert not two.any()
    assert refine_labels(volume[:, :, ::-1], labels, (1, 1, 1), (0, 0, 0), -400)[0][0, 0].tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_where_two_shapes_meet_each_takes_the_voxels_nearer_to_it():
    labels = np.array([[[1, 1, 2, 2]]], np.uint8)

    one, two = refine_labels(np.full((1, 1, 12), -900, np.int16), labels, (1, 1, 3), (0, 0, 0), -400)

    assert one[0, 0].tolist() == [1] * 6 + [0] * 6 and two[0, 0].tolist() == [0] * 6 + [1] * 6


def test_what_no_block_stands_for_stays_empty():
    one, _ = refine_labels(np.full((4, 9, 9), -900, np.int16), np.ones((1, 2, 2), np.uint8), (2, 3, 3), (1, 2, 2), -400)

    assert not one[0].any() and not one[:, :2].any() and not one[:, :, :2].any()
    assert one[1:3, 2:8, 2:8].all()


def test_labels_of_another_type_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        refine_labels(np.zeros((2, 2, 2), np.int16), np.zeros((1, 1, 1), np.int32), (2, 2, 2), (0, 0, 0), -400)
