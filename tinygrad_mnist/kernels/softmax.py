"""Softmax and its relatives, each in one pass over memory: a block of rows is finished while in cache.

Rows are the last axis, and for `logsumexp` the last few. Each kernel takes a float32 or float64
array, contiguous in C order, whose rows are not empty, and gives nothing for any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.kernels import scalar
from tinygrad_mnist.kernels.arrays import (
    PLAIN,
    ArrayObject,
    Entry,
    accepts,
    data,
    flags,
    is_nothing,
    lock,
    ndim,
    new_array,
    new_like,
    nothing,
    shape,
    size,
    unlock,
)
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel, routine, scalar as inlined
from tinygrad_mnist.kernels.rows import largest, largest_number, room, scale, subtract, total
from tinygrad_mnist.kernels.simd import offset, use_full_width
from tinygrad_mnist.kernels.sums import add_exactly, whole
from tinygrad_mnist.kernels.tuning import MANY, PIECE


@routine
def _exponentials(source: Any, rows: int, n: int, target: Any, keep: bool, highest: Any, totals: Any) -> None:
    """For some rows: the largest number, exp(x - largest), and the sum of these, NaN if an element is.

    Either at most PIECE elements in all, or one row. The exponentials are left in `target` if asked
    for; else it only needs room for a piece.
    """
    use_full_width()
    for r in range(rows):
        highest[r] = largest_number(offset(source, r * n), n)
    found, lost = 0.0, 0.0
    for first in range(0, n, PIECE):
        length = min(PIECE, n - first)
        piece = offset(target, first if keep else 0)
        for r in range(rows):
            subtract(offset(source, r * n + first), offset(piece, r * n), length, highest[r], 0)
        for i in range(rows * length):
            piece[i] = scalar.exp(piece[i])
        for r in range(rows):
            totals[r] = total(offset(piece, r * n), length)
        if n > PIECE:  # then it is one row
            found, lost = add_exactly(found, lost, np.float64(totals[0]))
    if n > PIECE:
        totals[0] = whole(found, lost)


@inlined
def _block(n: Any) -> Any:
    """How many rows to do at once."""
    return max(1, PIECE // n)


@inlined
def _length(x: Any) -> Any:
    """The length of a row."""
    return shape(x)[ndim(x) - 1]


@kernel
def _softmax(x: Any) -> Any:
    if not accepts(x) or flags(x) & PLAIN != PLAIN or ndim(x) == 0 or _length(x) == 0:
        return nothing(x)
    out = new_like(x)
    if is_nothing(out):
        return out
    n, source, target = _length(x), data(x), data(out)
    count, step = size(x) // n, _block(n)
    highest, totals = room(source), room(source)
    state = unlock(size(x) >= MANY)
    for first in range(0, count, step):
        rows = min(step, count - first)
        block = offset(target, first * n)
        _exponentials(offset(source, first * n), rows, n, block, True, highest, totals)
        for r in range(rows):
            scale(offset(block, r * n), offset(block, r * n), n, 1 / totals[r])
    lock(state)
    return out


@kernel
def _log_softmax(x: Any) -> Any:
    if not accepts(x) or flags(x) & PLAIN != PLAIN or ndim(x) == 0 or _length(x) == 0:
        return nothing(x)
    out = new_like(x)
    if is_nothing(out):
        return out
    n, source, target = _length(x), data(x), data(out)
    count, step = size(x) // n, _block(n)
    highest, totals, scratch = room(source), room(source), room(source)
    state = unlock(size(x) >= MANY)
    for first in range(0, count, step):
        rows = min(step, count - first)
        _exponentials(offset(source, first * n), rows, n, scratch, False, highest, totals)
        for r in range(rows):
            totals[r] = scalar.log(totals[r])
        for r in range(rows):
            place = (first + r) * n
            subtract(offset(source, place), offset(target, place), n, highest[r], totals[r])
    lock(state)
    return out


@kernel
def _logsumexp(x: Any, axes: int) -> Any:
    """Over the axes from number `axes` on."""
    if not accepts(x) or flags(x) & PLAIN != PLAIN or size(x) == 0:
        return nothing(x)
    out = new_array(x, axes, shape(x), False)
    if is_nothing(out):
        return out
    count, source, target = size(out), data(x), data(out)
    n = size(x) // count
    step = _block(n)
    highest, totals, scratch = room(source), room(source), room(source)
    state = unlock(size(x) >= MANY)
    for first in range(0, count, step):
        rows = min(step, count - first)
        _exponentials(offset(source, first * n), rows, n, scratch, False, highest, totals)
        block = offset(target, first)
        for r in range(rows):
            block[r] = highest[r] + scalar.log(totals[r])
        for r in range(rows):
            if highest[r] - highest[r] != 0:  # infinite, or NaN
                block[r] = largest(offset(source, (first + r) * n), n)
    lock(state)
    return out


@inlined
def _classified(x: Any, classes: Any) -> Any:
    """Whether x is a matrix and `classes` holds the number of a column for each row."""
    if not accepts(x) or not accepts(classes) or (flags(x) & flags(classes)) & PLAIN != PLAIN:
        return False
    if ndim(x) != 2 or ndim(classes) != 1 or shape(x)[0] != shape(classes)[0] or shape(x)[1] == 0:
        return False
    right = True
    for r in range(shape(x)[0]):
        right &= 0 <= data(classes)[r] < shape(x)[1]
    return right


@inlined
def _column(classes: Any, r: int, n: int) -> Any:
    """The class of a row as a column that exists: another thread may have changed it since it was checked."""
    return min(max(data(classes)[r], 0), n - 1)


@kernel
def _cross_entropy(x: Any, classes: Any) -> Any:
    """Minus log softmax(x) at the class of each row."""
    if not _classified(x, classes):
        return nothing(x)
    out = new_array(x, 1, shape(x), False)
    if is_nothing(out):
        return out
    count, n, source, target = shape(x)[0], _length(x), data(x), data(out)
    step = _block(n)
    highest, totals, scratch = room(source), room(source), room(source)
    state = unlock(size(x) >= MANY)
    for first in range(0, count, step):
        rows = min(step, count - first)
        block = offset(source, first * n)
        _exponentials(block, rows, n, scratch, False, highest, totals)
        for r in range(rows):
            highest[r] = block[r * n + _column(classes, first + r, n)] - highest[r]
        for r in range(rows):
            target[first + r] = scalar.log(totals[r]) - highest[r]
    lock(state)
    return out


@kernel
def _cross_entropy_slope(x: Any, classes: Any, g: Any) -> Any:
    """g times softmax(x) less 1 at the class of each row."""
    if not _classified(x, classes) or not accepts(g) or flags(g) & PLAIN != PLAIN:
        return nothing(x)
    if ndim(g) != 1 or shape(g)[0] != shape(x)[0]:
        return nothing(x)
    out = new_like(x)
    if is_nothing(out):
        return out
    count, n, source, target = shape(x)[0], _length(x), data(x), data(out)
    step = _block(n)
    highest, totals = room(source), room(source)
    state = unlock(size(x) >= MANY)
    for first in range(0, count, step):
        rows = min(step, count - first)
        block = offset(target, first * n)
        _exponentials(offset(source, first * n), rows, n, block, True, highest, totals)
        for r in range(rows):
            row = offset(block, r * n)
            row[_column(classes, first + r, n)] -= totals[r]
            scale(row, row, n, data(g)[first + r] / totals[r])
    lock(state)
    return out


def _with_classes(array: Any) -> tuple[Any, ...]:
    return array, ArrayObject(types.int64)


softmax = Entry(_softmax, lambda array: (array,))  # (x)
log_softmax = Entry(_log_softmax, lambda array: (array,))  # (x)
logsumexp = Entry(_logsumexp, lambda array: (array, types.int64))  # (x, number of the first axis)
cross_entropy = Entry(_cross_entropy, _with_classes)  # (x, classes)
cross_entropy_slope = Entry(_cross_entropy_slope, lambda array: (*_with_classes(array), array))
