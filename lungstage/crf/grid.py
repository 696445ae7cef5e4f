"""A picture or a volume of features in, a label for each of its cells out: neighbours share one table of pair scores."""

from __future__ import annotations

import numpy as np

from .model import GraphModel

NEIGHBOURS = {2: (4, 8), 3: (6, 26)}


class GridCRF(GraphModel):
    """Pairwise model on a grid.

    x is float (h, w, f) or (d, h, w, f), y int of the same shape without f. Weights: a row of f for each label, then the
    lower triangle of the symmetric table of pair scores, row by row.

    n_states, n_features   number of labels and of features of a cell
    neighborhood           4 or 8 in a picture, 6 or 26 in a volume
    inference_method       of `infer`
    class_weight           cost of a wrong cell by its true label, or None
    """

    def __init__(self, n_states: int, n_features: int, inference_method: str = "auto", neighborhood: int = 4, class_weight=None):
        super().__init__(n_states, n_features, inference_method, class_weight)
        self.neighborhood = neighborhood

    @property
    def size_joint_feature(self) -> int:
        """Number of weights."""
        return self.n_states * self.n_features + self.n_states * (self.n_states + 1) // 2

    def node_shape(self, x) -> tuple[int, ...]:
        """The shape of the labels of x."""
        return np.shape(x)[:-1]

    def graph(self, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features (n, f), edges (e, 2), and 1 as the only feature of each edge."""
        x = np.asarray(x, float)
        edges = grid_edges(x.shape[:-1], self.neighborhood)
        return x.reshape(-1, x.shape[-1]), edges, np.ones((len(edges), 1))

    def pair_features(self, pairs: np.ndarray) -> np.ndarray:
        """The lower triangle of the counts (1, k, k), a pair and its mirror counted together."""
        both = pairs[0] + pairs[0].T - np.diag(np.diag(pairs[0]))
        return both[np.tril_indices(self.n_states)]

    def pair_weights(self, w) -> np.ndarray:
        """The symmetric table (1, k, k) from its lower triangle."""
        table = np.zeros((self.n_states, self.n_states))
        table[np.tril_indices(self.n_states)] = w
        return (table + table.T - np.diag(np.diag(table)))[None]


def grid_edges(shape: tuple[int, ...], neighborhood: int) -> np.ndarray:
    """int64 (e, 2): flat indices of neighbouring cells, each pair once."""
    if neighborhood not in NEIGHBOURS.get(len(shape), ()):
        raise ValueError(f"a grid of {len(shape)} axes has {NEIGHBOURS.get(len(shape))} neighbours, not {neighborhood}")
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    edges = []
    for step in np.ndindex((3,) * len(shape)):
        step = np.array(step) - 1
        if tuple(step) <= (0,) * len(shape) or (neighborhood in (4, 6) and np.abs(step).sum() > 1):
            continue
        here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, shape))
        there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(step, shape))
        edges.append(np.stack([cells[here].ravel(), cells[there].ravel()], axis=1))
    return np.concatenate(edges)
