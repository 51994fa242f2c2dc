"""Weights as pictures, and the numbers for them."""

import numpy as np
import pytest
from lab_task import SIZE

from tinygrad_mnist import lab, nn
from tinygrad_mnist.errors import ShapeError


def test_patterns_are_the_rows_of_the_first_weight(network):
    found = lab.patterns(network.model, (SIZE, SIZE))
    assert found.shape == (6, SIZE, SIZE)
    np.testing.assert_array_equal(found[3].ravel(), network.model[0].weight.numpy()[3])


@pytest.mark.parametrize("size", [(SIZE, SIZE + 1), (1, 1)])
def test_pictures_of_another_size(network, size):
    with pytest.raises(ShapeError, match="64 inputs"):
        lab.patterns(network.model, size)


def test_a_network_without_weights():
    with pytest.raises(ShapeError, match="no weight"):
        lab.patterns(nn.ReLU(), (2, 2))


def test_autocorrelation_of_what_is_known():
    down, across = np.mgrid[:12, :12]
    noise = np.random.default_rng(0).normal(size=(200, 12, 12))
    chessboard, ramp, constant = (down + across) % 2, down + across, np.ones((12, 12))
    values = lab.autocorrelation(np.stack([chessboard, ramp, constant]))
    assert values[0] == pytest.approx(-1)
    assert values[1] > 0.9
    assert np.isnan(values[2])
    assert abs(lab.autocorrelation(noise).mean()) < 0.02
    smooth = noise[:, 1:] + noise[:, :-1]  # each pixel shares half its variance with the one below
    assert lab.autocorrelation(smooth).mean() == pytest.approx(0.25, abs=0.03)


def test_autocorrelation_needs_neighbours():
    with pytest.raises(ShapeError, match="no neighbouring"):
        lab.autocorrelation(np.ones((3, 1, 1)))


def test_autocorrelation_by_hand():
    image = np.array([[[1.0, 2.0], [3.0, 6.0]]])
    z = image[0] - 3
    pairs = [z[0, 0] * z[0, 1], z[1, 0] * z[1, 1], z[0, 0] * z[1, 0], z[0, 1] * z[1, 1]]
    assert lab.autocorrelation(image)[0] == pytest.approx(np.mean(pairs) / np.mean(z**2))


def test_edges_are_like_edges_and_noise_is_not():
    filters = lab.edge_filters((14, 14))
    np.testing.assert_allclose(lab.edge_likeness(-3 * filters[::50] + 1), 1, rtol=1e-9)
    half = np.zeros((1, 14, 14))
    half[:, 4:7, 4:10], half[:, 7:10, 4:10] = 1, -1
    assert lab.edge_likeness(half)[0] > 0.7
    noise = np.random.default_rng(0).normal(size=(50, 14, 14))
    assert lab.edge_likeness(noise).max() < 0.5
    assert lab.edge_likeness(np.ones((1, 14, 14)))[0] == 0
