"""Gas beside a focus of the abdomen is that of gut; gas of lung and windpipe is none."""

from types import SimpleNamespace

import numpy as np
import pytest
from lesions.test_bone import GRID, NOTHING, ball

from lungstage.lesions.around import gas_around
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.rising import rising
from lungstage.records import ShapeSamples

NUMBERS = load_lesion_parameters().search
MIDDLE = (50.0, 50.0, 40.0)


def gas_beside(gas, where="body"):
    """Of a focus of 10 mm radius with this gas in what is body, hull or airway."""
    own = ball(MIDDLE, 10.0)
    masks = {name: NOTHING.astype(np.uint8) for name in ("hull", "airway")} | {"body": (~NOTHING).astype(np.uint8)}
    if where != "body":
        masks[where] = (~own).astype(np.uint8)
    ct = SimpleNamespace(values=np.where(gas & ~own, -950, 40).astype(np.int16), grid=GRID)
    survey = SimpleNamespace(study=SimpleNamespace(ct=ct), lungs=SimpleNamespace(**masks))
    one = np.ones(1)
    return gas_around(survey, ShapeSamples(GRID, own[None].astype(np.uint8), one, one, one, one))


def p_gut(gas):
    return NUMBERS.gut_share * rising(gas, NUMBERS.gut_gas, NUMBERS.gut_gas_blur)


def test_a_loop_with_gas_at_its_side_is_gut():
    loop = ball((50.0, 30.0, 40.0), 12.0)

    assert p_gut(gas_beside(loop)) > 0.9


def test_without_gas_nothing_is():
    assert p_gut(gas_beside(NOTHING)) < 0.05


@pytest.mark.parametrize("where", ["hull", "airway"])
def test_gas_of_lung_and_windpipe_does_not_count(where):
    assert gas_beside(ball((50.0, 30.0, 40.0), 12.0), where) == 0.0
