"""Words for other shapes of the same elements, on top of the views."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite, normalize_axis
from .axisless import as_one_axis
from .elementwise import cast, eq, where
from .gather import getitem, scatter_add_along, take
from .indexing import take_along_axis
from .joining import concatenate, stack
from .views import expand_to, flip, reshape, reshape_to, slice_ranges, transpose

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_tensors", "broadcast_to",
    "cartesian_prod", "column_stack", "combinations", "diagflat", "diff", "dsplit", "dstack", "fliplr",
    "flipud", "hsplit", "hstack", "index_add", "index_copy", "index_fill", "masked_scatter", "narrow",
    "ravel", "select", "select_scatter", "swapaxes", "t", "take_along_dim", "tensor_split", "unflatten",
    "vander", "view_as", "vsplit", "vstack",
]  # fmt: skip


def view(x: Value, shape: Any) -> Value:
    """x in another shape, one length of which may be -1, or with its elements cast to a dtype of one size.

    PyTorch refuses what would need a copy; here as `reshape`.
    """
    return reshape(x, shape)


def view_as(x: Value, other: Value) -> Value:
    """x in the shape of `other`."""
    return reshape_to(x, tuple(other.shape))


def expand_as(x: Value, other: Value) -> Value:
    """x broadcast to the shape of `other`."""
    return expand_to(x, tuple(other.shape))


def broadcast_to(x: Value, shape: Sequence[int]) -> Value:
    """x broadcast to `shape`."""
    return expand_to(x, tuple(int(n) for n in shape))


def broadcast_tensors(*tensors: Value) -> tuple[Value, ...]:
    """The tensors, each broadcast to the shape they have together."""
    shape = np.broadcast_shapes(*(x.shape for x in tensors))
    return tuple(expand_to(x, shape) for x in tensors)


def ravel(x: Value) -> Value:
    """The elements in a row."""
    return reshape_to(x, (math.prod(x.shape),))


@composite((((2, 6),), {"axis": 1, "shape": (2, -1)}))
def unflatten(x: Value, axis: int, shape: Sequence[int]) -> Value:
    """x with one axis laid out as several, of which one length may be -1."""
    at = normalize_axis("unflatten", axis, x.ndim)
    lengths = [int(n) for n in shape]
    if -1 in lengths:
        rest = -math.prod(lengths)
        if rest == 0 or x.shape[at] % rest:
            raise ShapeError(f"unflatten: axis {at} of length {x.shape[at]} cannot be {tuple(shape)}")
        lengths[lengths.index(-1)] = x.shape[at] // rest
    return reshape_to(x, (*x.shape[:at], *lengths, *x.shape[at + 1 :]))


def t(x: Value) -> Value:
    """A matrix transposed; a vector as it is."""
    if x.ndim > 2:
        raise ShapeError(f"t: takes at most two axes, not {x.shape}; use transpose(dim0, dim1)")
    return transpose(x, 0, 1) if x.ndim == 2 else x


def adjoint(x: Value) -> Value:
    """The last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(f"adjoint: needs two axes, not {x.shape}")
    return transpose(x, -2, -1)


@composite((((4, 2),), {"axis": 0, "start": 1, "length": 2}))
def narrow(x: Value, axis: int, start: Any, length: int) -> Value:
    """The elements start .. start + length - 1 of an axis."""
    at = normalize_axis("narrow", axis, x.ndim)
    n = x.shape[at]
    if hasattr(start, "dtype") and (start.ndim or start.dtype.kind not in "iu"):
        raise ShapeError(f"narrow: start must be an 0-dim integral Tensor, not {start.dtype} {start.shape}")
    first = int(start) + n if start < 0 else int(start)
    if length < 0 or not 0 <= first <= n - length:
        raise ShapeError(f"narrow: {length} elements from {start} on are not in axis {at} of length {n}")
    return slice_ranges(x, tuple((first, length, 1) if i == at else (0, m, 1) for i, m in enumerate(x.shape)))


@composite((((4, 2),), {"axis": 0, "index": 1}))
def select(x: Value, axis: int, index: int) -> Value:
    """The element `index` of an axis, which is gone from the result."""
    at = normalize_axis("select", axis, x.ndim)
    return getitem(x, (slice(None),) * at + (int(index),))


