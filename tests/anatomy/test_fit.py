"""The fit of the atlas to landmarks with known answers."""

import numpy as np
import pytest
from anatomy.chest import turned_axes
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.anatomy.fit import Finding, Fit, fit_atlas, prior_sd
from lungstage.anatomy.parameters import load_anatomy_parameters

PARAMETERS = load_anatomy_parameters()
NUMBERS, PLACES = PARAMETERS.numbers, PARAMETERS.atlas.landmarks
START = Fit(np.zeros(3), np.eye(3), np.zeros(5), np.diag(prior_sd(NUMBERS) ** 2))
SEEN = (
    "carina", "apex_right", "apex_left", "dome_right", "dome_left", "lateral_right", "lateral_left", "back_right", "back_left",
    "spine_0", "spine_m80", "sternum_0",
)  # fmt: skip


def findings(coefficients, turn=(0, 0, 0), origin=(0, 0, 0)):
    axes = turned_axes(turn)
    rows = [PLACES.names.index(name) for name in SEEN]
    at = PLACES.mean[rows] + PLACES.modes[rows] @ np.asarray(coefficients, float)
    return [Finding(name, axes @ place + origin, (2.0, 2.0, 2.0)) for name, place in zip(SEEN, at)]


@settings(max_examples=15, deadline=None)
@given(
    size=st.tuples(*[st.floats(-0.1, 0.1)] * 3), breath=st.floats(-20, 45),
    turn=st.tuples(st.floats(-10, 10), st.floats(-10, 10), st.floats(-15, 15)),
)  # fmt: skip
def test_a_person_drawn_from_the_atlas_is_fitted(size, breath, turn):
    origin = np.array([5.0, -40.0, 300.0])

    fit = fit_atlas(findings([*size, breath, 0.0], turn, origin), PLACES, START, NUMBERS)

    # the prior pulls towards the mean person, by less than the fit itself says that it may be wrong
    spread = np.sqrt(np.diag(fit.covariance))[6:]
    assert (np.abs(fit.coefficients - [*size, breath, 0.0]) < 2.5 * spread).all(), (fit.coefficients, spread)
    assert (spread[:3] < 0.06).all()
    assert np.degrees(np.arccos(np.clip(0.5 * (np.trace(fit.axes @ turned_axes(turn)) - 1), -1, 1))) < 3.0
    assert np.linalg.norm(fit.origin_mm - origin) < 4.0


def test_a_dome_pushed_up_by_disease_does_not_drag_the_atlas():
    healthy = findings([0, 0, 0, 10, 0])
    row = SEEN.index("dome_left")
    sick = list(healthy)
    sick[row] = Finding("dome_left", healthy[row].point_mm + [0, 0, 90], healthy[row].sd_mm)

    before, after = (fit_atlas(case, PLACES, START, NUMBERS) for case in (healthy, sick))

    assert abs(after.coefficients[3] - before.coefficients[3]) < 5.0, "90 mm at one dome of two"
    assert np.linalg.norm(after.origin_mm - before.origin_mm) < 2.0


def test_without_findings_the_prior_remains():
    fit = fit_atlas([], PLACES, START, NUMBERS)

    assert fit.coefficients == pytest.approx([0, 0, 0, NUMBERS.breath_mm, 0])
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(prior_sd(NUMBERS))


def test_an_axis_that_a_finding_does_not_tell_is_not_used():
    told = [Finding("spine_0", np.array([3.0, 26.0, 500.0]), (2.0, 2.0, np.inf))]

    fit = fit_atlas(told, PLACES, START, NUMBERS)

    assert abs(fit.origin_mm[2]) < 1.0


def test_places_are_the_surer_the_more_was_found():
    rough = fit_atlas(findings([0, 0, 0, 10, 0])[:2], PLACES, START, NUMBERS)
    fine = fit_atlas(findings([0, 0, 0, 10, 0]), PLACES, START, NUMBERS)

    spread = [np.trace(fit.places(PLACES)[1], axis1=1, axis2=2) for fit in (rough, fine)]

    assert (spread[1] <= spread[0] + 1e-6).all()
