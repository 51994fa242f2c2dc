"""Derivatives that divide by what can be zero: finite, and PyTorch's where PyTorch has a number."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops

INF = math.inf
ZEROS, EQUAL, MIXED = [0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [0.0, 3.0, -4.0]
ORDERS = (0, 0.5, 1, 1.5, 2, 2.5, 3, INF, -INF, -1, -2, -0.5)


def slope(f: Callable[[Any], Any], x: Any, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    t = tg.Tensor(np.array(x, dtype), requires_grad=True)
    with np.errstate(all="ignore"):
        y = f(t)
        if y.requires_grad:
            y.sum().backward()
    assert t.grad is None or t.grad.dtype == dtype
    return np.zeros(len(x)) if t.grad is None else t.grad.numpy()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [ZEROS, EQUAL])
def test_spreads_of_equal_numbers(x: list[float], dtype: Any) -> None:
    for correction in (0, 1):
        assert slope(lambda x, c=correction: ops.std(x, correction=c), x, dtype).tolist() == [0, 0, 0]
        assert slope(lambda x, c=correction: ops.var(x, correction=c), x, dtype).tolist() == [0, 0, 0]
    rows = tg.Tensor(np.array([[1, 2], [5, 5]], dtype), requires_grad=True)
    rows.std(1).sum().backward()
    assert rows.grad is not None
    np.testing.assert_allclose(rows.grad, [[-math.sqrt(0.5), math.sqrt(0.5)], [0, 0]], rtol=1e-6)
    for f in (lambda x: nn.functional.layer_norm(x, 3)[1], lambda x: nn.functional.rms_norm(x, [3])[1]):
        assert np.isfinite(slope(f, x, dtype)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ORDERS)
def test_norms_at_zeros(order: float, dtype: Any) -> None:
    assert slope(lambda x: ops.norm(x, order), ZEROS, dtype).tolist() == [0, 0, 0]
    found = slope(lambda x: ops.norm(x, order), MIXED, dtype)
    assert np.isfinite(found).all()
    assert found[0] == 0
    if 0 < order < INF:
        size = sum(abs(x) ** order for x in MIXED) ** (1 / order)
        right = [0 if x == 0 else math.copysign(abs(x / size) ** (order - 1), x) for x in MIXED]
        np.testing.assert_allclose(found, right, rtol=1e-5)
    if order > 0:
        for f in (
            lambda x: ops.cdist(x.reshape(1, 3), x.detach().reshape(1, 3), order),
            lambda x: ops.pairwise_distance(x, x.detach(), order, 0.0),
            lambda x: ops.normalize(x, order, 0).pow(2).sum(),
        ):
            assert np.isfinite(slope(f, MIXED, dtype)).all()


def test_norms_as_pytorch_has_them() -> None:
    """Gradients that PyTorch 2.13 gives for (0, 3, -4)."""
    expected = {
        0.5: [0, 2.1547005, -1.8660254],
        2: [0, 0.6, -0.8],
        3: [0, 0.4448513, -0.7908468],
        -1: [0, 0, 0],
    }
    for order, right in expected.items():
        np.testing.assert_allclose(
            slope(lambda x, o=order: ops.norm(x, o), MIXED), right, rtol=1e-5, atol=1e-7
        )


SLOPES: list[tuple[str, Callable[[Any], Any], list[float], list[float]]] = [
    ("sqrt", lambda x: x.sqrt(), [0.0, 4.0, -1.0], [INF, 0.25, math.nan]),
    ("x ** 0", lambda x: x**0, MIXED, [0, 0, 0]),
    ("x ** 1.5", lambda x: x**1.5, [0.0, 4.0], [0, 3]),
    ("x ** 2", lambda x: x**2, MIXED, [0, 6, -8]),
    ("x ** 3", lambda x: x**3, MIXED, [0, 27, 48]),
    ("0 ** x", lambda x: 0.0**x, [0.0, 1.0, -1.0], [0, 0, -INF]),
    ("0 ** x of tensors", lambda x: ops.pow(x * 0, x), [0.0, 1.0, 2.0], [0, 0, 0]),
    ("prod with a zero", lambda x: x.prod(), MIXED, [-12, 0, 0]),
    ("prod with two zeros", lambda x: x.prod(), [0.0, 0.0, 3.0], [0, 0, 0]),
    ("cumprod", lambda x: ops.cumprod(x, 0), MIXED, [-8, 0, 0]),
    ("atan2 at the origin", lambda x: ops.atan2(x, x * 0), ZEROS, [0, 0, 0]),
    ("hypot at the origin", lambda x: ops.hypot(x, x * 0), ZEROS, [0, 0, 0]),
    ("abs", lambda x: x.abs(), MIXED, [0, 1, -1]),
    ("cosine of zeros", lambda x: ops.cosine_similarity(x, tg.Tensor(MIXED), 0), ZEROS, [0, 6e7, -8e7]),
    ("sinc", lambda x: ops.sinc(x), ZEROS, [0, 0, 0]),
    ("logsumexp of -inf", lambda x: x.logsumexp(0), [-INF, 0.0, 0.0], [0, 0.5, 0.5]),
    ("softmax beside -inf", lambda x: x.softmax(0)[1], [-INF, 0.0, 0.0], [0, 0.25, -0.25]),
    ("whole numbers", lambda x: x.round() + x.floor() + x.ceil() + x.trunc() + x.sign(), MIXED, [0, 0, 0]),
]


@pytest.mark.parametrize(("name", "f", "x", "right"), SLOPES, ids=[s[0] for s in SLOPES])
def test_slopes(name: str, f: Callable[[Any], Any], x: list[float], right: list[float]) -> None:
    for dtype in (np.float32, np.float64):
        if "cosine" in name and dtype == np.float64:
            continue
        np.testing.assert_allclose(slope(f, x, dtype), right, rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("x", [ZEROS, EQUAL, MIXED])
def test_compiled_slopes_are_the_same(x: list[float]) -> None:
    def cost(x: Any) -> Any:
        return x.std() + sum((ops.norm(x, order) for order in (0.5, 2, 3, -1)), ops.norm(x, 1))

    with np.errstate(all="ignore"):
        eager = tg.grad(cost)(tg.Tensor(x)).numpy()
        compiled = tg.jit(tg.grad(cost))(tg.Tensor(x)).numpy()
    assert np.isfinite(eager).all()
    np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)


def test_second_derivatives_are_finite() -> None:
    for x, order in itertools.product((ZEROS, EQUAL), (2, 3)):
        found = tg.grad(lambda x, o=order: (tg.grad(lambda x: ops.norm(x, o) + x.std())(x) ** 2).sum())
        with np.errstate(all="ignore"):
            assert np.isfinite(found(tg.Tensor(x)).numpy()).all(), (x, order)
