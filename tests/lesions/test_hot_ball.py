"""A vessel is a thread and no hotter than its blood: what is neither is none, however thin."""

from dataclasses import replace

import numpy as np
from lesions.test_malignancy import sure, traits

from lungstage.lesions.alternatives import hot_ball
from lungstage.lesions.parameters import load_lesion_parameters

NUMBERS = load_lesion_parameters().search


def of(share, suv):
    """A candidate of 8 mm whose volume is that of a ball of this share of it."""
    return replace(traits(8.0, suv=suv), volume_ml=sure(np.pi / 6 * (share * 8.0) ** 3 / 1000))


def test_a_hot_ball_is_no_vessel():
    assert hot_ball(of(0.9, 5.0), NUMBERS) > 0.9


def test_a_hot_thread_and_a_ball_as_warm_as_blood_may_be_one():
    assert hot_ball(of(0.6, 5.0), NUMBERS) < 0.05
    assert hot_ball(of(0.9, 1.7), NUMBERS) < 0.2


def test_without_pet_nothing_is_hot():
    assert hot_ball(of(0.9, None), NUMBERS) == 0.0
