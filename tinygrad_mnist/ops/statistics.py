"""Composites that summarise: means, spreads and norms."""

from __future__ import annotations

import math

from ..primitive import Case, Value, composite, normalize_axes
from .elementwise import abs, cast, eq, ne, pow, sqrt, where
from .floats import in_floats
from .reduce import Axis, max, min, sum

_AXES: list[Case] = [
    (((2, 3),), {"axis": 1}),
    (((2, 3, 2),), {"axis": (0, 2), "keepdims": True}),
    (((4,),), {}),
]


def _count(x: Value, axis: Axis) -> int:
    if axis is None:
        return x.size
    return math.prod(x.shape[i] for i in normalize_axes("mean", axis, x.ndim))


@composite(*_AXES)
@in_floats
def mean(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Arithmetic mean over `axis` (None: all); NaN of nothing. Integers give float32."""
    total = sum(x, axis, keepdims)
    return total / (_count(x, axis) or math.nan)


@composite(*_AXES, (((4,),), {"correction": 0}))
@in_floats
def var(x: Value, axis: Axis = None, keepdims: bool = False, correction: float = 1) -> Value:
    """Variance over `axis`: squared distances from the mean, summed and divided by n - correction.

    The default correction 1 estimates the variance of what the values were drawn from (PyTorch's
    default; NumPy's is 0). NaN where n - correction is not positive.
    """
    centred = x - mean(x, axis, keepdims=True)
    n = _count(x, axis) - correction
    return sum(centred * centred, axis, keepdims) / (n if n > 0 else math.nan)


@composite(*_AXES, (((4,),), {"correction": 0}))
@in_floats
def std(x: Value, axis: Axis = None, keepdims: bool = False, correction: float = 1) -> Value:
    """Standard deviation over `axis`: the square root of `var`."""
    return sqrt(var(x, axis, keepdims, correction))


@composite(*_AXES, (((4,),), {"ord": 1}), (((4,),), {"ord": 3}), (((2, 3),), {"ord": math.inf, "axis": 0}))
@in_floats
def norm(x: Value, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Value:
    """Vector norm (sum |x|^ord)^(1/ord) over `axis` (None: all elements as one vector).

    `ord` is any number: math.inf for the largest magnitude, -math.inf for the smallest, 0 for how many
    elements are not zero. The gradient at zero is taken as zero.
    """
    if isinstance(ord, str):
        raise ValueError(f"norm: ord must be a number, not {ord!r}; linalg.norm has norms of matrices")
    if ord in (math.inf, -math.inf):
        return (max if ord > 0 else min)(abs(x), axis, keepdims)
    if ord == 0:
        return sum(cast(ne(x, 0), x.dtype), axis, keepdims)
    if ord == 1:
        return sum(abs(x), axis, keepdims)
    total = sum(x * x if ord == 2 else pow(abs(x), ord), axis, keepdims)
    zero = eq(total, 0)
    root = where(zero, 1.0, total)
    return where(zero, 0.0, sqrt(root) if ord == 2 else pow(root, 1 / ord))
