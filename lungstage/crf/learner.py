"""What all learners share: labels from learned weights, and how far the weights are from the best.

Both learners minimise the same: |w|^2 / 2 + C * sum over samples of max over y of
[loss(y_true, y) + w . joint_feature(x, y) - w . joint_feature(x, y_true)] (margin rescaling).
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator


class StructuredLearner(BaseEstimator):
    """A learner with a model; fitted: `w`, `objective_curve_` (dual) and `primal_objective_curve_`, one value a check."""

    def predict(self, X) -> list[np.ndarray]:
        """The best labels of each sample under the learned weights."""
        return self.model.batch_inference(X, self.w)

    def score(self, X, Y) -> float:
        """1 - the loss over all samples as a share of the largest possible."""
        worst = sum(self.model.max_loss(y) for y in Y)
        return 1.0 - sum(self.model.batch_loss(Y, self.predict(X))) / worst

    def objective(self, X, Y, w=None) -> float:
        """What is minimised, at `w` or at the learned weights."""
        w = self.w if w is None else np.asarray(w, float)
        return float(w @ w / 2 + self.C * sum(most_violated(self.model, x, y, w, true)[2] for x, y, true in _triples(self, X, Y)))


def _triples(learner, X, Y):
    return [(x, y, learner.model.joint_feature(x, y)) for x, y in zip(X, Y)]


def most_violated(model, x, y, w, true) -> tuple[np.ndarray, float, float]:
    """The worst constraint of a sample: difference of joint features, loss, and slack, never below 0.

    true   joint_feature(x, y)
    """
    y_hat = model.loss_augmented_inference(x, y, w)
    difference, loss = true - model.joint_feature(x, y_hat), model.loss(y, y_hat)
    slack = loss - float(w @ difference)
    return (difference, loss, slack) if slack > 0 else (np.zeros_like(true), 0.0, 0.0)
