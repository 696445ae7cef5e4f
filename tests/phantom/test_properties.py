"""What must hold for any shape, any side and any seed."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lungstage.phantom.distance import FAR_MM
from lungstage.phantom.fields import NAMES, make_fields
from lungstage.phantom.measure import measure_shape
from lungstage.phantom.parameters import read_table
from lungstage.phantom.solids import ellipsoid, turned
from lungstage.phantom.streams import stream
from lungstage.phantom.wishes import NOT_MADE, plan_disease
from lungstage.tnm import describe_tnm, read_edition

SLOW_MACHINE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FAR = make_fields(np.full((len(NAMES), 3, 3, 3), FAR_MM, np.float32), np.full(3, -60.0), 60.0)
THINNEST = 4.0  # longest over shortest axis; samples do not reach into the tips of needles, and no lesion is one
RADII = st.tuples(*[st.floats(4.0, 30.0)] * 3).filter(lambda radii: max(radii) <= THINNEST * min(radii))
TURNS = st.tuples(*[st.floats(-90.0, 90.0)] * 3)
STREAMS = (
    "person", "build", "bronchi", "surfaces", "trees", "glands", "physiology", "plan", "primary", "nodes", "collapse",
    "healthy nodes", "scanner protocol", "scanner texture", "scanner ct", "scanner pet", "scanner rare", "scanner motion",
    "scanner moved", "uptake time", "front", "sides", "lung weight", "lung gradient", "contrast",
)  # fmt: skip
OTHER_SIDE = {"right": "left", "left": "right"}
PAIRED = ("1", "2", "4", "9", "10", "11", "12")


@SLOW_MACHINE
@given(RADII, TURNS)
def test_an_ellipsoid_has_the_volume_and_the_longest_diameter_of_its_axes(radii, turns):
    size = measure_shape(ellipsoid("x", (3.0, -2.0, 5.0), radii, turned(*turns).T), None, FAR)

    # samples are a 44th of the longest side apart, the surface lies between them
    assert size.volume_ml == pytest.approx(4 / 3 * np.pi * np.prod(radii) / 1000, rel=0.015)
    assert size.longest_mm == pytest.approx(2 * max(radii), rel=0.015)
    assert 2 * min(radii) * 0.97 <= size.short_axis_mm <= 2 * max(radii) * 1.02


@SLOW_MACHINE
@given(RADII, TURNS)
def test_a_mirrored_shape_has_the_same_sizes(radii, turns):
    axes, flip = turned(*turns).T, np.diag([-1.0, 1.0, 1.0])
    one = measure_shape(ellipsoid("x", (7.0, -2.0, 5.0), radii, axes), None, FAR)
    other = measure_shape(ellipsoid("x", (-7.0, -2.0, 5.0), radii, axes @ flip), None, FAR)

    assert other.longest_mm == pytest.approx(one.longest_mm, rel=0.01)
    assert other.short_axis_mm == pytest.approx(one.short_axis_mm, rel=0.02)
    assert other.volume_ml == pytest.approx(one.volume_ml, rel=0.005)
    assert np.allclose(np.array(other.centre_mm) * [-1, 1, 1], one.centre_mm, atol=0.05)


@SLOW_MACHINE
@given(
    st.sampled_from(("right", "left")), st.floats(5, 90), st.sets(st.sampled_from(PAIRED), max_size=3), st.booleans(),
    st.sampled_from((7, 8, 9)),
)  # fmt: skip
def test_a_mirrored_patient_has_the_same_stage(side, size, levels, own_side, edition):
    def letters(where):
        return [f"{level}{'R' if (where == 'right') == own_side else 'L'}" for level in sorted(levels)]

    one = describe_tnm(size_mm=size, stations=letters(side), side=side, edition=edition)
    other = describe_tnm(size_mm=size, stations=letters(OTHER_SIDE[side]), side=OTHER_SIDE[side], edition=edition)

    assert (one.t, one.n, one.m, one.stage) == (other.t, other.n, other.m, other.stage)


@st.composite
def wishes(draw):
    """An edition, and a T, N and M of it that can be drawn, or nothing."""
    edition = draw(st.sampled_from((7, 8, 9)))
    rules = read_edition(edition)
    names = (rules.t_names, [name for name in rules.n_names if name not in NOT_MADE], rules.m_names)
    return edition, *(draw(st.none() | st.sampled_from(list(one))) for one in names)


@SLOW_MACHINE
@given(wishes(), st.integers(0, 10**6), st.floats(0, 1), st.sampled_from(("thorax", "body")))
def test_any_plan_is_what_was_asked_wherever_its_tumour_lies_between_its_ends(wished, seed, share, coverage):
    edition, t, n, m = wished
    plan = plan_disease(seed, t, n, m, edition, coverage)
    kind, sizes = plan.primary, {}
    if kind["density"] != "none":
        sizes["size_mm"] = float(kind["low"] + share * (kind["high"] - kind["low"]))
        inner = float(kind["solid_low"] + share * (kind["solid_high"] - kind["solid_low"]))
        sizes["solid_mm"] = sizes["size_mm"] if kind["density"] == "solid" else inner

    said = describe_tnm(
        **sizes, features=plan.told, stations=plan.stations, side=plan.side, metastases=plan.metastases, edition=edition
    )

    for wish, answer in ((t, said.t), (n, said.n), (m, said.m)):
        assert wish in (None, answer), (wished, plan)


@SLOW_MACHINE
@given(wishes(), st.integers(0, 10**6))
def test_a_plan_seen_in_a_mirror_is_the_same_stage_on_the_other_side(wished, seed):
    edition, *asked = wished
    plan = plan_disease(seed, *asked, edition, "thorax")
    flipped = tuple({"R": one[:-1] + "L", "L": one[:-1] + "R"}.get(one[-1], one) for one in plan.stations)
    size = None if plan.primary["density"] == "none" else 25.0
    if set(plan.stations) & {"5", "6"}:  # stations of the left alone
        return

    one, other = (
        describe_tnm(size_mm=size, features=plan.told, stations=stations, side=side, metastases=plan.metastases, edition=edition)
        for stations, side in ((plan.stations, plan.side), (flipped, OTHER_SIDE[plan.side]))
    )

    assert (one.t, one.n, one.m, one.stage) == (other.t, other.n, other.m, other.stage)


@SLOW_MACHINE
@given(st.integers(0, 10**6))
def test_patients_with_neighbouring_seeds_share_no_stream(seed):
    names = (
        *STREAMS,
        *(f"finding {one}" for one in read_table("findings")["finding"]),
        *(f"variant {one}" for one in read_table("variants")["variant"]),
    )
    drawn = {(which, name): stream(which, name).integers(0, 2**63, 3) for which in (seed, seed + 1) for name in names}

    assert len({tuple(values) for values in drawn.values()}) == len(drawn)


def test_streams_are_independent_of_each_other():
    names = STREAMS[:8]
    drawn = np.stack([stream(5, name).normal(size=4000) for name in names])

    correlations = [abs(np.corrcoef(drawn[a], drawn[b])[0, 1]) for a, b in itertools.combinations(range(len(names)), 2)]
    assert max(correlations) < 4.5 / np.sqrt(4000)  # standard errors, of 28 pairs
