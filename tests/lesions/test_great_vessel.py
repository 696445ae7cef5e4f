"""Without contrast a great vein is as dense as a node: large, and no hotter than the blood that fills it."""

import numpy as np
import pytest

from lungstage.lesions.alternatives import p_great_vessel
from lungstage.lesions.parameters import load_lesion_parameters

NUMBERS = load_lesion_parameters().search


@pytest.mark.parametrize("over_blood,short_mm", [(1.0, 18.0), (0.9, 25.0), (1.2, 20.0)])
def test_what_is_as_thick_as_a_vena_cava_and_as_cold_as_blood_is_one(over_blood, short_mm):
    assert p_great_vessel(over_blood, short_mm, NUMBERS) > 0.7


@pytest.mark.parametrize("over_blood,short_mm", [(2.0, 18.0), (1.0, 8.0), (4.0, 30.0)])
def test_what_is_hotter_or_thinner_is_none(over_blood, short_mm):
    assert p_great_vessel(over_blood, short_mm, NUMBERS) < 0.1


def test_hotter_is_never_more_a_vessel_and_thicker_never_less():
    hotter = [p_great_vessel(ratio, 20.0, NUMBERS) for ratio in np.linspace(0.3, 8.0, 60)]
    thicker = [p_great_vessel(1.0, short, NUMBERS) for short in np.linspace(2.0, 60.0, 60)]

    assert hotter == sorted(hotter, reverse=True) and thicker == sorted(thicker)
