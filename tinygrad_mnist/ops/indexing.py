"""Composites that read and write at computed positions, one for each element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..primitive import Case, Operand, Shape, Value, composite, normalize_axis
from .axisless import as_one_axis
from .elementwise import cast, gt, ne, where
from .gather import getitem, positions, scatter_add_along, take, take_along
from .joining import concatenate
from .reduce import amax, amin, argsort_along, prod
from .views import alias, expand, reshape_to

__all__ = ["gather", "index_select", "masked_fill", "scatter", "scatter_add", "scatter_reduce"]

_WIDE: dict[str, Any] = {"axis": 1, "index": np.array([[2, 0, 0, 1], [1, 1, 2, 0]])}
_SCATTERED: list[Case] = [
    (((2, 3), (2, 5)), _WIDE),
    (((3, 2), (1, 2)), {"axis": 0, "index": np.array([[2, -1]])}),
]


def _source_last(function: Callable[..., Any], x: Value, src: Value, axis: int, index: Any) -> Value:
    return function(x, axis, index, src)


@composite((((2, 3),), _WIDE), (((3, 2),), {"axis": 0, "index": np.array([[2, -1]])}))
@as_one_axis
def gather(x: Value, axis: int, index: Any) -> Value:
    """y[i][j][k] = x[i][index[i][j][k]][k] (for axis 1): an element of x for each position, in index's shape.

    Raises ShapeError unless `index` has as many axes as x and is nowhere longer but along `axis`,
    IndexError for a position outside that axis.
    """
    index, at = _checked("gather", x, axis, index)
    if 0 in index.shape:
        return reshape_to(take(_row(x), np.zeros(0, np.int64), 0), tuple(index.shape))
    return take_along(_row(x), _flat(index, x.shape, at), 0)


@composite((((2, 3),), _WIDE), (((3, 2),), {"axis": 0, "index": np.array([[2], [0]])}))
def take_along_axis(x: Value, index: Any, axis: int) -> Value:
    """As `gather`, with x and `index` broadcast along the other axes (PyTorch's take_along_dim)."""
    index = _positions(index)
    at = normalize_axis("take_along_axis", axis, x.ndim)
    if x.ndim != index.ndim:
        raise ShapeError(
            f"take_along_axis: positions of shape {index.shape} need as many axes as the tensor, {x.shape}"
        )
    lanes = np.broadcast_shapes(_with(x.shape, at, 1), _with(index.shape, at, 1))
    return gather(
        expand(x, _with(lanes, at, x.shape[at])), at, expand(index, _with(lanes, at, index.shape[at]))
    )


@composite(*_SCATTERED, call=_source_last)
@as_one_axis
def scatter_add(x: Value, axis: int, index: Any, src: Value) -> Value:
    """x with src[i][j][k] added at [i][index[i][j][k]][k] (for axis 1): the transpose of `gather`.

    `src` is as long as `index` along every axis, or longer, and then its beginning is used.
    Raises as `gather`.
    """
    index, at = _checked("scatter_add", x, axis, index)
    _same_dtype("scatter_add", x, src)
    if 0 in index.shape:
        return alias(x)
    src = _beginning("scatter_add", src, index)
    flat = _flat(index, x.shape, at)
    total = scatter_add_along(_row(src), reshape_to(flat, (math.prod(flat.shape),)), 0, math.prod(x.shape))
    return x + reshape_to(total, x.shape)


@composite(*_SCATTERED, call=_source_last)
@as_one_axis
def scatter(x: Value, axis: int, index: Any, src: Value, *, reduce: str | None = None) -> Value:
    """x with the element [i][index[i][j][k]][k] (for axis 1) replaced by src[i][j][k].

    Where several are sent to one place the last counts (in PyTorch any may, and the gradient is
    wrong). `src` may be a number. `reduce`: "add" or "multiply" what is there with src[i][j][k] instead, for
    which PyTorch now has `scatter_reduce`. Raises as `gather`, and DTypeError unless src has x's dtype.
    """
    index, at = _checked("scatter", x, axis, index)
    _same_dtype("scatter", x, src)
    if 0 in index.shape:
        return alias(x)
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise ValueError(f"scatter: reduce is 'add' or 'multiply', not {reduce!r}")
        values = src if hasattr(src, "dtype") else np.full(index.shape, src, x.dtype)
        return scatter_reduce(x, at, index, values, "sum" if reduce == "add" else "prod")
    flat = _flat(index, x.shape, at)
    n, size = math.prod(flat.shape), math.prod(x.shape)
    flat = reshape_to(flat, (n,))
    if not hasattr(src, "dtype"):
        hit = scatter_add_along(np.ones(n, np.int64), flat, 0, size)
        return where(gt(reshape_to(hit, x.shape), 0), np.asarray(src).astype(x.dtype), x)
    order = argsort_along(flat, 0)
    target = take_along(flat, order, 0)
    if n > 1:
        last = ne(getitem(target, slice(1, None)), getitem(target, slice(None, -1)))
        target = where(concatenate([last, np.ones(1, np.bool_)]), target, size)
    value = take_along(_row(_beginning("scatter", src, index)), order, 0)
    written = getitem(scatter_add_along(value, target, 0, size + 1), slice(0, size))
    hit = getitem(scatter_add_along(np.ones(n, np.int64), target, 0, size + 1), slice(0, size))
    return where(reshape_to(gt(hit, 0), x.shape), reshape_to(written, x.shape), x)


_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


@as_one_axis
def scatter_reduce(
    x: Value, axis: int, index: Any, src: Value, reduce: str, *, include_self: bool = True
) -> Value:
    """Each element of x together with all src[i][j][k] that `index` sends there: see `scatter`.

    Args:
        x, axis, index, src: as of `scatter_add`, with its shapes and dtypes.
        reduce: "sum", "prod", "mean", "amax" or "amin" of them; elements that tie share the gradient.
        include_self: whether x's own element is one of them, where something is sent.
    """
    if reduce not in _REDUCTIONS:
        raise ValueError(f"scatter_reduce: reduce is one of {', '.join(_REDUCTIONS)}, not {reduce!r}")
    index, at = _checked("scatter_reduce", x, axis, index)
    _same_dtype("scatter_reduce", x, src)
    if 0 in index.shape:
        return alias(x)
    if x.dtype == np.bool_:
        first, second = (cast(v, np.dtype(np.int64)) for v in (x, src))
        return ne(scatter_reduce(first, at, index, second, reduce, include_self=include_self), 0)
    src = _beginning("scatter_reduce", src, index)
    size, flat = math.prod(x.shape), _row(_flat(index, x.shape, at))
    sent = scatter_add_along(np.ones(math.prod(flat.shape), np.int64), flat, 0, size)
    if reduce in ("sum", "mean"):
        total = scatter_add_along(_row(src), flat, 0, size)
        own = _row(x)
        total = total + (own if include_self else where(gt(sent, 0), 0, own))
        if reduce == "mean":
            count = sent + 1 if include_self else where(gt(sent, 0), sent, 1)
            total = total / cast(count, x.dtype) if x.dtype.kind == "f" else total // count
        return reshape_to(total, x.shape)
    # a row for each element of x: what is sent there, and x's own element in front
    order = np.argsort(np.asarray(flat), kind="stable")
    target = np.asarray(flat)[order]
    first = np.searchsorted(target, target)
    slots = int(np.asarray(sent).max(initial=0)) + 1
    places = target * slots + 1 + np.arange(len(target)) - first
    given = scatter_add_along(take_along(_row(src), order, 0), places, 0, size * slots)
    filled = np.zeros(size * slots, np.bool_)
    filled[places] = True
    filled[::slots] = include_self | (np.asarray(sent) == 0)
    wide = reshape_to(given, (size, slots)) + _in_front(_row(x), slots)
    missing = {"prod": 1, "amax": _least(x.dtype, 1), "amin": _least(x.dtype, -1)}[reduce]
    rows = where(filled.reshape(size, slots), wide, np.asarray(missing, x.dtype))
    combine = {"prod": prod, "amax": amax, "amin": amin}[reduce]
    return reshape_to(combine(rows, 1), x.shape)


def _in_front(x: Value, slots: int) -> Value:
    """(n,) -> (n, slots), zeros behind each element."""
    return where(np.arange(slots) == 0, reshape_to(x, (*x.shape, 1)), 0)


def _least(dtype: Any, sign: int) -> Any:
    """What is below (sign 1) or above (-1) every number of a dtype."""
    if dtype.kind == "f":
        return -sign * math.inf
    if dtype.kind == "b":
        return sign < 0
    return np.iinfo(dtype).min if sign > 0 else np.iinfo(dtype).max


@composite((((3, 2),), {"axis": 0, "index": np.array([2, 0, 2])}))
@as_one_axis
def index_select(x: Value, axis: int, index: Any) -> Value:
    """x at the positions `index` (a vector) of `axis`; `take` accepts positions of any shape."""
    index = _positions(index)
    if index.ndim > 1:
        raise ShapeError(
            f"index_select: positions must be a vector, not of shape {index.shape}; take accepts them"
        )
    return take(x, reshape_to(index, (math.prod(index.shape),)), axis)


@composite((((2, 3),), {"mask": np.array([True, False, True]), "value": 0.5}))
def masked_fill(x: Value, mask: Any, value: Any) -> Value:
    """x with `value`, a number or a tensor without axes, where the bool `mask` (broadcast) holds."""
    _check_mask("masked_fill", mask)
    if getattr(value, "ndim", 0):
        raise ShapeError(
            f"masked_fill: the value is one number, not {value.shape}; write where(mask, value, x)"
        )
    y = where(mask, value, x)
    kept = y.dtype == x.dtype or hasattr(value, "dtype") or value != int(value)
    return y if kept else cast(y, x.dtype)


def _same_dtype(name: str, x: Value, src: Any) -> None:
    if hasattr(src, "dtype") and src.dtype != x.dtype:
        raise DTypeError(
            f"{name}: Expected self.dtype to be equal to src.dtype: {x.dtype}, {src.dtype}; cast one"
        )


def _positions(index: Any) -> Value:
    return (
        index if isinstance(index, Operand) else np.asarray(index, np.int64 if np.size(index) == 0 else None)
    )


def _check_mask(name: str, mask: Any) -> None:
    if getattr(mask, "dtype", None) != np.bool_:
        raise DTypeError(
            f"{name}: the mask must be a bool tensor; compare it with something, as in `mask != 0`"
        )


def _checked(name: str, x: Value, axis: int, index: Any) -> tuple[Value, int]:
    """The positions and their axis."""
    index = _positions(index)
    at = normalize_axis(name, axis, x.ndim)
    if 0 in index.shape:  # no positions fit everything
        return index, at
    fits = x.ndim == index.ndim
    if not fits or any(i > n for d, (i, n) in enumerate(zip(index.shape, x.shape, strict=True)) if d != at):
        raise ShapeError(
            f"{name}: positions of shape {index.shape} do not fit a tensor of shape {x.shape}: they need as "
            f"many axes, none but axis {at} longer than the tensor's"
        )
    return index, at


def _beginning(name: str, src: Value, index: Value) -> Value:
    if src.ndim != index.ndim or any(n < i for n, i in zip(src.shape, index.shape, strict=True)):
        raise ShapeError(f"{name}: values of shape {src.shape} do not cover positions of shape {index.shape}")
    return getitem(src, tuple(slice(0, n) for n in index.shape))


def _flat(index: Value, shape: Shape, axis: int) -> Value:
    """Positions along `axis`, each in its own lane, as positions in a tensor of `shape` laid out in a row."""
    strides = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
    lanes: Any = 0
    for i, n in enumerate(index.shape):
        if i != axis:
            lanes = (
                lanes + np.arange(n).reshape([-1 if j == i else 1 for j in range(len(shape))]) * strides[i]
            )
    return positions(index, -shape[axis], shape[axis]) * strides[axis] + lanes


def _row(x: Value) -> Value:
    return reshape_to(x, (math.prod(x.shape),))


def _with(shape: Shape, axis: int, n: int) -> Shape:
    return (*shape[:axis], n, *shape[axis + 1 :])
