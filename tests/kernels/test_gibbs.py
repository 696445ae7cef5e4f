"""The sampler of the random field: its twin, exact probabilities on few nodes, and the same bits on any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.volumes import SEEDS, SHAPES, SPACING, random_mask, random_volume
from naive import gibbs as naive

from lungstage.kernels.gibbs import border_shares, join_band, keep_anchored, sample_labels

# without compilation NumPy says that the counter of the generator wraps around, which it is meant to
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")

CHAINS = 3


def graph(nodes, seed, share=0.5):
    """A random graph in two colours (even nodes first): neighbours, weights, colours."""
    generator = np.random.default_rng(seed)
    half = (nodes + 1) // 2
    price = np.zeros((nodes, nodes), np.float32)
    price[:half, half:] = (generator.random((half, nodes - half)) < share) * generator.random((half, nodes - half))
    price += price.T
    degree = max(1, int((price > 0).sum(1).max(initial=0)))
    neighbours, weights = np.full((nodes, degree), -1, np.int32), np.zeros((nodes, degree), np.float32)
    for i in range(nodes):
        others = np.flatnonzero(price[i])
        neighbours[i, : len(others)], weights[i, : len(others)] = others, price[i, others]
    return neighbours, weights, np.array([0, half, nodes])


def odds(nodes, seed, chains=CHAINS):
    return np.random.default_rng(seed + 1).normal(0, 1, (nodes, chains)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from([[1.0], [1.0, 0.5, 0.0], [0.0, 0.0]]))
def test_the_labels_are_those_of_one_node_at_a_time(nodes, seed, temperatures):
    neighbours, weights, colours = graph(nodes, seed)
    start = np.random.default_rng(seed).integers(0, 2, (nodes, CHAINS), dtype=np.uint8)
    field = odds(nodes, seed)

    labels = sample_labels(field, neighbours, weights, colours, start, temperatures, seed)

    assert np.array_equal(labels, naive.sample_labels(field, neighbours, weights, colours, start, temperatures, seed))


def test_shares_of_samples_are_the_exact_probabilities():
    neighbours, weights, colours = graph(7, 5, share=0.8)
    field = odds(7, 5, chains=1)
    chains = 4000

    labels = sample_labels(
        np.repeat(field, chains, 1), neighbours, weights, colours, np.zeros((7, chains), np.uint8), np.ones(15), seed=1
    )

    exact = naive.probabilities(field[:, 0], neighbours, weights)
    assert np.allclose(labels.mean(1), exact, atol=4 * 0.5 / np.sqrt(chains))  # four standard errors


def test_without_heat_every_sweep_lowers_the_energy():
    neighbours, weights, colours = graph(40, 11)
    field, start = odds(40, 11), np.random.default_rng(2).integers(0, 2, (40, CHAINS), dtype=np.uint8)

    def energy(labels):
        other = np.where(neighbours >= 0, neighbours, 0)
        differ = labels[:, None, :] != labels[other]
        return (weights[:, :, None] * differ).sum((0, 1)) / 2 - (field * labels).sum(0)

    energies = [energy(sample_labels(field, neighbours, weights, colours, start, np.zeros(s), 0)) for s in range(5)]

    assert np.all(np.diff(energies, axis=0) <= 1e-4)  # float32 sums of 40 nodes


def test_the_input_is_left_alone_and_nothing_in_gives_nothing_out():
    neighbours, weights, colours = graph(5, 1)
    start = np.zeros((5, CHAINS), np.uint8)
    sample_labels(np.full((5, CHAINS), 9, np.float32), neighbours, weights, colours, start, [1.0], 0)
    nothing = sample_labels(
        np.zeros((0, 4), np.float32), np.zeros((0, 2), np.int32), np.zeros((0, 2)), [0], np.zeros((0, 4), np.uint8), [1.0], 0
    )

    assert not start.any() and nothing.shape == (0, 4)


def test_edges_to_nodes_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="beyond the 2"):
        sample_labels(np.zeros((2, 1)), np.array([[2], [-1]]), np.ones((2, 1)), [0, 2], np.zeros((2, 1)), [1.0], 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_only_pieces_that_hang_on_an_anchor_are_kept(nodes, seed):
    neighbours, _, _ = graph(nodes, seed, share=0.3)
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, (nodes, CHAINS), dtype=np.uint8)
    anchored = (generator.random(nodes) < 0.3).astype(np.uint8)

    assert np.array_equal(keep_anchored(labels, neighbours, anchored), naive.keep_anchored(labels, neighbours, anchored))


@settings(max_examples=25, deadline=None)
@given(SHAPES, SEEDS)
def test_the_graph_of_a_band_has_the_energy_of_the_volume(shape, seed):
    band, inside = random_mask(shape, seed, 0.6), random_mask(shape, seed + 1, 0.5)
    inside = inside & (1 - band)
    image = random_volume(shape, seed, np.float32)
    labels = random_mask(shape, seed + 2, 0.5) & band
    nodes, colours, neighbours, weights, fixed, touching = join_band(band, inside, image, SPACING, 0.3, 0.7, 1.5)

    def of_graph(labelled):
        own = labelled.ravel()[nodes]
        other = np.where(neighbours >= 0, own[neighbours] != own[:, None], False)
        return (weights * other).sum() / 2 - (fixed * own).sum()

    def of_volume(labelled):
        full = labelled | inside
        return sum(price for (a, b), price in all_prices.items() if full[a] != full[b] and (band[a] or band[b])) / 2

    all_prices = naive.prices(image, SPACING, 0.3, 0.7, 1.5)
    nothing = np.zeros_like(labels)

    assert np.isclose(
        of_graph(labels) - of_graph(nothing), of_volume(labels) - of_volume(nothing), rtol=1e-4, atol=1e-4
    )  # float32 prices
    assert len(nodes) == band.sum() == colours[-1]


def test_nodes_of_one_colour_are_no_neighbours():
    band = np.ones((4, 5, 6), np.uint8)
    nodes, colours, neighbours, *_ = join_band(band, 0 * band, band.astype(np.float32), SPACING, 1, 1, 1)
    colour = np.searchsorted(colours, np.arange(len(nodes)), side="right")

    assert not np.any((neighbours >= 0) & (colour[neighbours] == colour[:, None]))


def test_a_flat_border_costs_its_area():
    assert np.isclose(border_shares((1.0, 1.0, 1.0))[:, :, 2].sum(), 1.0)
    shares = border_shares((2.0, 0.8, 0.7))
    cuts = [shares[2].sum(), shares[:, 2].sum(), shares[:, :, 2].sum()]
    assert np.isclose(sum(cuts), 0.8 * 0.7 + 2.0 * 0.7 + 2.0 * 0.8)  # the three planes together


def test_annealing_comes_close_to_the_exact_cut():
    from lungstage.crf.inference import infer

    z, y, x = np.ogrid[-6:7, -7:8, -8:9]
    image = np.where(z**2 + y**2 + x**2 < 25, 1.0, 0.0) + np.random.default_rng(4).normal(0, 0.7, (13, 15, 17))
    band, inside = np.ones(image.shape, np.uint8), np.zeros(image.shape, np.uint8)
    nodes, colours, neighbours, weights, fixed, _ = join_band(band, inside, image.astype(np.float32), (1, 1, 1), 0.2, 0.4, 1.0)
    field = (3 * (image.ravel()[nodes] - 0.5)).astype(np.float32) + fixed
    ends = np.argwhere(neighbours > np.arange(len(nodes))[:, None])
    edges = np.stack([ends[:, 0], neighbours[tuple(ends.T)]], axis=1)
    pairs = -weights[tuple(ends.T)][:, None, None] * (1 - np.eye(2))

    best = infer(np.stack([0 * field, field], axis=1), pairs, edges, "cut")
    heat = np.concatenate([np.linspace(2, 0.1, 12), np.zeros(3)])
    found = sample_labels(field[:, None], neighbours, weights, colours, (field > 0)[:, None], heat, 0)[:, 0]

    def energy(labels):
        return weights[tuple(ends.T)][labels[edges[:, 0]] != labels[edges[:, 1]]].sum() - field[labels == 1].sum()

    assert energy(best) - 1e-3 <= energy(found) < energy(best) + 0.01 * abs(energy(best))  # one part in a hundred
    assert np.mean(found == best) > 0.99
