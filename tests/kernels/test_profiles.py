import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_mask
from naive import profiles as naive

from lungstage.kernels.profiles import count_along, count_by_label, count_faces


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS, st.floats(0.0, 1.0))
def test_voxels_are_counted_along_each_axis(shape, seed, share):
    mask = random_mask(shape, seed, share)

    for fast, slow in zip(count_along(mask), naive.count_along(mask)):
        np.testing.assert_array_equal(fast, slow)


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS, st.sampled_from([np.int16, np.uint8]))
def test_values_are_counted_by_label_and_those_beyond_the_ends_at_the_ends(shape, seed, dtype):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, shape, dtype=np.int32)
    values = generator.integers(0, 9, shape).astype(dtype)

    np.testing.assert_array_equal(count_by_label(labels, values, 4, 2, 6), naive.count_by_label(labels, values, 4, 2, 6))


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS)
def test_faces_are_those_a_walk_over_all_voxels_finds(shape, seed):
    labels = np.random.default_rng(seed).integers(0, 3, shape, dtype=np.int32)
    rest = random_mask(shape, seed + 1) & (labels == 0)

    for fast, slow in zip(count_faces(labels, rest, 3), naive.count_faces(labels, rest, 3)):
        np.testing.assert_array_equal(fast, slow)


def test_labels_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="shape"):
        count_by_label(np.zeros((1, 2, 3), np.int32), np.zeros((1, 2, 2), np.int16), 1, 0, 1)
