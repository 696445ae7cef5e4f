import numpy as np
import pytest
from hypothesis import given, settings
from kernels.volumes import SEEDS, SHAPES, random_mask
from naive import rays as naive

from lungstage.kernels.rays import between_on_rays, first_on_rays, last_on_rays


@settings(deadline=None, max_examples=20)
@given(SHAPES, SEEDS)
def test_rays_meet_what_a_look_at_every_voxel_finds(shape, seed):
    generator = np.random.default_rng(seed)
    mask = random_mask(shape, seed)
    ray, away = generator.integers(0, 5, shape[1:]), generator.random(shape[1:]).astype(np.float32)
    low, high = np.sort(generator.random((2, shape[0], 5)).astype(np.float32), axis=0)

    np.testing.assert_array_equal(last_on_rays(mask, ray, away, 5), naive.last_on_rays(mask, ray, away, 5))
    np.testing.assert_array_equal(first_on_rays(mask, ray, away, low), naive.first_on_rays(mask, ray, away, low))
    np.testing.assert_array_equal(between_on_rays(ray, away, low, high), naive.between_on_rays(ray, away, low, high))


def test_rays_of_another_slice_are_refused():
    with pytest.raises(ValueError, match="of one slice"):
        last_on_rays(np.zeros((1, 2, 3), np.uint8), np.zeros((3, 2), int), np.zeros((3, 2), np.float32), 4)
