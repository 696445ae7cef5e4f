"""A graph with features on nodes and edges in, a label for each node out: what an edge sees decides what a pair scores."""

from __future__ import annotations

import numpy as np

from .model import GraphModel


class EdgeFeatureGraphCRF(GraphModel):
    """Pairwise model on any graph, its pair scores linear in the features of the edge.

    x is (features float (n, f), edges int (e, 2), edge features float (e, g)), y int (n). Weights: a row of f for each
    label, then a table (n_states, n_states) for each edge feature.

    n_states, n_features, n_edge_features   number of labels, of features of a node and of an edge
    inference_method                        of `infer`
    class_weight                            cost of a wrong node by its true label, or None
    symmetric_edge_features                 indices of edge features whose tables are kept symmetric
    """

    def __init__(
        self, n_states: int, n_features: int, n_edge_features: int, inference_method: str = "auto", class_weight=None,
        symmetric_edge_features=(),
    ):  # fmt: skip
        super().__init__(n_states, n_features, inference_method, class_weight)
        self.n_edge_features, self.symmetric_edge_features = n_edge_features, symmetric_edge_features

    @property
    def size_joint_feature(self) -> int:
        """Number of weights."""
        return self.n_states * self.n_features + self.n_edge_features * self.n_states**2

    def node_shape(self, x) -> tuple[int, ...]:
        """The shape of the labels of x."""
        return (len(x[0]),)

    def graph(self, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Node features, edges, edge features, checked."""
        features, edges, edge_features = (np.asarray(part) for part in x)
        edges = edges.reshape(-1, 2)
        if features.shape[1:] != (self.n_features,) or edge_features.shape != (len(edges), self.n_edge_features):
            raise ValueError(
                f"node features {features.shape} and edge features {edge_features.shape} of {len(edges)} edges do not fit a "
                f"model of {self.n_features} and {self.n_edge_features}"
            )
        return features.astype(float), edges, edge_features.astype(float)

    def pair_features(self, pairs: np.ndarray) -> np.ndarray:
        """The tables (g, k, k) one after the other; symmetric ones share their count between a pair and its mirror."""
        pairs = pairs.copy()
        for k in self.symmetric_edge_features:
            pairs[k] = (pairs[k] + pairs[k].T) / 2
        return pairs.ravel()

    def pair_weights(self, w) -> np.ndarray:
        """The tables (g, k, k)."""
        tables = np.array(w, float).reshape(self.n_edge_features, self.n_states, self.n_states)
        for k in self.symmetric_edge_features:
            tables[k] = (tables[k] + tables[k].T) / 2
        return tables
