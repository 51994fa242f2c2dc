"""Sums, extremes and their positions over axes of an array, always combined in the same order.

The kernels take contiguous float32 and float64 arrays and neighbouring axes; NumPy does the rest.
An extreme is NaN if an element is, and its position that of the first NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.arrays import (
    Entry,
    as_int64,
    data,
    is_nothing,
    lock,
    ndim,
    nothing,
    shape,
    size,
    unlock,
)
from tinygrad_mnist.kernels.extents import extent, reducible, without
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel_named
from tinygrad_mnist.kernels.rows import find, largest, room, smallest
from tinygrad_mnist.kernels.runtime import greater, less, maximum, minimum
from tinygrad_mnist.kernels.simd import offset, use_full_width
from tinygrad_mnist.kernels.sums import sum_along
from tinygrad_mnist.kernels.tuning import MANY, PIECE

Array = np.ndarray[Any, Any]


def _reduction(name: str, row: Any, combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The kernel (x, first, count) that combines the elements along `count` axes from the first on."""

    @kernel_named(name)
    def reduction(x: Any, first: int, count: int) -> Any:
        if not reducible(x, first, count):
            return nothing(x)
        outer, n = extent(x, 0, first), extent(x, first, first + count)
        inner = extent(x, first + count, ndim(x))
        out = without(x, x, first, count)
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
        if not reducible(x, axis, 1) or shape(x)[axis] == 0:
            return nothing(like)
        outer, n, inner = extent(x, 0, axis), shape(x)[axis], extent(x, axis + 1, ndim(x))
        out = without(x, like, axis, 1)
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
            out = entry.single(x, axes[0], count)
            if out is None:
                out = entry(x, axes[0], count)
        return otherwise(x, axes) if out is None else out

    return reduce


def _along_axis(entry: Any, otherwise: Callable[[Array, int], Array]) -> Callable[[Array, int], Array]:
    def find(x: Array, axis: int) -> Array:
        out = entry(x, axis)
        return otherwise(x, axis) if out is None else out

    return find


def _sum_in_any_order(x: Array, axes: tuple[int, ...]) -> Array:
    """A sum over any axes of an array in any layout: of a copy in which these axes are the last ones."""
    if not axes:
        return x.copy()
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    moved = np.array(x.transpose([*kept, *axes]), order="C")
    return sum_along(moved, len(kept), len(axes))


# (x, axes in ascending order): the reduced array, without these axes
sum_over = _over_axes(sum_along, _sum_in_any_order)
max_over = _over_axes(_reduction("max", largest, maximum), np.maximum.reduce)
min_over = _over_axes(_reduction("min", smallest, minimum), np.minimum.reduce)
# (x, axis): positions along the axis
argmax_along = _along_axis(_position("argmax", largest, greater), np.argmax)
argmin_along = _along_axis(_position("argmin", smallest, less), np.argmin)
