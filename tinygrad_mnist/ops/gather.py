"""Reading and adding at computed positions, and NumPy's indexing built from it."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..kinds import Formula, Gather, Loop
from ..primitive import Operand, Primitive, broadcast, normalize_axis
from .views import flip_axes, permute_axes, reshape_to, slice_ranges

__all__ = ["take"]


def _check_positions(name: str, index: Any) -> None:
    if index.dtype.kind not in "iu":
        raise DTypeError(f"{name}: positions must be integers, not {index.dtype}; cast them with .long()")


def _signed(index: Any) -> Any:
    """The positions in a type that no large one turns negative in, as NumPy has it with uint64."""
    if index.dtype.kind != "u" or index.dtype.itemsize < 8:
        return index
    return np.minimum(index, np.iinfo(np.int64).max).astype(np.int64)


_FEW = 32  # numbers that are added up in float32; more in float64


def _infer_take(x: Any, index: Any, axis: int) -> Any:
    _check_positions("take", index)
    return (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]), x.dtype


def _run_take(x: Any, index: Any, axis: int) -> Any:
    _check_positions("take", index)
    try:
        return x.take(_signed(index), axis)
    except IndexError:
        n = x.shape[axis]
        bad = next((int(i) for i in np.ravel(index) if not -n <= i < n), "changed by another thread")
        raise IndexError(f"position {bad} is outside axis {axis}, which has length {n}") from None


#: x at the positions `index` of `axis`, whose place in the shape `index`'s shape takes.
take_along = Primitive(
    "take",
    Gather(),
    _run_take,
    _infer_take,
    (lambda g, y, x, index, axis: scatter_add_along(g, index, axis, x.shape[axis]), None),
    cases=[((4, 2), ((3, 2), 4), 0), ((2, 3), ((2,), 3), 1), ((3,), ((), 3), 0), ((2, 3), ((0,), 3), 1)],
)


def _infer_scatter(x: Any, index: Any, axis: int, size: int) -> Any:
    _check_positions("scatter_add", index)
    if x.shape[axis : axis + index.ndim] != index.shape:
        raise ShapeError(
            f"scatter_add: values of shape {x.shape} do not fit positions of shape {index.shape}"
        )
    return (*x.shape[:axis], size, *x.shape[axis + index.ndim :]), x.dtype


def _run_scatter(x: Any, index: Any, axis: int, size: int) -> Any:
    shape, dtype = _infer_scatter(x, index, axis, size)
    wide = dtype == np.float32 and index.size > _FEW
    out = np.zeros(shape, np.float64 if wide else dtype)
    np.add.at(out, (slice(None),) * axis + (_signed(index),), x.astype(out.dtype, copy=False))
    return out.astype(dtype, copy=False)


#: Zeros with x added at the positions `index` of an axis of length `size`: the transpose of take.
scatter_add_along: Primitive = Primitive(
    "scatter_add",
    Gather(add=True),
    _run_scatter,
    _infer_scatter,
    (lambda g, y, x, index, axis, size: take_along(g, index, axis), None),
    cases=[((3, 2, 2), ((3, 2), 4), 0, 4), ((2, 2), ((2,), 3), 1, 3), ((), ((), 3), 0, 3)],
)


def _run_positions(index: Any, low: int, size: int) -> Any:
    _check_positions("index", index)
    index = np.array(_signed(index), np.int64)  # another thread may change it after the check
    if index.size and not (low <= index.min() and index.max() < size):
        bad = next(int(i) for i in np.ravel(index) if not low <= i < size)
        raise IndexError(f"position {bad} is outside an axis of length {size}")
    return np.where(index < 0, index + size, index) if low < 0 else index


#: Integer positions as int64, those in low .. -1 counted from the end; IndexError outside low .. size - 1.
positions = Primitive(
    "positions",
    Loop(Formula("position(a, b, c)"), work=2, own=(0,)),
    _run_positions,
    lambda index, low, size: (index.shape, np.dtype(np.int64)),
    (None,),
    cases=[(((2, 3), 4), -4, 4), (((), 2), 0, 2), (((0,), 1), 0, 1)],
)


# What users call --------------------------------------------------------------------------------


def take(x: Any, index: Any, axis: int | None = None) -> Any:
    """x at the integer positions `index` along `axis` (None: of x flattened).

    The result has `index`'s shape in place of that axis. Negative positions count from the end.
    Raises IndexError for a position outside the axis, DTypeError for positions that are no
    integers.
    """
    if not isinstance(index, Operand | np.ndarray):
        index = np.asarray(index)
        index = index.astype(np.int64) if index.size == 0 else index
    if axis is None:
        x, axis = reshape_to(x, (math.prod(x.shape),)), 0
    return take_along(x, index, normalize_axis("take", axis, x.ndim))


def getitem(x: Any, key: Any) -> Any:
    """x[key] by NumPy's rules: integers, slices with any step, None, Ellipsis, integer arrays, bool masks.

    The shape that a mask gives depends on its values, so in a compiled function a mask that is
    computed there is refused (TraceError): write `where`. Raises IndexError for positions out of
    range, masks of another length than the axis, and too many indices.
    """
    if hasattr(key, "dtype") and key.dtype.kind in "iu" and key.ndim and x.ndim:
        return take_along(x, key, 0)
    if type(key) is int and x.ndim and -x.shape[0] <= key < x.shape[0]:
        rest = x.shape[1:]
        return reshape_to(slice_ranges(x, ((key % x.shape[0], 1, 1), *[(0, n, 1) for n in rest])), rest)
    entries = _completed(x, key if isinstance(key, tuple) else (key,))
    advanced = any(hasattr(k, "dtype") for k in entries)
    ranges: list[tuple[int, int, int]] = []
    flipped: list[int] = []
    shape: list[int] = []  # after the slice: None adds an axis, an integer drops one
    arrays: dict[int, Any] = {}  # axis of that shape -> positions
    for entry in entries:
        if entry is None:
            shape.append(1)
            continue
        n = x.shape[len(ranges)]
        if isinstance(entry, slice):
            start, stop, step = entry.indices(n)
            length = len(range(start, stop, step))
            if step < 0:
                flipped.append(len(ranges))
                start, step = start + (length - 1) * step, -step
            ranges.append((start, length, step) if length else (0, 0, 1))
            shape.append(length)
        elif isinstance(entry, int) and not advanced:
            if not -n <= entry < n:
                raise IndexError(f"position {entry} is outside axis {len(ranges)}, which has length {n}")
            ranges.append((entry % n, 1, 1))
        else:  # among arrays an integer counts as one, as in NumPy
            arrays[len(shape)] = np.asarray(entry) if isinstance(entry, int) else entry
            ranges.append((0, n, 1))
            shape.append(n)
    if any(r != (0, n, 1) for r, n in zip(ranges, x.shape, strict=True)):
        x = slice_ranges(x, tuple(ranges))
    if flipped:
        x = flip_axes(x, tuple(flipped))
    if x.shape != tuple(shape):
        x = reshape_to(x, tuple(shape))
    return _take_at(x, arrays) if arrays else x


def _completed(x: Any, key: tuple[Any, ...]) -> list[Any]:
    """One entry per axis of x, and the Nones: Ellipsis written out, missing slices added."""
    entries = [entry for k in key for entry in _entries(k)]
    used = sum(k is not None and k is not Ellipsis for k, _ in entries)
    if used > x.ndim:
        raise IndexError(f"{used} indices for a tensor of {x.ndim} axes, shape {x.shape}")
    dots = [i for i, (k, _) in enumerate(entries) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can hold one Ellipsis (...) only")
    at = dots[0] if dots else len(entries)
    entries = entries[:at] + [(slice(None), None)] * (x.ndim - used) + entries[at + 1 :]
    lengths = [length for k, length in entries if k is not None]
    for axis, (length, n) in enumerate(zip(lengths, x.shape, strict=True)):
        if length not in (None, n):
            raise IndexError(f"a mask of length {length} for axis {axis}, which has length {n}")
    return [k for k, _ in entries]


def _entries(k: Any) -> list[tuple[Any, int | None]]:
    """An index, or a bool mask as positions along each of its axes with the length they are meant for."""
    k = _entry(k)
    if not hasattr(k, "dtype") or k.dtype.kind != "b":
        return [(k, None)]
    mask = np.asarray(k)
    return list(zip(np.nonzero(mask), mask.shape, strict=True))


def _entry(k: Any) -> Any:
    """One index: a slice, None, Ellipsis, an int, or an array of integers, or of bools with an axis."""
    if k is None or k is Ellipsis or isinstance(k, slice):
        return k
    if isinstance(k, bool | np.bool_):
        raise DTypeError("a single boolean is no index; write where(condition, x, other)")
    if isinstance(k, int | np.integer):
        return operator.index(k)
    if not isinstance(k, Operand | np.ndarray):
        k = np.asarray(k)
        k = k.astype(np.int64) if k.size == 0 else k
    if k.dtype.kind == "b" and k.ndim:
        return k
    _check_positions("index", k)
    return k


def _take_at(x: Any, arrays: dict[int, Any]) -> Any:
    """x at integer arrays for some of its axes: those axes joined into one, and one take."""
    axes = list(arrays)
    if len(axes) == 1:
        return take_along(x, arrays[axes[0]], axes[0])
    broadcast("index", *(index.shape for index in arrays.values()))
    flat: Any = 0
    for axis, index in arrays.items():
        flat = flat * x.shape[axis] + positions(index, -x.shape[axis], x.shape[axis])
    if isinstance(flat, np.generic):  # what NumPy makes of a sum of arrays without axes
        flat = np.asarray(flat)
    rest = [i for i in range(x.ndim) if i not in arrays]
    adjacent = axes == list(range(axes[0], axes[-1] + 1))
    lead = axes[0] if adjacent else 0  # where NumPy puts the axes of the positions
    order = (*rest[:lead], *axes, *rest[lead:])
    moved = x if order == tuple(range(x.ndim)) else permute_axes(x, order)
    joined = (*moved.shape[:lead], math.prod(x.shape[i] for i in axes), *moved.shape[lead + len(axes) :])
    return take_along(reshape_to(moved, joined), flat, lead)
