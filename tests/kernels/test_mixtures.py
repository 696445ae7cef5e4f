"""Rows of probabilities against the naive twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import mixtures as naive

from lungstage.kernels.mixtures import Clouds, Columns, HalfSpaces, Seen, share_regions, share_stations

ROUNDING = 1e-5  # float32 rows
SEEDS = st.integers(0, 2**32 - 1)


def some_points(seed, within=True, n=17, r=11):
    g = np.random.default_rng(seed)
    shares = g.dirichlet(np.ones(5), n)
    bones = {0: (), 3: (8, 9), 7: (10,)}
    claims = (g.random((n, r)) * (g.random((n, r)) > 0.5)).astype(np.float32)
    inside = g.random(n) if within else None
    codes = g.choice([0, 3, 7], n).astype(np.uint8)
    lobes, sheets = g.dirichlet(np.ones(5), n), 0.9 * g.random((n, 2))
    columns = Columns(g.integers(0, 6, r), [0, 1, 2, 3, 4], 5, [6, 7], bones)
    return claims, Seen(shares, inside, lobes, sheets, codes), columns


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, within=st.booleans())
def test_regions_are_shared_as_by_the_naive_twin(seed, within):
    case = some_points(seed, within)

    shared = share_regions(*case)

    assert shared == pytest.approx(naive.share_regions(*case), abs=ROUNDING)
    assert shared.sum(axis=1) == pytest.approx(1.0, abs=ROUNDING)


def test_the_image_alone_decides_the_compartment():
    claims, seen, columns = some_points(4)
    seen.shares[:] = [0, 0, 1, 0, 0]

    shared = share_regions(claims, seen, columns)

    assert shared[:, 5] == pytest.approx(1.0, abs=1e-6), "P(airway) is 1"


def some_stations(seed, borders):
    g = np.random.default_rng(seed)
    axes = g.normal(size=(4, 3, 3))
    precisions = np.einsum("bij,bkj->bik", axes, axes) / 50 + np.eye(3) / 200
    normals = g.normal(size=(borders, 3))
    points = g.normal(0, 10, (9, 3))
    clouds = Clouds(g.normal(0, 10, (4, 3)), precisions, g.normal(size=4), 6.0)
    half_spaces = HalfSpaces(g.integers(0, 4, borders), normals, g.normal(0, 5, borders), g.uniform(1, 4, borders))
    return points, clouds, half_spaces, g.normal(size=9), np.array([-1, 0, 1, 0])


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, borders=st.integers(0, 5))
def test_stations_are_shared_as_by_the_naive_twin(seed, borders):
    case = some_stations(seed, borders)

    assert share_stations(*case) == pytest.approx(naive.share_stations(*case), abs=1e-9)


def test_a_point_far_from_every_station_still_has_a_row_that_sums_to_one():
    far = np.array([[5000.0, 0, 0]])
    clouds = Clouds(np.zeros((2, 3)), np.tile(np.eye(3), (2, 1, 1)), np.zeros(2), 6.0)
    border = HalfSpaces([0], np.array([[1.0, 0, 0]]), [0.0], [1.0])

    row = share_stations(far, clouds, border, [0.0], np.zeros(2, int))

    assert row.sum() == pytest.approx(1.0)
    assert row[0, 1] > 0.99
