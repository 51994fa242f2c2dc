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
        (init.normal, 1.0),
        (partial(init.normal, std=0.1), 0.1),
        (init.scaled_normal, 1 / math.sqrt(300)),
        (partial(init.scaled_normal, gain=1.5), 1.5 / math.sqrt(300)),
        (init.xavier_normal, math.sqrt(2 / 500)),
        (partial(init.xavier_normal, gain=2), 2 * math.sqrt(2 / 500)),
        (init.kaiming_normal, math.sqrt(2 / 300)),
        (partial(init.kaiming_normal, gain=1), math.sqrt(1 / 300)),
    ],
)
def test_normal_ones(f, std):
    x = f(SHAPE, tg.Generator(0)).numpy()
    assert x.shape == SHAPE
    assert x.std() == pytest.approx(std, rel=0.02)
    assert x.mean() == pytest.approx(0, abs=0.02 * std)
    assert (np.abs(x) < std).mean() == pytest.approx(0.6827, abs=0.01)


@pytest.mark.parametrize(
    ("f", "bound"),
    [
        (init.xavier_uniform, math.sqrt(6 / 500)),
        (partial(init.xavier_uniform, gain=2), 2 * math.sqrt(6 / 500)),
        (init.kaiming_uniform, math.sqrt(6 / 300)),
        (partial(init.kaiming_uniform, gain=1), math.sqrt(3 / 300)),
    ],
)
def test_uniform_ones(f, bound):
    x = f(SHAPE, tg.Generator(0)).numpy()
    assert np.abs(x).max() <= bound
    assert np.abs(x).max() == pytest.approx(bound, rel=0.001)
    assert x.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_normal_has_a_mean():
    assert init.normal(SHAPE, tg.Generator(0), mean=3.0).numpy().mean() == pytest.approx(3, abs=0.02)


def test_zeros():
    assert not np.any(init.zeros((2, 3)).numpy())


ALL = [
    init.zeros,
    init.normal,
    init.scaled_normal,
    init.xavier_uniform,
    init.xavier_normal,
    init.kaiming_uniform,
    init.kaiming_normal,
]


@pytest.mark.parametrize("f", ALL)
def test_dtype_and_repeatability(f):
    assert f((2, 3), tg.Generator(0)).dtype == np.float32
    assert f((2, 3), tg.Generator(0), dtype=np.float64).dtype == np.float64
    np.testing.assert_array_equal(f((2, 3), tg.Generator(7)), f((2, 3), tg.Generator(7)))


@pytest.mark.parametrize("f", ALL[2:])
@pytest.mark.parametrize("shape", [(3,), (), (2, 3, 4), (0, 3), (3, 0)])
def test_the_fan_needs_a_matrix(f, shape):
    with pytest.raises(ShapeError, match="n_out, n_in"):
        f(shape, tg.Generator(0))
