"""The best labelling: against all labellings on tiny graphs, and what each method promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.crf.grid import grid_edges
from lungstage.crf.inference import infer, score, try_all

SEEDS = st.integers(0, 2**32 - 1)


def problem(seed, nodes, labels, agreeing):
    """Random scores on a random graph; agreeing: like labels score best."""
    generator = np.random.default_rng(seed)
    edges = np.array([(i, j) for i in range(nodes) for j in range(i + 1, nodes) if generator.random() < 0.5])
    edges = edges.reshape(-1, 2).astype(int)
    pairwise = generator.normal(0, 1, (len(edges), labels, labels))
    if agreeing:
        strength = generator.random(len(edges))[:, None, None]
        pairwise = strength * np.eye(labels) + generator.normal(0, 1, (len(edges), 1, 1))
    return generator.normal(0, 1, (nodes, labels)), pairwise, edges


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 8))
def test_a_cut_finds_the_best_of_all_labellings(seed, nodes):
    unary, pairwise, edges = problem(seed, nodes, 2, agreeing=True)

    found = infer(unary, pairwise, edges, "cut")

    best = score(try_all(unary, pairwise, edges), unary, pairwise, edges)
    assert np.isclose(score(found, unary, pairwise, edges), best, atol=1e-5)  # scores become integers of 2**-24


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 7), st.integers(2, 3))
def test_a_tree_is_labelled_best_from_its_leaves(seed, nodes, labels):
    generator = np.random.default_rng(seed)
    edges = np.array([(generator.integers(i), i) for i in range(1, nodes) if generator.random() < 0.8]).reshape(-1, 2).astype(int)
    unary, pairwise = generator.normal(size=(nodes, labels)), generator.normal(size=(len(edges), labels, labels))

    assert np.array_equal(infer(unary, pairwise, edges, "tree"), try_all(unary, pairwise, edges))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(2, 6), st.integers(2, 3))
def test_expansion_ends_within_twice_the_best_price(seed, nodes, labels):
    unary, pairwise, edges = problem(seed, nodes, labels, agreeing=True)
    # As prices, all at least 0, with like labels for nothing (Boykov, Veksler and Zabih 2001, theorem 6.1).
    unary -= unary.max(axis=1, keepdims=True)
    pairwise -= pairwise.max(axis=(1, 2), keepdims=True)

    found = -score(infer(unary, pairwise, edges, "expansion"), unary, pairwise, edges)
    best = -score(try_all(unary, pairwise, edges), unary, pairwise, edges)

    assert best - 1e-6 <= found <= 2 * best + 1e-5


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 7), st.integers(2, 3))
def test_no_single_change_betters_what_icm_finds(seed, nodes, labels):
    unary, pairwise, edges = problem(seed, nodes, labels, agreeing=False)

    found = infer(unary, pairwise, edges, "icm")

    here = score(found, unary, pairwise, edges)
    for node in range(nodes):
        for label in range(labels):
            other = found.copy()
            other[node] = label
            assert score(other, unary, pairwise, edges) <= here + 1e-9


def test_a_cut_that_would_not_be_exact_is_refused():
    with pytest.raises(ValueError, match="exact only for two labels"):
        infer(np.zeros((2, 2)), -np.eye(2)[None], np.array([[0, 1]]), "cut")
    with pytest.raises(ValueError, match="without cycles"):
        infer(np.zeros((3, 2)), np.zeros((3, 2, 2)), np.array([[0, 1], [1, 2], [2, 0]]), "tree")
    with pytest.raises(ValueError, match="'magic' is not one of"):
        infer(np.zeros((2, 2)), np.eye(2)[None], np.array([[0, 1]]), "magic")


def test_without_edges_every_node_takes_its_own_best_label():
    unary = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0]])

    for method in ("auto", "cut", "tree", "expansion", "icm", "exhaustive"):
        assert infer(unary, np.zeros((0, 2, 2)), np.zeros((0, 2)), method).tolist() == [1, 0, 1]


@pytest.mark.parametrize(("shape", "neighborhood", "edges"), [((3, 4), 4, 17), ((3, 4), 8, 29), ((2, 3, 4), 6, 46)])
def test_a_grid_has_each_pair_of_neighbours_once(shape, neighborhood, edges):
    pairs = grid_edges(shape, neighborhood)

    assert len(pairs) == edges == len({tuple(sorted(pair)) for pair in pairs.tolist()})


def test_a_volume_of_two_has_all_pairs_as_neighbours():
    assert len(grid_edges((2, 2, 2), 26)) == 8 * 7 // 2
