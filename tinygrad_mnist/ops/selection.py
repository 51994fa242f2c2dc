"""What is found among numbers: positions, distinct values, counts. Most shapes here depend on numbers.

These are primitives of arrays without a derivative; compiled programs refuse those whose result's shape is
not known before the numbers are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..kinds import Composed, Opaque
from ..primitive import Array, Primitive, Value, composite, normalize_axis, told_by_numbers
from .elementwise import cast, eq, lt
from .gather import take
from .reduce import sum
from .views import expand_to, reshape_to

__all__ = [
    "argwhere", "bincount", "bucketize", "histc", "isin", "masked_select", "nonzero", "searchsorted",
    "unique", "unique_consecutive",
]  # fmt: skip


def _found(name: str, run: Callable[..., Array], arity: int, cases: Sequence[tuple[Any, ...]]) -> Primitive:
    return Primitive(name, Opaque(), run, told_by_numbers, (None,) * arity, cases=cases)


def _whole(name: str, x: Any) -> None:
    if x.dtype.kind not in "iu":
        raise DTypeError(f"{name}: counts integers, not {x.dtype}; cast them with .long()")


def _run_bincount(x: Array, minlength: int) -> Array:
    _whole("bincount", x)
    if x.ndim != 1 or (x.size and x.min() < 0) or minlength < 0:
        raise ShapeError(
            f"bincount: takes a vector of integers from 0 on, and minlength from 0 on, not {x.shape}"
        )
    return np.bincount(x, minlength=minlength).astype(np.int64)


def _run_weighted(x: Array, weights: Array, minlength: int) -> Array:
    _whole("bincount", x)
    if x.shape != weights.shape or x.ndim != 1:
        raise ShapeError(f"bincount: weights of shape {weights.shape} for numbers of shape {x.shape}")
    y: Array = np.bincount(x, weights, minlength)
    return y.astype(weights.dtype if weights.dtype == np.float32 else np.float64)


nonzero_positions = _found(
    "nonzero", lambda x: np.argwhere(x).astype(np.int64), 1, [((2, 3),), ((),), ((0, 2),)]
)
counts_of = _found("bincount", _run_bincount, 1, [(((4,), 3), 0), (((0,), 3), 2)])
weights_of = _found("bincount_weighted", _run_weighted, 2, [(((4,), 3), (4,), 0)])
distinct = _found("unique", lambda x: np.unique(x, equal_nan=False), 1, [((2, 3),), ((0,),)])
distinct_slices = _found(
    "unique_slices", lambda x, axis: np.unique(x, axis=axis, equal_nan=False), 1, [((3, 2), 0)]
)


def _starts(x: Array, axis: int) -> Array:
    """Whether a slice differs from the one before it."""
    rows = np.moveaxis(x, axis, 0).reshape(x.shape[axis], math.prod(x.shape[:axis] + x.shape[axis + 1 :]))
    return np.concatenate([np.ones(min(len(rows), 1), np.bool_), (rows[1:] != rows[:-1]).any(1)])


def _run_places(x: Array, axis: int, runs: bool) -> Array:
    if runs:
        return np.cumsum(_starts(x, axis)) - 1
    if not x.size and x.shape[axis]:
        return np.zeros(x.shape[axis], np.int64)
    found: Array = np.unique(x, axis=axis, return_inverse=True, equal_nan=False)[1]
    return found.reshape(-1).astype(np.int64)


runs_of_slices = _found(
    "unique_runs", lambda x, axis: np.compress(_starts(x, axis), x, axis), 1, [((3, 2), 0)]
)
places_of_slices = _found("unique_places", _run_places, 1, [((3, 2), 0, False), ((3, 2), 0, True)])


def _run_searchsorted(edges: Array, values: Array, right: bool) -> Array:
    side: Any = "right" if right else "left"
    if edges.ndim == 1:
        return np.asarray(np.searchsorted(edges, values, side=side), np.int64)
    if edges.shape[:-1] != values.shape[:-1]:
        raise ShapeError(
            f"searchsorted: rows {edges.shape} and values {values.shape} differ but for the last axis"
        )
    out = np.empty(values.shape, np.int64)
    for at in np.ndindex(edges.shape[:-1]):
        out[at] = np.searchsorted(edges[at], values[at], side=side)
    return out


def _expanded_searchsorted(edges: Value, values: Value, right: bool) -> Value:
    rows = reshape_to(edges, (*edges.shape[:-1], *(1,) * (values.ndim - edges.ndim + 1), edges.shape[-1]))
    below = reshape_to(values, (*values.shape, 1))
    return sum(cast(rows <= below if right else lt(rows, below), np.dtype(np.int64)), -1)


sorted_positions = Primitive(
    "searchsorted",
    Composed(_expanded_searchsorted),
    _run_searchsorted,
    lambda edges, values, right: (values.shape, np.dtype(np.int64)),
    (None, None),
    cases=[((3,), (2, 4), False), ((3,), (), True)],
)


# What users call --------------------------------------------------------------------------------


def nonzero(x: Value, *, as_tuple: bool = False) -> Any:
    """int64 positions of the elements that are not zero, in row-major order: (how many, x.ndim).

    `as_tuple`: a vector for each axis instead, as an index takes them. How many there are depends on
    numbers, so a compiled function cannot: TraceError.
    """
    if as_tuple and x.ndim == 0:
        x = reshape_to(x, (1,))
    found = nonzero_positions(x)
    return tuple(found[:, i] for i in range(x.ndim)) if as_tuple else found


def argwhere(x: Value) -> Value:
    """As `nonzero`."""
    return nonzero_positions(x)


def unique(
    x: Value,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """The distinct elements in order (with `axis` the distinct slices), or a tuple with what else is asked.

    The others are, of each element, where its value is among them, and how often each is there.
    """
    if axis is not None:
        at = normalize_axis("unique", axis, x.ndim)
        values = distinct_slices(x, at)
        return _with_others(values, x, at, return_inverse, return_counts)
    values = distinct(x)
    if not (return_inverse or return_counts):
        return values
    inverse = sorted_positions(values, x, False)
    wanted = [values, *([inverse] if return_inverse else [])]
    if return_counts:
        wanted.append(counts_of(reshape_to(inverse, (math.prod(x.shape),)), values.shape[0]))
    return tuple(wanted)


def _with_others(values: Value, x: Value, axis: int, inverse: bool, counts: bool, runs: bool = False) -> Any:
    """The distinct slices, and what else is asked."""
    if not (inverse or counts):
        return values
    places = places_of_slices(x, axis, runs)
    wanted = [values, *([places] if inverse else [])]
    if counts:
        wanted.append(counts_of(places, values.shape[axis]))
    return tuple(wanted)


def unique_consecutive(
    x: Value, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None
) -> Any:
    """Elements without those that equal the one before them, or a tuple with what else is asked."""
    if axis is not None:
        at = normalize_axis("unique_consecutive", axis, x.ndim)
        return _with_others(runs_of_slices(x, at), x, at, return_inverse, return_counts, runs=True)
    row = reshape_to(x, (math.prod(x.shape),))
    if not row.shape[0]:
        starts = nonzero_positions(row)[:, 0]
    else:
        new = np.concatenate([[True], np.asarray(row[1:] != row[:-1])])
        starts = row * 0 == row * 0 if row.dtype.kind == "b" else eq(row, row)
        starts = nonzero_positions(starts & new)[:, 0]
    values = take(row, starts, 0)
    if not (return_inverse or return_counts):
        return values
    everyone = cast(row == row, np.dtype(np.int64)).cumsum(0) - 1
    inverse = sorted_positions(starts, everyone, True) - 1
    wanted = [values, *([reshape_to(inverse, tuple(x.shape))] if return_inverse else [])]
    if return_counts:
        wanted.append(counts_of(inverse, values.shape[0]))
    return tuple(wanted)


def bincount(x: Value, weights: Value | None = None, minlength: int = 0) -> Value:
    """How often each integer from 0 on is in a vector, or the sums of `weights` there."""
    return counts_of(x, minlength) if weights is None else weights_of(x, weights, minlength)


def searchsorted(
    edges: Value,
    values: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Value:
    """int64 positions at which values go into vectors in order: before equal ones, or behind if `right`."""
    if side not in (None, "left", "right"):
        raise ValueError(f"searchsorted: side is 'left' or 'right', not {side!r}")
    if right and side == "left":
        raise ValueError("searchsorted: right=True and side='left' contradict each other")
    if sorter is not None:
        edges = take(edges, sorter, -1) if edges.ndim == 1 else edges.gather(-1, sorter)
    number = not hasattr(values, "dtype")
    found = sorted_positions(edges, np.asarray(values) if number else values, right or side == "right")
    return cast(found, np.dtype(np.int32)) if out_int32 else found


def bucketize(x: Any, edges: Value, *, out_int32: bool = False, right: bool = False) -> Value:
    """int64: which of the intervals between `edges`, a vector in order, each element is in."""
    return searchsorted(edges, x, out_int32=out_int32, right=right)


def histc(x: Value, bins: int = 100, min: float = 0, max: float = 0) -> Value:
    """How many elements are in each of `bins` intervals from min to max (both 0: of the elements)."""
    if bins < 1 or max < min:
        raise ValueError(f"histc: needs bins from 1 on and min <= max, not {bins}, {min}, {max}")
    if x.dtype.kind != "f":
        raise DTypeError(f"histc: not defined for {x.dtype}; cast with .float()")
    return _histogram(x, bins, float(min), float(max))


def _run_histc(x: Array, bins: int, low: float, high: float) -> Array:
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    inside = x[(x >= low) & (x <= high)]
    at = np.minimum(((inside - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return np.bincount(at.reshape(-1), minlength=bins).astype(x.dtype)


_histogram = _found("histc", _run_histc, 1, [((2, 3), 4, -1.0, 1.0)])


def isin(x: Value, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Value:
    """Where an element of x is one of `test_elements`."""
    row = np.asarray(test_elements).reshape(-1) if not hasattr(test_elements, "dtype") else test_elements
    row = reshape_to(row, (math.prod(row.shape),))
    hit = sum(cast(eq(reshape_to(x, (*x.shape, 1)), row), np.dtype(np.int64)), -1)
    return eq(hit, 0) if invert else hit > 0


@composite((((2, 3),), {"mask": np.array([True, False, True])}))
def masked_select(x: Value, mask: Any) -> Value:
    """The elements of x where the bool `mask` holds (both broadcast), one after another.

    How many there are depends on numbers, so a compiled function cannot: TraceError.
    """
    if getattr(mask, "dtype", None) != np.bool_:
        raise DTypeError(
            "masked_select: the mask must be a bool tensor; compare it with something, as in `mask != 0`"
        )
    shape = np.broadcast_shapes(x.shape, mask.shape) or (1,)
    holds = np.broadcast_to(np.asarray(mask), shape).reshape(-1)
    return take(reshape_to(expand_to(x, shape), (math.prod(shape),)), np.flatnonzero(holds), 0)
