"""Intervals: patients are drawn, not lesions; the same ones every time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungstage.evaluation.bootstrap import draw_cohorts, number, words_of
from lungstage.evaluation.folds import fold_of

values = st.lists(st.lists(st.floats(-5, 5), max_size=4), min_size=2, max_size=8).filter(lambda all_: any(all_))


def test_the_same_cohorts_are_drawn_every_time():
    assert np.array_equal(draw_cohorts(7, 50, 0.9).counts, draw_cohorts(7, 50, 0.9).counts)


def test_every_drawn_cohort_has_as_many_patients_as_the_first():
    counts = draw_cohorts(9, 100, 0.95).counts

    assert np.all(counts[0] == 1)
    assert np.all(counts.sum(axis=1) == 9)


@given(values)
def test_a_mean_is_over_items_and_its_interval_holds_what_other_cohorts_give(items):
    cohorts = draw_cohorts(len(items), 200, 0.95)

    (score,) = cohorts.mean(items, "topic", "name")

    assert score.value == pytest.approx(np.mean([one for own in items for one in own]))
    assert score.items == sum(map(len, items)) and score.patients == sum(map(bool, items))
    if score.patients > 1:
        drawn = []
        for row in cohorts.counts[1:]:
            pooled = [one for own, times in zip(items, row.astype(int), strict=True) for one in own * times]
            drawn += [np.mean(pooled)] if pooled else []
        assert [score.low, score.high] == pytest.approx(list(np.quantile(drawn, (0.025, 0.975))), abs=1e-9)
    else:
        assert score.low is None and score.high is None


def test_lesions_of_one_patient_stay_together():
    # nine right lesions in one patient, one wrong in another: a cohort is all right, all wrong or as it is
    cohorts = draw_cohorts(2, 500, 0.95)

    (score,) = cohorts.mean([[1] * 9, [0]], "topic", "name")

    assert (score.value, score.low, score.high) == (0.9, 0.0, 1.0)


def test_nothing_to_score_is_no_score():
    assert draw_cohorts(2, 5, 0.95).mean([[], []], "topic", "name") == []


def test_scores_are_printed_with_their_interval():
    (score,) = draw_cohorts(2, 500, 0.95).mean([[1], [0]], "topic", "name")

    assert words_of(score) == "0.50 (0.00 to 1.00)"
    assert [number(value) for value in (0.123, 12.34, 123.4)] == ["0.12", "12.3", "123"]


@given(st.text(max_size=20), st.integers(2, 10))
def test_a_fold_depends_on_the_patient_alone(name, folds):
    assert fold_of(name, folds) == fold_of(name, folds)
    assert 0 <= fold_of(name, folds) < folds


def test_folds_are_about_equally_large():
    sizes = np.bincount([fold_of(str(seed)) for seed in range(2000)], minlength=5)

    # four standard deviations of a fair draw: 4 * sqrt(2000 * 0.2 * 0.8)
    assert np.all(np.abs(sizes - 400) < 72)
