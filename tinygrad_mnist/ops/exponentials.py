"""Composites of exponentials, logarithms and powers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Case, Value, composite
from .elementwise import (
    eq,
    exp,
    expm1,
    ge,
    gt,
    le,
    log,
    log1p,
    lt,
    maximum,
    pow,
    softplus,
    sqrt,
    where,
)
from .floats import in_floats
from .views import stop_gradient

__all__ = [
    "acosh", "asinh", "atanh", "cosh", "exp2", "hypot", "lerp", "log2", "log10", "logaddexp", "reciprocal",
    "rsqrt", "sinh", "xlogy",
]  # fmt: skip

_CASE: Case = (((2, 3),), {})
_PAIR: Case = (((2, 3), (3,)), {})


@composite(_CASE, domain=(0.5, 3.0))
@in_floats
def reciprocal(x: Value) -> Value:
    """1 / x."""
    return 1 / x


@composite(_CASE, domain=(0.3, 3.0))
@in_floats
def rsqrt(x: Value) -> Value:
    """1 / sqrt(x)."""
    return 1 / sqrt(x)


@composite(_CASE)
def exp2(x: Value) -> Value:
    """2 to the power x, exact for whole x."""
    return pow(2.0, x)


@composite(_CASE, domain=(0.3, 3.0))
def log2(x: Value) -> Value:
    """Logarithm to base 2."""
    return log(x) / math.log(2)


@composite(_CASE, domain=(0.3, 3.0))
def log10(x: Value) -> Value:
    """Logarithm to base 10."""
    return log(x) / math.log(10)


@composite(_PAIR)
@in_floats
def logaddexp(a: Value, b: Value) -> Value:
    """log(exp(a) + exp(b)), without overflow."""
    first = ge(a, b)
    high, low = where(first, a, b), where(first, b, a)
    endless = eq(a, b) * eq(abs(high), math.inf)  # both infinite and equal: their difference is NaN
    gap = where(endless, 0.0, low) - where(endless, 0.0, high)
    return high + softplus(gap)


@composite(_CASE)
@in_floats
def sinh(x: Value) -> Value:
    """Hyperbolic sine, (exp(x) - exp(-x)) / 2, exact near zero, and as long as it is finite."""
    far, large = _far(x)
    near = where(far, 0.0, x)
    return where(far, where(lt(x, 0), -large, large), (expm1(near) - expm1(-near)) * 0.5)


def _far(x: Value) -> tuple[Value, Value]:
    """Where exp(-|x|) does not count beside exp(|x|), and there exp(|x|) / 2.

    It is a product of two powers, each with a slope of its own: only what is infinite overflows.
    """
    size = abs(x)
    far = gt(size, 20)
    last = math.log(np.finfo(x.dtype).max) + math.log(2)
    beyond = where(gt(size, last), math.inf, 0.0)
    large = where(far, size, 0.0) + beyond
    return far, exp(large * 0.5) * (exp(large * 0.5) * 0.5)


@composite(_CASE)
@in_floats
def cosh(x: Value) -> Value:
    """Hyperbolic cosine, (exp(x) + exp(-x)) / 2, with a slope that is exact near zero."""
    near = lt(abs(x), 1)
    small = sinh(where(near, x, 0.0) * 0.5)
    far, large = _far(x)
    between = where(far, 0.0, x)
    usual = where(near, 1 + 2 * small * small, (exp(between) + exp(-between)) * 0.5)
    return where(far, large, usual)


@composite(_CASE)
@in_floats
def asinh(x: Value) -> Value:
    """The number whose hyperbolic sine is x: log(x + sqrt(x^2 + 1)), without cancellation or overflow."""
    negative = lt(x, 0)
    a = where(negative, -x, x)
    far = gt(a, 1e18)  # from where on it is log(2 a), and a^2 overflows
    b = where(far, 1.0, a)
    y = log1p(b + b * (b / (1 + sqrt(b * b + 1))))
    y = where(far, log(where(far, a, 1.0)) + math.log(2), y)
    return where(negative, -y, y)


@composite(_CASE, domain=(1.2, 4.0))
@in_floats
def acosh(x: Value) -> Value:
    """The number >= 0 whose hyperbolic cosine is x; NaN below 1."""
    far = gt(x, 1e18)  # from where on it is log(2 x), and t^2 overflows
    t = where(far, 1.0, x - 1)
    return where(far, log(where(far, x, 1.0)) + math.log(2), log1p(t + sqrt(t) * sqrt(t + 2)))


@composite(_CASE, domain=(-0.9, 0.9))
@in_floats
def atanh(x: Value) -> Value:
    """The number whose hyperbolic tangent is x; infinite at -1 and 1, NaN beyond."""
    return (log1p(x) - log1p(-x)) * 0.5


@composite(_PAIR)
@in_floats
def hypot(a: Value, b: Value) -> Value:
    """sqrt(a^2 + b^2) without overflow; the gradient at zero is taken as zero."""
    size = stop_gradient(maximum(abs(a), abs(b)))
    size = where((size > 0) * lt(size, math.inf), size, 1.0)
    p, q = a / size, b / size
    total = p * p + q * q
    zero = eq(total, 0)
    infinite = maximum(eq(abs(a), math.inf), eq(abs(b), math.inf))  # beside a NaN, too
    return where(infinite, math.inf, where(zero, 0.0, size * sqrt(where(zero, 1.0, total))))


@composite((((2, 3), (3,)), {"weight": 0.3}), (((2,), (2,), (2,)), {}))
@in_floats
def lerp(start: Value, end: Value, weight: Any) -> Value:
    """start + weight * (end - start): from start (weight 0) to end (weight 1) along a straight line."""
    return start + weight * (end - start)


@composite((((2, 3), (2, 3)), {}), domain=(0.3, 3.0))
@in_floats
def xlogy(x: Value, y: Value) -> Value:
    """x log(y), and 0 where x is 0 (unless y is NaN): a term of an entropy or divergence."""
    zero = eq(x, 0) * maximum(le(y, 0), eq(y, math.inf))
    return x * log(where(zero, 1.0, y))
