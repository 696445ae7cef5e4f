"""A binary random field on a graph of voxels in, labels of many chains out: annealed or sampled, colour by colour.

One sweep visits every node once. Nodes of one colour have no edge between them, so they may be drawn in any order and by
any thread; a draw's random number is a hash of seed, sweep, node and chain. The chains lie side by side in memory: the
neighbours of a node are looked up once for all of them.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

QUANTILES = 4096  # steps in which the logistic distribution is drawn: probabilities below 1 / 8192 count as never


def sample_labels(log_odds, neighbours, weights, colours, start, temperatures, seed):
    """Labels of k chains after sweeps at the given temperatures.

    log_odds      float32 (n, k): what speaks for label 1 at each node, for each chain
    neighbours    int32 (n, m): nodes at the other end of each edge, -1 for none; edges appear at both ends
    weights       float32 (n, m) >= 0: price of different labels at the two ends
    colours       int (c + 1): nodes colours[i] up to colours[i + 1] have no edge between them; all nodes, in order
    start         uint8 (n, k): labels before the first sweep
    temperatures  float (s): one a sweep. 1 samples exp(sum of log_odds of nodes labelled 1 - sum of prices paid); between
                  0 and 1 it anneals; 0 takes the better label, and 1 in doubt of exactly nothing only if it was 1 before
    seed          int: same seed, same labels, on any number of threads
    returns       uint8 (n, k)
    cost          n * m * k additions a sweep, in vector code over k
    source        Gonzalez and others 2011, Parallel Gibbs sampling (AISTATS): the chromatic sampler
    """
    log_odds = np.ascontiguousarray(log_odds, np.float32)
    neighbours, weights = np.ascontiguousarray(neighbours, np.int32), np.ascontiguousarray(weights, np.float32)
    labels = np.array(start, np.uint8, order="C")
    if log_odds.ndim != 2 or labels.shape != log_odds.shape or neighbours.shape != weights.shape:
        raise ValueError(f"log odds {log_odds.shape}, labels {labels.shape}, edges {neighbours.shape}, {weights.shape}")
    if len(neighbours) != len(labels) or (neighbours.size and neighbours.max() >= len(labels)):
        raise ValueError(f"edges lead to nodes beyond the {len(labels)} there are")
    if labels.size and len(temperatures):
        colours = np.ascontiguousarray(colours, np.int64)
        steps = np.ascontiguousarray(temperatures, np.float32)
        _sweep(log_odds, neighbours, weights, colours, labels, steps, np.uint64(seed), logistic_quantiles())
    return labels


def keep_anchored(labels, neighbours, anchored):
    """Labels without the pieces that hang on no anchor.

    labels      uint8 (n, k), neighbours int32 (n, m) as above
    anchored    uint8 (n): nodes that touch what is surely 1
    returns     uint8 (n, k): 1 where a path of ones leads to an anchored one
    """
    labels = np.ascontiguousarray(labels, np.uint8)
    kept = np.zeros_like(labels)
    if labels.size:
        _spread(labels, np.ascontiguousarray(neighbours, np.int32), np.ascontiguousarray(anchored, np.uint8), kept)
    return kept


def logistic_quantiles():
    """float32 (QUANTILES): the logistic distribution's quantiles at the middle of equal steps of probability."""
    p = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.log(p / (1 - p)).astype(np.float32)


@njit(cache=True)
def _hash(x):
    """splitmix64 (Steele and others 2014): neighbouring numbers in, unrelated ones out."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, parallel=True)
def _sweep(log_odds, neighbours, weights, colours, labels, temperatures, seed, quantiles):
    nodes, chains = labels.shape
    degree = neighbours.shape[1]
    for sweep in range(temperatures.size):
        heat = temperatures[sweep]
        key = _hash(seed ^ _hash(np.uint64(sweep)))
        for colour in range(colours.size - 1):
            first = colours[colour]
            for step in prange(colours[colour + 1] - first):
                i = first + np.int64(step)
                field = log_odds[i].copy()
                for e in range(degree):
                    j = neighbours[i, e]
                    if j < 0:
                        continue
                    weight = weights[i, e]
                    other = labels[j]
                    for c in range(chains):
                        field[c] += weight * (np.float32(2) * np.float32(other[c]) - np.float32(1))
                own = labels[i]
                row = key ^ _hash(np.uint64(i))
                for c in range(chains):
                    if heat > 0:
                        drawn = _hash(row + np.uint64(c)) >> np.uint64(52)
                        own[c] = np.uint8(field[c] > heat * quantiles[np.int64(drawn)])
                    elif field[c] != 0:
                        own[c] = np.uint8(field[c] > 0)


@njit(cache=True, parallel=True)
def _spread(labels, neighbours, anchored, kept):
    nodes, chains = labels.shape
    for chain_ in prange(chains):
        c = np.int64(chain_)
        waiting = np.empty(nodes, np.int32)
        end = 0
        for i in range(nodes):
            if anchored[i] and labels[i, c]:
                kept[i, c] = 1
                waiting[end] = i
                end += 1
        begin = 0
        while begin < end:
            i = waiting[begin]
            begin += 1
            for e in range(neighbours.shape[1]):
                j = neighbours[i, e]
                if j >= 0 and labels[j, c] and not kept[j, c]:
                    kept[j, c] = 1
                    waiting[end] = j
                    end += 1
