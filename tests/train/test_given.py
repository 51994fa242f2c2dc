"""Modules that were saved without a recipe, looked at by every command."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import model_file, nn
from tinygrad_mnist.errors import DataError
from tinygrad_mnist.train import Recipe, TrainedNetwork


def generator():
    return tg.Generator(0)


NETWORKS = {
    "rows": lambda: nn.Sequential(nn.Linear(784, 10, generator=generator())),
    "small rows": lambda: nn.MLP(64, 5, 3, generator=generator()),
    "flattened": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10, generator=generator()), nn.Sigmoid()),
    "convolution": lambda: nn.Sequential(
        nn.Conv2d(1, 2, 3, generator=generator()), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(72, 4)
    ),
}
SIDES = {"small rows": 8}


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_found_out_how_it_reads_images(tmp_path, name):
    module = NETWORKS[name]()
    tg.save({"epoch": 1, "model": module}, tmp_path / "m")
    network = model_file.load(tmp_path / "m")
    side = SIDES.get(name, 28)
    assert isinstance(network, TrainedNetwork)
    assert not isinstance(network.recipe, Recipe)
    assert network.image_size == (side, side)
    images = np.random.default_rng(0).integers(0, 256, (5, side, side)).astype(np.uint8)
    shape = (5, 1, side, side) if name == "convolution" else (5, side * side)
    wanted = module(tg.Tensor((images / 255).astype(np.float32).reshape(shape))).detach().numpy()
    np.testing.assert_allclose(network.outputs(images), wanted, rtol=1e-4, atol=1e-5)
    assert network.recipe.cost == ("quadratic" if name == "flattened" else "cross-entropy")
    labels = np.arange(5) % network.classes
    assert 0 <= network.evaluate(images, labels).accuracy <= 1
    model_file.save(network, tmp_path / "again")
    np.testing.assert_array_equal(
        model_file.load(tmp_path / "again").outputs(images), network.outputs(images)
    )
    before = [p.numpy().copy() for p in network.model.parameters()]
    untrained = network.untrained()
    assert [p.shape for p in untrained.parameters()] == [p.shape for p in network.model.parameters()]
    for p, old in zip(network.model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.numpy(), old)


def test_the_bytes_it_was_trained_on_keep_their_scale(tmp_path):
    module = NETWORKS["convolution"]()
    module.input_scale = 0.01
    images = np.full((2, 28, 28), 200, np.uint8)
    tg.save(module, tmp_path / "m")
    wanted = module(tg.Tensor(images[:, None])).detach().numpy()
    np.testing.assert_allclose(model_file.load(tmp_path / "m").outputs(images), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "value"), [("stride", (0, 0)), ("padding", (10**12, 10**12)), ("groups", 0), ("dilation", "x")]
)
def test_numbers_that_no_layer_can_have_are_an_error_of_ours(tmp_path, name, value):
    module = NETWORKS["convolution"]()
    object.__setattr__(module[0], name, value)
    tg.save(module, tmp_path / "m")
    with pytest.raises(DataError, match="does not answer images"):
        model_file.load(tmp_path / "m")


@pytest.mark.parametrize("scale", ["x", -1.0, float("inf")])
def test_a_scale_that_is_none(tmp_path, scale):
    module = NETWORKS["rows"]()
    module.input_scale = scale
    tg.save(module, tmp_path / "m")
    with pytest.raises(DataError, match="no factor"):
        model_file.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (nn.Linear(3, 2), "does not answer images of 28 x 28"),
        (nn.LSTM(784, 2), "does not answer images"),
        ({"weight": tg.ones(3)}, "not a model of this package|holds numbers, but no layers"),
        ([1, 2], "no layers"),
        ({"a": nn.Linear(784, 2), "b": nn.Linear(784, 2)}, "2 modules"),
    ],
)
def test_what_reads_no_images_is_refused(tmp_path, obj, words):
    tg.save(obj, tmp_path / "m")
    with pytest.raises(DataError, match=words):
        model_file.load(tmp_path / "m")
