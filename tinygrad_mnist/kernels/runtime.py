"""What generated programs call besides the scalar formulas of the kernels.

Nothing here is kept on disk by itself: machine code of several processes must not meet in one program.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.kernels.barrier import barrier
from tinygrad_mnist.kernels.bits import fma
from tinygrad_mnist.kernels.checking import CHECKING, OUTSIDE
from tinygrad_mnist.kernels.lists import CHAINS, SPARE, WHOLE, find, list_room, spread, sum_lists
from tinygrad_mnist.kernels.numba_door import extending, types
from tinygrad_mnist.kernels.policy import routine, scalar
from tinygrad_mnist.kernels.products import onto, part_of_product, product
from tinygrad_mnist.kernels.simd import offset, prefetch

NO_SUCH_POSITION = "a position is outside its axis"
UNFINISHED = "a loop is not at its end after all the steps that it may make"


@scalar
def maximum(a: Any, b: Any) -> Any:
    """The larger of two numbers; NaN if one is."""
    return a if a >= b or a != a else b


@scalar
def minimum(a: Any, b: Any) -> Any:
    """The smaller of two numbers; NaN if one is."""
    return a if a <= b or a != a else b


@scalar
def greater(a: Any, b: Any) -> Any:
    """Whether a comes before b in a search for the largest: NaN comes first of all."""
    return a > b or (a != a and b == b)


@scalar
def less(a: Any, b: Any) -> Any:
    """Whether a comes before b in a search for the smallest: NaN comes first of all."""
    return a < b or (a != a and b == b)


@scalar
def before(a: Any, b: Any) -> Any:
    """Whether a comes before b in ascending order: NaN comes after all numbers."""
    return a < b or (b != b and a == a)


@scalar
def position(i: Any, low: Any, size: Any) -> Any:
    """An index, counted from the end if negative; IndexError outside low .. size - 1."""
    if i < low or i >= size:
        raise IndexError(NO_SUCH_POSITION)
    inside = np.int64(i)  # the sum of a uint64 and an int64 is no integer
    return inside + size if inside < 0 else inside


@routine
def at_end(going: Any) -> None:
    """RuntimeError if a loop that may make no further step is to go on."""
    if going:
        raise RuntimeError(UNFINISHED)


@routine
def argsort(values: Any, order: Any) -> None:
    """order = the positions of a vector's elements from the smallest to the largest, by merging.

    Equal elements keep their order; NaN comes last.
    """
    n = values.shape[0]
    for i in range(n):
        order[i] = i
    merged = np.empty(n, np.int64)
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            left, right = start, min(start + width, n)
            middle, stop = right, min(start + 2 * width, n)
            for k in range(start, stop):
                if left < middle and (right >= stop or not before(values[order[right]], values[order[left]])):
                    merged[k] = order[left]
                    left += 1
                else:
                    merged[k] = order[right]
                    right += 1
        for i in range(n):
            order[i] = merged[i]
        width *= 2


def _memory(typing: Any, array: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), codegen


memory = extending.intrinsic(_memory)  # memory(array): pointer to its first element


@routine
def fetch_row(table: Any, row: int, first: int, last: int) -> None:
    """Have elements of a row of a contiguous array brought near, if there is such a row."""
    if 0 <= row < table.shape[0]:
        width = table.size // table.shape[0]
        for column in range(first, last, 64 // table.itemsize):
            prefetch(offset(memory(table), row * width + column))
        if last > first:  # a row seldom begins where a line does
            prefetch(offset(memory(table), row * width + last - 1))


@routine
def fetch_rows(
    table: Any, positions: Any, step: int, last: int, first: int, end: int, left: int, right: int
) -> None:
    """Have elements `left` up to `right` of the rows that the next step, if any, looks up brought near."""
    if step + 1 < last:
        for i in range(first, end):
            fetch_row(table, positions[step + 1, i], left, right)


@routine
def fetch_lists(
    table: Any,
    places: Any,
    values: Any,
    rows: Any,
    positions: Any,
    step: int,
    end_step: int,
    begin: int,
    end: int,
    middle: int,
    depth: int,
    first: int,
    last: int,
) -> None:
    """Have parts `first` up to `last` of the lists of rows that the next step looks up brought near.

    As `list_rows` has made them; the row itself where it has not. Of rows number `begin` up to `end` of the
    step.
    """
    count = table.shape[0]
    if step + 2 < end_step:
        for i in range(begin, end):
            row = positions[step + 2, i]
            row = row + count if row < 0 else row
            if 0 <= row < count:
                prefetch(offset(memory(table), row * 4))
    if step + 1 < end_step:
        for i in range(begin, end):
            row = positions[step + 1, i]
            row = row + count if row < 0 else row
            if 0 <= row < count:
                start, behind = table[row, first], table[row, last - 1] + table[row, last + 1]
                if start < 0:
                    fetch_row(rows, row, first * middle, depth if last == 2 else middle)
                for k in range(start, behind, 64 // places.itemsize):
                    prefetch(offset(memory(places), k))
                for k in range(start, behind, 64 // values.itemsize):
                    prefetch(offset(memory(values), k))
                if behind > start:  # a list seldom begins where a line does
                    prefetch(offset(memory(places), behind - 1))
                    prefetch(offset(memory(values), behind - 1))


@scalar
def quotient(a: Any, high: Any, low: Any) -> Any:
    """a / b, where high + low is 1 / b in twice the digits: for small integers mostly a division's bits."""
    return fma(a, high, a * low)


