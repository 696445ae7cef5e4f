"""Models: scores are linear in the weights, and augmented inference adds the loss."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungstage.crf import EdgeFeatureGraphCRF, GridCRF
from lungstage.crf.inference import score

SEEDS = st.integers(0, 2**32 - 1)


def grid_case(seed, states):
    generator = np.random.default_rng(seed)
    model = GridCRF(states, 2, neighborhood=4, class_weight=generator.random(states) + 0.5)
    return model, generator.normal(size=(2, 3, 2)), generator.integers(0, states, (2, 3)), generator


def graph_case(seed, states):
    generator = np.random.default_rng(seed)
    model = EdgeFeatureGraphCRF(states, 2, 3, symmetric_edge_features=(1,))
    edges = np.array([(0, 1), (1, 2), (3, 0), (4, 2)])
    x = generator.normal(size=(5, 2)), edges, generator.normal(size=(4, 3))
    return model, x, generator.integers(0, states, 5), generator


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(2, 3), st.sampled_from([grid_case, graph_case]))
def test_a_labelling_scores_weights_times_joint_feature(seed, states, case):
    model, x, y, generator = case(seed, states)
    w = generator.normal(size=model.size_joint_feature)

    unary, pairwise, edges = model.scores(x, w)

    assert np.isclose(score(np.ravel(y), unary, pairwise, edges), w @ model.joint_feature(x, y))
    assert model.joint_feature(x, y).shape == (model.size_joint_feature,)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from([grid_case, graph_case]))
def test_augmented_inference_finds_what_scores_best_with_its_loss(seed, case):
    model, x, y, generator = case(seed, 2)
    w = generator.normal(size=model.size_joint_feature)
    model.inference_method = "exhaustive"

    y_hat, energy = model.loss_augmented_inference(x, y, w, return_energy=True)

    def with_loss(labels):
        return w @ model.joint_feature(x, labels) + model.loss(y, labels)

    ways = [np.array(way).reshape(np.shape(y)) for way in product(range(2), repeat=np.size(y))]
    assert np.isclose(with_loss(y_hat), max(map(with_loss, ways))) and np.isclose(-energy, with_loss(y_hat))


def test_the_loss_counts_wrong_nodes_by_their_true_label():
    model = GridCRF(2, 1, class_weight=(1.0, 3.0))
    y, y_hat = np.array([[0, 1], [1, 0]]), np.array([[1, 1], [0, 0]])

    assert model.loss(y, y_hat) == 4.0 and model.max_loss(y) == 8.0 and model.loss(y, y) == 0.0


def test_features_that_do_not_fit_are_refused():
    model = EdgeFeatureGraphCRF(2, 2, 1)

    with pytest.raises(ValueError, match="do not fit a model of 2 and 1"):
        model.inference((np.zeros((3, 5)), np.array([[0, 1]]), np.zeros((1, 1))), np.zeros(model.size_joint_feature))
