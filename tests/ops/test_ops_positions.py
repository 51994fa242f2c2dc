"""Indexing, sorting and running totals against NumPy; the order of equal elements; refusals."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import DTypeError, ShapeError, TraceError
from tinygrad_mnist.testing import gradcheck

RNG = np.random.default_rng(1)
X = RNG.normal(size=(3, 4, 5)).astype(np.float32)
TIED = np.array([2.0, 1.0, np.nan, 2.0, 1.0, np.nan, 3.0], np.float32)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running_totals(axis):
    for name, expected in {
        "cumsum": np.cumsum(X, axis),
        "cumprod": np.cumprod(X, axis),
        "cummax": np.maximum.accumulate(X, axis),
        "cummin": np.minimum.accumulate(X, axis),
        "logcumsumexp": np.logaddexp.accumulate(X, axis),
    }.items():
        found = getattr(tg.Tensor(X), name)(axis)
        if isinstance(found, tuple):
            np.testing.assert_array_equal(np.take_along_axis(X, found.indices.numpy(), axis), found.values)
            found = found.values
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)


def test_running_totals_of_integers_and_infinities():
    small = tg.tensor([200, 100, 3], dtype="uint8")
    assert small.cumsum(0).tolist() == [200, 300, 303]
    assert small.cummin(0).values.tolist() == [200, 100, 3]
    assert tg.tensor([True, False, True]).cumsum(0).tolist() == [1, 1, 2]
    assert tg.tensor([False, True, False]).cummax(0).values.tolist() == [False, True, True]
    assert tg.tensor([1.0, np.inf]).cumsum(0).tolist() == [1, np.inf]
    assert tg.zeros((0, 2)).cumsum(0).shape == (0, 2)
    gradcheck(lambda x: x.cumprod(0), [np.array([1.5, 0.0, -2.0, 0.0, 3.0])], order=3)


@pytest.mark.parametrize("descending", [False, True])
def test_sort(descending):
    values, where = tg.Tensor(TIED).sort(descending=descending)
    assert where.tolist() == ([2, 5, 6, 0, 3, 1, 4] if descending else [1, 4, 0, 3, 6, 2, 5])
    np.testing.assert_array_equal(values.numpy(), TIED[where.numpy()])
    for axis in range(3):
        expected = np.sort(X, axis)
        found = tg.Tensor(X).sort(axis, descending).values
        np.testing.assert_array_equal(found, np.flip(expected, axis) if descending else expected)


def test_topk_kthvalue_median():
    x = tg.Tensor(X)
    values, where = x.topk(2, axis=1)
    np.testing.assert_array_equal(values, np.flip(np.sort(X, 1), 1)[:, :2])
    np.testing.assert_array_equal(np.take_along_axis(X, where.numpy(), 1), values)
    np.testing.assert_array_equal(x.topk(3, largest=False).values, np.sort(X)[..., :3])
    np.testing.assert_array_equal(x.kthvalue(2, 0).values, np.sort(X, 0)[1])
    np.testing.assert_array_equal(x.median(1, keepdims=True).values, np.sort(X, 1)[:, 1:2])  # the lower
    assert np.isnan(tg.Tensor(TIED).median().item())
    assert tg.tensor([3, 1, 2]).median().item() == 2
    for refused in (lambda: x.topk(5, 1), lambda: x.kthvalue(0), lambda: tg.zeros(0).median(0)):
        with pytest.raises(ShapeError, match=r"topk|kthvalue|median"):
            refused()


def test_gather_and_take_along_axis():
    index = RNG.integers(-4, 4, (2, 6, 5))
    np.testing.assert_array_equal(tg.Tensor(X).gather(1, index), np.take_along_axis(X[:2], index, 1))
    wide = RNG.integers(0, 4, (1, 6, 1))
    expected = np.take_along_axis(X, np.broadcast_to(wide, (3, 6, 5)), 1)
    np.testing.assert_array_equal(tg.Tensor(X).take_along_axis(tg.Tensor(wide), 1), expected)
    with pytest.raises(IndexError, match="position 4 is outside"):
        tg.Tensor(X).gather(1, np.full((3, 1, 5), 4))
    with pytest.raises(ShapeError, match=r"gather: positions of shape \(4, 1, 5\)"):
        tg.Tensor(X).gather(1, np.zeros((4, 1, 5), int))
    with pytest.raises(DTypeError, match="must be integers"):
        tg.Tensor(X).gather(1, np.zeros((3, 1, 5)))


def test_scatter_and_scatter_add():
    index, src = RNG.integers(0, 4, (2, 3, 5)), RNG.normal(size=(3, 3, 5)).astype(np.float32)
    added, put = X.copy(), X.copy()
    for i, j, k in np.ndindex(index.shape):  # in order, so that the last one counts
        added[i, index[i, j, k], k] += src[i, j, k]
        put[i, index[i, j, k], k] = src[i, j, k]
    np.testing.assert_allclose(tg.Tensor(X).scatter_add(1, index, tg.Tensor(src)), added, rtol=1e-6)
    np.testing.assert_array_equal(tg.Tensor(X).scatter(1, index, tg.Tensor(src)), put)
    assert tg.zeros(3).scatter(0, [2], 7.0).tolist() == [0, 0, 7]
    with pytest.raises(ShapeError, match="scatter: values of shape"):
        tg.Tensor(X).scatter(1, index, tg.zeros((1, 3, 5)))


def test_masks():
    x = tg.Tensor(X)
    positive, rows = X > 0, X[:, 0, 0] > 0
    np.testing.assert_array_equal(x[x > 0], X[positive])
    np.testing.assert_array_equal(x.masked_select(positive), X[positive])
    np.testing.assert_array_equal(x[rows], X[rows])
    np.testing.assert_array_equal(x[rows, 1:3], X[rows, 1:3])
    np.testing.assert_array_equal(x[positive[:, :, 0]], X[positive[:, :, 0]])
    np.testing.assert_array_equal(x.masked_fill(x > 0, -1.0), np.where(positive, -1, X))
    np.testing.assert_array_equal((x > 0).nonzero(), np.argwhere(positive))
    gradcheck(lambda x: x[np.array([True, False, True])].sin(), [np.array([1.0, 2.0, 3.0])], order=2)
    with pytest.raises(IndexError, match="mask of length 2 for axis 1, which has length 4"):
        x[:, [True, False]]
    with pytest.raises(DTypeError, match="masked_fill: the mask must be a bool"):
        x.masked_fill(x, 0.0)
    with pytest.raises(TraceError, match=r"tg\.where"):
        tg.jit(lambda x: x[x > 0])(x)


def test_order_and_positions_compiled():
    x = tg.Tensor(X)

    def f(x):
        sign = (x > 0) & ~(x > 1) | (x < -1)
        return [x.argsort(0), x.sort(1, descending=True).values, x.topk(2).indices, x.median(1).values, sign,
                x.floor(), x.round(), x % 0.7, x // 0.7, (x * 9).int() & 5, x.isnan(), x.any(1),
                x.scatter(1, np.array([[[1], [1]]]), x), x.cumsum(2)]  # fmt: skip

    for eager, compiled in zip(f(x), tg.jit(f)(x), strict=True):
        np.testing.assert_array_equal(compiled.numpy(), eager.numpy())
    order = tg.jit(lambda x: x.argsort())
    np.testing.assert_array_equal(order(tg.Tensor(TIED)), tg.Tensor(TIED).argsort())


def test_running_sums_are_one_pass_and_compile_to_one_loop():
    x = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    eager, compiled = tg.Tensor(x).cumsum(0), tg.jit(lambda x: x.cumsum(0))
    assert np.array_equal(eager, np.cumsum(x, dtype=np.float64).astype(np.float32))
    assert np.array_equal(compiled(tg.Tensor(x)), eager)
