"""Tumour holds no air: what is too dense for ground glass and too light for tissue is consolidated lung."""

import numpy as np
from lesions.test_malignancy import of, traits

from lungstage.lesions.alternatives import aerated
from lungstage.lesions.parameters import load_lesion_parameters

NUMBERS = load_lesion_parameters().search


def p(size_mm, hu, **more):
    return aerated(traits(size_mm, hu_mean=hu, **more), NUMBERS)[1]


def test_a_large_thing_half_full_of_air_is_consolidation():
    assert p(40.0, -270.0) > 0.8


def test_a_solid_mass_is_not_and_neither_is_a_small_nodule_that_is_mostly_rim():
    assert p(40.0, -30.0) < 0.01
    assert p(18.0, -110.0) < 0.05
    assert p(10.0, -350.0) == 0.0


def test_ground_glass_holds_air_and_is_not_judged_by_it():
    assert p(30.0, -550.0, density=of("ground_glass")) == 0.0


def test_it_says_no_more_of_something_a_little_larger():
    sizes = np.arange(11.0, 40.0, 0.1)
    steps = np.diff([p(size, -350.0) for size in sizes])
    assert abs(steps).max() < 0.05
