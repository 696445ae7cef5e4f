"""Learners: both reach the same objective, and what they learn cleans a noisy picture."""

import numpy as np
import pytest
from sklearn.base import clone

from lungstage.crf import EdgeFeatureGraphCRF, FrankWolfeSSVM, GridCRF, OneSlackSSVM
from lungstage.crf.one_slack import balance

LEARNERS = [FrankWolfeSSVM, OneSlackSSVM]


def noisy_pictures(count, seed, noise=1.0):
    """Pictures with a bright rectangle each under noise; features: brightness and 1."""
    generator = np.random.default_rng(seed)
    X, Y = [], []
    for _ in range(count):
        y = np.zeros((9, 12), int)
        top, left = generator.integers(1, 4, 2)
        y[top : top + 5, left : left + 6] = 1
        bright = y - 0.5 + generator.normal(0, noise, y.shape)
        X.append(np.stack([bright, np.ones_like(bright)], axis=-1))
        Y.append(y)
    return X, Y


@pytest.mark.parametrize("learner", LEARNERS)
def test_learned_neighbours_clean_a_noisy_picture(learner):
    X, Y = noisy_pictures(8, seed=1)
    X_new, Y_new = noisy_pictures(6, seed=2)

    fitted = learner(GridCRF(2, 2), C=0.1, max_iter=60, tol=1e-2).fit(X, Y)

    alone = np.mean([np.mean((x[..., 0] > 0) == y) for x, y in zip(X_new, Y_new)])
    wrong = 1 - fitted.score(X_new, Y_new)
    assert wrong < 0.6 * (1 - alone), f"{wrong:.2f} of the cells wrong with, {1 - alone:.2f} without neighbours"


def test_both_learners_reach_the_same_objective():
    X, Y = noisy_pictures(5, seed=3)
    frank_wolfe = FrankWolfeSSVM(GridCRF(2, 2), C=0.05, max_iter=400, tol=2e-3).fit(X, Y)
    one_slack = OneSlackSSVM(GridCRF(2, 2), C=0.05, tol=2e-3).fit(X, Y)

    first, second = frank_wolfe.objective(X, Y), one_slack.objective(X, Y)

    assert np.isclose(first, second, rtol=5e-3)  # each stops 0.2 % above its dual bound
    for fitted in (frank_wolfe, one_slack):
        assert fitted.objective_curve_[-1] <= min(first, second) * (1 + 1e-9)  # a dual value is below every primal one


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_dual_objective_does_not_fall(learner):
    X, Y = noisy_pictures(4, seed=4)

    fitted = learner(GridCRF(2, 2), C=0.1, max_iter=30, tol=1e-4).fit(X, Y)

    assert np.all(np.diff(fitted.objective_curve_) >= -1e-3 * max(fitted.objective_curve_))  # planes are balanced to tol / 10


def test_weights_that_must_not_be_positive_are_not():
    X, Y = noisy_pictures(4, seed=5)
    unlike = 4 + 1  # of two labels with two features: the pair (1, 0) in the lower triangle

    fitted = OneSlackSSVM(GridCRF(2, 2), C=0.1, negativity_constraint=[unlike], max_iter=100, tol=1e-2).fit(X, [1 - y for y in Y])

    assert fitted.w[unlike] <= 0


def test_edges_that_see_a_border_learn_to_break_there():
    generator = np.random.default_rng(6)
    X, Y = [], []
    for _ in range(20):
        y = (np.arange(20) >= generator.integers(5, 15)).astype(int)
        edges = np.stack([np.arange(19), np.arange(1, 20)], axis=1)
        border = (y[1:] != y[:-1]).astype(float)
        bright = y - 0.5 + generator.normal(0, 0.8, 20)
        X.append((np.stack([bright, np.ones(20)], 1), edges, np.stack([border, 1 - border], 1)))
        Y.append(y)

    fitted = FrankWolfeSSVM(EdgeFeatureGraphCRF(2, 2, 2), C=1.0, max_iter=60, tol=2e-2).fit(X[:10], Y[:10])

    alone = np.mean([np.mean((x[0][:, 0] > 0) == y) for x, y in zip(X[10:], Y[10:])])
    wrong = 1 - fitted.score(X[10:], Y[10:])
    assert wrong < 0.25 * (1 - alone), f"{wrong:.2f} of the nodes wrong with edges, {1 - alone:.2f} without"


@pytest.mark.parametrize("learner", LEARNERS)
def test_learners_are_scikit_learn_estimators(learner):
    made = learner(GridCRF(2, 2), C=0.5)

    copied = clone(made).set_params(C=2.0, max_iter=7)

    assert made.get_params()["C"] == 0.5 and copied.C == 2.0 and copied.max_iter == 7


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_same_samples_give_the_same_weights(learner):
    X, Y = noisy_pictures(3, seed=8)

    first, second = (learner(GridCRF(2, 2), C=0.1, max_iter=15).fit(X, Y).w for _ in range(2))

    assert np.array_equal(first, second)


def test_planes_are_balanced_as_by_a_general_solver():
    from scipy.optimize import minimize

    generator = np.random.default_rng(9)
    planes, losses = generator.normal(size=(6, 3)), generator.random(6)
    alphas, w = balance(planes, losses, np.full(6, 0.5), np.array([], int), 1e-9)

    def dual(a):
        return -(a @ losses - (a @ planes) @ (a @ planes) / 2)

    other = minimize(
        dual, np.full(6, 0.5), bounds=[(0, None)] * 6, constraints={"type": "eq", "fun": lambda a: a.sum() - 3.0}, tol=1e-12
    )
    assert np.isclose(dual(alphas), other.fun, atol=1e-6)
