"""Composites that join, divide and mask tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite, normalize_axis
from .elementwise import cast, eq, where
from .gather import positions
from .views import place, slice_ranges, unsqueeze

__all__ = ["split", "tril", "triu"]


@composite(
    (((2, 3), (1, 3)), {}), (((2, 1), (2, 2), (2, 0)), {"axis": 1}), (((3,),), {"axis": -1}), sequence=True
)
def concatenate(tensors: Sequence[Value], axis: int = 0) -> Value:
    """The tensors one after another along an existing axis; their other lengths must agree."""
    if not tensors:
        raise ShapeError("concatenate: needs at least one tensor")
    # PyTorch leaves out tensors of shape (0,), whatever the axes of the others are
    tensors = [x for x in tensors if x.shape != (0,)] or tensors[:1]
    at = normalize_axis("concatenate", axis, tensors[0].ndim)
    shapes = [x.shape for x in tensors]
    if any(s[:at] + s[at + 1 :] != shapes[0][:at] + shapes[0][at + 1 :] for s in shapes):
        raise ShapeError(f"concatenate: shapes {shapes} differ in more than axis {at}")
    return _joined(list(tensors), at)


def _joined(tensors: list[Value], axis: int) -> Value:
    """Two halves, each in a frame of -0.0 (x + -0.0 is x, for 0.0 and -0.0 too), added."""
    if len(tensors) == 1:
        return tensors[0]
    middle = len(tensors) // 2
    first, second = _joined(tensors[:middle], axis), _joined(tensors[middle:], axis)
    size = first.shape[axis] + second.shape[axis]
    return _framed(first, axis, 0, size) + _framed(second, axis, first.shape[axis], size)


def _framed(x: Value, axis: int, start: int, size: int) -> Value:
    shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
    ranges = tuple((start if i == axis else 0, n, 1) for i, n in enumerate(x.shape))
    return place(x, shape, ranges, -0.0)


@composite((((2, 3), (2, 3)), {}), (((2,), (2,), (2,)), {"axis": -1}), sequence=True)
def stack(tensors: Sequence[Value], axis: int = 0) -> Value:
    """The tensors, all of one shape, along a new axis at position `axis` of the result."""
    if len({x.shape for x in tensors}) != 1:
        raise ShapeError(f"stack: needs tensors of one shape, not {[x.shape for x in tensors]}")
    return concatenate([unsqueeze(x, axis) for x in tensors], axis)


@composite((((5, 2),), {"size": 2}), call=lambda f, x, **size: f(x, **size)[2])
def split(x: Value, size: int | Sequence[int], axis: int = 0) -> tuple[Value, ...]:
    """x cut along `axis` into pieces of length `size` (the last may be shorter), or of these lengths."""
    at = normalize_axis("split", axis, x.ndim)
    n = x.shape[at]
    if isinstance(size, int):
        if size < 1:
            raise ShapeError(f"split: pieces must have a positive length, not {size}")
        sizes = [min(size, n - start) for start in range(0, n, size)] or [0]
    else:
        sizes = list(size)
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise ShapeError(f"split: lengths {sizes} do not add up to {n}, the length of axis {at}")
    pieces, start = [], 0
    for length in sizes:
        ranges = tuple((start, length, 1) if i == at else (0, m, 1) for i, m in enumerate(x.shape))
        pieces.append(slice_ranges(x, ranges))
        start += length
    return tuple(pieces)


@composite(
    (((2, 3),), {"num_classes": 4}),
    domain=(0.0, 3.0),
    differentiable=False,
    call=lambda f, x, **classes: f(cast(x, np.dtype(np.int64)), **classes),
)
def one_hot(index: Value, num_classes: int, dtype: Any = np.float32) -> Value:
    """Integer classes as rows that are 1 at the class and 0 elsewhere; shape (*index.shape, num_classes).

    Raises IndexError for a class outside 0 .. num_classes - 1.
    """
    index = positions(index, 0, num_classes)
    return cast(eq(unsqueeze(index, -1), np.arange(num_classes)), np.dtype(dtype))


def _below(x: Value, diagonal: int) -> Any:
    """Which elements of the last two axes lie on or below a diagonal."""
    if x.ndim < 2:
        raise ShapeError(f"tril, triu: need at least two axes, not shape {x.shape}")
    return np.arange(x.shape[-2])[:, None] + diagonal >= np.arange(x.shape[-1])


@composite((((3, 3),), {}), (((2, 2, 4),), {"diagonal": 1}))
def tril(x: Value, diagonal: int = 0) -> Value:
    """x with zeros above the given diagonal (0: the main one, positive: further up)."""
    return where(_below(x, diagonal), x, x.dtype.type(0).item())


@composite((((3, 3),), {}), (((2, 2, 4),), {"diagonal": 1}))
def triu(x: Value, diagonal: int = 0) -> Value:
    """x with zeros below the given diagonal (0: the main one, positive: further up)."""
    return where(_below(x, diagonal - 1), x.dtype.type(0).item(), x)
