"""What came through a pickle has a dtype object that only equals NumPy's own, which kernels look for."""

import pickle

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn

X = np.random.default_rng(0).random((4, 5)).astype(np.float32)
Y = np.arange(4)


def through_a_pickle(array):
    other = pickle.loads(pickle.dumps(array))
    assert other.dtype == array.dtype
    assert other.dtype is not array.dtype
    return other


def cost_and_slope(x, y):
    leaf = tg.Tensor(x, requires_grad=True)
    cost = nn.functional.cross_entropy(leaf, tg.Tensor(y))
    cost.backward()
    return np.append(leaf.grad.numpy(), cost.item())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy(dtype):
    x = X.astype(dtype)
    np.testing.assert_array_equal(
        cost_and_slope(through_a_pickle(x), through_a_pickle(Y)), cost_and_slope(x, Y)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "operation",
    [
        lambda x, y: x.sin(),
        lambda x, y: x.sum(),
        lambda x, y: x.sum(0),
        lambda x, y: x.amax(1),
        lambda x, y: x + x[:, :1],
        lambda x, y: x @ x.T,
        lambda x, y: x.softmax(1),
        lambda x, y: x.softmax(0),
        lambda x, y: x.log_softmax(1),
        lambda x, y: x[y],
        lambda x, y: tg.jit(lambda x: (x * 2).sum())(x),
    ],
)
def test_operations(operation, dtype):
    x = X.astype(dtype)
    got = operation(tg.Tensor(through_a_pickle(x)), tg.Tensor(through_a_pickle(Y)))
    np.testing.assert_array_equal(got.numpy(), operation(tg.Tensor(x), tg.Tensor(Y)).numpy())
