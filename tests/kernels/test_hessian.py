import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, SPACING, random_mask, random_volume
from naive import hessian as naive

from lungstage.kernels.hessian import hessian_eigenvalues


@settings(deadline=None, max_examples=30)
@given(SHAPES, SEEDS, st.floats(0.0, 1.0))
def test_curvatures_are_the_eigenvalues_of_the_second_differences(shape, seed, share):
    smooth, mask = random_volume(shape, seed, np.float32), random_mask(shape, seed, share)

    fast = hessian_eigenvalues(smooth, mask, SPACING)

    # float32 differences of numbers of size 4 over squares of 0.7 mm
    np.testing.assert_allclose(fast, naive.hessian_eigenvalues(smooth, mask, SPACING), atol=2e-5)


def test_a_paraboloid_has_its_own_curvatures():
    z, y, x = np.meshgrid(*[np.arange(5) * s for s in SPACING], indexing="ij")
    smooth = (-1.0 * z**2 - 2.0 * y**2 + 3.0 * x**2).astype(np.float32)
    mask = np.zeros(smooth.shape, np.uint8)
    mask[2, 2, 2] = 1

    np.testing.assert_allclose(hessian_eigenvalues(smooth, mask, SPACING), [[-4.0, -2.0, 6.0]], atol=1e-4)


def test_a_flat_volume_has_no_curvature():
    assert (hessian_eigenvalues(np.full((2, 3, 4), 7, np.float32), np.ones((2, 3, 4), np.uint8), SPACING) == 0).all()


def test_an_empty_mask_has_no_rows():
    assert hessian_eigenvalues(np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), np.uint8), SPACING).shape == (0, 3)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="shape"):
        hessian_eigenvalues(np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 5), np.uint8), SPACING)
