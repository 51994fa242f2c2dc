"""What a network expects of its inputs is kept with it: model, fit, evaluate and outputs agree."""

import copy
import pickle

import numpy as np
import pytest
from small_task import CLASSES, SIZE, descent, network, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim, train
from tinygrad_mnist.errors import DTypeError
from tinygrad_mnist.train import evaluate, fit, outputs_of

SETTINGS = {"epochs": 2, "batch_size": 10, "seed": 0}


def fitted(images, targets, model=None, **changes):
    model = model or network()
    history = fit(model, descent(model), nn.quadratic_cost, images, targets, **SETTINGS | changes)
    return model, history


def test_only_bytes_are_scaled():
    images, targets = rows(50)
    features = (images / np.float32(255)).astype(np.float32)
    bytes_, history = fitted(images, targets)
    floats, other = fitted(features, targets)
    assert bytes_.input_scale == 1 / 255
    assert floats.input_scale is None
    for a, b in zip(bytes_.parameters(), floats.parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)
    assert other.epochs[-1].cost == pytest.approx(history.epochs[-1].cost, rel=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("compiled", [False, True])
def test_model_evaluate_and_fit_agree(dtype, compiled, monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0 if compiled else 1 << 60)
    images, targets = rows(40)
    images = images.astype(dtype) if dtype == np.uint8 else (images > 99).astype(dtype)
    model, history = fitted(images, targets, batch_size=40, epochs=1, validation=(images, targets))
    before = network()
    before.input_scale = model.input_scale
    cost = nn.quadratic_cost(before(tg.Tensor(images)), targets).item()
    assert history.epochs[0].cost == pytest.approx(cost, rel=1e-5)
    outputs = model(tg.Tensor(images)).numpy()
    np.testing.assert_allclose(outputs_of(model, images), outputs, rtol=1e-6)
    measured = evaluate(model, nn.quadratic_cost, images, targets)
    assert measured.cost == pytest.approx(nn.quadratic_cost(tg.Tensor(outputs), targets).item(), rel=1e-5)
    assert measured.cost == history.epochs[0].validation_cost
    assert measured.accuracy == (outputs.argmax(1) == targets.argmax(1)).mean()


def test_the_scale_stays_with_the_model():
    images, targets = rows(20)
    model, _ = fitted(images, targets, scale=0.25 / 255)
    outputs = model(tg.Tensor(images)).numpy()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other(tg.Tensor(images)).numpy(), outputs)
    np.testing.assert_allclose(model(tg.Tensor(images).float() * (0.25 / 255)).numpy(), outputs, rtol=1e-6)
    fitted(images, targets, model)
    assert model.input_scale == 0.25 / 255
    compiled = tg.jit(lambda x: model(x))
    np.testing.assert_allclose(
        compiled(tg.Tensor(images)).numpy(), model(tg.Tensor(images)).numpy(), rtol=1e-5
    )


def test_a_network_by_a_recipe_takes_both():
    images = rows(30)[0].reshape(30, SIZE, SIZE)
    labels = np.arange(30) % CLASSES
    trained = train.run(train.Recipe(hidden=(4,), epochs=1, batch_size=10), images, labels)
    right = trained.outputs(images)
    np.testing.assert_allclose(trained.outputs(images.astype(np.float32)), right, rtol=1e-5)
    np.testing.assert_allclose(trained.model(tg.Tensor(images.reshape(30, -1))).numpy(), right, rtol=1e-5)


def test_a_scale_of_floats_is_refused():
    images, targets = rows(20)
    features = images.astype(np.float32)
    with pytest.raises(DTypeError, match=r"images of bytes.*these are float32; multiply them yourself"):
        fitted(features, targets, scale=1 / 255)
    with pytest.raises(DTypeError, match="outputs_of"):
        evaluate(network(), nn.quadratic_cost, features, targets, scale=0.5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("columns", [None, 1, 3])
def test_regression_has_no_accuracy(columns, compiled, monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0 if compiled else 1 << 60)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 5)).astype(np.float32)
    y = rng.standard_normal((40, columns or 1)).astype(np.float32)
    model = nn.Linear(5, columns or 1, generator=tg.Generator(0))
    cost = nn.mse_loss
    if columns is None:
        y, model = y[:, 0], nn.Sequential(model, nn.Flatten(0))
    history = fit(model, optim.SGD(model.parameters(), lr=0.1), cost, x, y, validation=(x, y), **SETTINGS)
    last = history.epochs[-1]
    assert (last.accuracy, last.validation_accuracy) == (None, None)
    assert last.cost < history.epochs[0].cost
    assert np.isnan(evaluate(model, cost, x, y).accuracy)
    assert train.History.from_json(history.to_json()).epochs == history.epochs


@pytest.mark.parametrize("low", [-1.0, 0.1])
def test_rows_with_one_high_number_are_classes(low):
    images, targets = rows(40)
    coded = np.where(targets == 1, 1, low).astype(np.float32)
    assert 0 <= fitted(images, coded)[1].epochs[-1].accuracy <= 1
