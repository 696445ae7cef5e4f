"""PET shows less of what is small, and gut holds gas: what uptake means depends on what it is seen in."""

from dataclasses import replace

import numpy as np
import pytest
from lesions.test_malignancy import sure, traits
from scipy.ndimage import gaussian_filter

from lungstage.lesions.malignancy import judge, load_malignancy_parameters, recovered, recovery_factor

NUMBERS = load_malignancy_parameters()


@pytest.mark.parametrize("d", [6.0, 8.0, 12.0, 20.0])
def test_what_is_left_of_a_blurred_ball_is_what_blurring_one_leaves(d):
    step = 0.5
    at = (np.arange(101) - 50) * step
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    # shares of voxels by the distance of their middle: a border half a voxel wide
    ball = np.clip((d / 2 - np.sqrt(z**2 + y**2 + x**2)) / step + 0.5, 0, 1)

    left = gaussian_filter(ball, NUMBERS.pet_blur_mm / 2.3548 / step)[50, 50, 50]

    assert recovered(np.array(d), NUMBERS.pet_blur_mm) == pytest.approx(left, abs=0.01)


def test_small_things_are_hotter_than_they_look_and_large_ones_are_not():
    assert recovery_factor(8.0, NUMBERS) > 1.5
    assert recovery_factor(40.0, NUMBERS) == 1.0
    assert recovery_factor(0.1, NUMBERS) == NUMBERS.pet_recovery_most


@pytest.mark.parametrize("kind", ["pulmonary", "node"])
def test_the_same_uptake_means_more_in_a_small_ball_but_as_little_where_it_is_no_uptake(kind):
    def uptake(mm, suv):
        looked = replace(traits(mm, suv=suv), volume_ml=sure(np.pi / 6 * mm**3 / 1000))
        return sum(reason.log_odds for reason in judge(kind, looked)[1] if reason.term == "uptake")

    assert uptake(8.0, 3.5) > uptake(14.0, 3.5) + 0.3
    assert uptake(8.0, 0.5) >= uptake(14.0, 0.5)  # cold small things say little, large ones that they are benign
    assert uptake(8.0, 0.5) < 0.0 or kind == "node"
