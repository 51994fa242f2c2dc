"""Sums, extremes and their positions over axes of an array, always combined in the same order.

The kernels take contiguous float32 and float64 arrays and neighbouring axes; NumPy does the rest.
An extreme is NaN if an element is, and its position that of the first NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.arrays import (
    PLAIN,
    Entry,
    accepts,
    as_int64,
    data,
    flags,
    is_nothing,
    lock,
    ndim,
    new_array,
    nothing,
    room_for_shape,
    shape,
    size,
    unlock,
)
from tinygrad_mnist.kernels.elementwise import MANY
from tinygrad_mnist.kernels.policy import kernel_named, scalar
from tinygrad_mnist.kernels.rows import PIECE, find, largest, room, smallest, total
from tinygrad_mnist.kernels.runtime import greater, less, maximum, minimum
from tinygrad_mnist.kernels.simd import offset, use_full_width
from tinygrad_mnist.kernels.untyped import types

Array = np.ndarray[Any, Any]


@scalar
def _extent(x: Any, first: Any, last: Any) -> Any:
    """The number of positions along some neighbouring axes."""
    extent = 1
    for axis in range(first, last):
        extent *= shape(x)[axis]
    return extent


@scalar
def _reducible(x: Any, first: Any, count: Any) -> Any:
    """Whether x is a contiguous array that has `count` axes from the first on."""
    return accepts(x) and flags(x) & PLAIN == PLAIN and first >= 0 and first + count <= ndim(x)


@scalar
def _without(x: Any, like: Any, first: Any, count: Any) -> Any:
    """A new array of the shape of x without `count` axes, and of the dtype of `like`."""
    kept = room_for_shape()
    for axis in range(ndim(x) - count):
        kept[axis] = shape(x)[axis if axis < first else axis + count]
    return new_array(like, ndim(x) - count, kept, False)


@scalar
def _sum(a: Any, b: Any) -> Any:
    return a + b


def _reduction(name: str, row: Any, combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The kernel (x, first, count) that combines the elements along `count` axes from the first on."""

    @kernel_named(name)
    def reduction(x: Any, first: int, count: int) -> Any:
        if not _reducible(x, first, count):
            return nothing(x)
        outer, n = _extent(x, 0, first), _extent(x, first, first + count)
        inner = _extent(x, first + count, ndim(x))
        out = _without(x, x, first, count)
        if is_nothing(out):
            return out
        use_full_width()
        source, target = data(x), data(out)
        state = unlock(size(x) >= MANY)
        for o in range(outer):
            if inner == 1:
                target[o] = row(offset(source, o * n), n)
            else:
                to, start = offset(target, o * inner), row(source, 0)
                for i in range(inner):
                    to[i] = start
                for k in range(n):
                    line = offset(source, (o * n + k) * inner)
                    for i in range(inner):
                        to[i] = combine(to[i], line[i])
        lock(state)
        return out

    return Entry(reduction, lambda array: (array, types.int64, types.int64))


def _position(name: str, row: Any, before: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The kernel (x, axis) that finds the element which comes before all others along an axis."""

    @kernel_named(name)
    def position(x: Any, axis: int) -> Any:
        like = as_int64(x)
        if not _reducible(x, axis, 1) or shape(x)[axis] == 0:
            return nothing(like)
        outer, n, inner = _extent(x, 0, axis), shape(x)[axis], _extent(x, axis + 1, ndim(x))
        out = _without(x, like, axis, 1)
        if is_nothing(out):
            return out
        use_full_width()
        source, target, best = data(x), data(out), room(data(x))
        state = unlock(size(x) >= MANY)
        for o in range(outer):
            if inner == 1:
                line = offset(source, o * n)
                extreme, at = row(line, min(n, PIECE)), 0
                for start in range(PIECE, n, PIECE):
                    candidate = row(offset(line, start), min(n - start, PIECE))
                    if before(candidate, extreme):
                        extreme, at = candidate, start
                target[o] = at + find(offset(line, at), extreme, n - at)
            for start in range(0, inner if inner > 1 else 0, PIECE):
                length = min(inner - start, PIECE)
                to = offset(target, o * inner + start)
                for i in range(length):
                    best[i], to[i] = source[o * n * inner + start + i], 0
                for k in range(1, n):
                    line = offset(source, (o * n + k) * inner + start)
                    for i in range(length):
                        better = before(line[i], best[i])
                        best[i] = line[i] if better else best[i]
                        to[i] = k if better else to[i]
        lock(state)
        return out

    return Entry(position, lambda array: (array, types.int64))


def _over_axes(
    entry: Any, otherwise: Callable[[Array, tuple[int, ...]], Array]
) -> Callable[[Array, tuple[int, ...]], Array]:
    def reduce(x: Array, axes: tuple[int, ...]) -> Array:
        out, count = None, len(axes)
        if count and axes[-1] - axes[0] + 1 == count:
            out = entry(x, axes[0], count)
        return otherwise(x, axes) if out is None else out

    return reduce


def _along_axis(entry: Any, otherwise: Callable[[Array, int], Array]) -> Callable[[Array, int], Array]:
    def find(x: Array, axis: int) -> Array:
        out = entry(x, axis)
        return otherwise(x, axis) if out is None else out

    return find


# (x, axes in ascending order): the reduced array, without these axes
sum_over = _over_axes(_reduction("sum", total, _sum), np.add.reduce)
max_over = _over_axes(_reduction("max", largest, maximum), np.maximum.reduce)
min_over = _over_axes(_reduction("min", smallest, minimum), np.minimum.reduce)
# (x, axis): positions along the axis
argmax_along = _along_axis(_position("argmax", largest, greater), np.argmax)
argmin_along = _along_axis(_position("argmin", smallest, less), np.argmin)
