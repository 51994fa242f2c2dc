"""Primitives of one's own that are more than elementwise: views, reductions, running totals.

Each is declared by what it is, once: the eager kernel, by NumPy, comes from the same index map or formula
that a compiler lowers. `primitive.loop` declares what is elementwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .describing import complete
from .errors import ShapeError
from .formulas import of_arrays
from .kinds import Formula, Reduce, Scan, View
from .primitive import Array, Primitive, Shape, Vjp

Cases = Sequence[tuple[Any, ...]]


def view(
    name: str,
    shape: Callable[..., Shape],
    at: Callable[..., tuple[Any, ...]],
    vjp: Vjp | None,
    *,
    inside: Callable[..., Sequence[Any]] | None = None,
    outside: Callable[..., float] | None = None,
    cases: Cases = (),
) -> Primitive:
    """Declare a primitive (x, *params) that gives elements of x at other places.

    Args:
        name: of the primitive.
        shape: (shape of x, *params) -> shape of the result; raises ShapeError where there is none.
        at: (index of the result, shape of x, *params) -> index into x, written in +, -, *, // and % of the
            parts of the index: they are arrays of numbers in eager execution, and expressions in a compiler.
        vjp: (g, y, x, *params) -> cotangent of x.
        inside: (index of the result, shape of x, *params) -> conditions, in <, <=, > and >=, on which there
            is an element of x; by default there is one everywhere.
        outside: (*params) -> the value where there is none.
        cases: (shape of x, *params) that the tests try.
    """

    def infer(x: Any, *params: Any) -> Any:
        return shape(x.shape, *params), x.dtype

    def run(x: Array, *params: Any) -> Array:
        found = shape(x.shape, *params)
        index = tuple(np.indices(found, sparse=True))
        where = at(index, x.shape, *params)
        if inside is None:
            return np.array(np.broadcast_to(x[where] if where else x, found))
        assert outside is not None
        there = np.ones(found, np.bool_)
        for condition in inside(index, x.shape, *params):
            there = there & condition
        if not x.size:
            return np.full(found, outside(*params), x.dtype)
        kept = tuple(np.clip(i, 0, n - 1) for i, n in zip(where, x.shape, strict=True))
        return np.where(there, x[kept] if kept else x, x.dtype.type(outside(*params)))

    return Primitive(name, View(at, inside, outside), run, infer, (vjp,), cases=cases)


def reduction(
    name: str,
    start: Callable[[np.dtype[Any]], Any],
    combine: str,
    vjp: Vjp | None,
    *,
    cases: Cases = (((2, 3), (0,), False), ((2, 3), (1,), True), ((2, 3, 2), (0, 2), False), ((), (), False)),
    domain: tuple[float, float] = (-3.0, 3.0),
) -> Primitive:
    """Declare a primitive (x, axes, keepdims) that combines all elements along axes into one.

    Args:
        name: of the primitive.
        start: (dtype) -> what the total is at first.
        combine: the formula of the next total, of the total `a` and an element `b`; see `kinds.Formula`.
        vjp: (g, y, x, axes, keepdims) -> cotangent of x.
        cases, domain: as in `Primitive`.
    """
    formula = Formula(combine, 2)

    def result(x: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
        return tuple(1 if d in axes else n for d, n in enumerate(x) if keepdims or d not in axes)

    def infer(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return result(x.shape, axes, keepdims), x.dtype

    def run(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
        kept = tuple(d for d in range(x.ndim) if d not in axes)
        lanes = x.transpose(axes + kept).reshape(-1, *(x.shape[d] for d in kept))
        total = np.full(lanes.shape[1:], start(x.dtype), x.dtype)
        for element in lanes:
            total = np.asarray(of_arrays(formula, total, element), x.dtype)
        return total.reshape(result(x.shape, axes, keepdims))

    return Primitive(name, Reduce(start, formula), run, infer, (vjp,), cases=cases, domain=domain)


def running(
    name: str,
    start: Callable[[np.dtype[Any]], Any],
    combine: str,
    vjp: Vjp | None,
    *,
    cases: Cases = (((2, 3), 1), ((3, 2), 0), ((4,), 0)),
    domain: tuple[float, float] = (-3.0, 3.0),
) -> Primitive:
    """Declare a primitive (x, axis) that gives the total so far at every element along an axis.

    Arguments as for `reduction`; vjp: (g, y, x, axis) -> cotangent of x.
    """
    formula = Formula(combine, 2)

    def run(x: Array, axis: int) -> Array:
        if not 0 <= axis < x.ndim:
            raise ShapeError(f"{name}: axis {axis} does not exist in a tensor of {x.ndim} axes")
        out = np.empty_like(x)
        lanes, results = np.moveaxis(x, axis, 0), np.moveaxis(out, axis, 0)
        total = np.full(lanes.shape[1:], start(x.dtype), x.dtype)
        for k in range(len(lanes)):
            results[k] = total = np.asarray(of_arrays(formula, total, lanes[k]), x.dtype)
        return out

    def infer(x: Any, axis: int) -> Any:
        return x.shape, x.dtype

    return Primitive(name, Scan(start, formula), run, infer, (vjp,), cases=cases, domain=domain)


complete("declaring", ("view", "reduction", "running"), globals())
