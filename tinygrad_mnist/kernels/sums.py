"""Sums of many numbers that stay exact, always added up in the same order.

A few numbers are added up in their own dtype, side by side in vectors. Such parts are added up in
float64 together with what each addition cuts off, and the total is rounded once: a sum of n numbers
is off by at most 32 eps times the sum of their magnitudes, however large n is.
"""

from typing import Any

import numpy as np

from tinygrad_mnist.kernels.arrays import (
    Entry,
    data,
    is_nothing,
    lock,
    ndim,
    nothing,
    size,
    unlock,
)
from tinygrad_mnist.kernels.extents import extent, reducible, without
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel, routine, scalar
from tinygrad_mnist.kernels.rows import room, total, wide_room
from tinygrad_mnist.kernels.simd import offset, use_full_width
from tinygrad_mnist.kernels.tuning import FEW, MANY, PIECE


@scalar
def cut_off(total: Any, x: Any) -> Any:
    """What rounding cuts off from total + x (D. Knuth's exact addition)."""
    rounded = total + x
    added = rounded - total
    return (total - (rounded - added)) + (x - added)


@scalar
def add_exactly(total: Any, lost: Any, x: Any) -> Any:
    """total + x, and `lost` with what rounding it has cut off."""
    return total + x, lost + cut_off(total, x)


@scalar
def whole(total: Any, lost: Any) -> Any:
    """What `add_exactly` has added up; where that is not finite, nothing can have been lost."""
    return total + lost if lost - lost == 0 else total


@routine
def _long_row(row: Any, n: int) -> Any:
    """The sum of a row of adjacent numbers, as float64."""
    found, lost = 0.0, 0.0
    for first in range(0, n, PIECE):
        found, lost = add_exactly(found, lost, np.float64(total(offset(row, first), min(PIECE, n - first))))
    return whole(found, lost)


@routine
def _few_lines(source: Any, n: int, step: int, target: Any, length: int) -> None:
    """target = the sums of n lines of adjacent numbers, `step` apart, in their own dtype."""
    together = n - n % 4
    for i in range(length):
        target[i] = 0
    for k in range(0, together, 4):
        a, b = offset(source, k * step), offset(source, (k + 1) * step)
        c, d = offset(source, (k + 2) * step), offset(source, (k + 3) * step)
        for i in range(length):
            target[i] += (a[i] + b[i]) + (c[i] + d[i])
    for k in range(together, n):
        line = offset(source, k * step)
        for i in range(length):
            target[i] += line[i]


@routine
def _many_lines(source: Any, n: int, step: int, target: Any, length: int, part: Any, kept: Any) -> None:
    """As `_few_lines`, of many; `part` and the two in `kept` are room for a line."""
    found, lost = kept
    for i in range(length):
        found[i], lost[i] = 0.0, 0.0
    for first in range(0, n, FEW):
        _few_lines(offset(source, first * step), min(FEW, n - first), step, part, length)
        for i in range(length):
            found[i], lost[i] = add_exactly(found[i], lost[i], np.float64(part[i]))
    for i in range(length):
        target[i] = whole(found[i], lost[i])


@kernel
def _sum(x: Any, first: int, count: int) -> Any:
    """The sums over `count` neighbouring axes from the first on."""
    if not reducible(x, first, count):
        return nothing(x)
    outer, n = extent(x, 0, first), extent(x, first, first + count)
    inner = extent(x, first + count, ndim(x))
    out = without(x, x, first, count)
    if is_nothing(out):
        return out
    use_full_width()
    source, target = data(x), data(out)
    part, kept = room(source), (wide_room(source), wide_room(source))
    state = unlock(size(x) >= MANY)
    for o in range(outer):
        if inner == 1:
            row = offset(source, o * n)
            target[o] = total(row, n) if n <= PIECE else _long_row(row, n)
        for start in range(0, inner if inner > 1 else 0, PIECE):
            length = min(PIECE, inner - start)
            lines, to = offset(source, o * n * inner + start), offset(target, o * inner + start)
            if n <= FEW:
                _few_lines(lines, n, inner, to, length)
            else:
                _many_lines(lines, n, inner, to, length, part, kept)
    lock(state)
    return out


sum_along = Entry(_sum, lambda array: (array, types.int64, types.int64))
