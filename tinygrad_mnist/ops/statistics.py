"""Composites that summarise: means, spreads and norms."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from ..primitive import Case, Value, composite, normalize_axes
from .arranging import diagonal
from .contract import matmul
from .elementwise import abs, cast, eq, ne, pow, sign, sqrt, where
from .floats import in_floats
from .reduce import Axis, amax, amin, sum
from .views import reshape_to, transpose

__all__ = [
    "corrcoef", "count_nonzero", "cov", "mean", "nanmean", "nansum", "std", "std_mean", "var", "var_mean",
]  # fmt: skip

_AXES: list[Case] = [
    (((2, 3),), {"axis": 1}),
    (((2, 3, 2),), {"axis": (0, 2), "keepdims": True}),
    (((4,),), {}),
]


def _count(x: Value, axis: Axis) -> int:
    if axis is None:
        return math.prod(x.shape)
    return math.prod(x.shape[i] for i in normalize_axes("mean", axis, x.ndim))


@composite(*_AXES)
@in_floats
def mean(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Arithmetic mean over `axis` (None: all); NaN of nothing. Integers give float32."""
    total = sum(x, axis, keepdims)
    return total / (_count(x, axis) or math.nan)


@composite(*_AXES, (((4,),), {"correction": 0}), (((4,),), {"unbiased": False}))
@in_floats
def var(
    x: Value,
    axis: Axis = None,
    unbiased: bool | None = None,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> Value:
    """Variance over `axis`: squared distances from the mean, summed and divided by n - correction.

    The default correction 1 estimates the variance of what the values were drawn from (NumPy's default is
    0); `unbiased=False` is correction 0, and may stand in the place of `axis`. NaN where n - correction is
    not positive.
    """
    axis, correction = _spread_over("var", axis, unbiased, correction)
    centred = x - mean(x, axis, keepdims=True)
    n = _count(x, axis) - correction
    return sum(centred * centred, axis, keepdims) / (n if n > 0 else math.nan)


@composite(*_AXES, (((4,),), {"correction": 0}))
@in_floats
def std(
    x: Value,
    axis: Axis = None,
    unbiased: bool | None = None,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> Value:
    """Standard deviation over `axis`: the square root of `var`. The gradient of equal numbers is zero."""
    return _root(var(x, axis, unbiased, keepdims, correction=correction))


def _root(x: Value) -> Value:
    """The square root, with slope 0 at 0."""
    zero = eq(x, 0)
    return where(zero, 0.0, sqrt(where(zero, 1.0, x)))


def _spread_over(name: str, axis: Any, unbiased: bool | None, correction: float | None) -> tuple[Axis, float]:
    if isinstance(axis, bool):
        axis, unbiased = None, axis
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}: give unbiased= or correction=, not both")
    if unbiased is None:
        return axis, 1 if correction is None else correction
    return axis, int(unbiased)


class SpreadAndMean(NamedTuple):
    """A variance or a standard deviation, and the mean."""

    spread: Any
    mean: Any


def var_mean(
    x: Value,
    axis: Axis = None,
    unbiased: bool | None = None,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> SpreadAndMean:
    """`var` and `mean` over `axis`."""
    over = None if isinstance(axis, bool) else axis
    return SpreadAndMean(var(x, axis, unbiased, keepdims, correction=correction), mean(x, over, keepdims))


def std_mean(
    x: Value,
    axis: Axis = None,
    unbiased: bool | None = None,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> SpreadAndMean:
    """`std` and `mean` over `axis`."""
    over = None if isinstance(axis, bool) else axis
    return SpreadAndMean(std(x, axis, unbiased, keepdims, correction=correction), mean(x, over, keepdims))


@composite((((2, 3),), {"axis": 1}), (((4,),), {}))
def nansum(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """The sum over `axis` of what is not NaN."""
    return sum(where(ne(x, x), 0, x), axis, keepdims)


@composite((((2, 3),), {"axis": 1}), (((4,),), {}))
@in_floats
def nanmean(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """The mean over `axis` of what is not NaN."""
    return nansum(x, axis, keepdims) / sum(cast(eq(x, x), x.dtype), axis, keepdims)


def count_nonzero(x: Value, axis: Axis = None) -> Value:
    """How many elements are not zero, over `axis` (None: all); int64."""
    return sum(cast(ne(x, 0), np.dtype(np.int64)), axis)


@composite((((2, 4),), {}), (((2, 4),), {"correction": 0}))
def cov(x: Value, *, correction: float = 1, fweights: Any = None, aweights: Any = None) -> Value:
    """Covariances of the rows of x (variables, observations), divided by n - correction.

    `fweights` says how often each observation was made, `aweights` how much it counts.
    """
    if x.ndim > 2:
        raise ShapeError(f"cov: takes rows of observations, at most two axes, not {x.shape}")
    rows = reshape_to(x, (1, math.prod(x.shape))) if x.ndim < 2 else x
    for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if given is not None:
            if given.dtype.kind not in kinds:
                raise DTypeError(
                    f"cov: expected {name} to have {'integral' if kinds == 'iu' else 'floating point'} dtype"
                )
            if given.ndim > 1 or math.prod(given.shape) != rows.shape[1]:
                raise ShapeError(f"cov: {name} has shape {given.shape} beside {rows.shape[1]} observations")
    weights: Any = None
    for given in (fweights, aweights):
        if given is not None:
            weights = given if weights is None else weights * given
    if weights is None:
        total: Any = rows.shape[1]
        centred = rows - mean(rows, 1, True)
        found = matmul(centred, transpose(centred))
        norm_factor = max(total - correction, 0) or math.nan
    else:
        total = sum(weights)
        centred = rows - sum(rows * weights, 1, True) / total
        found = matmul(centred * weights, transpose(centred))
        norm_factor = total - correction * (1 if aweights is None else sum(weights * aweights) / total)
    found = found / norm_factor
    return reshape_to(found, ()) if rows.shape[0] == 1 else found


@composite((((2, 4),), {}))
def corrcoef(x: Value) -> Value:
    """Correlations of the rows of x (variables, observations)."""
    found = cov(x)
    if found.ndim < 2:
        return found / found
    deviations = sqrt(diagonal(found))
    return found / reshape_to(deviations, (*deviations.shape, 1)) / deviations


@in_floats
def norm(x: Value, ord: float | str | None = "fro", axis: Axis = None, keepdims: bool = False) -> Value:
    """Vector norm (sum |x|^ord)^(1/ord) over `axis` (None: all elements as one vector).

    `ord` is 2 by default, or any number: math.inf for the largest magnitude, -math.inf for the
    smallest, 0 for how many elements are not zero. The gradient at zero is zero, for any `ord`.
    """
    if ord in ("fro", None):
        ord = 2
    if isinstance(ord, str):
        raise ValueError(
            f"norm: ord is a number, 'fro' or 'nuc', not {ord!r}; linalg.norm has norms of matrices"
        )
    if ord in (math.inf, -math.inf):
        return (amax if ord > 0 else amin)(abs(x), axis, keepdims)
    if ord == 0:
        return sum(nonzeros(x), axis, keepdims)
    if ord == 1:
        return sum(abs(x), axis, keepdims)
    if ord == 2:
        return _root(sum(x * x, axis, keepdims))
    total = sum(_powers(abs(x), ord), axis, keepdims)
    zero = eq(total, 0)
    return where(zero, 0.0, pow(where(zero, 1.0, total), 1 / ord))


def nonzeros(x: Value) -> Value:
    """1 where x is not 0, in its dtype; with a graph, whose slope is 0."""
    return where(ne(x, x), 1, abs(sign(x)))


def _powers(magnitude: Value, ord: float) -> Value:
    """Each magnitude to a power; with an exponent below 1 its slope at 0, infinite, is taken as 0."""
    if ord >= 1:
        return pow(magnitude, ord)
    zero = eq(magnitude, 0)
    return where(zero, 0.0 if ord > 0 else math.inf, pow(where(zero, 1.0, magnitude), ord))
