"""Scores of labels and of pairs of labels in, the labelling with the highest sum out.

Two labels that rather agree than differ are cut exactly by maximum flow; more labels by expansion moves, each an exact cut.
Scores are real; the flow needs integers, so they are rounded to one part in 2**24 of the largest.
"""

from __future__ import annotations

from itertools import product

import numpy as np

METHODS = ("auto", "cut", "tree", "expansion", "icm", "exhaustive")
FEW_LABELLINGS = 4096  # up to so many are simply tried
STEPS = 2**24  # integer capacity of the largest score


def infer(unary: np.ndarray, pairwise: np.ndarray, edges: np.ndarray, method: str = "auto") -> np.ndarray:
    """The labelling of the highest score.

    unary      float (n, k): score of each label at each node
    pairwise   float (e, k, k): score of each pair of labels at the two ends of each edge
    edges      int (e, 2): the two ends
    method     "cut": exact; two labels, and pairs that rather agree: p[0, 0] + p[1, 1] >= p[0, 1] + p[1, 0]
               "tree": exact; graphs without cycles, by sums from the leaves inwards (Viterbi 1967)
               "expansion": each move an exact cut (Boykov, Veksler and Zabih 2001), pairs that break its condition clipped
               "icm": one node at a time, from the best label without neighbours (Besag 1986)
               "exhaustive": all labellings; "auto": all if they are few, else a cut or a tree if exact, else expansion
    returns    int64 (n): the label of each node; ties go to the lower label
    raises     ValueError for an unknown method, or a cut or a tree that would not be exact
    """
    unary, edges = np.asarray(unary, float), np.asarray(edges, np.int64).reshape(-1, 2)
    nodes, labels = unary.shape
    pairwise = np.asarray(pairwise, float).reshape(len(edges), labels, labels)
    if method not in METHODS:
        raise ValueError(f"inference method {method!r} is not one of {METHODS}")
    agreeing = labels == 2 and rather_agree(pairwise).all()
    if method == "auto":
        few = labels**nodes <= FEW_LABELLINGS if nodes * np.log2(labels) <= 12 else False
        method = "exhaustive" if few else "cut" if agreeing else "expansion" if has_cycle(nodes, edges) else "tree"
    if method == "exhaustive":
        return try_all(unary, pairwise, edges)
    if method == "icm":
        return one_by_one(unary, pairwise, edges, np.argmax(unary, axis=1))
    if method == "expansion":
        return expand(unary, pairwise, edges)
    if method == "tree":
        if has_cycle(nodes, edges):
            raise ValueError("sums from the leaves inwards are exact only on graphs without cycles; use expansion or icm")
        return from_leaves(unary, pairwise, edges)
    if not agreeing:
        raise ValueError("a cut is exact only for two labels whose pairs rather agree than differ; use expansion or icm")
    return cut(unary, pairwise, edges)


def score(labels: np.ndarray, unary: np.ndarray, pairwise: np.ndarray, edges: np.ndarray) -> float:
    """The sum that `infer` makes as high as it can."""
    total = unary[np.arange(len(labels)), labels].sum()
    if len(edges):
        total += pairwise[np.arange(len(edges)), labels[edges[:, 0]], labels[edges[:, 1]]].sum()
    return float(total)


def rather_agree(pairwise: np.ndarray) -> np.ndarray:
    """bool (e): pairs of two labels that a cut can represent, up to rounding."""
    gain = pairwise[:, 0, 0] + pairwise[:, 1, 1] - pairwise[:, 0, 1] - pairwise[:, 1, 0]
    return gain >= -1e-9 * max(1.0, np.abs(pairwise).max(initial=0.0))


def try_all(unary, pairwise, edges) -> np.ndarray:
    """Every labelling, the first of the best in the order of their numbers."""
    nodes, labels = unary.shape
    ways = np.array(list(product(range(labels), repeat=nodes)), np.int64).reshape(-1, nodes)
    totals = unary[np.arange(nodes), ways].sum(axis=1)
    for edge, (i, j) in enumerate(edges):
        totals += pairwise[edge, ways[:, i], ways[:, j]]
    return ways[np.argmax(totals)]


def one_by_one(unary, pairwise, edges, labels) -> np.ndarray:
    """Each node takes its best label given the others, in turn, until none changes."""
    labels = np.array(labels, np.int64)
    ends = [[] for _ in labels]
    for edge, (i, j) in enumerate(edges):
        ends[i].append((j, pairwise[edge]))
        ends[j].append((i, pairwise[edge].T))
    for _ in range(100):
        before = labels.copy()
        for node, around in enumerate(ends):
            totals = unary[node].copy()
            for other, scores in around:
                totals += scores[:, labels[other]]
            if totals.max() > totals[labels[node]]:
                labels[node] = np.argmax(totals)
        if (labels == before).all():
            break
    return labels


