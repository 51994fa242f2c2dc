import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import ShapeError

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text())["activations"]
POINTS = 0.25 * np.arange(-20, 21)


@pytest.mark.parametrize("name", REFERENCE)
def test_activations_equal_pytorch(name):
    x = tg.Tensor(POINTS, requires_grad=True)
    y = getattr(nn, name)()(x)
    y.sum().backward()
    np.testing.assert_allclose(y.numpy(), REFERENCE[name]["value"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(x.grad.numpy(), REFERENCE[name]["gradient"], rtol=1e-12, atol=1e-14)


def test_softmax_adds_up_along_its_axis():
    x = tg.Tensor(np.arange(6.0).reshape(2, 3))
    np.testing.assert_allclose(nn.Softmax(1)(x).sum(1).numpy(), 1)
    np.testing.assert_allclose(nn.Softmax(dim=0)(x).sum(0).numpy(), 1)


def test_linear_is_the_affine_map():
    layer = nn.Linear(3, 2, generator=tg.Generator(0))
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    layer.bias.assign_([1.0, -1.0])
    np.testing.assert_allclose(layer(tg.Tensor(x)), x @ layer.weight.numpy().T + [1, -1], rtol=1e-6)
    np.testing.assert_array_equal(layer(x), layer(tg.Tensor(x)))
    assert layer(x[0]).shape == (2,)
    assert layer(x.reshape(2, 2, 3)).shape == (2, 2, 2)


def test_linear_without_bias():
    layer = nn.Linear(3, 2, bias=False, generator=tg.Generator(0))
    assert list(layer.state_dict()) == ["weight"]
    x = np.ones((4, 3), np.float32)
    np.testing.assert_allclose(layer(x), x @ layer.weight.numpy().T, rtol=1e-6)


def test_linear_starts_as_in_pytorch_from_the_generator():
    a, b = (nn.Linear(20, 10, generator=tg.Generator(3)) for _ in range(2))
    np.testing.assert_array_equal(a.weight, b.weight)
    large = nn.Linear(100, 500, generator=tg.Generator(3))  # uniform on +-1 / sqrt(100), weights and biases
    for x in (large.weight.numpy(), large.bias.numpy()):
        assert np.abs(x).max() == pytest.approx(0.1, rel=0.02)
        assert x.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.05)
    g = tg.Generator(3)
    first, second = nn.Linear(20, 10, generator=g), nn.Linear(20, 10, generator=g)
    assert np.any(first.weight.numpy() != second.weight.numpy())


def test_linear_in_float64_and_with_first_weights_of_another_kind():
    layer = nn.Linear(
        3, 2, dtype=np.float64, generator=tg.Generator(0), init=partial(nn.init.normal_, mean=9.0, std=0.0)
    )
    assert layer.weight.dtype == layer.bias.dtype == np.float64
    assert layer.weight.tolist() == [[9.0] * 3] * 2
    assert layer.bias.tolist() == [0.0, 0.0]


def test_linear_errors():
    g = tg.Generator(0)
    with pytest.raises(ShapeError, match="sizes must be at least 0"):
        nn.Linear(-1, 3, generator=g)
    with pytest.raises(ValueError, match="device 'cuda' is not here"):
        nn.Linear(3, 4, device="cuda")
    with pytest.raises(ShapeError, match=r"\(2, 4\)"):
        nn.Linear(3, 4, generator=g)(tg.ones((2, 4)))


@pytest.mark.parametrize(
    "make",
    [
        lambda **given: nn.Linear(2, 3, **given),
        lambda **given: nn.MLP(2, 3, **given),
        lambda **given: nn.Dropout(0.5, **given),
    ],
)
def test_what_draws_takes_a_generator_or_none(make):
    make(), make(generator=None)
    with pytest.raises(TypeError, match=r"generator= is a tg\.Generator\(seed\), or None"):
        make(generator=0)(tg.ones((1, 2)))


def test_dropout_only_in_training():
    layer = nn.Dropout(0.25, generator=tg.Generator(0))
    x = tg.ones((100, 100))
    y = layer(x).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert np.any(layer(x).numpy() != y)
    assert layer.eval()(x) is x


def test_dropout_repeats_from_a_restored_generator():
    g = tg.Generator(0)
    layer = nn.Dropout(0.5, generator=g)
    state = g.state.numpy().copy()
    x = tg.ones(50)
    first = layer(x).tolist()
    g.state.assign_(state)
    assert layer(x).tolist() == first


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_dropout_probability(p):
    with pytest.raises(ValueError, match="probability has to be between 0 and 1"):
        nn.Dropout(p, generator=tg.Generator(0))


def test_flatten_keeps_the_examples():
    assert nn.Flatten()(tg.zeros((5, 28, 28))).shape == (5, 784)
    assert nn.Flatten(start_dim=0)(tg.zeros((5, 2))).shape == (10,)


def test_sequential():
    a, b = nn.Linear(2, 3, generator=tg.Generator(0)), nn.Tanh()
    m = nn.Sequential(a, b)
    x = tg.ones((4, 2))
    np.testing.assert_array_equal(m(x), b(a(x)))
    assert len(m) == 2
    assert list(m) == [a, b]
    assert m[0] is a
    assert m[-1] is b
    assert nn.Sequential()(x) is x


@pytest.mark.parametrize("bad", [[nn.Tanh()], nn.Tanh, None])
def test_sequential_takes_modules(bad):
    with pytest.raises(TypeError, match="argument 1"):
        nn.Sequential(nn.Tanh(), bad)


def test_the_network_of_the_article():
    m = nn.MLP(784, 16, 16, 10, activation=nn.Sigmoid, output=nn.Sigmoid, generator=tg.Generator(0))
    assert {name: x.shape for name, x in m.state_dict().items()} == {
        "0.weight": (16, 784),
        "0.bias": (16,),
        "2.weight": (16, 16),
        "2.bias": (16,),
        "4.weight": (10, 16),
        "4.bias": (10,),
    }
    assert [type(x) for x in m] == [nn.Linear, nn.Sigmoid] * 3
    assert m(tg.zeros((2, 784))).shape == (2, 10)
    assert m.table().splitlines()[-1].split() == ["total", "13,002"]


def test_mlp_without_output_gives_logits():
    m = nn.MLP(4, 3, 2, activation=partial(nn.Softmax, dim=-1), generator=tg.Generator(0))
    assert [type(x) for x in m] == [nn.Linear, nn.Softmax, nn.Linear]


def test_mlp_with_a_gain_for_each_layer():
    gains = (1.5, 2.0, 2.0)
    inits = [partial(nn.init.scaled_normal_, gain=gain) for gain in gains]
    m = nn.MLP(784, 160, 160, 100, generator=tg.Generator(0), init=inits)
    for layer, gain in zip(list(m)[::2], gains, strict=True):
        n_in = layer.weight.shape[1]
        assert layer.weight.numpy().std() * n_in**0.5 == pytest.approx(gain, rel=0.03)


def test_mlp_errors():
    g = tg.Generator(0)
    with pytest.raises(ShapeError, match="784"):
        nn.MLP(784, generator=g)
    with pytest.raises(ValueError, match="make 2 layers, but init has 1"):
        nn.MLP(4, 3, 2, generator=g, init=[nn.init.normal_])
    with pytest.raises(TypeError, match="without \\(\\)"):
        nn.MLP(4, 3, 2, generator=g, activation=nn.Sigmoid())
    with pytest.raises(TypeError, match="Module"):
        nn.MLP(4, 3, 2, generator=g, output=lambda: tg.ops.sigmoid)


def test_the_initial_weights_do_not_depend_on_the_activation():
    a, b = (nn.MLP(4, 3, 2, activation=f, generator=tg.Generator(5)) for f in (nn.ReLU, nn.GELU))
    np.testing.assert_array_equal(a[0].weight, b[0].weight)


def test_one_hot_of_no_classes_says_so():
    nothing = tg.tensor([], dtype=tg.int64)
    with pytest.raises(tg.errors.ShapeError, match="number of classes from empty tensor"):
        nn.functional.one_hot(nothing)
    assert nn.functional.one_hot(nothing, 3).shape == (0, 3)
