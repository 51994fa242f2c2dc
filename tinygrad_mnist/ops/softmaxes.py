"""Softmax and its relatives: primitives, so that eager execution makes one pass over memory.

Compiled programs contain their expansions, which the compiler fuses with what is around them. All
are stable: the largest element of a row is taken out before anything is exponentiated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..kernels import softmax as kernels
from ..kinds import Composed
from ..primitive import Array, Primitive, Value, normalize_axes, normalize_axis, result_dtype
from .elementwise import abs, cast, eq, exp, log, where
from .gather import positions
from .joining import one_hot
from .reduce import Axis, amax, kept, reduced_shape, sum
from .views import reshape_to, unsqueeze

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _as_rows(x: Array, axes: tuple[int, ...]) -> Array:
    """A copy of x in floating point with these axes last."""
    return np.array(np.moveaxis(x, axes, range(-len(axes), 0)), result_dtype(x, 1.0), order="C")


# Softmax and its logarithm ------------------------------------------------------------------------


def _along_axis(name: str, kernel: Any, vjp: Callable[..., Any], expansion: Callable[..., Any]) -> Primitive:
    """A primitive (x, axis) -> a tensor of the same shape."""

    def infer(x: Any, axis: int) -> Any:
        return x.shape, result_dtype(x, 1.0)

    def run(x: Array, axis: int) -> Array:
        y = kernel.single(x) if axis == x.ndim - 1 else None
        if y is None:
            rows = _as_rows(x, (axis,))
            y = np.moveaxis(kernel(rows) if x.size else rows, -1, axis)
        return y

    cases = [((2, 3), 1), ((3, 2), 0), ((2, 3, 2), 1), ((4,), 0), ((0, 3), 1)]
    return Primitive(name, Composed(expansion), run, infer, (vjp,), cases=cases)


def _shifted(x: Value, axis: int) -> Value:
    dtype = result_dtype(x, 1.0)
    x = x if x.dtype == dtype else cast(x, dtype)  # differences of integers may not be among them
    return x - amax(x, axis, keepdims=True) if math.prod(x.shape) else x


def _expanded_softmax(x: Value, axis: int) -> Value:
    e = exp(_shifted(x, axis))
    return e / sum(e, axis, keepdims=True)


def _expanded_log_softmax(x: Value, axis: int) -> Value:
    shifted = _shifted(x, axis)
    return shifted - log(sum(exp(shifted), axis, keepdims=True))


def _softmax_pulled_back(g: Value, y: Value, axis: int) -> Value:
    return y * (g - sum(g * y, axis, keepdims=True))


softmax_along = _along_axis(
    "softmax",
    kernels.softmax,
    lambda g, y, x, axis: _softmax_pulled_back(g, y, axis),
    _expanded_softmax,
)
log_softmax_along = _along_axis(
    "log_softmax",
    kernels.log_softmax,
    lambda g, y, x, axis: g - exp(y) * sum(g, axis, keepdims=True),
    _expanded_log_softmax,
)


# Logarithms of sums -------------------------------------------------------------------------------


def _infer_logsumexp(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if math.prod(x.shape[i] for i in axes) == 0:
        raise ShapeError(f"logsumexp: {x.shape} has no elements along axis {axes}")
    return reduced_shape(x.shape, axes, keepdims), result_dtype(x, 1.0)


def _run_logsumexp(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    first = x.ndim - len(axes)
    y = kernels.logsumexp(x, first) if axes == tuple(range(first, x.ndim)) else None
    if y is None:
        shape, dtype = _infer_logsumexp(x, axes, False)
        y = kernels.logsumexp(_as_rows(x, axes), first) if x.size else np.empty(shape, dtype)
    return y.reshape(kept(x.shape, axes)) if keepdims else y


def _expanded_logsumexp(x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    highest = amax(x, axes, keepdims=True)
    highest = where(eq(abs(highest), math.inf), 0.0, highest)
    total = log(sum(exp(x - highest), axes, keepdims))
    return total + reshape_to(highest, total.shape)


def _pull_logsumexp(g: Value, y: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    shape = kept(x.shape, axes)
    return reshape_to(g, shape) * exp(x - reshape_to(y, shape))


logsumexp_over = Primitive(
    "logsumexp",
    Composed(_expanded_logsumexp),
    _run_logsumexp,
    _infer_logsumexp,
    (_pull_logsumexp,),
    cases=[
        ((2, 3), (1,), False),
        ((2, 3), (0,), True),
        ((2, 3, 2), (0, 2), False),
        ((2, 2), (0, 1), True),
        ((), (), False),
        ((0, 3), (1,), False),
    ],
)


# The cost of rows of scores, given the class of each ----------------------------------------------


def _check_rows(x: Any, classes: Any, *more: Any) -> None:
    if len(x.shape) != 2 or any(v.shape != x.shape[:1] for v in (classes, *more)):
        shapes = ", ".join(str(v.shape) for v in (classes, *more))
        raise ShapeError(f"cross_entropy: rows of scores and one class for each, not {x.shape} and {shapes}")


def _infer_cross_entropy(x: Any, classes: Any) -> Any:
    _check_rows(x, classes)
    return x.shape[:1], result_dtype(x, 1.0)


def _infer_slope(x: Any, classes: Any, g: Any) -> Any:
    _check_rows(x, classes, g)
    return x.shape, result_dtype(x, 1.0)


def _run_cross_entropy(x: Array, classes: Array) -> Array:
    y = kernels.cross_entropy(x, classes)
    if y is None:
        shape, dtype = _infer_cross_entropy(x, classes)
        classes = _checked_classes(x, classes)
        y = kernels.cross_entropy(_as_rows(x, (1,)), classes) if shape[0] else np.empty(shape, dtype)
    return y


def _run_slope(x: Array, classes: Array, g: Array) -> Array:
    y = kernels.cross_entropy_slope(x, classes, g)
    if y is None:
        shape, dtype = _infer_slope(x, classes, g)
        operands = _as_rows(x, (1,)), _checked_classes(x, classes), np.array(g, dtype, order="C")
        y = kernels.cross_entropy_slope(*operands) if shape[0] else np.empty(shape, dtype)
    return y


def _checked_classes(x: Array, classes: Array) -> Array:
    """A copy of the classes as the kernels take them; IndexError for one that has no score in x."""
    return np.array(positions.run(classes, 0, x.shape[1]), np.int64, order="C")


def _expanded_cross_entropy(x: Value, classes: Value) -> Value:
    right = eq(unsqueeze(positions(classes, 0, x.shape[1]), 1), np.arange(x.shape[1]))
    return -sum(where(right, log_softmax_along(x, 1), 0.0), 1)


def _expanded_slope(x: Value, classes: Value, g: Value) -> Value:
    return (softmax_along(x, 1) - one_hot(classes, x.shape[1], x.dtype)) * unsqueeze(g, 1)


#: Minus the logarithm of softmax(x) at the class of each row; of scores (N, C) and integer classes (N,).
cross_entropy_of_rows = Primitive(
    "cross_entropy_of_rows",
    Composed(_expanded_cross_entropy),
    _run_cross_entropy,
    _infer_cross_entropy,
    (lambda g, y, x, classes: cross_entropy_slope(x, classes, g), None),
    cases=[((2, 3), ((2,), 3)), ((3, 2), ((3,), 2))],
)
#: Its derivative with respect to x, times g (N,).
cross_entropy_slope: Primitive = Primitive(
    "cross_entropy_slope",
    Composed(_expanded_slope),
    _run_slope,
    _infer_slope,
    (
        lambda g, y, x, classes, h: _softmax_pulled_back(g * unsqueeze(h, 1), softmax_along(x, 1), 1),
        None,
        lambda g, y, x, classes, h: sum(g * (softmax_along(x, 1) - one_hot(classes, x.shape[1], x.dtype)), 1),
    ),
    cases=[((2, 3), ((2,), 3), (2,)), ((3, 2), ((3,), 2), (3,))],
)


# What users call --------------------------------------------------------------------------------


def softmax(x: Value, axis: int = -1) -> Value:
    """exp(x) divided by its sum along `axis`: positive, adding up to 1."""
    return _called(softmax_along, x, axis)


def log_softmax(x: Value, axis: int = -1) -> Value:
    """log(softmax(x)) along `axis`, exact where softmax itself underflows and where x is far from zero."""
    return _called(log_softmax_along, x, axis)


def logsumexp(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """log(sum(exp(x))) over `axis` (None: all), without overflow."""
    return logsumexp_over(x, normalize_axes("logsumexp", axis, x.ndim), keepdims)


def _called(primitive: Primitive, x: Value, axis: int) -> Value:
    """A tensor without axes counts as a row of one element."""
    ndim = x.ndim
    at = ndim - 1 if axis == -1 and ndim else normalize_axis(primitive.name, axis, ndim or 1)
    return primitive(x, at) if ndim else reshape_to(primitive(reshape_to(x, (1,)), 0), ())
