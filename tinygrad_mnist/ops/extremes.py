"""The largest and the smallest, in PyTorch's words: with an axis the values and where they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..primitive import Operand, Primitive, Value, composite, normalize_axis
from .cumulative import running_max, running_min
from .elementwise import cast, eq, ge, le, maximum, minimum, ne, where
from .indexing import gather
from .reduce import amax, amin, argmax, argmin, sum
from .views import reshape_to

__all__ = ["aminmax", "cummax", "cummin", "fmax", "fmin", "max", "min", "mode"]


class Picked(NamedTuple):
    """Elements, and their positions along the axis (int64)."""

    values: Any
    indices: Any


class Extremes(NamedTuple):
    """The smallest and the largest elements."""

    min: Any
    max: Any


@composite((((2, 3),), {}), (((2, 3),), {"axis": 1}), call=lambda f, x, **options: first(f(x, **options)))
def max(x: Value, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element of all; with `axis` those along it, and the positions of the first of each.

    With another tensor in place of `axis` the larger of two, elementwise. Elements that tie share the
    gradient of the largest of all; along an axis the one at the position has it. `amax` takes several axes.
    ShapeError of nothing.
    """
    return _extreme("max", amax, argmax, maximum, x, axis, keepdims)


@composite((((2, 3),), {}), (((2, 3),), {"axis": 1}), call=lambda f, x, **options: first(f(x, **options)))
def min(x: Value, axis: Any = None, keepdims: bool = False) -> Any:
    """As `max`, of the smallest."""
    return _extreme("min", amin, argmin, minimum, x, axis, keepdims)


def first(y: Any) -> Any:
    """The values of a result with positions, or the result itself."""
    return y[0] if isinstance(y, tuple) else y


def _extreme(
    name: str,
    of_all: Callable[..., Any],
    position: Callable[..., Any],
    of_two: Any,
    x: Value,
    axis: Any,
    keepdims: bool,
) -> Any:
    if isinstance(axis, Operand | np.ndarray):
        return of_two(x, axis)
    if axis is None:
        return of_all(x, None, keepdims)
    if not isinstance(axis, int | np.integer) or isinstance(axis, bool):
        raise ShapeError(f"{name}: takes one axis, not {axis}; a{name} takes several, and gives values alone")
    return picked(x, position(x, axis, True), int(axis), keepdims)


def picked(x: Value, indices: Value, axis: int, keepdims: bool) -> Picked:
    """x at the positions `indices`, which have length 1 along `axis`."""
    if x.ndim == 0:
        return Picked(x, reshape_to(indices, ()))
    at = normalize_axis("axis", axis, x.ndim)
    values = gather(x, at, indices)
    if not keepdims:
        shape = (*x.shape[:at], *x.shape[at + 1 :])
        values, indices = reshape_to(values, shape), reshape_to(indices, shape)
    return Picked(values, indices)


def aminmax(x: Value, *, axis: int | None = None, keepdims: bool = False) -> Extremes:
    """The smallest and the largest element, of all or along `axis`."""
    return Extremes(amin(x, axis, keepdims), amax(x, axis, keepdims))


@composite(
    (((2, 3),), {"axis": 1}), (((3, 2),), {"axis": 0}), call=lambda f, x, **options: first(f(x, **options))
)
def cummax(x: Value, axis: int) -> Picked:
    """The largest of each element and all before it along `axis`, and where it is: the last that ties."""
    return _running_extreme(running_max, ge, x, axis)


@composite(
    (((2, 3),), {"axis": 1}), (((3, 2),), {"axis": 0}), call=lambda f, x, **options: first(f(x, **options))
)
def cummin(x: Value, axis: int) -> Picked:
    """As `cummax`, of the smallest."""
    return _running_extreme(running_min, le, x, axis)


def _running_extreme(running: Callable[..., Any], reaches: Primitive, x: Value, axis: int) -> Picked:
    values = running(x, axis)
    if x.ndim == 0:
        return Picked(x, cast(ne(x, x), np.dtype(np.int64)))
    at = normalize_axis("cummax", axis, x.ndim)
    place = np.arange(x.shape[at]).reshape([-1 if i == at else 1 for i in range(x.ndim)])
    here = reaches(x, values)
    if x.dtype.kind == "f":
        here = where(ne(x, x), True, here)
    indices = running_max(where(here, place, 0), at)
    return Picked(gather(x, at, indices), indices)


def mode(x: Value, axis: int = -1, keepdims: bool = False) -> Picked:
    """The most frequent element along `axis` (the smallest of several), and the position of its last."""
    if x.ndim == 0:
        return Picked(x, cast(ne(x, x), np.dtype(np.int64)))
    at = normalize_axis("mode", axis, x.ndim)
    n = x.shape[at]
    if not n:
        raise ShapeError(f"mode: {x.shape} has no elements along axis {at}, so none is the most frequent")
    apart = reshape_to(x, (*x.shape[: at + 1], 1, *x.shape[at + 1 :]))
    other = reshape_to(x, (*x.shape[:at], 1, *x.shape[at:]))
    counts = cast(eq(apart, other), np.dtype(np.int64))
    often = sum(counts, at + 1)
    most = eq(often, amax(often, at, True))
    highest = np.inf if x.dtype.kind == "f" else (True if x.dtype.kind == "b" else np.iinfo(x.dtype).max)
    smallest = amin(where(most, x, highest), at, True)
    place = np.arange(n).reshape([-1 if i == at else 1 for i in range(x.ndim)])
    return picked(x, amax(where(eq(x, smallest), place, 0), at, True), at, keepdims)


def fmax(a: Value, b: Value) -> Value:
    """The larger of two, elementwise; where one is NaN the other."""
    return where(ne(a, a), b, where(ne(b, b), a, maximum(a, b)))


def fmin(a: Value, b: Value) -> Value:
    """The smaller of two, elementwise; where one is NaN the other."""
    return where(ne(a, a), b, where(ne(b, b), a, minimum(a, b)))