@routine
def meet(meeting: Any, workers: int) -> bool:
    """Wait for the other workers of a program; False if one of them failed and will never come."""
    return barrier(meeting, workers)


@scalar
def share(n: int, worker: int, workers: int) -> Any:
    """A worker's part of n: the first, and the one after the last; whole cache lines if n is large."""
    unit = 16 if n >= 256 else 1
    first, last = n * worker // workers // unit * unit, n * (worker + 1) // workers // unit * unit
    return first, n if worker == workers - 1 else last


@scalar
def span(n: int, times: int, worker: int, workers: int) -> Any:
    """As `share`, for n rows of `times` elements in a row; unsigned.

    An index that may be negative would count from the end, and a loop over such ones has no vectors.
    """
    first, last = share(n, worker, workers)
    return np.uint64(first * times), np.uint64(last * times)


@routine
def _check_sum(m: int, n: int, depth: int, other: int, out: Any, first: int, last: int, length: int) -> None:
    """Assert, if asked to, that m x n sums over an axis fit their matrix, and a part of an axis the axis."""
    fits = depth == other and out.shape[0] == m and out.shape[1] == n
    if CHECKING and not (fits and 0 <= first <= last <= length):
        raise IndexError(OUTSIDE)


@routine
def _multiply(a: Any, b: Any, out: Any, top: int, bottom: int, left: int, right: int) -> None:
    a_row, a_column = a.strides[0] // a.itemsize, a.strides[1] // a.itemsize
    b_row, b_column = b.strides[0] // b.itemsize, b.strides[1] // b.itemsize
    m, n, depth = a.shape[0], b.shape[1], a.shape[1]
    if CHECKING and not (
        b.shape[0] == depth
        and out.shape[0] == m
        and out.shape[1] == n
        and 0 <= top <= bottom <= m
        and 0 <= left <= right <= n
    ):
        raise IndexError(OUTSIDE)
    if not part_of_product(
        memory(a),
        a_row,
        a_column,
        memory(b),
        b_row,
        b_column,
        memory(out),
        n,
        m,
        n,
        depth,
        top,
        bottom,
        left,
        right,
    ):
        raise MemoryError("no memory for a matrix product")


