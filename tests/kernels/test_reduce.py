import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, random_volume
from naive import reduce as naive

from lungstage.kernels.reduce import mean_blocks, reduce_blocks

FACTORS = st.tuples(*[st.integers(1, 4)] * 3)


@settings(deadline=None, max_examples=40)
@given(SHAPES, FACTORS, SEEDS)
def test_blocks_have_the_mean_and_maximum_of_their_voxels(shape, factors, seed):
    volume = random_volume(shape, seed)

    for fast, slow in zip(reduce_blocks(volume, factors), naive.reduce_blocks(volume, factors)):
        assert fast.dtype == np.int16
        np.testing.assert_array_equal(fast, slow)
    np.testing.assert_array_equal(mean_blocks(volume, factors), naive.reduce_blocks(volume, factors)[0])


def test_a_half_is_rounded_up_on_both_sides_of_zero():
    volume = np.array([[[1, 2, -1, -2]]], np.int16)

    mean, _ = reduce_blocks(volume, (1, 1, 2))

    assert mean.tolist() == [[[2, -1]]]


@pytest.mark.parametrize("value", [-32768, 32767])
def test_the_ends_of_the_type_survive(value):
    for result in reduce_blocks(np.full((2, 4, 6), value, np.int16), (2, 2, 3)):
        assert (result == value).all()


def test_a_view_that_is_not_contiguous_gives_the_same_blocks():
    volume = random_volume((6, 8, 10), 1)[:, ::-1, ::2]

    for view, copy in zip(reduce_blocks(volume, (2, 3, 2)), reduce_blocks(volume.copy(), (2, 3, 2))):
        np.testing.assert_array_equal(view, copy)


def test_a_read_only_volume_is_read():
    volume = random_volume((4, 4, 4), 2)
    volume.flags.writeable = False

    assert reduce_blocks(volume, (2, 2, 2))[0].shape == (2, 2, 2)


def test_a_volume_smaller_than_a_block_has_no_blocks():
    assert reduce_blocks(np.zeros((1, 5, 5), np.int16), (2, 2, 2))[0].shape == (0, 2, 2)


def test_other_types_are_refused():
    with pytest.raises(ValueError, match="int16"):
        reduce_blocks(np.zeros((2, 2, 2), np.float32), (1, 1, 1))
