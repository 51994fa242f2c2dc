"""Composites that put elements in other places: rolling, repeating, diagonals, grids, windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite, normalize_axis
from .gather import take_along
from .joining import concatenate
from .reduce import sum
from .views import (
    expand_to,
    flip_axes,
    permute,
    permute_axes,
    place,
    reshape_to,
    slice_ranges,
    transpose,
)

__all__ = [
    "chunk", "diag", "diag_embed", "diagonal", "movedim", "repeat_interleave", "roll", "rot90", "tile",
    "trace", "unbind",
]  # fmt: skip


@composite(
    (((2, 3),), {"shifts": 1, "axis": 1}),
    (((2, 3),), {"shifts": -1}),
    (((3, 2),), {"shifts": (1, 1), "axis": (0, 1)}),
)
def roll(x: Value, shifts: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Value:
    """x with its elements moved `shifts` places along `axis`, those that fall off coming in at the other end.

    Without an axis in row-major order. Several shifts need an axis each: ShapeError.
    """
    if axis is None:
        if not isinstance(shifts, int):
            raise ShapeError(f"roll: the shifts {shifts} need an axis each")
        return reshape_to(roll(reshape_to(x, (math.prod(x.shape),)), shifts, 0), x.shape)
    steps, axes = _several(shifts), _several(axis)
    if len(steps) != len(axes):
        raise ShapeError(f"roll: {len(steps)} shifts for {len(axes)} axes; give as many of both")
    for step, a in zip(steps, axes, strict=True):
        at = normalize_axis("roll", a, x.ndim)
        by = step % max(x.shape[at], 1)
        if by:
            x = concatenate([_part(x, at, -by, None), _part(x, at, 0, -by)], at)
    return x


@composite((((2, 3),), {}), (((2, 3),), {"k": 2}), (((2, 3),), {"k": -1, "axes": (1, 0)}))
def rot90(x: Value, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Value:
    """x turned k times by a right angle, from the first of `axes` towards the second."""
    if x.ndim < 2 or len(axes) != 2:
        raise ShapeError(
            f"rot90: turns in a plane of two axes, not {tuple(axes)} of a tensor of shape {x.shape}"
        )
    a, b = (normalize_axis("rot90", i, x.ndim) for i in axes)
    if a == b:
        raise ShapeError(f"rot90: axes {tuple(axes)} name one axis twice")
    if k % 4 == 2:
        return flip_axes(x, tuple(sorted((a, b))))
    if k % 4 == 1:
        return transpose(flip_axes(x, (b,)), a, b)
    return flip_axes(transpose(x, a, b), (b,)) if k % 4 == 3 else x


@composite((((2, 3),), {"times": (2, 1, 2)}))
def repeat(x: Value, times: Sequence[int]) -> Value:
    """x laid side by side `times[i]` times along axis i (PyTorch's repeat); new axes come first."""
    counts = [int(n) for n in times]
    if len(counts) < x.ndim or min(counts, default=0) < 0:
        raise ShapeError(
            f"repeat: {tuple(counts)} must give a count for each axis of {x.shape}; tile fills in ones"
        )
    lengths = (1,) * (len(counts) - x.ndim) + x.shape
    apart = [m for n in lengths for m in (1, n)]
    wide = [m for count, n in zip(counts, lengths, strict=True) for m in (count, n)]
    joined = tuple(count * n for count, n in zip(counts, lengths, strict=True))
    return reshape_to(expand_to(reshape_to(x, tuple(apart)), tuple(wide)), joined)


@composite((((2, 3),), {"times": (2,)}))
def tile(x: Value, times: int | Sequence[int]) -> Value:
    """As `repeat`, but where counts are missing the first axes are not repeated."""
    counts = _several(times)
    return repeat(x, (1,) * (x.ndim - len(counts)) + counts)


@composite((((2, 3),), {"repeats": 2}), (((3, 2),), {"repeats": (0, 2, 1), "axis": 0}))
def repeat_interleave(
    x: Value,
    repeats: Any = None,
    axis: int | None = None,
    *,
    output_size: int | None = None,
) -> Value:
    """x with each element along `axis` (None: of x flattened) repeated, next to itself.

    `repeats` is a number, or one for each element of the axis; ShapeError if they are others. Of a vector of
    counts alone, position i as often as x[i] says. `output_size` is how many there will be.
    """
    if repeats is None:
        return (
            repeat_interleave(np.arange(x.shape[0]), x)
            if isinstance(x, np.ndarray)
            else x.new_tensor(np.repeat(np.arange(x.shape[0]), np.asarray(x)), dtype=np.int64)
        )
    if axis is None:
        x, axis = reshape_to(x, (math.prod(x.shape),)), 0
    at = normalize_axis("repeat_interleave", axis, x.ndim)
    n = x.shape[at]
    if isinstance(repeats, int):
        wide = (*x.shape[: at + 1], repeats, *x.shape[at + 1 :])
        apart = reshape_to(x, (*x.shape[: at + 1], 1, *x.shape[at + 1 :]))
        return reshape_to(expand_to(apart, wide), (*x.shape[:at], n * repeats, *x.shape[at + 1 :]))
    counts = np.asarray(repeats)
    if counts.shape not in ((n,), (1,)):
        raise ShapeError(
            f"repeat_interleave: axis {at} has {n} elements, but {counts.size} counts were given"
        )
    places = np.repeat(np.arange(n), np.broadcast_to(counts, n))
    if output_size not in (None, len(places)):
        raise ShapeError(
            f"repeat_interleave: output_size is {output_size}, but there are {len(places)} elements"
        )
    return take_along(x, places, at)


@composite((((2, 3),), {}), (((3, 2, 3),), {"offset": -1, "axis1": 2, "axis2": 1}))
def diagonal(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The diagonals of the matrices in two axes, as a new last axis; offset > 0 lies above the main one."""
    a, b = normalize_axis("diagonal", axis1, x.ndim), normalize_axis("diagonal", axis2, x.ndim)
    if a == b:
        raise ShapeError(f"diagonal: axes {axis1} and {axis2} are the same")
    rest = [i for i in range(x.ndim) if i not in (a, b)]
    n, m = x.shape[a], x.shape[b]
    start, length = _diagonal(n, m, offset)
    rows = reshape_to(permute_axes(x, (*rest, a, b)), (*[x.shape[i] for i in rest], n * m))
    whole = [(0, k, 1) for k in rows.shape[:-1]]
    return slice_ranges(rows, (*whole, (start, length, m + 1) if length else (0, 0, 1)))


@composite((((2, 3),), {}), (((2,),), {"offset": -1}), (((2, 3),), {"offset": 1, "axis1": 2, "axis2": 0}))
def diag_embed(x: Value, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Value:
    """Matrices in two new axes, with the last axis of x as a diagonal, and zeros elsewhere."""
    n = x.shape[-1] + abs(offset)
    start, length = _diagonal(n, n, offset)
    lead = x.shape[:-1]
    whole = [(0, k, 1) for k in lead]
    flat = place(x, (*lead, n * n), (*whole, (start, length, n + 1) if length else (0, 0, 1)), 0)
    return movedim(reshape_to(flat, (*lead, n, n)), (-2, -1), (axis1, axis2))


@composite((((3,),), {}), (((2, 3),), {"offset": 1}))
def diag(x: Value, offset: int = 0) -> Value:
    """The matrix with the vector x on a diagonal, or that diagonal of the matrix x."""
    if x.ndim not in (1, 2):
        raise ShapeError(
            f"diag: takes a vector or a matrix, not shape {x.shape}; see diagonal and diag_embed"
        )
    return diag_embed(x, offset) if x.ndim == 1 else diagonal(x, offset)


@composite((((2, 3),), {}))
def trace(x: Value) -> Value:
    """The sum of the main diagonal of a matrix."""
    if x.ndim != 2:
        raise ShapeError(f"trace: takes a matrix, not shape {x.shape}; for several use diagonal(...).sum(-1)")
    return sum(diagonal(x))


@composite((((2,), (3,)), {}), (((2,), (3,)), {"indexing": "xy"}), call=lambda f, a, b, **k: f(a, b, **k)[1])
def meshgrid(*vectors: Value, indexing: str = "ij") -> tuple[Value, ...]:
    """For each vector a tensor over the grid of all of them, which it varies along its own axis.

    `indexing="xy"` exchanges the first two axes.
    """
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing must be 'ij' or 'xy', not {indexing!r}")
    if any(v.ndim > 1 for v in vectors):
        raise ShapeError(f"meshgrid: takes vectors, not shapes {[v.shape for v in vectors]}")
    shape = tuple(math.prod(v.shape) for v in vectors)
    grids = []
    for i, v in enumerate(vectors):
        along = tuple(n if j == i else 1 for j, n in enumerate(shape))
        grids.append(expand_to(reshape_to(v, along), shape))
    return tuple(transpose(g, 0, 1) if indexing == "xy" and len(shape) > 1 else g for g in grids)


@composite((((2, 3, 2),), {"source": 0, "destination": -1}))
def movedim(x: Value, source: int | Sequence[int], destination: int | Sequence[int]) -> Value:
    """x with the axes `source` at the places `destination`, the others in their order."""
    old = [normalize_axis("movedim", a, x.ndim) for a in _several(source)]
    new = [normalize_axis("movedim", a, x.ndim) for a in _several(destination)]
    if len(old) != len(new) or len(set(old)) != len(old) or len(set(new)) != len(new):
        raise ShapeError(f"movedim: {source} and {destination} must name as many axes, each once")
    order = [i for i in range(x.ndim) if i not in old]
    for place_, axis in sorted(zip(new, old, strict=True)):
        order.insert(place_, axis)
    return permute(x, order)


@composite((((2, 3),), {"axis": 1}), call=lambda f, x, **axis: f(x, **axis)[1])
def unbind(x: Value, axis: int = 0) -> tuple[Value, ...]:
    """x cut into its slices along `axis`, which they do not have."""
    at = normalize_axis("unbind", axis, x.ndim)
    shape = (*x.shape[:at], *x.shape[at + 1 :])
    return tuple(reshape_to(_part(x, at, i, i + 1), shape) for i in range(x.shape[at]))


@composite((((5, 2),), {"chunks": 2}), call=lambda f, x, **chunks: f(x, **chunks)[1])
def chunk(x: Value, chunks: int, axis: int = 0) -> tuple[Value, ...]:
    """x cut along `axis` into at most `chunks` pieces of equal length, the last maybe shorter."""
    at = normalize_axis("chunk", axis, x.ndim)
    if chunks < 1:
        raise ShapeError(f"chunk: needs at least one piece, not {chunks}")
    n = x.shape[at]
    size = max(-(-n // chunks), 1)
    return tuple(_part(x, at, start, min(start + size, n)) for start in range(0, max(n, 1), size))


def _several(values: Any) -> tuple[int, ...]:
    return (int(values),) if isinstance(values, int | np.integer) else tuple(int(v) for v in values)


def _part(x: Value, axis: int, start: int, stop: int | None) -> Value:
    first, last, _ = slice(start, stop).indices(x.shape[axis])
    return slice_ranges(
        x, tuple((first, last - first, 1) if i == axis else (0, n, 1) for i, n in enumerate(x.shape))
    )


def _diagonal(n: int, m: int, offset: int) -> tuple[int, int]:
    """Where a diagonal of an n x m matrix laid out in a row starts, and how long it is."""
    length = min(n, m - offset) if offset >= 0 else min(n + offset, m)
    return (offset if offset >= 0 else -offset * m), max(length, 0)
