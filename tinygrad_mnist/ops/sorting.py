"""Order along an axis: sorting, the largest few, the median."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite, normalize_axis
from .cumulative import cumsum
from .elementwise import cast, eq, ne, where
from .extremes import Picked, first, picked
from .floats import in_floats
from .indexing import gather
from .joining import stack
from .reduce import argsort_along, sum
from .views import flip_axes, reshape_to, slice_ranges

__all__ = ["argsort", "kthvalue", "median", "msort", "nanmedian", "quantile", "sort", "topk"]


def argsort(x: Value, axis: int = -1, descending: bool = False, stable: bool = True) -> Value:
    """int64 positions along `axis` from the smallest to the largest, or the other way.

    Equal elements keep their order, whatever `stable` says; NaN counts as the largest.
    """
    if x.ndim == 0:
        return reshape_to(argsort(reshape_to(x, (1,)), axis), ())
    at = normalize_axis("argsort", axis, x.ndim)
    if not descending:
        return argsort_along(x, at)
    return x.shape[at] - 1 - flip_axes(argsort_along(flip_axes(x, (at,)), at), (at,))


@composite(
    (((2, 3),), {"axis": 0}),
    (((4,),), {"descending": True}),
    call=lambda sort, x, **options: sort(x, **options).values,
)
def sort(x: Value, axis: int = -1, descending: bool = False, stable: bool = True) -> Picked:
    """The elements along `axis` from the smallest to the largest, or the other way, and their positions.

    Equal elements keep their order; NaN counts as the largest. Gradients go back to where the
    elements came from.
    """
    order = argsort(x, axis, descending)
    return Picked(gather(x, axis, order) if x.ndim else x, order)


@composite((((2, 3),), {"k": 2}), call=lambda topk, x, **options: topk(x, **options).values)
def topk(x: Value, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> Picked:
    """The k largest (or smallest) elements along `axis`, in order (as `sorted` asks), and their positions.

    Raises ShapeError unless 0 <= k <= the length of the axis.
    """
    if x.ndim == 0:
        values, indices = topk(reshape_to(x, (1,)), k, axis, largest)
        return Picked(values, indices) if k != 1 else Picked(reshape_to(values, ()), reshape_to(indices, ()))
    at = normalize_axis("topk", axis, x.ndim)
    if not 0 <= k <= x.shape[at]:
        raise ShapeError(f"topk: axis {at} has {x.shape[at]} elements, and {k} of them were asked for")
    order = _first(argsort(x, at, descending=largest), at, k)
    return Picked(gather(x, at, order), order)


@composite(
    (((2, 3),), {"k": 2}),
    (((3, 2),), {"k": 1, "axis": 0, "keepdims": True}),
    call=lambda kthvalue, x, **options: kthvalue(x, **options).values,
)
def kthvalue(x: Value, k: int, axis: int = -1, keepdims: bool = False) -> Picked:
    """The k-th smallest element along `axis` (k from 1), and its position."""
    if x.ndim == 0:
        return Picked(*(reshape_to(y, ()) for y in kthvalue(reshape_to(x, (1,)), k, axis)))
    at = normalize_axis("kthvalue", axis, x.ndim)
    if not 1 <= k <= x.shape[at]:
        raise ShapeError(f"kthvalue: axis {at} has {x.shape[at]} elements, so there is no {k}-th")
    ranges = tuple((k - 1, 1, 1) if i == at else (0, n, 1) for i, n in enumerate(x.shape))
    return picked(x, slice_ranges(argsort_along(x, at), ranges), at, keepdims)


@composite(
    (((3, 2),), {}),
    (((2, 3),), {"axis": 1, "keepdims": True}),
    call=lambda median, x, **options: first(median(x, **options)),
)
def median(x: Value, axis: int | None = None, keepdims: bool = False) -> Any:
    """The middle element of all, or along `axis` and where it was; the lower one of two, and NaN if one is.

    ShapeError of nothing along an axis; NaN of nothing at all.
    """
    if axis is None or x.ndim == 0:
        if not math.prod(x.shape):
            return x.sum() * math.nan
        found = median(reshape_to(x, (math.prod(x.shape),)), 0)
        if axis is not None:
            return Picked(*(reshape_to(y, ()) for y in found))
        return reshape_to(found.values, (1,) * x.ndim if keepdims else ())
    at = normalize_axis("median", axis, x.ndim)
    n = x.shape[at]
    if not n:
        raise ShapeError(f"median: {x.shape} has no elements along axis {at}, so no median exists")
    return picked(x, _middle(x, at, n, x.dtype.kind == "f"), at, keepdims)


def _middle(x: Value, axis: int, n: int, nan: bool) -> Value:
    """The position of the median along an axis of n elements, or of a NaN: those come last."""
    order = argsort_along(x, axis)
    middle = _at(order, axis, (n - 1) // 2)
    if not nan:
        return middle
    last = _at(order, axis, n - 1)
    highest = gather(x, axis, last)
    bad = cumsum(cast(ne(gather(x, axis, order), gather(x, axis, order)), np.dtype(np.int64)), axis)
    first_bad = sum(cast(eq(bad, 0), np.dtype(np.int64)), axis, True)
    first_bad = where(first_bad < n, first_bad, n - 1)
    return where(ne(highest, highest), gather(order, axis, first_bad), middle)


@composite(
    (((3, 2),), {}),
    (((2, 3),), {"axis": 1, "keepdims": True}),
    call=lambda nanmedian, x, **options: first(nanmedian(x, **options)),
)
def nanmedian(x: Value, axis: int | None = None, keepdims: bool = False) -> Any:
    """As `median`, of the elements that are not NaN; NaN where all are."""
    if axis is None or x.ndim == 0:
        found = nanmedian(reshape_to(x, (math.prod(x.shape),)), 0)
        return found.values if axis is None else Picked(*(reshape_to(y, ()) for y in found))
    at = normalize_axis("nanmedian", axis, x.ndim)
    if not x.shape[at]:
        raise ShapeError(f"nanmedian: {x.shape} has no elements along axis {at}, so no median exists")
    count = sum(cast(eq(x, x), np.dtype(np.int64)), at, True)
    rank = where(count > 0, (count - 1) // 2, 0)
    return picked(x, gather(argsort_along(x, at), at, rank), at, keepdims)


@composite((((5,),), {"q": 0.3}), (((2, 4),), {"q": 0.5, "axis": 1, "keepdims": True}))
@in_floats
def quantile(
    x: Value,
    q: Any,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    interpolation: str = "linear",
) -> Value:
    """The q-quantiles of all, or along `axis`; q is a number from 0 to 1, or a vector.

    A vector's axis comes first. `interpolation` between two elements: linear, lower, higher, midpoint or
    nearest. NaN where one is.
    """
    if axis is None:
        y = quantile(reshape_to(x, (math.prod(x.shape),)), q, 0, interpolation=interpolation)
        return reshape_to(y, (*y.shape, *(1,) * x.ndim)) if keepdims else y
    if x.ndim == 0:
        normalize_axis("quantile", axis, 1)
        return reshape_to(quantile(reshape_to(x, (1,)), q, 0, interpolation=interpolation), np.shape(q))
    at = normalize_axis("quantile", axis, x.ndim)
    n = x.shape[at]
    if not n:
        raise ShapeError(f"quantile: {x.shape} has no elements along axis {at}")
    wanted = np.asarray(q, np.float64)
    if wanted.ndim > 1 or ((wanted < 0) | (wanted > 1)).any():
        raise ValueError(f"quantile: q must be numbers from 0 to 1, not {q}")
    in_order = gather(x, at, argsort_along(x, at))
    values = [_between(in_order, at, one * (n - 1), interpolation) for one in np.atleast_1d(wanted).tolist()]
    bad = ne(_at(in_order, at, n - 1), _at(in_order, at, n - 1))
    values = [where(bad, math.nan, y) for y in values]
    if not keepdims:
        values = [reshape_to(y, (*x.shape[:at], *x.shape[at + 1 :])) for y in values]
    return stack(values) if wanted.ndim else values[0]


def _between(in_order: Value, axis: int, position: float, interpolation: str) -> Value:
    low, high = math.floor(position), math.ceil(position)
    share = {
        "linear": position - low,
        "lower": 0.0,
        "higher": 1.0,
        "midpoint": 0.5,
        "nearest": float(round(position) - low),
    }.get(interpolation)
    if share is None:
        raise ValueError(
            f"quantile: interpolation is linear, lower, higher, midpoint or nearest, not {interpolation!r}"
        )
    below, above = _at(in_order, axis, low), _at(in_order, axis, high)
    return below if low == high else below + (above - below) * share


def _at(x: Value, axis: int, position: int) -> Value:
    return slice_ranges(x, tuple((position, 1, 1) if i == axis else (0, n, 1) for i, n in enumerate(x.shape)))


def _first(x: Value, axis: int, k: int) -> Value:
    return slice_ranges(x, tuple((0, k if i == axis else n, 1) for i, n in enumerate(x.shape)))


def msort(x: Value) -> Value:
    """The elements in order along the first axis."""
    return sort(x, 0).values
