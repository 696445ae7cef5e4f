"""Brier, log loss and calibration error: by hand, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from lungstage.evaluation.bootstrap import draw_cohorts
from lungstage.evaluation.calibration import bin_answers, brier, calibration_error, log_loss, reliability

probabilities = st.floats(0.001, 0.999)
pairs = st.lists(st.tuples(probabilities, st.booleans()), min_size=2, max_size=30)


def test_a_brier_score_by_hand():
    # (0.6 - 1)^2 + 0.3^2 + 0.1^2
    assert brier([0.6, 0.3, 0.1], 0) == pytest.approx(0.26)
    assert brier([1.0, 0.0], 0) == 0
    assert brier([1.0, 0.0], 1) == 2


def test_an_impossible_truth_has_a_finite_log_loss():
    assert log_loss(0.0, 1e-4) == pytest.approx(9.2103, abs=1e-4)
    assert log_loss(0.5, 1e-4) == pytest.approx(np.log(2))


@given(pairs)
def test_the_brier_score_of_two_categories_is_twice_that_of_scikit_learn(answers):
    p, true = (np.array(one) for one in zip(*answers, strict=True))

    ours = np.mean([brier([1 - one, one], int(yes)) for one, yes in answers])

    assert ours == pytest.approx(2 * metrics.brier_score_loss(true, p, pos_label=True))


@given(pairs)
def test_the_log_loss_is_that_of_scikit_learn(answers):
    p, true = (np.array(one) for one in zip(*answers, strict=True))

    ours = np.mean([log_loss(one if yes else 1 - one, 1e-9) for one, yes in answers])

    assert ours == pytest.approx(metrics.log_loss(true, p, labels=[False, True]))


def test_a_calibration_error_by_hand():
    # bin 0.2-0.3: two answers of 0.25, one right: |0.5 - 0.25| * 2; bin 0.9-1: two of 0.95 and 1, one right: |1.95 - 1|
    answers = [[(0.25, True), (0.95, True)], [(0.25, False), (1.0, False)]]

    error = calibration_error(bin_answers(answers, 10), draw_cohorts(2, 10, 0.95))

    assert error[0] == pytest.approx((0.5 + 0.95) / 4)


def test_bins_tell_what_was_said_and_what_was_so():
    answers = [[(0.72, True)], [(0.78, False)], [(0.05, False)]]

    low, high = reliability(bin_answers(answers, 10), draw_cohorts(3, 50, 0.95))

    assert (low.items, low.predicted, low.observed) == (1, 0.05, 0.0)
    assert (high.low, high.high, high.items) == (0.7, 0.8, 2)
    assert (high.predicted, high.observed) == (pytest.approx(0.75), 0.5)


@given(st.lists(pairs, min_size=1, max_size=5), st.integers(2, 12))
def test_the_calibration_error_lies_between_zero_and_one(answers, bins):
    error = calibration_error(bin_answers(answers, bins), draw_cohorts(len(answers), 5, 0.95))

    assert np.all((error >= 0) & (error <= 1))


@given(pairs)
def test_one_bin_compares_the_mean_probability_with_the_share_that_was_right(answers):
    p, true = (np.array(one) for one in zip(*answers, strict=True))

    error = calibration_error(bin_answers([answers], 1), draw_cohorts(1, 1, 0.95))

    assert error[0] == pytest.approx(abs(p.mean() - true.mean()))


def naive_calibration_error(answers, bins) -> float:
    """Bin by bin over a plain list of all answers."""
    pooled = [one for own in answers for one in own]
    total = 0.0
    for k in range(bins):
        held = [(p, yes) for p, yes in pooled if k == min(int(p * bins), bins - 1)]
        if held:
            total += len(held) * abs(np.mean([p for p, _ in held]) - np.mean([yes for _, yes in held]))
    return total / len(pooled)


@given(st.lists(pairs, min_size=1, max_size=5), st.integers(1, 12))
def test_the_calibration_error_is_that_of_a_naive_one_in_every_cohort(answers, bins):
    cohorts = draw_cohorts(len(answers), 6, 0.95)

    error = calibration_error(bin_answers(answers, bins), cohorts)

    for found, row in zip(error, cohorts.counts.astype(int), strict=True):
        drawn = [own for own, times in zip(answers, row, strict=True) for _ in range(times)]
        assert found == pytest.approx(naive_calibration_error(drawn, bins), abs=1e-9)