def has_cycle(nodes: int, edges: np.ndarray) -> bool:
    """Whether some edge closes a loop."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    return len(edges) > nodes - connected_components(graph, directed=False, return_labels=False)


def from_leaves(unary, pairwise, edges) -> np.ndarray:
    """Each node hands its best score for every label of its parent on to it; then labels are read from the roots outwards."""
    ends = [[] for _ in unary]
    for edge, (i, j) in enumerate(edges):
        ends[i].append((j, pairwise[edge]))
        ends[j].append((i, pairwise[edge].T))
    parent, order, seen = {}, [], set()
    for root in range(len(unary)):
        waiting = [root] if root not in seen else []
        seen.add(root)
        while waiting:
            node = waiting.pop()
            order.append(node)
            for child, scores in ends[node]:
                if child not in seen:
                    seen.add(child)
                    parent[child] = node, scores
                    waiting.append(child)
    best = np.array(unary)
    for node in reversed(order):
        if node in parent:
            above, scores = parent[node]
            best[above] += (scores + best[node]).max(axis=1)
    labels = np.zeros(len(unary), np.int64)
    for node in order:
        above = parent.get(node)
        labels[node] = np.argmax(best[node] + (0 if above is None else above[1][labels[above[0]]]))
    return labels


def expand(unary, pairwise, edges) -> np.ndarray:
    """Moves in which any nodes may go over to one label, as long as one of them helps."""
    labels = np.argmax(unary, axis=1).astype(np.int64)
    best = score(labels, unary, pairwise, edges)
    nodes, ends = np.arange(len(labels)), np.arange(len(edges))
    improved = True
    while improved:
        improved = False
        for target in range(unary.shape[1]):
            first, second = labels[edges[:, 0]], labels[edges[:, 1]]
            stay_or_go = np.stack([unary[nodes, labels], unary[:, target]], axis=1)
            pairs = np.empty((len(edges), 2, 2))
            pairs[:, 0, 0], pairs[:, 1, 1] = pairwise[ends, first, second], pairwise[:, target, target]
            pairs[:, 0, 1], pairs[:, 1, 0] = pairwise[ends, first, target], pairwise[ends, target, second]
            # Where a move is not representable, staying together is made no worse than parting: the move stays an ascent.
            excess = np.maximum(0.0, pairs[:, 0, 1] + pairs[:, 1, 0] - pairs[:, 0, 0] - pairs[:, 1, 1])
            pairs[:, 0, 1] -= excess
            moved = np.where(cut(stay_or_go, pairs, edges) == 1, target, labels)
            total = score(moved, unary, pairwise, edges)
            if total > best + 1e-12 * max(1.0, abs(best)):
                labels, best, improved = moved, total, True
    return labels


def cut(unary, pairwise, edges) -> np.ndarray:
    """Two labels by one minimum cut (Kolmogorov and Zabih 2004): label 1 is on the side of the sink."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    nodes = len(unary)
    first, second = edges[:, 0], edges[:, 1]
    p00, p01, p10, p11 = (pairwise[:, a, b] for a in (0, 1) for b in (0, 1))
    gain = unary[:, 1] - unary[:, 0]
    np.add.at(gain, first, p10 - p00)
    np.add.at(gain, second, p11 - p10)
    price = np.maximum(p00 + p11 - p01 - p10, 0.0)  # of first = 0, second = 1
    largest = max(np.abs(gain).max(initial=0.0), price.max(initial=0.0))
    if largest == 0:
        return np.zeros(nodes, np.int64)
    source, sink = nodes, nodes + 1
    stay, go = np.flatnonzero(gain < 0), np.flatnonzero(gain > 0)
    rows = np.concatenate([np.full(len(stay), source), go, first])
    columns = np.concatenate([stay, np.full(len(go), sink), second])
    capacity = np.rint(np.concatenate([-gain[stay], gain[go], price]) / largest * STEPS).astype(np.int64)
    graph = coo_matrix((capacity, (rows, columns)), shape=(nodes + 2, nodes + 2)).tocsr()  # parallel edges are added up
    if graph.data.size and graph.data.max() > np.iinfo(np.int32).max:
        raise ValueError("an edge stands in the list more than a hundred times")
    graph = graph.astype(np.int32)
    left = graph - maximum_flow(graph, source, sink).flow
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    # Nodes from which the sink can still be reached have label 1; all others, those in doubt too, have label 0.
    reached = breadth_first_order(left.T.tocsr(), sink, return_predecessors=False)
    labels = np.zeros(nodes + 2, np.int64)
    labels[reached] = 1
    return labels[:nodes]
