"""A binary random field on a graph of voxels in, labels of many chains out: annealed or sampled, colour by colour.

One sweep visits every node once. Nodes of one colour have no edge between them, so they may be drawn in any order; a draw's
random number is a hash of seed, sweep, node and chain. The chains lie side by side in memory: the neighbours of a node are
looked up once for all of them. One thread: others would have to meet after every colour, or look the neighbours up again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .threads import share_rows

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
    seed          int: same seed, same labels
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
    chains = np.ascontiguousarray(np.asarray(labels, np.uint8).T)  # each chain's labels side by side: it is walked alone
    kept = np.zeros_like(chains)
    if chains.size:
        neighbours, anchored = np.ascontiguousarray(neighbours, np.int32), np.ascontiguousarray(anchored, np.uint8)
        share_rows(_spread, len(chains), 0.1 * neighbours.size * len(chains), chains, neighbours, anchored, kept)
    return np.ascontiguousarray(kept.T)


def logistic_quantiles():
    """float32 (QUANTILES): the logistic distribution's quantiles at the middle of equal steps of probability."""
    p = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.log(p / (1 - p)).astype(np.float32)


@njit(cache=True, nogil=True)
def _hash(x):
    """splitmix64 (Steele and others 2014): neighbouring numbers in, unrelated ones out."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def _sweep(log_odds, neighbours, weights, colours, labels, temperatures, seed, quantiles):
    nodes, chains = labels.shape
    degree, field = neighbours.shape[1], np.empty(chains, np.float32)
    for sweep in range(temperatures.size):
        heat = temperatures[sweep]
        key = _hash(seed ^ _hash(np.uint64(sweep)))
        for colour in range(colours.size - 1):
            for i in range(colours[colour], colours[colour + 1]):
                odds = log_odds[i]
                for c in range(chains):
                    field[c] = odds[c]
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


@njit(cache=True, nogil=True)
def _spread(start, stop, chains, neighbours, anchored, kept):
    waiting = np.empty(chains.shape[1], np.int32)
    for chain in range(start, stop):
        labels, reached = chains[chain], kept[chain]
        end = 0
        for i in range(labels.size):
            if anchored[i] and labels[i]:
                reached[i] = 1
                waiting[end] = i
                end += 1
        begin = 0
        while begin < end:
            i = waiting[begin]
            begin += 1
            for e in range(neighbours.shape[1]):
                j = neighbours[i, e]
                if j >= 0 and labels[j] and not reached[j]:
                    reached[j] = 1
                    waiting[end] = j
                    end += 1


class BandGraph(NamedTuple):
    """The undecided voxels of a volume as nodes of a graph.

    nodes        int32 (n), flat index of each node, in eight colours
    colours      int64 (9), neighbours int32 (n, 26) and weights float32 (n, 26) as `sample_labels` takes them
    fixed        float32 (n), what decided neighbours add to the log odds
    touching     uint8 (n), whether one of them is surely 1
    """

    nodes: np.ndarray
    colours: np.ndarray
    neighbours: np.ndarray
    weights: np.ndarray
    fixed: np.ndarray
    touching: np.ndarray


class Price(NamedTuple):
    """What a border costs: shares (3, 3, 3) as `border_shares`; surface, edge and contrast as `join_band` takes them."""

    shares: np.ndarray
    surface: float
    edge: float
    contrast: float


def join_band(band, inside, image, spacing_mm, surface, edge, contrast) -> BandGraph:
    """The graph of the undecided voxels of a volume, each joined with its 26 neighbours.

    band       uint8 (z, y, x): undecided voxels; inside: uint8, surely 1; everything else is surely 0
    image      float32 (z, y, x): a border is cheap where it changes
    surface    price of a border, per mm2; edge: what is added where the image does not change, per mm2
    contrast   > 0: how much the image changes where that addition has fallen to exp(-1/2)
    source     Boykov and Kolmogorov 2003 (ICCV): prices that fall with distance give a border its length
    """
    band, inside = np.ascontiguousarray(band, np.uint8), np.ascontiguousarray(inside, np.uint8)
    z, y, x = (np.arange(n) % 2 for n in band.shape)
    parity = 4 * z[:, None, None] + 2 * y[:, None] + x
    flat = np.flatnonzero(band)
    parity = parity.ravel()[flat]
    nodes = flat[np.argsort(parity, kind="stable")].astype(np.int32)
    colours = np.concatenate([[0], np.cumsum(np.bincount(parity, minlength=8))])
    position = np.full(band.size, -1, np.int32)
    position[nodes] = np.arange(len(nodes))
    neighbours, weights = np.full((len(nodes), 26), -1, np.int32), np.zeros((len(nodes), 26), np.float32)
    graph = BandGraph(nodes, colours, neighbours, weights, np.zeros(len(nodes), np.float32), np.zeros(len(nodes), np.uint8))
    price = Price(border_shares(spacing_mm), surface, edge, contrast)
    _join(graph, position, band.shape, inside.ravel(), np.ascontiguousarray(image, np.float32).ravel(), price)
    return graph


def border_shares(spacing_mm):
    """float64 (3, 3, 3) mm2: what each neighbour contributes to the area of a border; falls with distance.

    Scaled so that the three axis-parallel planes, on average, cost their area.
    """
    steps = np.stack(np.meshgrid(*([-1, 0, 1],) * 3, indexing="ij"), -1) * np.asarray(spacing_mm, float)
    distance = np.linalg.norm(steps, axis=-1)
    shares = np.where(distance > 0, 1 / np.where(distance > 0, distance, 1), 0)
    cut = np.array([shares[2].sum(), shares[:, 2].sum(), shares[:, :, 2].sum()])
    area = np.prod(spacing_mm) / np.asarray(spacing_mm, float)
    return shares * (area.sum() / cut.sum())


@njit(cache=True, nogil=True)
def _join(graph, position, shape, inside, image, price):
    """Fill neighbours, weights, fixed and touching of the graph; `position` (voxels): the node a voxel is, or -1."""
    nodes, _, neighbours, weights, fixed, touching = graph
    shares, surface, edge, contrast = price
    nz, ny, nx = shape
    for n in range(nodes.size):
        i = nodes[n]
        z, y, x = i // (ny * nx), (i // nx) % ny, i % nx
        e = 0
        for dz in range(-1, 2):
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    if dz == 0 and dy == 0 and dx == 0:
                        continue
                    if 0 <= z + dz < nz and 0 <= y + dy < ny and 0 <= x + dx < nx:
                        j = i + (dz * ny + dy) * nx + dx
                        change = (image[i] - image[j]) / contrast
                        cost = shares[1 + dz, 1 + dy, 1 + dx] * (surface + edge * np.exp(-0.5 * change * change))
                        if position[j] >= 0:
                            neighbours[n, e] = position[j]
                            weights[n, e] = cost
                        elif inside[j]:
                            fixed[n] += cost
                            touching[n] = 1
                        else:
                            fixed[n] -= cost
                    e += 1
