"""Who found whom, and the FROC curve, by hand."""

import numpy as np
import pytest
from evaluation.patients import found_lesion, true_lesion
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.evaluation import read_yardstick
from lungstage.evaluation.answers import read_lesion as read_found
from lungstage.evaluation.bootstrap import draw_cohorts
from lungstage.evaluation.detection import Target, froc, read_curve
from lungstage.evaluation.matching import match_lesions, overlaps, partners
from lungstage.evaluation.truths import read_lesion as read_true
from lungstage.tables import shipped_priors

NUMBERS = read_yardstick(shipped_priors()).numbers


def true(number=1, **more):
    return read_true(number, true_lesion(id=f"P{number}", label=number, **more))


def found(number=1, shift_mm=(0.0, 0.0, 0.0), **more):
    return read_found(found_lesion(true_lesion(**more), f"L{number}", shift_mm=shift_mm))


@pytest.mark.parametrize(("off_mm", "hit"), [(0.0, True), (5.9, True), (6.1, False)])
def test_a_small_lesion_is_found_within_the_reach(off_mm, hit):
    # hit_reach_mm is 6, more than the radius of 5 mm
    matching = match_lesions((true(longest_mm=10.0),), (found(shift_mm=(off_mm, 0.0, 0.0)),), None, NUMBERS)

    assert matching.hits.item() == hit
    assert matching.partner.item() == (0 if hit else -1)


@pytest.mark.parametrize(("off_mm", "hit"), [(19.9, True), (20.1, False)])
def test_a_large_lesion_is_found_within_its_radius(off_mm, hit):
    assert match_lesions((true(longest_mm=40.0),), (found(shift_mm=(0.0, off_mm, 0.0)),), None, NUMBERS).hits.item() == hit


def test_masks_that_overlap_have_found_each_other_wherever_their_centres_are():
    labels, candidates = np.zeros((3, 4, 20), int), np.zeros((3, 4, 20), int)
    labels[1, 1, 0:10] = 1
    candidates[1, 1, 8:18] = 1

    matching = match_lesions((true(),), (found(shift_mm=(50.0, 0.0, 0.0)),), (labels, candidates), NUMBERS)

    # 2 of 10 and 10 voxels
    assert matching.overlap.item() == pytest.approx(0.2)
    assert matching.hits.item()


def test_a_label_that_is_not_drawn_overlaps_with_nothing():
    empty = np.zeros((2, 2, 2), int)
    drawn = np.ones((2, 2, 2), int)

    assert overlaps((true(),), (found(),), empty, empty).tolist() == [[0]]
    assert overlaps((true(),), (found(),), drawn, empty).tolist() == [[0]]
    assert overlaps((true(), true(2)), (found(),), drawn, drawn).tolist() == [[1], [0]]


def test_as_many_lesions_as_possible_get_a_candidate_of_their_own():
    hits = np.array([[True, True], [True, False]])
    overlap = np.array([[0.9, 0.2], [0.8, 0.0]])

    # the first would rather have the first candidate, but then the second had none
    assert partners(hits, overlap, np.zeros((2, 2))).tolist() == [1, 0]


@given(st.lists(st.tuples(*[st.floats(-300, 300)] * 3), min_size=1, max_size=5), st.tuples(*[st.integers(-500, 500)] * 3))
def test_who_found_whom_does_not_depend_on_where_the_patient_lies(places, move):
    def matched(shift):
        points = [tuple(np.add(place, shift)) for place in places]
        trues = tuple(true(k, centre_mm=point, longest_mm=30.0) for k, point in enumerate(points, start=1))
        founds = tuple(found(k, centre_mm=point, shift_mm=(4.0, 0.0, 8.0)) for k, point in enumerate(points, start=1))
        return match_lesions(trues, founds, None, NUMBERS)

    here, there = matched((0, 0, 0)), matched(move)

    assert np.array_equal(here.hits, there.hits)
    assert np.all(here.hits.diagonal())
    assert np.all(here.partner >= 0)


def test_nothing_is_found_where_there_is_nothing():
    assert match_lesions((), (found(),), None, NUMBERS).partner.tolist() == []
    assert match_lesions((true(),), (), None, NUMBERS).partner.tolist() == [-1]


def test_a_froc_curve_by_hand():
    # two patients; three malignant lesions found at 0.9, 0.5 and never; wrong candidates at 0.7, 0.6 and 0.1
    there = [[Target(true(), 0.9), Target(true(2), None)], [Target(true(), 0.5)]]
    candidates = [[(0.9, True), (0.7, False)], [(0.5, True), (0.6, False), (0.1, False)]]

    scores, curve = froc(there, candidates, np.ones(2), draw_cohorts(2, 20, 0.95), NUMBERS)

    assert [(one.false_positives, round(one.sensitivity, 3)) for one in curve] == [
        (0.0, 0.333), (0.5, 0.333), (1.0, 0.333), (1.0, 0.667), (1.5, 0.667),
    ]  # fmt: skip
    by_rate = {score.group: score.value for score in scores}
    assert by_rate["0.5 false positives"] == pytest.approx(1 / 3)
    assert by_rate["1 false positives"] == pytest.approx(2 / 3)
    # rates 1/8, 1/4, 1/2 give a third, 1 to 8 two thirds
    assert by_rate["mean of the rates"] == pytest.approx((3 * 1 / 3 + 4 * 2 / 3) / 7)


def test_a_curve_that_begins_above_a_rate_has_found_nothing_there():
    assert read_curve(np.array([2.0, 3.0]), np.array([0.5, 1.0]), (1.0, 2.0, 8.0)).tolist() == [0, 0.5, 1.0]


def test_patients_whose_lesions_are_not_all_told_are_not_in_the_curve():
    there = [[Target(true(), 0.9)], [Target(true(), None)]]

    scores, _ = froc(there, [[(0.9, True)], []], np.array([1.0, 0.0]), draw_cohorts(2, 20, 0.95), NUMBERS)

    assert scores[-1].value == 1


def naive_sensitivity(there, candidates, wished) -> float:
    """The best share of lesions found by any limit that leaves at most so many wrong candidates a patient."""
    limits = {p for own in candidates for p, _ in own} | {one.p_found for own in there for one in own if one.p_found is not None}
    best = 0.0
    for limit in limits:
        wrong = sum(p >= limit and not right for own in candidates for p, right in own)
        found = [one.p_found is not None and one.p_found >= limit for own in there for one in own]
        if wrong / len(candidates) <= wished:
            best = max(best, sum(found) / len(found))
    return best


SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 0.75, 0.9, 1.0])
PATIENT = st.tuples(st.lists(st.none() | SHARES, max_size=4), st.lists(SHARES, max_size=5))


@settings(deadline=None)
@given(st.lists(PATIENT, min_size=1, max_size=5).filter(lambda all_: any(found for found, _ in all_)))
def test_sensitivities_at_each_rate_are_those_of_a_naive_froc(patients):
    there = [[Target(true(k + 1), p) for k, p in enumerate(found)] for found, _ in patients]
    candidates = [[(p, True) for p in found if p is not None] + [(p, False) for p in wrong] for found, wrong in patients]
    if not any(candidates):
        return

    scores, _ = froc(there, candidates, np.ones(len(patients)), draw_cohorts(len(patients), 3, 0.95), NUMBERS)

    told = {score.group: score.value for score in scores}
    for rate in NUMBERS.froc_rates:
        assert told[f"{rate:g} false positives"] == pytest.approx(naive_sensitivity(there, candidates, rate))