def tensor_split(x: Value, indices_or_sections: Any, axis: int = 0) -> tuple[Value, ...]:
    """x cut along `axis` into so many parts, the first ones longer by one, or at these positions."""
    at = normalize_axis("tensor_split", axis, x.ndim)
    n = x.shape[at]
    if isinstance(indices_or_sections, int | np.integer) or getattr(indices_or_sections, "ndim", 1) == 0:
        count = int(indices_or_sections)
        if count < 1:
            raise ShapeError(f"tensor_split: needs at least one part, not {count}")
        cuts = [i * (n // count) + min(i, n % count) for i in range(1, count)]
    else:
        cuts = [slice(int(i)).indices(n)[1] for i in np.asarray(indices_or_sections).tolist()]
    ends = [*cuts, n]
    starts = [0, *cuts]
    return tuple(narrow(x, at, a, max(b - a, 0)) for a, b in zip(starts, ends, strict=True))


def _split_along(name: str, x: Value, parts: Any, axis: int) -> tuple[Value, ...]:
    if x.ndim <= axis and not (name == "hsplit" and x.ndim == 1):
        raise ShapeError(f"{name}: needs more axes than {x.shape} has")
    at = 0 if x.ndim == 1 else axis
    if isinstance(parts, int) and (parts < 1 or x.shape[at] % parts):
        raise ShapeError(f"{name}: {parts} parts of one length are not in axis {at} of length {x.shape[at]}")
    return tensor_split(x, parts, at)


def hsplit(x: Value, indices_or_sections: Any) -> tuple[Value, ...]:
    """x cut along axis 1 (of a vector 0): see `tensor_split`."""
    return _split_along("hsplit", x, indices_or_sections, 1)


def vsplit(x: Value, indices_or_sections: Any) -> tuple[Value, ...]:
    """x cut along axis 0."""
    return _split_along("vsplit", x, indices_or_sections, 0)


def dsplit(x: Value, indices_or_sections: Any) -> tuple[Value, ...]:
    """x cut along axis 2."""
    return _split_along("dsplit", x, indices_or_sections, 2)


def atleast_1d(*tensors: Any) -> Any:
    """The tensors with one axis at least."""
    return _at_least(tensors, lambda x: reshape_to(x, (1,)) if x.ndim == 0 else x)


def atleast_2d(*tensors: Any) -> Any:
    """The tensors with two axes at least, new ones in front."""
    return _at_least(tensors, lambda x: reshape_to(x, ((1,) * (2 - x.ndim)) + tuple(x.shape)))


def atleast_3d(*tensors: Any) -> Any:
    """The tensors with three axes at least: a vector (n,) is (1, n, 1), a matrix (n, m) is (n, m, 1)."""

    def three(x: Value) -> Value:
        if x.ndim > 2:
            return x
        return reshape_to(x, (*tuple(x.shape), 1) if x.ndim == 2 else (1, *(x.shape or (1,)), 1))

    return _at_least(tensors, three)


def _at_least(tensors: Any, change: Any) -> Any:
    several = len(tensors) != 1 or isinstance(tensors[0], list | tuple)
    given = tensors[0] if len(tensors) == 1 and several else tensors
    changed = tuple(map(change, given))
    return changed if several else changed[0]


def hstack(tensors: Sequence[Value]) -> Value:
    """The tensors side by side: along axis 1, vectors along axis 0."""
    parts = atleast_1d(list(tensors))
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Value]) -> Value:
    """The tensors one below the other: along axis 0, vectors as rows."""
    return concatenate(atleast_2d(list(tensors)), 0)


def dstack(tensors: Sequence[Value]) -> Value:
    """The tensors one behind the other: along axis 2."""
    return concatenate(atleast_3d(list(tensors)), 2)


def column_stack(tensors: Sequence[Value]) -> Value:
    """The tensors as columns of a matrix."""
    columns = [reshape_to(x, (math.prod(x.shape), 1)) if x.ndim < 2 else x for x in tensors]
    return concatenate(columns, 1)


def fliplr(x: Value) -> Value:
    """Axis 1 reversed."""
    return flip(x, 1)


def flipud(x: Value) -> Value:
    """Axis 0 reversed."""
    if x.ndim == 0:
        raise ShapeError("flipud: needs an axis at least")
    return flip(x, 0)


