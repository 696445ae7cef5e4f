"""Each kernel beside the library function that does the same job, on one synthetic chest: groups compare within one run."""

import numpy as np
import pytest

SHAPE, SPACING = (120, 256, 256), (2.5, 1.4, 1.4)


@pytest.fixture(scope="module")
def volume():
    """int16 (z, y, x): body, two lungs and noise, seeded."""
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij")
    values = np.where((x / 0.9) ** 2 + (y / 0.65) ** 2 < 1, 40, -1000)
    values[((abs(x) - 0.42) / 0.34) ** 2 + (y / 0.5) ** 2 + (z / 0.9) ** 2 < 1] = -850
    return (values + np.random.default_rng(1).normal(0, 25, SHAPE)).astype(np.int16)


@pytest.fixture(scope="module")
def lung(volume):
    """uint8, about a fifth of the volume."""
    return ((volume < -600) & (volume > -960)).view(np.uint8)


@pytest.mark.benchmark(group="bare pass")
def test_bare_sum(benchmark, volume):
    benchmark(volume.sum, dtype=np.int64)


@pytest.mark.benchmark(group="reduce")
def test_reduce(benchmark, volume):
    from lungstage.kernels.reduce import reduce_blocks

    reduce_blocks(volume, (1, 2, 2))
    benchmark(reduce_blocks, volume, (1, 2, 2))


@pytest.mark.benchmark(group="reduce")
def test_reduce_numpy_mean_only(benchmark, volume):
    benchmark(lambda: volume.reshape(120, 128, 2, 128, 2).mean(axis=(2, 4)))


@pytest.mark.benchmark(group="close 6 mm")
def test_close(benchmark, lung):
    from lungstage.kernels.morphology import close_mm

    close_mm(lung, SPACING, 6.0)
    benchmark.pedantic(close_mm, (lung, SPACING, 6.0), rounds=3)


@pytest.mark.benchmark(group="close 6 mm")
def test_close_skimage(benchmark, lung):
    from skimage.morphology import isotropic_closing

    benchmark.pedantic(isotropic_closing, (lung, 6.0), {"spacing": SPACING}, rounds=1)


@pytest.mark.benchmark(group="gaussian 2 mm")
def test_gaussian(benchmark, volume):
    from lungstage.kernels.gaussian import smooth_gaussian

    smooth_gaussian(volume, SPACING, 2.0)
    benchmark.pedantic(smooth_gaussian, (volume, SPACING, 2.0), rounds=5)


@pytest.mark.benchmark(group="gaussian 2 mm")
def test_gaussian_scipy(benchmark, volume):
    from scipy.ndimage import gaussian_filter

    floats = volume.astype(np.float32)
    sigma = [2.0 / s for s in SPACING]
    benchmark.pedantic(gaussian_filter, (floats, sigma), {"truncate": 3.5, "mode": "nearest"}, rounds=3)


@pytest.mark.benchmark(group="hessian in the lung")
def test_hessian(benchmark, volume, lung):
    from lungstage.kernels.gaussian import smooth_gaussian
    from lungstage.kernels.hessian import hessian_eigenvalues

    smooth = smooth_gaussian(volume, SPACING, 2.0)
    hessian_eigenvalues(smooth, lung, SPACING)
    benchmark.pedantic(hessian_eigenvalues, (smooth, lung, SPACING), rounds=3)


@pytest.mark.benchmark(group="hessian in the lung")
def test_hessian_skimage(benchmark, volume):
    from skimage.feature import hessian_matrix, hessian_matrix_eigvals

    floats = volume[:40].astype(np.float32)  # a third of the slices: the whole takes gigabytes
    benchmark.pedantic(lambda: hessian_matrix_eigvals(hessian_matrix(floats, 1.4, use_gaussian_derivatives=False)), rounds=1)
