"""The view primitives: index maps that move elements and compute nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..kinds import View
from ..primitive import Primitive, Shape, composite, normalize_axes, normalize_axis

__all__ = ["flatten", "flip", "permute", "reshape", "squeeze", "transpose", "unsqueeze"]

#: Per axis (start, length, step): the elements start, start + step, ... of that axis; step > 0.
Ranges = tuple[tuple[int, int, int], ...]


def _infer_reshape(x: Any, shape: Shape) -> Any:
    if math.prod(shape) != math.prod(x.shape) or min(shape, default=0) < 0:
        raise ShapeError(
            f"reshape: {x.shape} holds {math.prod(x.shape)} elements, {shape} holds {math.prod(shape)}"
        )
    return shape, x.dtype


def _run_reshape(x: Any, shape: Shape) -> Any:
    _infer_reshape(x, shape)
    return x.reshape(shape)


def _reshaped(index: tuple[Any, ...], target: Shape, shape: Shape) -> tuple[Any, ...]:
    """The index into `target` of the element at `index` of `shape`: axes of equal size go straight."""
    if 0 in shape:  # there is no such element
        return (index[shape.index(0)],) * len(target)
    result: list[Any] = []
    a = b = 0
    while b < len(target) or a < len(shape):
        first_a, first_b = a, b
        size_a = size_b = 1
        while True:  # the shortest runs of axes that hold the same number of elements
            if size_a == size_b and (a > first_a or b > first_b):
                break
            if (size_a <= size_b and a < len(shape)) or b >= len(target):
                size_a *= shape[a]
                a += 1
            else:
                size_b *= target[b]
                b += 1
        flat: Any = 0
        for i, n in zip(index[first_a:a], shape[first_a:a], strict=True):
            flat = flat * n + i if n != 1 else flat
        lengths = target[first_b:b]
        rest = math.prod(lengths)
        for n in lengths:
            outer, rest = rest, rest // max(n, 1)
            at = flat // rest if rest > 1 else flat
            result.append(0 if n == 1 else at if outer == size_b else at % n)
    return tuple(result)


reshape_to: Primitive = Primitive(
    "reshape",
    View(_reshaped, in_order=True),
    _run_reshape,
    _infer_reshape,
    (lambda g, y, x, shape: reshape_to(g, x.shape),),
    cases=[((2, 3), (3, 2)), ((4,), (2, 1, 2)), ((), (1, 1)), ((0, 3), (0,)), ((2, 2), (4,))],
    aliases=True,
)

permute_axes: Primitive = Primitive(
    "permute",
    View(lambda i, shape, axes: tuple(i[axes.index(d)] for d in range(len(shape)))),
    lambda x, axes: x.transpose(axes),
    lambda x, axes: (tuple(x.shape[a] for a in axes), x.dtype),
    (lambda g, y, x, axes: permute_axes(g, tuple(int(a) for a in np.argsort(axes))),),
    cases=[((2, 3), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((), ()), ((2, 0, 1), (1, 2, 0))],
    aliases=True,
)


def _infer_expand(x: Any, shape: Shape) -> Any:
    old = (1,) * (len(shape) - x.ndim) + x.shape
    if len(old) != len(shape) or any(a not in (1, b) for a, b in zip(old, shape, strict=True)):
        raise ShapeError(f"expand: {x.shape} does not broadcast to {shape}; only axes of length 1 can grow")
    return shape, x.dtype


def _run_expand(x: Any, shape: Shape) -> Any:
    if x.ndim == 0:  # much faster than broadcast_to, for the gradient of every mean
        return np.ndarray(shape, x.dtype, np.asarray(x), 0, (0,) * len(shape))
    _infer_expand(x, shape)
    return np.broadcast_to(x, shape)


expand_to = Primitive(
    "expand",
    View(
        lambda i, shape, _: tuple(
            0 if n == 1 else at for n, at in zip(shape, i[len(i) - len(shape) :], strict=True)
        )
    ),
    _run_expand,
    _infer_expand,
    (lambda g, y, x, shape: g,),  # summed to x's shape by the backward pass
    cases=[((1, 3), (2, 3)), ((), (2, 2)), ((2, 1), (3, 2, 4)), ((1,), (0,)), ((3,), (3,))],
    aliases=True,
)


def _slices(ranges: Ranges) -> tuple[slice, ...]:
    return tuple(slice(start, start + (n - 1) * step + 1 if n else start, step) for start, n, step in ranges)


slice_ranges = Primitive(
    "slice",
    View(
        lambda i, shape, ranges: tuple(
            at * step + start for at, (start, _, step) in zip(i, ranges, strict=True)
        )
    ),
    lambda x, ranges: x[_slices(ranges)],
    lambda x, ranges: (tuple(n for _, n, _ in ranges), x.dtype),
    (lambda g, y, x, ranges: place(g, x.shape, ranges, 0.0),),
    cases=[
        ((5, 4), ((1, 2, 2), (0, 4, 1))),
        ((5,), ((4, 1, 1),)),
        ((3,), ((1, 0, 1),)),
        ((0, 2), ((0, 0, 1), (1, 1, 1))),
    ],
    aliases=True,
)


def _place_index(index: tuple[Any, ...], x: Shape, shape: Shape, ranges: Ranges, _: float) -> tuple[Any, ...]:
    return tuple((i - start) // step for i, (start, _, step) in zip(index, ranges, strict=True))


def _place_inside(index: tuple[Any, ...], x: Shape, shape: Shape, ranges: Ranges, _: float) -> list[Any]:
    conditions = []
    for i, n, (start, length, step) in zip(index, shape, ranges, strict=True):
        if (start, length, step) != (0, n, 1):
            conditions += [i >= start, i < (start + (length - 1) * step + 1 if length else start)]
            conditions += [(i - start) % step < 1] if step > 1 else []
    return conditions


def _run_place(x: Any, shape: Shape, ranges: Ranges, value: float) -> Any:
    out = np.full(shape, value, x.dtype)
    out[_slices(ranges)] = x
    return out


#: The inverse of a slice: x at `ranges` of a tensor that is `value` elsewhere. Padding is this.
place: Primitive = Primitive(
    "pad",
    View(_place_index, _place_inside, lambda shape, ranges, value: value, work=2),
    _run_place,
    lambda x, shape, ranges, value: (shape, x.dtype),
    (lambda g, y, x, shape, ranges, value: slice_ranges(g, ranges),),
    cases=[
        ((2, 2), (5, 2), ((1, 2, 2), (0, 2, 1)), 0.0),
        ((3,), (5,), ((1, 3, 1),), 2.0),
        ((0,), (2,), ((0, 0, 1),), 1.0),
    ],
)

flip_axes: Primitive = Primitive(
    "flip",
    View(
        lambda i, shape, axes: tuple(
            n - 1 - at if d in axes else at for d, (n, at) in enumerate(zip(shape, i))
        )
    ),
    lambda x, axes: np.flip(x, axes),
    lambda x, axes: (x.shape, x.dtype),
    (lambda g, y, x, axes: flip_axes(g, axes),),
    cases=[((2, 3), (0,)), ((2, 3), (0, 1)), ((), ()), ((0, 2), (1,))],
)

#: A tensor of one value, from no operands: (value, shape, dtype).
fill = Primitive(
    "fill",
    View(None, outside=lambda value, shape, dtype: value),
    lambda value, shape, dtype: np.full(shape, value, dtype),
    lambda value, shape, dtype: (shape, dtype),
    (),
    cases=[(2.0, (2, 3), np.dtype(np.float32))],
)

#: The same values with no derivative: the graph ends here.
stop_gradient = Primitive(
    "detach",
    View(lambda i, shape: i, in_order=True),
    lambda x: x,
    lambda x: (x.shape, x.dtype),
    (None,),
    cases=[((2, 3),)],
    aliases=True,
)

#: The same values as a new node: what a derivative is taken with respect to.
alias = Primitive(
    "alias",
    View(lambda i, shape: i, in_order=True),
    lambda x: x,
    lambda x: (x.shape, x.dtype),
    (lambda g, y, x: g,),
    cases=[((2, 3),)],
)


# What users call --------------------------------------------------------------------------------


def reshape(x: Any, shape: Sequence[int]) -> Any:
    """x with its elements, in row-major order, in another shape; one length may be -1 (inferred)."""
    sizes = [int(n) for n in shape]
    if sizes.count(-1) > 1:
        raise ShapeError(f"reshape: {tuple(sizes)} leaves more than one length open; only one may be -1")
    if -1 in sizes:
        rest = -math.prod(sizes)
        if rest == 0 or math.prod(x.shape) % rest:
            raise ShapeError(
                f"reshape: {x.shape} cannot be laid out as {tuple(sizes)}: no length fits the -1"
            )
        sizes[sizes.index(-1)] = math.prod(x.shape) // rest
    return reshape_to(x, tuple(sizes))


def permute(x: Any, axes: Sequence[int]) -> Any:
    """x with axis `axes[i]` as its axis i."""
    order = [int(a) + x.ndim if a < 0 else int(a) for a in axes]
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(
            f"permute: axes {tuple(axes)} do not name each of the {x.ndim} axes of {x.shape} once"
        )
    return permute_axes(x, tuple(order))


@composite((((2, 3),), {}), (((2, 3, 2),), {"axis0": 0, "axis1": 2}))
def transpose(x: Any, axis0: int = -2, axis1: int = -1) -> Any:
    """x with two axes exchanged (by default the last two)."""
    if x.ndim < 2 and ((axis0, axis1) == (-2, -1) or (x.ndim == 0 and {axis0, axis1} <= {0, -1})):
        return x
    a, b = normalize_axis("transpose", axis0, x.ndim), normalize_axis("transpose", axis1, x.ndim)
    order = list(range(x.ndim))
    order[a], order[b] = b, a
    return permute_axes(x, tuple(order))


def expand(x: Any, shape: Sequence[int]) -> Any:
    """x broadcast to `shape` (-1 keeps a length): a view, no memory is used."""
    sizes = tuple(int(n) for n in shape)
    lead = len(sizes) - x.ndim
    if lead < 0 or -1 in sizes[:lead]:
        raise ShapeError(f"expand: {x.shape} does not broadcast to {sizes}")
    return expand_to(x, tuple(x.shape[i - lead] if n == -1 else n for i, n in enumerate(sizes)))


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """x with its elements in reverse order along `axis` (None: along every axis)."""
    return flip_axes(x, normalize_axes("flip", axis, x.ndim))


@composite((((1, 2, 1),), {}), (((1, 2, 1),), {"axis": 0}))
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """x without its axes of length 1, or without those in `axis` that have length 1."""
    axes = normalize_axes("squeeze", axis, x.ndim)
    return reshape_to(x, tuple(n for i, n in enumerate(x.shape) if i not in axes or n != 1))


@composite((((2, 3),), {"axis": 1}))
def unsqueeze(x: Any, axis: int) -> Any:
    """x with a new axis of length 1 at position `axis` of the result."""
    (at,) = normalize_axes("unsqueeze", axis, x.ndim + 1)
    return reshape_to(x, (*x.shape[:at], 1, *x.shape[at:]))


@composite((((2, 3, 2),), {"start_axis": 1}))
def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Any:
    """x with the axes from `start_axis` to `end_axis` (both included) joined into one."""
    if x.ndim == 0:
        return reshape_to(x, (1,))
    (a,), (b,) = normalize_axes("flatten", start_axis, x.ndim), normalize_axes("flatten", end_axis, x.ndim)
    if a > b:
        raise ShapeError(f"flatten: start_axis {start_axis} comes after end_axis {end_axis}")
    return reshape_to(x, (*x.shape[:a], math.prod(x.shape[a : b + 1]), *x.shape[b + 1 :]))
