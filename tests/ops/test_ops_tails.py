"""Functions whose plain formula has no digits left where it subtracts: against the same in more digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.nn import functional as F


def _erfc(x: float) -> tuple[float, float]:
    return math.erfc(x), -2 / math.sqrt(math.pi) * math.exp(-x * x)


def _tanhshrink(x: float) -> tuple[float, float]:
    if abs(x) > 0.3:
        return x - math.tanh(x), math.tanh(x) ** 2
    s, total = x * x, 0.0
    for k, c in enumerate((1 / 3, -2 / 15, 17 / 315, -62 / 2835, 1382 / 155925, -21844 / 6081075)):
        total += c * s**k
    return x * s * total, math.tanh(x) ** 2


def _elu(x: float) -> tuple[float, float]:
    return (x, 1.0) if x > 0 else (math.expm1(x), math.exp(x))


def _expm1(x: float) -> tuple[float, float]:
    return math.expm1(x), math.exp(x)


CASES: dict[str, tuple[Any, Any, Any]] = {
    "erfc": (tg.erfc, _erfc, np.linspace(-6, 9, 601)),
    "tanhshrink": (F.tanhshrink, _tanhshrink, np.geomspace(1e-6, 0.1, 200)),
    "elu": (F.elu, _elu, np.linspace(-80, 2, 401)),
    "celu": (F.celu, _elu, np.linspace(-80, 2, 401)),
    "expm1": (tg.expm1, _expm1, np.linspace(-80, 2, 401)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_tails_have_their_digits(name: str, dtype: str) -> None:
    f, right, places = CASES[name]
    x = tg.Tensor(places.astype(dtype), requires_grad=True)
    y = f(x)
    y.sum().backward()
    values, slopes = np.array([right(v) for v in x.tolist()]).T
    most = 5e-6 if dtype == "float32" else 1e-9
    np.testing.assert_allclose(y.detach().numpy(), values, rtol=most)
    np.testing.assert_allclose(x.grad, slopes, rtol=most)


def test_erfc_at_its_ends() -> None:
    x = tg.Tensor([math.inf, -math.inf, 100.0], requires_grad=True)
    y = tg.erfc(x)
    y.sum().backward()
    assert y.tolist() == [0.0, 2.0, 0.0]
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
