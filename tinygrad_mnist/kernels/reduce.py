"""Sums over axes of an array, always added in the same order."""

from typing import Any

import numpy as np

from tinygrad_mnist.kernels.arrays import (
    PLAIN,
    Entry,
    accepts,
    data,
    flags,
    is_nothing,
    ndim,
    new_array,
    nothing,
    room_for_shape,
    shape,
)
from tinygrad_mnist.kernels.policy import kernel, scalar
from tinygrad_mnist.kernels.untyped import types

Array = np.ndarray[Any, Any]


@scalar
def _extent(x: Any, first: Any, last: Any) -> Any:
    """The number of positions along some neighbouring axes."""
    total = 1
    for axis in range(first, last):
        total *= shape(x)[axis]
    return total


@kernel
def _sum_loop(x: Any, first: int, count: int) -> Any:
    """The sum of a contiguous array over `count` axes from the first on, else nothing."""
    if not accepts(x) or flags(x) & PLAIN != PLAIN or first < 0 or first + count > ndim(x):
        return nothing(x)
    outer, n = _extent(x, 0, first), _extent(x, first, first + count)
    inner = _extent(x, first + count, ndim(x))
    kept = room_for_shape()
    for axis in range(ndim(x) - count):
        kept[axis] = shape(x)[axis if axis < first else axis + count]
    out = new_array(x, ndim(x) - count, kept, False)
    if is_nothing(out):
        return out
    source, target = data(x), data(out)
    for i in range(outer * inner):
        target[i] = 0
    for o in range(outer):
        if inner == 1:
            # eight totals side by side: a vector register, and a smaller rounding error than one
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = target[o]
            row, k = o * n, 0
            while k + 8 <= n:
                s0 += source[row + k]
                s1 += source[row + k + 1]
                s2 += source[row + k + 2]
                s3 += source[row + k + 3]
                s4 += source[row + k + 4]
                s5 += source[row + k + 5]
                s6 += source[row + k + 6]
                s7 += source[row + k + 7]
                k += 8
            while k < n:
                s0 += source[row + k]
                k += 1
            target[o] = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
        else:
            for k in range(n):
                for i in range(inner):
                    target[o * inner + i] += source[(o * n + k) * inner + i]
    return out


_sum = Entry(_sum_loop, lambda array: (array, types.int64, types.int64))


def sum(x: Array, axes: tuple[int, ...]) -> Array:
    """The sum of a float32 or float64 array over `axes` (ascending), without those axes.

    Neighbouring axes of a contiguous array are added up by the kernel here; NumPy does the rest.
    """
    out = None
    count = len(axes)
    if count and axes[-1] - axes[0] + 1 == count:
        out = _sum.single(x, axes[0], count)
        if out is None:
            out = _sum.double(x, axes[0], count)
    return np.add.reduce(x, axes) if out is None else out
