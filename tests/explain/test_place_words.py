"""Places in words."""

from types import SimpleNamespace

import pytest

from lungstage.explain.words import place_words


@pytest.mark.parametrize(("region", "words"), [
    ("rib_right_5", "right rib 5"), ("rib_left_12", "left rib 12"), ("rib", "rib, right"), ("vertebra_T5", "vertebra T5, right"),
])  # fmt: skip
def test_a_numbered_rib_is_said_with_side_and_number(region, words):
    side = {"left": 1.0} if "left" in region else {"right": 1.0}
    place = SimpleNamespace(station=None, region={region: 1.0}, side=side)

    assert place_words(SimpleNamespace(kind="bone", place=place)) == words
