import math
from functools import partial

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.nn import init

SHAPE = (200, 300)  # 200 neurons of 300 inputs


@pytest.mark.parametrize(
    ("f", "std"),
    [
        (init.normal_, 1.0),
        (partial(init.normal_, std=0.1), 0.1),
        (init.scaled_normal_, 1 / math.sqrt(300)),
        (partial(init.scaled_normal_, gain=1.5), 1.5 / math.sqrt(300)),
        (init.xavier_normal_, math.sqrt(2 / 500)),
        (partial(init.xavier_normal_, gain=2), 2 * math.sqrt(2 / 500)),
        (init.kaiming_normal_, math.sqrt(2 / 300)),
        (partial(init.kaiming_normal_, nonlinearity="linear"), math.sqrt(1 / 300)),
        (partial(init.kaiming_normal_, mode="fan_out", nonlinearity="tanh"), 5 / 3 / math.sqrt(200)),
    ],
)
def test_normal_ones(f, std):
    x = f(tg.zeros(SHAPE), generator=tg.Generator(0)).numpy()
    assert x.shape == SHAPE
    assert x.std() == pytest.approx(std, rel=0.02)
    assert x.mean() == pytest.approx(0, abs=0.02 * std)
    assert (np.abs(x) < std).mean() == pytest.approx(0.6827, abs=0.01)


@pytest.mark.parametrize(
    ("f", "bound"),
    [
        (init.xavier_uniform_, math.sqrt(6 / 500)),
        (partial(init.xavier_uniform_, gain=2), 2 * math.sqrt(6 / 500)),
        (init.kaiming_uniform_, math.sqrt(6 / 300)),
        (partial(init.kaiming_uniform_, nonlinearity="linear"), math.sqrt(3 / 300)),
        (partial(init.kaiming_uniform_, a=math.sqrt(5)), math.sqrt(1 / 300)),
    ],
)
def test_uniform_ones(f, bound):
    x = f(tg.zeros(SHAPE), generator=tg.Generator(0)).numpy()
    assert np.abs(x).max() <= bound
    assert np.abs(x).max() == pytest.approx(bound, rel=0.001)
    assert x.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_normal_has_a_mean():
    assert init.normal_(tg.zeros(SHAPE), 3.0, generator=tg.Generator(0)).numpy().mean() == pytest.approx(
        3, abs=0.02
    )


def test_zeros():
    assert not np.any(init.zeros_(tg.ones((2, 3))).numpy())


ALL = [
    init.normal_,
    init.uniform_,
    init.trunc_normal_,
    init.scaled_normal_,
    init.xavier_uniform_,
    init.xavier_normal_,
    init.kaiming_uniform_,
    init.kaiming_normal_,
    init.orthogonal_,
    partial(init.sparse_, sparsity=0.5),
]


@pytest.mark.parametrize("f", ALL)
def test_dtype_and_repeatability(f):
    for dtype in (np.float32, np.float64):
        a, b = (f(tg.zeros((4, 3), dtype=dtype), generator=tg.Generator(7)) for _ in range(2))
        assert a.dtype == dtype
        np.testing.assert_array_equal(a, b)
        assert np.any(a.numpy())


@pytest.mark.parametrize("f", ALL[3:8])
@pytest.mark.parametrize("shape", [(3,), ()])
def test_the_fan_needs_two_axes(f, shape):
    with pytest.raises(ShapeError, match="fewer than 2 dimensions"):
        f(tg.zeros(shape))


def test_a_parameter_is_filled_in_place_and_the_fan_counts_the_kernel():
    p = tg.nn.Parameter(np.zeros((64, 8, 3, 3), np.float32))
    assert init.kaiming_normal_(p, nonlinearity="relu", generator=tg.Generator(0)) is p
    assert p.numpy().std() == pytest.approx(math.sqrt(2 / 72), rel=0.05)
    assert p.requires_grad
    assert p.is_leaf


def test_the_others():
    assert init.constant_(tg.zeros((2, 2)), 0.3).tolist() == [[np.float32(0.3)] * 2] * 2
    assert init.eye_(tg.zeros((2, 3))).tolist() == [[1, 0, 0], [0, 1, 0]]
    q = init.orthogonal_(tg.zeros((3, 5)), gain=2.0, generator=tg.Generator(0)).numpy()
    np.testing.assert_allclose(q @ q.T, 4 * np.eye(3), atol=1e-5)
    x = np.random.default_rng(0).normal(size=(1, 4, 6)).astype(np.float32)
    same = init.dirac_(tg.zeros((4, 4, 3)))
    np.testing.assert_array_equal(tg.nn.functional.conv1d(tg.Tensor(x), same, padding=1), x)
    cut = init.trunc_normal_(tg.zeros((100, 100)), std=2.0, generator=tg.Generator(0)).numpy()
    assert np.abs(cut).max() <= 2
    assert cut.std() == pytest.approx(2 * 0.5396, rel=0.02)  # of a normal distribution cut at one deviation
    thin = init.sparse_(tg.zeros((10, 20)), 0.3, generator=tg.Generator(0)).numpy()
    assert ((thin == 0).sum(0) == 3).all()


@pytest.mark.parametrize(
    ("name", "gain"),
    [("linear", 1), ("conv2d", 1), ("sigmoid", 1), ("tanh", 5 / 3), ("relu", 2**0.5), ("selu", 0.75)],
)
def test_gains(name, gain):
    assert init.calculate_gain(name) == pytest.approx(gain)


def test_gain_of_leaky_relu_and_of_what_is_unknown():
    assert init.calculate_gain("leaky_relu", 0.5) == pytest.approx(math.sqrt(2 / 1.25))
    with pytest.raises(ValueError, match="Unsupported nonlinearity swish"):
        init.calculate_gain("swish")
