"""What all models share: losses that add up over nodes, and the methods for lists of samples that learners call."""

from __future__ import annotations

import numpy as np

from .inference import infer, score


class GraphModel:
    """A model whose labels sit on the nodes of a graph.

    A model says `graph(x)`: node features (n, f), edges (e, 2) and edge features (e, g); and `pairwise_scores`. Scores are
    linear in the weights `w`: score(x, y) = w . joint_feature(x, y).

    n_states       number of labels
    n_features     features of a node
    class_weight   cost of a wrong node by its true label (n_states), or None for 1 each
    """

    def __init__(self, n_states: int, n_features: int, inference_method: str, class_weight):
        self.n_states, self.n_features = n_states, n_features
        self.inference_method, self.class_weight = inference_method, class_weight

    @property
    def costs(self) -> np.ndarray:
        """float (n_states): cost of a wrong node by its true label."""
        return np.ones(self.n_states) if self.class_weight is None else np.asarray(self.class_weight, float)

    def loss(self, y, y_hat) -> float:
        """Sum of the costs of wrong nodes (Hamming loss without class weights)."""
        y, y_hat = np.ravel(y), np.ravel(y_hat)
        return float(self.costs[y][y != y_hat].sum())

    def max_loss(self, y) -> float:
        """The loss of the worst labelling."""
        return float(self.costs[np.ravel(y)].sum())

    def joint_feature(self, x, y) -> np.ndarray:
        """float (size_joint_feature): node features summed by label, then edge features summed by pair of labels."""
        features, edges, edge_features = self.graph(x)
        labels = np.ravel(y)
        unary = np.zeros((self.n_states, self.n_features))
        np.add.at(unary, labels, features)
        pairs = np.zeros((edge_features.shape[1], self.n_states, self.n_states))
        for k in range(edge_features.shape[1]):
            np.add.at(pairs[k], (labels[edges[:, 0]], labels[edges[:, 1]]), edge_features[:, k])
        return np.concatenate([unary.ravel(), self.pair_features(pairs)])

    def scores(self, x, w) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scores (n, k) of labels, (e, k, k) of pairs, and edges (e, 2), as `infer` takes them."""
        features, edges, edge_features = self.graph(x)
        split = self.n_states * self.n_features
        unary = features @ np.asarray(w[:split], float).reshape(self.n_states, self.n_features).T
        pairwise = np.tensordot(edge_features, self.pair_weights(w[split:]), (1, 0))
        return unary, pairwise, edges

    def inference(self, x, w, return_energy: bool = False):
        """The best labels, in the shape of the nodes; with return_energy also minus their score."""
        return self._best(x, *self.scores(x, w), return_energy)

    def loss_augmented_inference(self, x, y, w, return_energy: bool = False):
        """The labels that score best together with their loss against y: what a margin learner must beat."""
        unary, pairwise, edges = self.scores(x, w)
        labels = np.ravel(y)
        unary = unary + self.costs[labels][:, None]
        unary[np.arange(len(labels)), labels] -= self.costs[labels]
        return self._best(x, unary, pairwise, edges, return_energy)

    def _best(self, x, unary, pairwise, edges, return_energy: bool):
        labels = infer(unary, pairwise, edges, self.inference_method)
        shaped = labels.reshape(self.node_shape(x))
        return (shaped, -score(labels, unary, pairwise, edges)) if return_energy else shaped

    def batch_joint_feature(self, X, Y) -> np.ndarray:
        """Sum of the joint features of all samples."""
        return sum((self.joint_feature(x, y) for x, y in zip(X, Y)), np.zeros(self.size_joint_feature))

    def batch_loss(self, Y, Y_hat) -> list[float]:
        """The loss of each sample."""
        return [self.loss(y, y_hat) for y, y_hat in zip(Y, Y_hat)]

    def batch_inference(self, X, w) -> list[np.ndarray]:
        """The best labels of each sample."""
        return [self.inference(x, w) for x in X]

    def batch_loss_augmented_inference(self, X, Y, w) -> list[np.ndarray]:
        """The labels of each sample that score best together with their loss."""
        return [self.loss_augmented_inference(x, y, w) for x, y in zip(X, Y)]
