"""The compiled loops of fields and scanner against plain NumPy."""

import numpy as np
import pytest
from naive import scanning as naive

from lungstage.phantom.fields import BANDS_MM, make_fields, smooth_max, stretched_plane
from lungstage.phantom.scanner import _average_breaths
from lungstage.phantom.streaks import _take_away, ray_bins


@pytest.mark.parametrize("shape", [(16, 24), (17, 5), (3, 3)])
def test_a_plane_is_read_linearly_between_its_blocks(shape):
    blocks = np.random.default_rng(4).normal(size=(5, 3)).astype(np.float32)

    assert np.allclose(stretched_plane(blocks, shape), naive.stretched_plane(blocks, shape), atol=1e-6)


def test_each_block_loses_what_its_rays_miss():
    rng, (bins, count) = np.random.default_rng(2), ray_bins(9, 5)
    image, rays = rng.normal(size=(9, 9)), rng.normal(size=(5, count))
    wanted = naive.taken_away(image, rays, bins)

    _take_away(image, rays, bins)

    assert np.allclose(image, wanted, atol=1e-12)


def test_a_slice_is_the_mean_of_what_breathing_brings_there():
    rng = np.random.default_rng(6)
    image, moving = rng.normal(size=(2, 7, 3, 5)).astype(np.float32)
    first, share = rng.integers(0, 7, (5, 7)), rng.random((5, 7), np.float32)
    out = np.empty_like(image)

    _average_breaths(0, 7, image, moving, first, share, out)

    assert np.allclose(out, naive.average_breaths(image, moving, first, share), atol=1e-5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_two_surfaces_meet_in_a_rounded_edge(kind):
    rng = np.random.default_rng(8)
    one, other = rng.normal(0, 9, (5, 7, 3)).astype(kind), rng.normal(0, 9, (1, 7, 1)).astype(kind)

    assert np.allclose(smooth_max(one, other, 7.0), naive.smooth_max(one, other, 7.0), atol=1e-5)
    assert smooth_max(one, other, 7.0).dtype == kind


def test_no_cell_is_steeper_than_its_field_is_said_to_be():
    values = np.random.default_rng(3).normal(0, 1, (2, 11, 9, 14)).cumsum(axis=3).astype(np.float32) * 6

    fields = make_fields(values, np.zeros(3), 2.0)

    for f, field in enumerate(values):
        for band, near_mm in enumerate(BANDS_MM):
            told, wanted = fields.steepest[f, :, :, band].max(axis=(0, 1)), naive.steepest_cell(field, -near_mm, near_mm)
            assert (told >= np.array(wanted) / 2.0 - 1e-6).all(), f"field {f}, within {near_mm} mm: {told} < {wanted} / 2 mm"
    everywhere = [float(np.abs(np.diff(values[0], axis=axis)).max()) / 2.0 for axis in (2, 1, 0)]
    assert np.allclose(fields.steepest[0, :, :, -1].max(axis=(0, 1)), everywhere)
