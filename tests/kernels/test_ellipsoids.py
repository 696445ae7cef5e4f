"""The claims of ellipsoids against the naive twin, and what they must be where one can see it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import ellipsoids as naive

from lungstage.kernels.ellipsoids import Ellipsoids, claim_points


def some_ellipsoids(seed, count):
    generator = np.random.default_rng(seed)
    axes = generator.normal(size=(count, 3, 3))
    precisions = np.einsum("bij,bkj->bik", axes, axes) / 100 + np.eye(3) / 400
    return Ellipsoids(
        generator.normal(0, 40, (count, 3)), precisions, generator.uniform(1, 2.5, count), generator.uniform(1, 6, count),
        generator.uniform(0.1, 1, count), generator.integers(0, 3, count),
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 7))
def test_claims_are_those_of_the_naive_twin(seed, count):
    points = np.random.default_rng(seed + 1).normal(0, 50, (23, 3))
    shapes = some_ellipsoids(seed, count)

    fast, slow = claim_points(points, shapes, 3), naive.claim_points(points, shapes, 3)

    # what is further than seven spreads away is left out: at most seven claims below 1e-5
    assert fast == pytest.approx(slow, rel=1e-4, abs=7e-5)


def test_the_surface_is_claimed_by_half():
    sphere = Ellipsoids(np.zeros((1, 3)), np.eye(3)[None] / 25.0, *np.array([[2.0], [1.5], [1.0]]), np.array([0]))

    claims = claim_points(np.array([[10.0, 0, 0], [0, 0, 0], [0, 40.0, 0]]), sphere, 1)[:, 0]

    assert claims[0] == pytest.approx(0.5)
    assert claims[1] > 0.999
    assert 0 < claims[2] < 1e-10, "a far point is still claimed by the only region there is"


def test_no_points_and_no_ellipsoids_give_empty_claims():
    shapes = some_ellipsoids(1, 4)
    nothing = Ellipsoids(*(array[:0] for array in shapes))

    assert claim_points(np.zeros((0, 3)), shapes, 3).shape == (0, 3)
    assert not claim_points(np.zeros((5, 3)), nothing, 3).any()
