"""The reductions: sum, max, prod over any axes, and the positions of extremes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..kernels import reduce as kernels
from ..kinds import Contract, Formula, Function, Lanes, Reduce
from ..primitive import Primitive, Shape, normalize_axes, normalize_axis
from .elementwise import cast, eq
from .views import expand_to, permute_axes, place, reshape_to, slice_ranges

__all__ = ["amax", "amin", "argmax", "argmin", "prod", "sum"]

_CASES = [
    ((2, 3), (0,), False),
    ((2, 3), (1,), True),
    ((2, 3, 2), (0, 2), False),
    ((4,), (0,), False),
    ((1, 3), (0,), False),
    ((), (), False),
    ((2, 2), (0, 1), True),
]


def kept(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """`shape` with length 1 at `axes`."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def reduced_shape(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    """`shape` without `axes`, or with length 1 there."""
    return kept(shape, axes) if keepdims else tuple(n for i, n in enumerate(shape) if i not in axes)


def _spread(g: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """A cotangent of a reduced value, seen at every element that went into it."""
    return expand_to(g if g.ndim == 0 else reshape_to(g, kept(x.shape, axes)), x.shape)


def _total_dtype(x: Any) -> np.dtype[Any]:
    """Integers and booleans add up in int64."""
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.int64)


def _run_sum(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    total = kernels.sum_over(x, axes) if x.dtype.kind == "f" else np.add.reduce(x, axes, np.int64)
    return total.reshape(kept(x.shape, axes)) if keepdims else total


def _run_prod(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.prod(x, axis=axes, dtype=_total_dtype(x), keepdims=keepdims)


sum_over = Primitive(
    "sum",
    Reduce(lambda dtype: 0, Formula("a + b")),
    _run_sum,
    lambda x, axes, keepdims: (reduced_shape(x.shape, axes, keepdims), _total_dtype(x)),
    (lambda g, y, x, axes, keepdims: _spread(g, x, axes),),
    cases=[*_CASES, ((0, 3), (0,), False)],
)

prod_over = Primitive(
    "prod",
    Reduce(lambda dtype: 1, Formula("a * b")),
    _run_prod,
    lambda x, axes, keepdims: (reduced_shape(x.shape, axes, keepdims), _total_dtype(x)),
    (lambda g, y, x, axes, keepdims: _spread(g, x, axes) * _product_of_others(x, axes),),
    cases=[*_CASES, ((0, 3), (0,), False)],
)


def _product_of_others(x: Any, axes: tuple[int, ...]) -> Any:
    """For each element the product of all others along `axes`: right with zeros, to any order.

    Products before and after each element, each by doubling: log2(n) multiplications of x.
    """
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = (*rest, *axes)
    n = math.prod(x.shape[i] for i in axes)
    rows = reshape_to(permute_axes(x, order), (math.prod(x.shape[i] for i in rest), n))
    before, after = _shifted(rows, 1), _shifted(rows, -1)
    step = 1
    while step < n:
        before, after = before * _shifted(before, step), after * _shifted(after, -step)
        step *= 2
    back = tuple(order.index(i) for i in range(x.ndim))
    return permute_axes(reshape_to(before * after, tuple(x.shape[i] for i in order)), back)


def _shifted(rows: Any, by: int) -> Any:
    """Each row moved `by` places to the right (left if negative), ones coming in."""
    m, n = rows.shape
    size = max(n - abs(by), 0)
    source, target = (0, by) if by > 0 else (-by, 0)
    if size == 0:
        source = target = 0
    return place(
        slice_ranges(rows, ((0, m, 1), (source, size, 1))), (m, n), ((0, m, 1), (target, size, 1)), 1.0
    )


def _infer_extreme(name: str) -> Callable[..., Any]:
    def infer(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        if math.prod(x.shape[i] for i in axes) == 0:
            raise ShapeError(f"{name}: {x.shape} has no elements along axis {axes}, so no {name} exists")
        return reduced_shape(x.shape, axes, keepdims), x.dtype

    return infer


def _end(dtype: np.dtype[Any], sign: int) -> Any:
    """The largest number of a dtype, or the smallest."""
    if dtype.kind == "f":
        return sign * math.inf
    if dtype.kind == "b":
        return sign > 0
    info = np.iinfo(dtype)
    return int(info.max if sign > 0 else info.min)


def _extreme(name: str, find: Callable[..., Any], kind: Reduce) -> Primitive:
    """The largest or smallest element; elements that tie for it share its cotangent equally."""
    infer = _infer_extreme(name)

    def run(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        if not x.size:
            infer(x, axes, keepdims)
        y = find(x, axes)
        return y.reshape(kept(x.shape, axes)) if keepdims else y

    def vjp(g: Any, y: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        hit = cast(eq(x, reshape_to(y, kept(x.shape, axes))), x.dtype)
        return _spread(g, x, axes) * (hit / sum_over(hit, axes, True))

    return Primitive(name, kind, run, infer, (vjp,), cases=_CASES)


max_over = _extreme("max", kernels.max_over, Reduce(lambda dtype: _end(dtype, -1), Formula("maximum(a, b)")))
min_over = _extreme("min", kernels.min_over, Reduce(lambda dtype: _end(dtype, 1), Formula("minimum(a, b)")))


def _position(name: str, find: Callable[..., Any], kind: Reduce) -> Primitive:
    """The position of an extreme along one axis."""
    check = _infer_extreme(name)

    def infer(x: Any, axis: int, keepdims: bool) -> Any:
        return check(x, (axis,), keepdims)[0], np.dtype(np.int64)

    def run(x: Any, axis: int, keepdims: bool) -> Any:
        if not x.size:
            check(x, (axis,), keepdims)
        found = find(x, axis)
        return np.expand_dims(found, axis) if keepdims else found

    return Primitive(name, kind, run, infer, (None,), cases=[((2, 3), 1, False), ((4,), 0, True)])


argmax_along = _position(
    "argmax", kernels.argmax_along, Reduce(None, Formula("greater(a, b)"), position=True)
)
argmin_along = _position("argmin", kernels.argmin_along, Reduce(None, Formula("less(a, b)"), position=True))

#: Positions of the elements along an axis from the smallest to the largest; equal ones keep their order, and
#: NaN comes last. A primitive because a composite would compare each element with each other.
argsort_along = Primitive(
    "argsort",
    Contract(Function("argsort", "tinygrad_mnist.kernels.runtime"), Lanes(work=30)),
    lambda x, axis: np.argsort(x, axis, kind="stable"),
    lambda x, axis: (x.shape, np.dtype(np.int64)),
    (None,),
    cases=[((2, 3), 1), ((3, 2, 2), 0), ((0, 3), 0), ((1,), 0)],
)


# What users call --------------------------------------------------------------------------------

Axis = int | Sequence[int] | None


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over `axis` (None: all). Integers and booleans are added in int64."""
    return sum_over(x, normalize_axes("sum", axis, x.ndim), keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over `axis` (None: all). The derivative is right where elements are zero."""
    return prod_over(x, normalize_axes("prod", axis, x.ndim), keepdims)


def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest element over `axis` (None: all); ties share the gradient. ShapeError if there is none."""
    return max_over(x, normalize_axes("amax", axis, x.ndim), keepdims)


def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Smallest element over `axis` (None: all); ties share the gradient. ShapeError if there is none."""
    return min_over(x, normalize_axes("amin", axis, x.ndim), keepdims)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """int64 position of the first largest element along `axis` (None: in row-major order)."""
    return _find(argmax_along, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """int64 position of the first smallest element along `axis` (None: in row-major order)."""
    return _find(argmin_along, x, axis, keepdims)


def _find(primitive: Primitive, x: Any, axis: int | None, keepdims: bool) -> Any:
    if axis is not None and x.ndim:
        return primitive(x, normalize_axis(primitive.name, axis, x.ndim), keepdims)
    found = primitive(reshape_to(x, (math.prod(x.shape),)), 0, False)
    return reshape_to(found, (1,) * x.ndim) if keepdims else found
