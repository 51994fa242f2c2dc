"""Rows: every length of a tail, guarded memory around, NaN and infinity; the kernels made of them."""

import math

import numpy as np
import pytest

from tinygrad_mnist.kernels import reduce, rows, softmax
from tinygrad_mnist.kernels.arrays import Entry, data
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.tuning import PIECE
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES

WIDE = np.longdouble
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
NAN, INF = math.nan, math.inf
#: Rows that share a piece, fill one, are longer than one; last axes of several shapes.
SHAPES = [(1, 1), (5,), (3, 10), (300, 7), (2, 1024), (3, PIECE), (2, PIECE + 1), (2, 5000)]
SHAPES += [(2 * PIECE + 3, 1), (4, 3, 33)]


@kernel
def _folds(x, n, wanted, out):
    out_ = data(out)
    out_[0], out_[1] = rows.total(data(x), n), rows.largest(data(x), n)
    out_[2], out_[3] = rows.smallest(data(x), n), rows.largest_number(data(x), n)
    out_[4] = rows.find(data(x), wanted, n)


@kernel
def _maps(x, n, scaled, shifted):
    rows.scale(data(x), data(scaled), n, 3)
    rows.subtract(data(x), data(shifted), n, 2, 0.5)


folds = Entry(_folds, lambda array: (array, types.int64, array.number, array))
maps = Entry(_maps, lambda array: (array, types.int64, array, array))


def call(entry, x, *rest):
    return (entry.single if x.dtype == np.float32 else entry.double)(x, *rest)


def numbers(shape, dtype, seed=0):
    return (3 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


@dtypes
def test_rows_of_every_length(dtype):
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    for n in range(9 * lanes + 2):
        x = np.full(n + 2 * lanes, NAN, dtype)  # what lies behind the row spoils any total that reads it
        x[:n] = np.random.default_rng(n).permutation(n) - n // 2
        for wanted in (0, -n // 2, n):
            out = np.empty(5, dtype)
            call(folds, x, n, wanted, out)
            at = int(np.argmax(x[:n] == wanted)) if (x[:n] == wanted).any() else n
            top, bottom = (x[:n].max(), x[:n].min()) if n else (-INF, INF)
            assert out.tolist() == [x[:n].sum(), top, bottom, top, at]
        scaled, shifted = np.full_like(x, 7), np.full_like(x, 7)
        call(maps, x, n, scaled, shifted)
        np.testing.assert_array_equal(scaled, np.where(np.arange(x.size) < n, x * 3, 7))
        np.testing.assert_array_equal(shifted, np.where(np.arange(x.size) < n, x - 2 - 0.5, 7))


@dtypes
def test_nan_anywhere_in_a_row(dtype):
    n = 150
    for at in range(n):
        x, out = numbers(n, dtype), np.empty(5, dtype)
        x[at] = NAN
        call(folds, x, n, 99, out)
        assert np.isnan(out[:3]).all()
        assert out[4] == at


@dtypes
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_and_relatives(dtype, shape):
    x = numbers(shape, dtype)
    wide = x.astype(WIDE)
    e = np.exp(wide - wide.max(-1, keepdims=True))
    total = e.sum(-1, keepdims=True)
    p, log_p = e / total, wide - wide.max(-1, keepdims=True) - np.log(total)
    close = {"rtol": 20 * np.finfo(dtype).eps, "atol": 0}
    np.testing.assert_allclose(softmax.softmax(x), p, **close)
    np.testing.assert_allclose(softmax.log_softmax(x), log_p, rtol=close["rtol"], atol=close["rtol"])
    lse = (np.log(total) + wide.max(-1, keepdims=True))[..., 0]
    np.testing.assert_allclose(softmax.logsumexp(x, x.ndim - 1), lse, **close)
    if x.ndim == 2:
        classes = np.arange(len(x)) * 7 % shape[1]
        g, right = numbers(len(x), dtype, 1), (np.arange(len(x)), classes)
        np.testing.assert_allclose(
            softmax.cross_entropy(x, classes), -log_p[right], rtol=close["rtol"], atol=close["rtol"]
        )
        p[right] -= 1
        np.testing.assert_allclose(
            softmax.cross_entropy_slope(x, classes, g), p * g[:, None], rtol=close["rtol"], atol=close["rtol"]
        )


@dtypes
def test_whatever_the_kernels_do_not_take(dtype):
    x, classes = numbers((4, 6), dtype), np.zeros(4, np.int64)
    assert softmax.softmax(x.T) is None
    assert softmax.log_softmax(x[:, :0]) is None
    assert softmax.logsumexp(x[:0], 1) is None
    for wrong in (classes[:3], classes.astype(np.int32), classes - 1, classes + 6, classes[:, None]):
        assert softmax.cross_entropy(x, wrong) is None
        assert softmax.cross_entropy_slope(x, wrong, x[:, 0].copy()) is None
    assert softmax.cross_entropy_slope(x, classes, x[0]) is None


ROWS = np.array(
    [[1, 5, 5, -2], [NAN, 1, NAN, 2], [-INF, -INF, -INF, -INF], [INF, 3, INF, 0], [0, -0.0, 0, 0]]
)


@dtypes
def test_reductions_of_special_numbers(dtype):
    for x in (ROWS.astype(dtype), np.ascontiguousarray(ROWS.T.astype(dtype)), ROWS.astype(dtype).T):
        for axis in (0, 1):
            np.testing.assert_array_equal(reduce.max_over(x, (axis,)), x.max(axis))
            np.testing.assert_array_equal(reduce.min_over(x, (axis,)), x.min(axis))
            np.testing.assert_array_equal(reduce.argmax_along(x, axis), x.argmax(axis))
            np.testing.assert_array_equal(reduce.argmin_along(x, axis), x.argmin(axis))


@dtypes
@pytest.mark.parametrize("shape", [(7,), (3, 70), (3, 5, 4), (2, 2 * PIECE + 5), (3, PIECE + 5, 2)])
def test_reductions_against_numpy(dtype, shape):
    x = np.random.default_rng(0).integers(-50, 50, shape).astype(dtype)  # with ties, and exact sums
    axes = [tuple(range(a, b)) for a in range(x.ndim) for b in range(a + 1, x.ndim + 1)]
    for chosen in [*axes, (), (0, x.ndim - 1) if x.ndim > 1 else (0,)]:
        np.testing.assert_array_equal(reduce.sum_over(x, chosen), x.sum(chosen))
        np.testing.assert_array_equal(reduce.max_over(x, chosen), x.max(chosen))
        np.testing.assert_array_equal(reduce.min_over(x, chosen), x.min(chosen))
    for axis in range(x.ndim):
        for found, expected in (
            (reduce.argmax_along(x, axis), x.argmax(axis)),
            (reduce.argmin_along(x, axis), x.argmin(axis)),
        ):
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == np.int64
