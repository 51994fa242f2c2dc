"""Gradient ascent on the input."""

import numpy as np
import pytest
from lab_task import CLASSES, SIZE, corners

import tinygrad_mnist as tg
from tinygrad_mnist import lab
from tinygrad_mnist.errors import DataError


def test_ascent_finds_a_maximum_inside_and_stays_in_range():
    wanted = np.array([[0.3, 0.7], [2.0, -1.0]], np.float32)
    found = lab.ascend(lambda x: -(x - wanted).square().sum(1), np.full((2, 2), 0.5), steps=200)
    np.testing.assert_allclose(found, [[0.3, 0.7], [1, 0]], atol=0.01)


def test_drawings_convince_the_network(network):
    found = lab.draw(network, steps=60)
    assert found.images.shape == (CLASSES, SIZE, SIZE)
    assert found.images.min() >= 0
    assert found.images.max() <= 255
    faint = lab.draw(network, steps=1)
    own = found.answers.outputs.diagonal()
    assert (own > faint.answers.outputs.diagonal()).all()
    assert (own > lab.answers(network, corners(400)[0]).outputs.max(0)).all()
    assert found.answers.classes.tolist() == list(range(CLASSES))


def test_the_network_stays_as_it_was(network):
    parameters = list(network.model.parameters())
    before, gradients = network.model.state_dict(), [p.grad for p in parameters]
    lab.draw(network, steps=2)
    lab.excite(network.model, "2", SIZE * SIZE, steps=2)
    assert all(np.array_equal(x, before[name]) for name, x in network.model.state_dict().items())
    assert all(p.grad is g for p, g in zip(parameters, gradients, strict=True))


def test_natural_drawings_are_smoother_and_less_sure(network):
    plain, natural = (lab.draw(network, steps=100, naturalness=x) for x in (0.0, 30.0))
    rough = [lab.roughness(tg.Tensor((x.images / 255).astype(np.float32))).numpy() for x in (plain, natural)]
    assert (rough[1] < 0.5 * rough[0]).all()
    assert natural.answers.outputs.diagonal().mean() < plain.answers.outputs.diagonal().mean()


def test_roughness_by_hand():
    image = tg.Tensor([[[0.0, 1.0], [0.0, 3.0]]])
    assert lab.roughness(image).tolist() == [(1 + 9 + 0 + 4) / 4]
    assert lab.roughness(tg.ones((1, 1, 1))).tolist() == [0]


@pytest.mark.parametrize("layer", ["2", "4"])
def test_what_excites_a_neuron(network, layer):
    found = lab.excite(network.model, layer, SIZE * SIZE, steps=40)

    def activations(inputs):
        return network.model.trace(tg.Tensor(inputs.astype(np.float32)))[layer].numpy()

    excited = activations(found).diagonal()
    others = activations(corners(50)[0].reshape(50, -1) / 255)
    assert (excited > others.max(0)).all()


def test_an_unknown_layer(network):
    with pytest.raises(DataError, match="no layer '9'; it has 0, 1, 2, 3, 4, 5"):
        lab.excite(network.model, "9", SIZE * SIZE)


def test_mean_images():
    images = np.stack([np.full((2, 2), x) for x in (10, 20, 5)])
    found = lab.mean_images(images, np.array([0, 0, 2]), 4)
    assert found[:, 0, 0].tolist() == [15, 0, 5, 0]
