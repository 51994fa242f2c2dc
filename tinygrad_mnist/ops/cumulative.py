"""Running totals along an axis: sums, products, extremes, sums of exponentials.

Sums are a primitive: one pass, and the derivative is a running sum from the other end. The others are
one scheme (W. D. Hillis and G. L. Steele, "Data parallel algorithms", 1986): combine each element with
the one before it, then with the one two before, four before, ... In log2(n) rounds of whole-tensor
operations every element has met all before it. The derivatives are those of the rounds: right to any
order, with zeros among the factors of a product too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinds import Formula, Scan
from ..primitive import Case, Primitive, Value, composite, normalize_axis
from .elementwise import cast, maximum, minimum, mul
from .exponentials import logaddexp
from .floats import in_floats
from .views import flip_axes, place, slice_ranges

__all__ = ["cumprod", "cumsum", "logcumsumexp"]

_CASES: list[Case] = [(((2, 3),), {"axis": 1}), (((3, 2),), {"axis": 0})]


def _running(name: str, combine: Callable[..., Any], x: Value, axis: int, neutral: float) -> Value:
    at = normalize_axis(name, axis, x.ndim or 1)
    if x.ndim == 0:
        return x
    n, step = x.shape[at], 1
    while step < n:
        x = combine(x, _later(x, at, step, neutral))
        step *= 2
    return x


def _later(x: Value, axis: int, by: int, neutral: float) -> Value:
    """x moved `by` places towards the end of an axis, `neutral` coming in."""
    source = tuple((0, n - by if i == axis else n, 1) for i, n in enumerate(x.shape))
    target = tuple((by, n - by, 1) if i == axis else (0, n, 1) for i, n in enumerate(x.shape))
    return place(slice_ranges(x, source), x.shape, target, neutral)


def _total(x: Value) -> Value:
    """Integers and booleans add up and multiply in int64."""
    return x if x.dtype.kind == "f" or x.dtype == np.int64 else cast(x, np.dtype(np.int64))


def _run_cumsum(x: Any, axis: int) -> Any:
    if x.dtype.kind == "f":
        return np.cumsum(x, axis, np.float64).astype(x.dtype, copy=False)
    return np.cumsum(x, axis, np.int64)


#: Running sums along an axis, those of floats added up in float64.
cumsum_along: Primitive = Primitive(
    "cumsum",
    Scan(lambda dtype: 0, Formula("a + b"), wide=True),
    _run_cumsum,
    lambda x, axis: (x.shape, x.dtype if x.dtype.kind == "f" else np.dtype(np.int64)),
    (lambda g, y, x, axis: flip_axes(cumsum_along(flip_axes(g, (axis,)), axis), (axis,)),),
    cases=[((2, 3), 1), ((3, 2), 0), ((2, 3, 2), 1), ((4,), 0), ((2, 0), 1)],
)


def cumsum(x: Value, axis: int) -> Value:
    """The sum of each element and all before it along `axis`. Integers and booleans add up in int64."""
    at = normalize_axis("cumsum", axis, x.ndim or 1)
    return cumsum_along(x, at) if x.ndim else _total(x)


@composite(*_CASES)
def cumprod(x: Value, axis: int) -> Value:
    """The product of each element and all before it along `axis`; right derivatives at zeros too."""
    return _running("cumprod", mul, _total(x), axis, 1)


@composite(*_CASES)
@in_floats
def logcumsumexp(x: Value, axis: int) -> Value:
    """log(cumsum(exp(x))) along `axis`, without overflow."""
    return _running("logcumsumexp", logaddexp, x, axis, -math.inf)


def running_max(x: Value, axis: int) -> Value:
    """The largest of each element and all before it along `axis`; the values alone."""
    return _running("cummax", maximum, x, axis, -math.inf if x.dtype.kind == "f" else _limits(x)[0])


def running_min(x: Value, axis: int) -> Value:
    """The smallest of each element and all before it along `axis`; the values alone."""
    return _running("cummin", minimum, x, axis, math.inf if x.dtype.kind == "f" else _limits(x)[1])


def _limits(x: Value) -> tuple[int, int]:
    """The smallest and the largest number of an integer or bool dtype."""
    return (0, 1) if x.dtype.kind == "b" else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
