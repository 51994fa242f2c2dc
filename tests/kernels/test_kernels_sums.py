"""Sums in every layout: within the bound that `kernels.sums` states, and the same bits however they lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sum_bounds import measured

import tinygrad_mnist as tg
from tinygrad_mnist.kernels import reduce, sums
from tinygrad_mnist.ops.gather import scatter_add_along

Array = np.ndarray[Any, Any]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
LAYOUTS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((100_001,), (0,)),
    ((30_001, 10), (0,)),
    ((30_001, 10), (0, 1)),
    ((7, 5_003), (1,)),
    ((33, 2_100), (0,)),
    ((3, 9_001, 4), (1,)),
    ((2_003, 3, 50), (0, 2)),
    ((40, 3, 24, 24), (0, 2, 3)),
    ((5, 0, 3), (1,)),
    ((3, 4), ()),
]


def numbers(shape: tuple[int, ...], dtype: Any) -> Array:
    return np.full(shape, 0.1, dtype) + (np.arange(math.prod(shape)).reshape(shape) % 3).astype(dtype) / 64


@dtypes
@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
def test_every_layout(shape: tuple[int, ...], axes: tuple[int, ...], dtype: Any) -> None:
    x = numbers(shape, dtype)
    right = np.add.reduce(x.astype(np.longdouble), axes)
    strided = np.repeat(x, 2, -1)[..., ::2]
    for y in (x, np.asfortranarray(x), strided, np.flip(x, axes)):
        found = reduce.sum_over(y, axes)
        assert (found.dtype, found.shape) == (dtype, right.shape)
        with np.errstate(invalid="ignore"):
            off = np.nan_to_num(np.abs(found / right - 1))
        assert off.max(initial=0) <= 32 * np.finfo(dtype).eps


@dtypes
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("n", [100, 1_000, 1_000_000])
def test_patterns(n: int, compiled: bool, dtype: Any) -> None:
    """`python tests/kernels/sum_bounds.py 100000000` does the same for up to 1e8 numbers."""
    for kind, name, off in measured(n, dtype, compiled):
        assert off <= (32 if dtype == np.float32 else 1024 if compiled else 32), (kind, name)


def test_sums_that_were_far_off() -> None:
    x = numbers((60_000, 10), np.float32)
    wide = x.astype(np.float64)
    found = tg.Tensor(x)
    for name in ("sum", "mean"):
        np.testing.assert_allclose(getattr(found, name)(0), getattr(wide, name)(0), rtol=1e-6)
    ones = tg.Tensor(np.ones(10, np.float32), requires_grad=True)
    (found * ones).sum().backward()
    np.testing.assert_allclose(ones.grad, wide.sum(0), rtol=1e-6)
    far = 1000 + np.random.default_rng(0).standard_normal(1_000_000).astype(np.float32)
    assert tg.Tensor(far).var().item() == pytest.approx(far.astype(np.float64).var(ddof=1), rel=1e-6)
    long = tg.Tensor(np.full((2, 1_000_000), 0.1, np.float32))
    np.testing.assert_allclose(long.logsumexp(-1), math.log(1e6) + 0.1, rtol=1e-7)
    np.testing.assert_allclose(long.softmax(-1).numpy()[:, 0], 1e-6, rtol=1e-6)


def test_scattered_sums() -> None:
    at = np.arange(100_000) % 7
    found = scatter_add_along(np.full((100_000, 3), 0.1, np.float32), at, 0, 7)
    right = np.bincount(at)[:, None] * np.float64(np.float32(0.1)) * np.ones(3)
    np.testing.assert_allclose(found, right, rtol=1e-7)
    assert found.dtype == np.float32


def test_exact_additions() -> None:
    total = lost = 0.0
    for x in (1.0, 1e100, 1.0, -1e100):
        total, lost = sums.add_exactly(total, lost, x)
    assert sums.whole(total, lost) == 2
    assert sums.whole(math.inf, math.nan) == math.inf
    assert math.isnan(sums.whole(math.nan, math.nan))


@dtypes
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite(value: float, dtype: Any) -> None:
    x = np.zeros((5_000, 3), dtype)
    x[70, 1] = value
    np.testing.assert_array_equal(reduce.sum_over(x, (0,)), np.array([0, value, 0], dtype))
    np.testing.assert_array_equal(reduce.sum_over(x, (0, 1)), np.array(value, dtype))