@composite((((4,),), {}), (((2, 4),), {"n": 2, "axis": 1}))
def diff(x: Value, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Value:
    """Differences of neighbours along `axis`, n times over."""
    if x.ndim == 0:
        raise ShapeError("diff: a tensor without axes has no neighbours")
    if n < 0:
        raise ValueError(f"diff: order must be non-negative but got {n}")
    at = normalize_axis("diff", axis, x.ndim)
    if n == 0:
        return x
    parts = [p for p in (prepend, x, append) if p is not None]
    x = concatenate(parts, at) if len(parts) > 1 else x
    for _ in range(min(n, x.shape[at])):
        m = x.shape[at]
        later, earlier = narrow(x, at, 1, m - 1), narrow(x, at, 0, m - 1)
        x = later ^ earlier if x.dtype == np.bool_ else later - earlier
    return x


def block_diag(*tensors: Value) -> Value:
    """Matrices along the diagonal of a matrix of zeros."""
    blocks = [atleast_2d(x) for x in tensors]
    width = sum(b.shape[1] for b in blocks)
    rows, start = [], 0
    for b in blocks:
        n, m = b.shape
        rows.append(
            concatenate([np.zeros((n, start), b.dtype), b, np.zeros((n, width - start - m), b.dtype)], 1)
        )
        start += m
    return concatenate(rows, 0)


def diagflat(x: Value, offset: int = 0) -> Value:
    """The elements on a diagonal of a matrix of zeros."""
    n = math.prod(x.shape)
    size = n + abs(offset)
    at = np.arange(n) * (size + 1) + (offset if offset >= 0 else -offset * size)
    return reshape_to(scatter_add_along(ravel(x), at, 0, size * size), (size, size))


def cartesian_prod(*tensors: Value) -> Value:
    """Every choice of one element of each vector, a row each."""
    if len(tensors) == 1:
        return tensors[0]
    lengths = [x.shape[0] for x in tensors]
    grid = np.indices(lengths).reshape(len(lengths), -1)
    return stack([take(x, i, 0) for x, i in zip(tensors, grid, strict=True)], 1)


def combinations(x: Value, r: int = 2, with_replacement: bool = False) -> Value:
    """Every choice of r elements of a vector, a row each."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(x.shape[0]), r)), np.int64).reshape(-1, r)
    return take(x, rows, 0)


def vander(x: Value, N: int | None = None, increasing: bool = False) -> Value:
    """Powers of the elements of a vector, a row each, the highest first unless `increasing`."""
    n = x.shape[0] if N is None else N
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return reshape_to(x, (*x.shape, 1)) ** cast(powers, x.dtype)


@as_one_axis
def index_add(x: Value, axis: int, index: Any, src: Value, *, alpha: float = 1) -> Value:
    """x with alpha * src[i] added at the position index[i] of an axis."""
    at = normalize_axis("index_add", axis, x.ndim)
    return x + scatter_add_along(src if alpha == 1 else src * alpha, index, at, x.shape[at])


@as_one_axis
def index_copy(x: Value, axis: int, index: Any, src: Value) -> Value:
    """x with src[i] at the position index[i] of an axis; where several are sent to one, the last."""
    at = normalize_axis("index_copy", axis, x.ndim)
    n = x.shape[at]
    last = np.full(n, -1, np.int64)
    last[np.asarray(index)] = np.arange(len(np.asarray(index)))
    shape = [-1 if i == at else 1 for i in range(x.ndim)]
    return where((last >= 0).reshape(shape), take(src, np.maximum(last, 0), at), x)


@as_one_axis
def index_fill(x: Value, axis: int, index: Any, value: Any) -> Value:
    """x with `value` at the positions `index` of an axis."""
    at = normalize_axis("index_fill", axis, x.ndim)
    shape = [-1 if i == at else 1 for i in range(x.ndim)]
    hit = eq(reshape_to(index, (1, math.prod(index.shape))), np.arange(x.shape[at])[:, None])
    return where(reshape_to(hit.any(1), (*shape[:at], x.shape[at], *shape[at + 1 :])), value, x)


def take_along_dim(x: Value, indices: Any, axis: int | None = None) -> Value:
    """As `take_along_axis`; without an axis, of the elements in a row."""
    if axis is None:
        return take(ravel(x), reshape_to(indices, (math.prod(indices.shape),)), 0)
    return take_along_axis(x, indices, axis)


def _one_at(shape: Sequence[int], at: int) -> tuple[int, ...]:
    return (*shape[:at], 1, *shape[at + 1 :])


def masked_scatter(x: Value, mask: Any, src: Value) -> Value:
    """x with the elements of `src` one after another where the bool `mask` (broadcast) holds."""
    shape = np.broadcast_shapes(x.shape, mask.shape)
    holds = expand_to(mask, shape)
    place = cast(ravel(holds), np.dtype(np.int64)).cumsum(0) - 1
    values = take(ravel(src), where(ravel(holds), place, 0), 0)
    return where(holds, reshape_to(values, shape), expand_to(x, shape))


def swapaxes(x: Value, axis0: int, axis1: int) -> Value:
    """Two axes exchanged."""
    return transpose(x, axis0, axis1)


def select_scatter(x: Value, src: Value, axis: int, index: int) -> Value:
    """x with `src` as the element `index` of an axis."""
    at = normalize_axis("select_scatter", axis, x.ndim)
    hit = np.arange(x.shape[at]).reshape([-1 if i == at else 1 for i in range(x.ndim)]) == index % x.shape[at]
    return where(hit, reshape_to(src, _one_at(x.shape, at)), x)
