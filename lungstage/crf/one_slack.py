"""Samples in, weights out, by cutting planes with one slack for all samples together.

Joachims, Finley and Yu 2009, Cutting-plane training of structural SVMs (Machine Learning 77:27), algorithm 3. The small
quadratic programme over the planes is solved by moving weight between the two planes that gain most by it.
"""

from __future__ import annotations

import numpy as np

from .learner import StructuredLearner, most_violated


class OneSlackSSVM(StructuredLearner):
    """Structural SVM by one-slack cutting planes.

    model                    a model of this package, or one with its methods
    max_iter                 planes at most
    C                        weight of the losses against |w|^2 / 2
    tol                      stop when primal and dual objective are this close, as a share of the primal
    negativity_constraint    indices of weights that must not be above 0, such as scores of unlike pairs; or None
    inactive_threshold       planes that bore less than this share of C ...
    inactive_window          ... for so many iterations are dropped
    """

    def __init__(
        self, model, max_iter: int = 1000, C: float = 1.0, tol: float = 1e-3, negativity_constraint=None,
        inactive_threshold: float = 1e-6, inactive_window: int = 50,
    ):  # fmt: skip
        self.model, self.max_iter, self.C, self.tol = model, max_iter, C, tol
        self.negativity_constraint = negativity_constraint
        self.inactive_threshold, self.inactive_window = inactive_threshold, inactive_window

    def fit(self, X, Y) -> OneSlackSSVM:
        """Learn from samples X with labels Y."""
        size = self.model.size_joint_feature
        trues = [self.model.joint_feature(x, y) for x, y in zip(X, Y)]
        planes, losses = np.zeros((1, size)), np.zeros(1)  # the first plane says that slack is not negative
        alphas, idle = np.array([float(self.C)]), np.zeros(1, int)
        self.w, best = np.zeros(size), np.inf
        w = self.w
        self.objective_curve_, self.primal_objective_curve_ = [], []
        for _ in range(self.max_iter):
            found = [most_violated(self.model, x, y, w, true) for x, y, true in zip(X, Y, trues)]
            plane, loss = sum(f[0] for f in found), sum(f[1] for f in found)
            primal = float(w @ w / 2 + self.C * sum(f[2] for f in found))
            dual = float(alphas @ losses - w @ w / 2)
            if primal < best:
                self.w, best = w, primal
            self.objective_curve_.append(dual)
            self.primal_objective_curve_.append(primal)
            if best - dual <= self.tol * max(1e-12, abs(best)):
                break
            planes, losses = np.vstack([planes, plane]), np.append(losses, loss)
            alphas, idle = np.append(alphas, 0.0), np.append(idle, 0)
            alphas, w = balance(planes, losses, alphas, self.held(), 0.1 * self.tol * best)
            idle = np.where(alphas < self.inactive_threshold * self.C, idle + 1, 0)
            kept = (idle < self.inactive_window) | (np.arange(len(idle)) == 0)
            planes, losses, alphas, idle = planes[kept], losses[kept], alphas[kept], idle[kept]
            alphas *= self.C / alphas.sum()
        return self

    def held(self) -> np.ndarray:
        """int: indices of weights that must not be above 0."""
        return np.asarray([] if self.negativity_constraint is None else self.negativity_constraint, int)


def balance(planes, losses, alphas, held, tol: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the planes, sum unchanged, that make the dual objective best up to `tol`; and w.

    The dual is concave: alphas . losses - |w|^2 / 2 with w = alphas . planes, its `held` entries cut to at most 0.
    """
    alphas = alphas.copy()
    v = alphas @ planes

    def clipped(v):
        w = v.copy()
        w[held] = np.minimum(w[held], 0.0)
        return w

    for _ in range(100 * len(alphas) + 1000):
        w = clipped(v)
        slack = losses - planes @ w
        up = int(np.argmax(slack))
        down = int(np.argmin(np.where(alphas > 0, slack, np.inf)))
        # What all weight on the worst plane would gain bounds the distance to the optimum.
        if alphas.sum() * slack[up] - alphas @ slack <= tol:
            break
        direction, rise = planes[up] - planes[down], losses[up] - losses[down]
        step = best_step(v, direction, rise, float(alphas[down]), clipped)
        alphas[up] += step
        alphas[down] -= step
        v = v + step * direction
    return alphas, clipped(alphas @ planes)


def best_step(v, direction, rise: float, most: float, clipped) -> float:
    """How far to move along a direction in which the slope falls: to where it is 0, at most `most`."""
    if rise - direction @ clipped(v + most * direction) >= 0:
        return most
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        if rise - direction @ clipped(v + middle * direction) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
