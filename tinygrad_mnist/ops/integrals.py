"""Integrals of sampled functions by trapezoids, and products of vectors."""

from __future__ import annotations

from typing import Any

from ..primitive import Value, composite, normalize_axis
from .cumulative import cumsum
from .floats import in_floats
from .reduce import sum
from .shapes import diff, narrow

__all__ = ["cumulative_trapezoid", "trapezoid"]


def _areas(y: Value, x: Any, dx: float, axis: int) -> Value:
    at = normalize_axis("trapezoid", axis, y.ndim)
    n = y.shape[at]
    if n < 2:
        return narrow(y, at, 0, 0)
    means = (narrow(y, at, 0, n - 1) + narrow(y, at, 1, n - 1)) * 0.5
    if x is None:
        return means * dx
    steps = diff(x, 1, at if x.ndim == y.ndim else -1)
    if steps.ndim == 1:
        steps = steps.reshape([-1 if i == at else 1 for i in range(y.ndim)])
    return means * steps


@composite((((2, 4),), {}), (((2, 4),), {"dx": 0.5, "axis": 0}))
@in_floats
def trapezoid(y: Value, x: Any = None, *, dx: float = 1, axis: int = -1) -> Value:
    """The integral along `axis` of what has the values y at the places x, or at places `dx` apart."""
    return sum(_areas(y, x, dx, axis), axis)


@composite((((2, 4),), {}))
@in_floats
def cumulative_trapezoid(y: Value, x: Any = None, *, dx: float = 1, axis: int = -1) -> Value:
    """The integrals up to each place but the first: see `trapezoid`."""
    return cumsum(_areas(y, x, dx, axis), axis)
