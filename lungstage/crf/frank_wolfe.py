"""Samples in, weights out, one sample at a time: block-coordinate Frank–Wolfe, which needs no QP solver and no step size.

Lacoste-Julien, Jaggi, Schmidt and Pletscher 2013, Block-coordinate Frank-Wolfe optimization for structural SVMs (ICML),
algorithm 4, with weighted averaging; written for the sum of slacks with C, lambda = 1 / (n C).
"""

from __future__ import annotations

import numpy as np

from .learner import StructuredLearner, most_violated


class FrankWolfeSSVM(StructuredLearner):
    """Structural SVM by block-coordinate Frank–Wolfe.

    model              a model of this package, or one with its methods
    max_iter           passes over the samples
    C                  weight of the losses against |w|^2 / 2
    tol                stop when primal and dual objective are this close, as a share of the primal
    check_dual_every   passes between two checks, each of which costs one pass
    averaging          "linear": the weights' average, later ones counting more; None: the last weights
    random_state       seed of the order in which samples are visited
    """

    def __init__(
        self, model, max_iter: int = 300, C: float = 1.0, tol: float = 1e-3, check_dual_every: int = 10, averaging=None,
        random_state: int = 0,
    ):  # fmt: skip
        self.model, self.max_iter, self.C, self.tol = model, max_iter, C, tol
        self.check_dual_every, self.averaging, self.random_state = check_dual_every, averaging, random_state

    def fit(self, X, Y) -> FrankWolfeSSVM:
        """Learn from samples X with labels Y."""
        count, size = len(X), self.model.size_joint_feature
        trues = [self.model.joint_feature(x, y) for x, y in zip(X, Y)]
        order = np.random.default_rng(self.random_state)
        w, loss = np.zeros(size), 0.0  # w = sum of the blocks; loss the same of their losses, both times C
        w_blocks, loss_blocks = np.zeros((count, size)), np.zeros(count)
        average, average_loss, steps = w.copy(), 0.0, 0
        self.objective_curve_, self.primal_objective_curve_ = [], []
        for iteration in range(self.max_iter):
            for i in order.permutation(count):
                difference, wrong, _ = most_violated(self.model, X[i], Y[i], w, trues[i])
                step = w_blocks[i] - self.C * difference
                gain = step @ w - loss_blocks[i] + self.C * wrong
                share = float(np.clip(gain / (step @ step), 0, 1)) if step @ step > 0 else float(gain > 0)
                w = w - share * step
                loss += share * (self.C * wrong - loss_blocks[i])
                w_blocks[i] -= share * step
                loss_blocks[i] += share * (self.C * wrong - loss_blocks[i])
                steps += 1
                average += 2 / (steps + 2) * (w - average)
                average_loss += 2 / (steps + 2) * (loss - average_loss)
            if (iteration + 1) % self.check_dual_every == 0 or iteration + 1 == self.max_iter:
                at, at_loss = (average, average_loss) if self.averaging == "linear" else (w, loss)
                self.w = at
                dual, primal = float(at_loss - at @ at / 2), self.objective(X, Y)
                self.objective_curve_.append(dual)
                self.primal_objective_curve_.append(primal)
                if primal - dual <= self.tol * max(1e-12, abs(primal)):
                    break
        return self
