"""Order along an axis: sorting, the largest few, the median."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import ShapeError
from ..primitive import Value, composite, normalize_axis
from .elementwise import ne, where
from .indexing import gather
from .reduce import argsort_along
from .views import flip_axes, reshape_to, slice_ranges


class Sorted(NamedTuple):
    """Elements in order, and where along the axis they were (int64)."""

    values: Any
    indices: Any


def argsort(x: Value, axis: int = -1, descending: bool = False) -> Value:
    """int64 positions along `axis` from the smallest to the largest, or the other way.

    Equal elements keep their order; NaN counts as the largest.
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
def sort(x: Value, axis: int = -1, descending: bool = False) -> Sorted:
    """The elements along `axis` from the smallest to the largest, or the other way, and their positions.

    Equal elements keep their order; NaN counts as the largest. Gradients go back to where the
    elements came from.
    """
    order = argsort(x, axis, descending)
    return Sorted(gather(x, axis, order) if x.ndim else x, order)


@composite((((2, 3),), {"k": 2}), call=lambda topk, x, **options: topk(x, **options).values)
def topk(x: Value, k: int, axis: int = -1, largest: bool = True) -> Sorted:
    """The k largest (or smallest) elements along `axis`, in order, and their positions.

    Raises ShapeError unless 0 <= k <= the length of the axis.
    """
    at = normalize_axis("topk", axis, x.ndim)
    if not 0 <= k <= x.shape[at]:
        raise ShapeError(f"topk: axis {at} has {x.shape[at]} elements, and {k} of them were asked for")
    order = _first(argsort(x, at, descending=largest), at, k)
    return Sorted(gather(x, at, order), order)


@composite((((2, 3),), {"k": 2}), (((3, 2),), {"k": 1, "axis": 0, "keepdims": True}))
def kthvalue(x: Value, k: int, axis: int = -1, keepdims: bool = False) -> Value:
    """The k-th smallest element along `axis` (k from 1): the values alone, see `sort` for positions."""
    if x.ndim == 0:
        return reshape_to(kthvalue(reshape_to(x, (1,)), k, axis), ())
    at = normalize_axis("kthvalue", axis, x.ndim)
    if not 1 <= k <= x.shape[at]:
        raise ShapeError(f"kthvalue: axis {at} has {x.shape[at]} elements, so there is no {k}-th")
    ranges = tuple((k - 1, 1, 1) if i == at else (0, n, 1) for i, n in enumerate(x.shape))
    y = gather(x, at, slice_ranges(argsort_along(x, at), ranges))
    return y if keepdims else reshape_to(y, (*x.shape[:at], *x.shape[at + 1 :]))


@composite((((3, 2),), {}), (((2, 3),), {"axis": 1, "keepdims": True}))
def median(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """The middle element along `axis` (None: of all), the lower one of two, as in PyTorch; NaN if one is.

    The values alone. ShapeError of nothing.
    """
    if axis is None or x.ndim == 0:
        y = median(reshape_to(x, (x.size,)), 0)
        return reshape_to(y, (1,) * x.ndim) if keepdims else y
    at = normalize_axis("median", axis, x.ndim)
    if not x.shape[at]:
        raise ShapeError(f"median: {x.shape} has no elements along axis {at}, so no median exists")
    y = kthvalue(x, (x.shape[at] + 1) // 2, at, keepdims)
    if x.dtype.kind != "f":
        return y
    highest = kthvalue(x, x.shape[at], at, keepdims)
    return where(ne(highest, highest), highest, y)


def _first(x: Value, axis: int, k: int) -> Value:
    return slice_ranges(x, tuple((0, k if i == axis else n, 1) for i, n in enumerate(x.shape)))
