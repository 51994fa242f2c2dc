"""What stands for routines of the kernels that have no Python form, where a program is interpreted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_mnist.kernels import convolution as convolutions
from tinygrad_mnist.kernels.lists import CHAINS, SPARE, WHOLE, list_room
from tinygrad_mnist.kernels.runtime import share

Array = np.ndarray[Any, Any]


def _matmul(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[first:last] = a[first:last] @ b


def _narrow(a: Array, b: Array, out: Array, first: int, last: int, n: int, depth: int, turned: int) -> None:
    _matmul(a, b.T if turned else b, out, first, last)


def _narrow_layer(
    a: Array, b: Array, bias: Array, out: Array, first: int, last: int, n: int, depth: int, turned: int
) -> None:
    _matmul(a, b.T if turned else b, out, first, last)
    out[first:last] += bias


def _matmul_columns(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[:, first:last] = a @ b[:, first:last]


def _matmul_part(a: Array, b: Array, out: Array, part: int, parts: int) -> None:
    first, last = share(a.shape[1], part, parts)
    out[...] = a[:, first:last] @ b[first:last]


def _accumulate(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[first:last] += a[:, first:last].T @ b


def _accumulate_columns(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[:, first:last] += a.T @ b[:, first:last]


def _list_row(
    row: Array, first: int, last: int, gap: int, values: Array, index: Array, counts: Array, i: int
) -> None:
    places = np.flatnonzero(row[first:last]) + first
    count = counts[i] = len(places)
    values[:count], index[:count], values[count : count + SPARE] = row[places], places + gap, 0


def _find_lists(
    table: Array,
    row: Array,
    places: Array,
    values: Array,
    starts: Array,
    counts: Array,
    i: int,
    middle: int,
    gap: int,
    first: int,
    last: int,
) -> None:
    at, ends = i * list_room(len(row)) + first * (middle + CHAINS + SPARE), (0, middle, len(row))
    for part in range(first, last):
        if table[part] >= 0:
            starts[part, i], counts[part, i] = table[part], table[2 + part]
            continue
        starts[part, i] = at
        _list_row(row, ends[part], ends[part + 1], gap * part, values[at:], places[at:], counts[part], i)
        filled = -(-counts[part, i] // CHAINS) * CHAINS
        end = at + counts[part, i]
        places[end : at + filled] = places[end - 1]
        at += filled
    if last - first == 2:
        counts[WHOLE, i] = starts[1, i] - starts[0, i] + counts[1, i]


def _lists(
    values: Array, index: Array, starts: Array, counts: Array, first: int, last: int
) -> Iterator[tuple[Array, Array]]:
    part = WHOLE if last - first == 2 else first
    for start, count in zip(starts[first], counts[part], strict=True):
        yield values.reshape(-1)[start : start + count], index.reshape(-1)[start : start + count]


def _numbers(values: Array, numbers: Array) -> Array:
    return values if values.dtype == numbers.dtype else numbers[values.view(np.uint8)]


def _matmul_listed(
    values: Array, index: Array, starts: Array, counts: Array, b: Array, out: Array, first: int, last: int
) -> None:
    for i, (x, places) in enumerate(_lists(values, index, starts, counts, first, last)):
        out[i] = x @ b[places, : out.shape[1]]


def _accumulate_listed(
    values: Array, index: Array, starts: Array, counts: Array, b: Array, out: Array, first: int, last: int
) -> None:
    for i, (x, places) in enumerate(_lists(values, index, starts, counts, first, last)):
        real = np.ones(len(places), bool)
        real[1:] = places[1:] != places[:-1]  # behind a part stand zeros, at its last place
        out[places[real], : b.shape[1]] += x[real, None] * b[i]


def _convolution(
    x: Array, w: Array, y: Array, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> None:
    y[first:last] = convolutions.convolution(x[first:last], w, (s, step), (d, gap), groups)


def _convolution_weight(
    x: Array, w: Array, y: Array, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> None:
    taps, part = (w.shape[2], w.shape[3]), slice(first, last)
    w[...] = convolutions.convolution_weight(y[part], x[part], taps, (s, step), (d, gap), groups)


def _convolution_input(
    x: Array, w: Array, y: Array, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> None:
    size, part = (x.shape[2], x.shape[3]), slice(first, last)
    x[part] = convolutions.convolution_input(y[part], w, size, (s, step), (d, gap), groups)


#: By their names.
IN_PYTHON: dict[str, Callable[..., Any]] = {
    "matmul": _matmul,
    "narrow": _narrow,
    "narrow_layer": _narrow_layer,
    "matmul_columns": _matmul_columns,
    "matmul_part": _matmul_part,
    "accumulate": _accumulate,
    "accumulate_columns": _accumulate_columns,
    "list_row": _list_row,
    "find_lists": _find_lists,
    "matmul_listed": _matmul_listed,
    "accumulate_listed": _accumulate_listed,
    "convolution": _convolution,
    "convolution_input": _convolution_input,
    "convolution_weight": _convolution_weight,
    "narrow_listed": lambda *args: _matmul_listed(_numbers(*args[:2]), *args[2:9]),
    "narrow_accumulate_listed": lambda *args: _accumulate_listed(_numbers(*args[:2]), *args[2:9]),
    "fetch_rows": lambda *_: None,
    "fetch_lists": lambda *_: None,
    "meet": lambda meeting, workers: True,
}
