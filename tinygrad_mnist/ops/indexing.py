"""Composites that read and write at computed positions, one for each element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..primitive import Case, Operand, Shape, Value, composite, normalize_axis
from .elementwise import gt, ne, where
from .gather import getitem, positions, scatter_add_along, take, take_along
from .joining import concatenate
from .reduce import argsort_along
from .views import expand, reshape_to

_WIDE: dict[str, Any] = {"axis": 1, "index": np.array([[2, 0, 0, 1], [1, 1, 2, 0]])}
_SCATTERED: list[Case] = [
    (((2, 3), (2, 5)), _WIDE),
    (((3, 2), (1, 2)), {"axis": 0, "index": np.array([[2, -1]])}),
]


def _source_last(function: Callable[..., Any], x: Value, src: Value, axis: int, index: Any) -> Value:
    return function(x, axis, index, src)


@composite((((2, 3),), _WIDE), (((3, 2),), {"axis": 0, "index": np.array([[2, -1]])}))
def gather(x: Value, axis: int, index: Any) -> Value:
    """y[i][j][k] = x[i][index[i][j][k]][k] (for axis 1): an element of x for each position, in index's shape.

    Raises ShapeError unless `index` has as many axes as x and is nowhere longer but along `axis`,
    IndexError for a position outside that axis.
    """
    index, at = _checked("gather", x, axis, index)
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
def scatter_add(x: Value, axis: int, index: Any, src: Value) -> Value:
    """x with src[i][j][k] added at [i][index[i][j][k]][k] (for axis 1): the transpose of `gather`.

    `src` is as long as `index` along every axis, or longer, and then its beginning is used.
    Raises as `gather`.
    """
    index, at = _checked("scatter_add", x, axis, index)
    src = _beginning("scatter_add", src, index)
    flat = _flat(index, x.shape, at)
    total = scatter_add_along(_row(src), reshape_to(flat, (math.prod(flat.shape),)), 0, math.prod(x.shape))
    return x + reshape_to(total, x.shape)


@composite(*_SCATTERED, call=_source_last)
def scatter(x: Value, axis: int, index: Any, src: Value) -> Value:
    """x with the element [i][index[i][j][k]][k] (for axis 1) replaced by src[i][j][k].

    Where several are sent to one place the last counts (in PyTorch any may, and the gradient is
    wrong). `src` may be a number. Raises as `gather`.
    """
    index, at = _checked("scatter", x, axis, index)
    flat = _flat(index, x.shape, at)
    n, size = math.prod(flat.shape), math.prod(x.shape)
    flat = reshape_to(flat, (n,))
    if not hasattr(src, "dtype"):
        hit = scatter_add_along(np.ones(n, np.int64), flat, 0, size)
        return where(gt(reshape_to(hit, x.shape), 0), src, x)
    order = argsort_along(flat, 0)
    target = take_along(flat, order, 0)
    if n > 1:
        last = ne(getitem(target, slice(1, None)), getitem(target, slice(None, -1)))
        target = where(concatenate([last, np.ones(1, np.bool_)]), target, size)
    value = take_along(_row(_beginning("scatter", src, index)), order, 0)
    written = getitem(scatter_add_along(value, target, 0, size + 1), slice(0, size))
    hit = getitem(scatter_add_along(np.ones(n, np.int64), target, 0, size + 1), slice(0, size))
    return where(reshape_to(gt(hit, 0), x.shape), reshape_to(written, x.shape), x)


@composite((((3, 2),), {"axis": 0, "index": np.array([2, 0, 2])}))
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
    """x with `value` where the bool `mask` (broadcast) holds."""
    _check_mask("masked_fill", mask)
    return where(mask, value, x)


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
