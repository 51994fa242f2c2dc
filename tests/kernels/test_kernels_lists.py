"""Lists of what is not zero: zeros contribute nothing, also those that fill a list up."""

import numpy as np
import pytest

from tinygrad_mnist.kernels import runtime
from tinygrad_mnist.kernels.lists import SPARE
from tinygrad_mnist.kernels.policy import kernel


@kernel
def make(x, first, last, values, places, counts):
    for i in range(x.shape[0]):
        runtime.list_row(x[i], first, last, 0, values[i], places[i], counts, i)


@kernel
def multiply(values, places, starts, counts, b, out, part):
    runtime.matmul_listed(values, places, starts, counts, b, out, part, part + 1)


@kernel
def spread(values, places, starts, counts, b, out, first, last):
    runtime.accumulate_listed(values, places, starts, counts, b, out, first, last)


def lists(x):
    """Of all columns, and of none: the second part of each row is empty."""
    m, depth = x.shape
    values, places = np.empty((m, depth + SPARE), x.dtype), np.zeros((m, depth + SPARE), np.uint16)
    starts, counts = np.arange(m) * (depth + SPARE) * np.ones((2, 1), int), np.zeros((3, m), np.int64)
    make(x, 0, depth, values, places, counts[0])
    counts[2] = counts[0]
    return values, places, starts, counts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 8, 10, 16, 17, 32, 33, 64, 100, 129])
@pytest.mark.parametrize("padded", [False, True])
def test_what_is_not_finite_meets_entries_only(dtype, n, padded):
    rng = np.random.default_rng(n)
    for depth in (1, 7, 8, 9, 30, 65):
        m = 21
        x = rng.standard_normal((m, depth)).astype(dtype)
        x[rng.random(x.shape) < np.linspace(0, 1, m)[:, None]] = 0
        listed = lists(x)
        assert np.array_equal(listed[3][0], np.count_nonzero(x, axis=1))
        line = 64 // np.dtype(dtype).itemsize
        width = -(-n // line) * line if padded else n
        for share in (0.0, 0.05):
            w, d = (rng.standard_normal((k, n)).astype(dtype) for k in (depth, m))
            for a in (w, d):
                odd = rng.random(a.shape) < share
                a[odd] = rng.choice([np.inf, -np.inf, np.nan], odd.sum())
            table = np.zeros((depth, width), dtype)
            table[:, :n] = w
            out = np.empty((m, n), dtype)
            multiply(*listed, table, out, 0)
            spread(*listed, d, table, 0, rng.choice([1, 2]))
            with np.errstate(all="ignore"):
                terms = np.where(x[:, :, None] != 0, x[:, :, None].astype(float) * w[None], 0)
                added = np.where(x[:, :, None] != 0, x[:, :, None].astype(float) * d[:, None], 0)
                bound = 1e-4 if dtype == np.float32 else 1e-12
                np.testing.assert_allclose(out, terms.sum(1), rtol=bound, atol=bound)
                np.testing.assert_allclose(table[:, :n], w + added.sum(0), rtol=bound, atol=bound)
