"""Elementwise formulas at the ends of what floats can hold: subnormal numbers, the largest ones, the ends of
domains, and where terms cancel; against NumPy's in extended precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops

WIDE = np.longdouble
Array = np.ndarray[Any, Any]


def ends(dtype: Any) -> Array:
    info = np.finfo(dtype)
    some = [info.smallest_subnormal, 3 * info.smallest_subnormal, info.tiny / 2, info.tiny, info.tiny * 1.5]
    some += [10.0**k for k in range(int(np.log10(info.tiny)) + 1, int(np.log10(info.max)), 3)]
    some += [
        0.1,
        0.25,
        0.49,
        0.5,
        0.51,
        0.7,
        0.9,
        0.999,
        1,
        1.001,
        1.5,
        2,
        3,
        5,
        10,
        15,
        19.9,
        20.1,
        50,
        87,
        88,
    ]
    some += [88.5, 89, 90, 100, 103, 300, 700, 709, 710, 740, info.eps, info.max / 4, info.max / 2, info.max]
    some += [np.nextafter(dtype(1), dtype(0)), np.nextafter(dtype(1), dtype(2))]
    x = np.unique(np.array(some, np.float64).astype(dtype))
    return np.concatenate([-x[::-1], [-dtype(0), dtype(0)], x])


_SAME = "exp expm1 log log1p log2 log10 sqrt sinh cosh tanh exp2 square"
_INVERSE = "asin acos atan asinh acosh atanh"
FUNCTIONS: dict[str, Callable[[Any], Any]] = {name: getattr(np, name) for name in _SAME.split(" ")}
FUNCTIONS |= {name: getattr(np, "arc" + name[1:]) for name in _INVERSE.split(" ")}
FUNCTIONS |= {
    "sigmoid": lambda x: np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(x) / (1 + np.exp(x))),
    "softplus": lambda x: np.logaddexp(0, x),
    "logsigmoid": lambda x: -np.logaddexp(0, -x),
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "deg2rad": lambda x: x * (WIDE("3.14159265358979323846264338327950288") / 180),
}
#: Beyond these magnitudes the reference itself is not extended any more, or has no meaning.
MOST = {"exp2": 1e4, "exp": 1e4, "sinh": 1e4, "cosh": 1e4, "expm1": 1e4, "sigmoid": 1e4}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_one_variable(name: str, dtype: Any) -> None:
    x = ends(dtype)
    x = x[np.abs(x) <= MOST.get(name, np.inf)]
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        found = getattr(ops, name)(tg.Tensor(x)).numpy()
        wide = FUNCTIONS[name](x.astype(WIDE))
        right = wide.astype(dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(np.isnan(found), np.isnan(right), err_msg=name)
    numbers = np.isfinite(right)
    np.testing.assert_array_equal(found[~numbers & ~np.isnan(right)], right[~numbers & ~np.isnan(right)])
    unit = np.maximum(np.abs(wide) * WIDE(info.eps), WIDE(info.smallest_subnormal))
    off = np.abs(found[numbers].astype(WIDE) - wide[numbers]) / unit[numbers]
    at = int(off.argmax())
    assert off[at] <= 4, f"{name}({x[numbers][at]!r}) is {found[numbers][at]!r}, not {right[numbers][at]!r}"
    small = np.abs(wide[numbers]) < info.tiny
    if name in ("asin", "asinh", "sinh", "atan", "atanh", "expm1", "log1p", "tanh", "elu", "softsign"):
        np.testing.assert_array_equal(found[numbers][small], right[numbers][small])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sinh", "cosh", "asinh", "asin"])
def test_slopes_at_the_ends(name: str, dtype: Any) -> None:
    slopes: dict[str, Callable[[Any], Any]] = {
        "sinh": np.cosh,
        "cosh": np.sinh,
        "asinh": lambda x: 1 / np.hypot(x, 1),
        "asin": lambda x: 1 / np.sqrt((1 - x) * (1 + x)),
    }
    x = ends(dtype)
    x = x[np.abs(x) < {"asin": 1, "asinh": np.inf}.get(name, 88 if dtype == np.float32 else 709)]
    with np.errstate(all="ignore"):
        found = tg.grad(lambda x: getattr(ops, name)(x).sum())(tg.Tensor(x)).numpy()
        right = slopes[name](x.astype(WIDE)).astype(dtype)
    tiny = np.finfo(dtype).tiny
    np.testing.assert_allclose(found, right, rtol=2000 * np.finfo(dtype).eps, atol=tiny)


def test_snippets() -> None:
    assert tg.Tensor([3.4e38]).asinh().item() == pytest.approx(89.4159, rel=1e-5)
    for dtype in (np.float32, np.float64):
        least = np.finfo(dtype).smallest_subnormal
        assert ops.asin(tg.Tensor(np.array([least, 5 * least]))).tolist() == [least, 5 * least]