@routine
def matmul(a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """Rows `first` up to `last` of out = a @ b, matrices of any strides; out is contiguous."""
    _multiply(a, b, out, first, last, 0, b.shape[1])


@routine
def matmul_columns(a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """Columns `first` up to `last` of out = a @ b, matrices of any strides; out is contiguous."""
    _multiply(a, b, out, 0, a.shape[0], first, last)


@routine
def matmul_part(a: Any, b: Any, out: Any, part: int, parts: int) -> None:
    """out = a @ b over one of so many parts of the inner axis (see `share`); out is contiguous."""
    a_row, a_column = a.strides[0] // a.itemsize, a.strides[1] // a.itemsize
    b_row, b_column = b.strides[0] // b.itemsize, b.strides[1] // b.itemsize
    first, last = share(a.shape[1], part, parts)
    left, right = offset(memory(a), first * a_column), offset(memory(b), first * b_row)
    n = b.shape[1]
    _check_sum(a.shape[0], n, a.shape[1], b.shape[0], out, first, last, a.shape[1])
    if not product(
        left, a_row, a_column, right, b_row, b_column, memory(out), n, a.shape[0], n, last - first
    ):
        raise MemoryError("no memory for a matrix product")


@routine
def accumulate(a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """out += a.T @ b in rows `first` up to `last`; all three contiguous."""
    rows, n = a.shape[1], b.shape[1]
    _check_sum(rows, n, a.shape[0], b.shape[0], out, first, last, rows)
    left, result = offset(memory(a), first), offset(memory(out), first * n)
    if not onto(left, 1, rows, memory(b), n, 1, result, n, last - first, n, a.shape[0]):
        raise MemoryError("no memory for a matrix product")


@routine
def accumulate_columns(a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """out += a.T @ b in columns `first` up to `last`; all three contiguous."""
    rows, n = a.shape[1], b.shape[1]
    _check_sum(rows, n, a.shape[0], b.shape[0], out, first, last, n)
    right, result = offset(memory(b), first), offset(memory(out), first)
    if not onto(memory(a), 1, rows, right, n, 1, result, n, rows, last - first, a.shape[0]):
        raise MemoryError("no memory for a matrix product")


@routine
def list_row(row: Any, first: int, last: int, gap: int, values: Any, index: Any, counts: Any, i: int) -> None:
    """List what is not zero of row[first:last], numbers, and places in the row + gap; counts[i] = how many.

    All are contiguous vectors; the lists have room for SPARE elements more than there can be.
    """
    room = last - first + SPARE
    if CHECKING and not (
        0 <= first <= last <= row.size and room <= min(values.size, index.size) and 0 <= i < counts.size
    ):
        raise IndexError(OUTSIDE)
    found = find(offset(memory(row), -gap), first + gap, last + gap, memory(values), memory(index))
    counts[i] = found


@routine
def find_lists(
    table: Any,
    row: Any,
    places: Any,
    values: Any,
    starts: Any,
    counts: Any,
    i: int,
    middle: int,
    gap: int,
    first: int,
    last: int,
) -> None:
    """Note where parts `first` up to `last` of the lists of row i of a step are; make them if there are none.

    `table` is what `list_rows` has noted of the row. New lists are made in the room for row i at the
    beginning of `places` and `values`, side by side if both parts are asked for; `gap` is added to the
    places of the second.
    """
    room = list_room(row.size)
    if CHECKING and not (
        0 <= first < last <= 2
        and 0 <= i < counts.shape[1]
        and (i + 1) * room <= min(places.size, values.size)
    ):
        raise IndexError(OUTSIDE)
    at = i * room + first * (middle + CHAINS + SPARE)
    for part in range(first, last):
        if table[part] < 0:
            begin, end, more = (middle, row.size, gap) if part else (0, middle, 0)
            starts[part, i] = at
            counts[part, i] = find(
                offset(memory(row), -more),
                begin + more,
                end + more,
                offset(memory(values), at),
                offset(memory(places), at),
            )
            at += (counts[part, i] + CHAINS - 1) // CHAINS * CHAINS
        else:
            starts[part, i], counts[part, i] = table[part], table[2 + part]
    if last - first == 2:
        counts[WHOLE, i] = starts[1, i] - starts[0, i] + counts[1, i]


@routine
def _check_lists(
    values: Any, index: Any, starts: Any, counts: Any, rows: Any, table: Any, first: int, last: int
) -> None:
    """Assert, if asked to, that lists fit the matrices; their places are what `list_row` found."""
    m = rows.shape[0]
    fits = starts.shape[0] == 2 and starts.shape[1] == m and counts.shape[0] == 3 and counts.shape[1] == m
    if CHECKING and not (fits and 0 <= first <= 1 and last == first + 1 and rows.shape[1] <= table.shape[1]):
        raise IndexError(OUTSIDE)
    if CHECKING:
        for i in range(m):
            begin, end = starts[first, i], starts[first, i] + counts[first, i]
            if not 0 <= begin <= end <= min(values.size, index.size):
                raise IndexError(OUTSIDE)
            for t in range(begin, end):
                if not 0 <= offset(memory(index), t)[0] < table.shape[0]:
                    raise IndexError(OUTSIDE)


@routine
def matmul_listed(
    values: Any, index: Any, starts: Any, counts: Any, b: Any, out: Any, first: int, last: int
) -> None:
    """out = a @ b, a as lists of what is not zero in part `first` of each row; all contiguous.

    See `list_row`. The lists of each part and row begin at `starts`, (2, m), and have `counts`, (3, m),
    entries; the third are those of a row whose second part lies behind its first. b may have more columns
    than out.
    """
    _check_lists(values, index, starts, counts, out, b, first, last)
    m, n = out.shape
    ends = offset(memory(starts), first * m), offset(memory(counts), first * m)
    sum_lists(memory(values), memory(index), *ends, memory(out), n, memory(b), b.shape[1], m, n)


@routine
def accumulate_listed(
    values: Any, index: Any, starts: Any, counts: Any, b: Any, out: Any, first: int, last: int
) -> None:
    """out += a.T @ b, a as lists of parts `first` up to `last`; out may have more columns than b."""
    m, n = b.shape
    for part in range(first, last):
        _check_lists(values, index, starts, counts, b, out, part, part + 1)
        ends = offset(memory(starts), part * m), offset(memory(counts), part * m)
        spread(memory(values), memory(index), *ends, memory(b), n, memory(out), out.shape[1], m, n)
