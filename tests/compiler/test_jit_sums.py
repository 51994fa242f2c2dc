"""Long sums inside compiled programs: within the bound that `jit.totals` states, whoever computes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.compiler import nesting, stages
from tinygrad_mnist.ops.gather import scatter_add_along

Array = np.ndarray[Any, Any]

#: Shapes and axes: every way in which the loops over what is reduced and what is kept can be nested.
LAYOUTS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((300_001,), (0,)),
    ((30_001, 10), (0,)),
    ((30_001, 10), (0, 1)),
    ((7, 5_003), (1,)),
    ((33, 100), (1,)),
    ((10_007, 1), (0,)),
    ((3, 9_001, 4), (1,)),
    ((2_003, 3, 50), (0, 2)),
    ((2_003, 3, 50), (0, 1)),
    ((61, 3, 24, 24), (0, 2, 3)),
    ((3, 4_001, 2, 5), (1, 2)),
    ((64, 40), (0,)),
    ((31, 31), (0,)),
]


def bound(dtype: Any, count: int) -> float:
    """The largest relative error of a sum of positive numbers that the module's page allows."""
    eps = float(np.finfo(dtype).eps)
    few = 32 if dtype == np.float32 else 1024
    return eps / 2 * min(count, few + 2)


def numbers(shape: tuple[int, ...], dtype: Any) -> Array:
    """Numbers whose rounding errors all go one way, which plain summation adds up."""
    return np.full(shape, 0.1, dtype) + (np.arange(math.prod(shape)).reshape(shape) % 3).astype(dtype) / 64


def exact(x: Array, axes: tuple[int, ...], keepdims: bool = False) -> Array:
    """Correctly rounded sums in float64."""
    rest = [d for d in range(x.ndim) if d not in axes]
    rows = x.transpose([*rest, *axes]).reshape(-1, math.prod(x.shape[d] for d in axes))
    sums = np.array([math.fsum(row.tolist()) for row in rows])
    return sums.reshape([1 if d in axes else n for d, n in enumerate(x.shape) if keepdims or d not in axes])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
def test_bound(shape: tuple[int, ...], axes: tuple[int, ...], dtype: Any) -> None:
    x = numbers(shape, dtype)
    right = exact(x, axes)
    found = tg.jit(lambda x: (x.sum(axes), (x * 1).sum(axes, True), x.mean(axes)))(tg.Tensor(x))
    most = bound(dtype, x.size // right.size)
    for y, times in zip(found, (1, 1, x.size // right.size), strict=True):
        assert y.dtype == dtype
        off = np.abs(y.numpy().reshape(right.shape).astype(np.longdouble) * times / right - 1)
        assert off.max() <= most + np.finfo(dtype).eps


def test_plain_summation_would_fail() -> None:
    """The test above can fail: the numbers are such that one addition after the other is far off."""
    for (shape, axes), far in (((LAYOUTS[0]), 100), ((LAYOUTS[1]), 10)):
        x = numbers(shape, np.float32)
        rows = x.reshape(shape[0], -1)
        plain = np.add.accumulate(rows, 0)[-1]
        off = np.abs(plain.reshape(-1)[0] / exact(rows, (0,))[0] - 1)
        assert off > far * bound(np.float32, math.prod(shape[d] for d in axes))


def test_snippets() -> None:
    assert tg.jit(lambda x: x.sum())(tg.Tensor(np.full(1_000_000, 0.1, np.float32))).item() == 100_000
    x = 1000 + np.random.default_rng(0).standard_normal(1_000_000).astype(np.float32)
    for name in ("var", "std", "mean"):
        right = getattr(x.astype(np.float64), name)(**({} if name == "mean" else {"ddof": 1}))
        found = tg.jit(lambda x, name=name: getattr(x, name)())(tg.Tensor(x)).item()
        assert found == pytest.approx(right, rel=1e-6)


def test_costs_and_their_gradients() -> None:
    rng = np.random.default_rng(1)
    output, target = (rng.random((60_000, 10), np.float32) for _ in range(2))
    found = tg.jit(nn.mse_loss)(tg.Tensor(output), tg.Tensor(target)).item()
    right = np.mean((output.astype(np.float64) - target) ** 2)
    assert found == pytest.approx(right, rel=3e-7)

    def broadcast(b: Any, x: Any) -> Any:
        return (x * b).sum()

    b = tg.Tensor(np.ones(10, np.float32))
    slope = tg.jit(lambda b, x: tg.grad(broadcast)(b, x))(b, tg.Tensor(output))
    np.testing.assert_allclose(slope.numpy(), output.astype(np.float64).sum(0), rtol=3e-6)


def test_scattered_sums() -> None:
    at = np.arange(100_000) % 7
    x = np.full((100_000, 3), 0.1, np.float32)
    found = tg.jit(lambda x, at: scatter_add_along(x, at, 0, 7))(tg.Tensor(x), tg.Tensor(at)).numpy()
    right = np.bincount(at)[:, None] * np.float64(np.float32(0.1))
    np.testing.assert_allclose(found, np.broadcast_to(right, (7, 3)), rtol=1e-7)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e308])
@pytest.mark.parametrize("shape", [(5_000,), (5_000, 3)])
def test_what_is_not_finite(shape: tuple[int, ...], value: float) -> None:
    x = np.zeros(shape)
    x[:2] = value
    with np.errstate(over="ignore"):
        right = x.sum(0)
    np.testing.assert_array_equal(tg.jit(lambda x: x.sum(0))(tg.Tensor(x)).numpy(), right)


def _sums(x: Any, y: Any) -> tuple[Any, ...]:
    return x.sum(), x.sum(0), x.sum(1), (x * y).sum((0, 1)), x.var(1), y.softmax(1), y.logsumexp(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(301, 45), (2_100, 33), (35, 1_500)])
def test_bits_do_not_depend_on_workers(
    shape: tuple[int, ...], dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    monkeypatch.setattr(nesting, "SMALL", 0)
    x, y = (tg.Tensor(np.random.default_rng(k).random(shape).astype(dtype)) for k in range(2))
    found = []
    for workers in (1, 2):
        tg.set_num_threads(workers)
        f: Callable[..., Any] = tg.jit(_sums)
        found.append([v.numpy().tobytes() for v in f(x, y)])
    tg.set_num_threads(1)
    assert found[0] == found[1]


def test_a_row_has_the_same_bits_wherever_it_stands() -> None:
    """Rows that are done together with others, at the ends of a share, or alone."""
    row = np.random.default_rng(2).random(100)
    for n in (10, 33, 64, 100):
        x = tg.Tensor(np.broadcast_to(row[:n], (37, n)).copy())
        for f in (lambda x: x.sum(1), lambda x: (x * x).exp().sum(1)):
            assert len(set(tg.jit(f)(x).numpy().tolist())) == 1
