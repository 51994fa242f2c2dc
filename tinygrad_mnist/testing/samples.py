"""Operands to try an operation on: shapes, distinct values, and layouts in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..primitive import Array, Shape


def elementwise_shapes(arity: int) -> list[tuple[Shape, ...]]:
    """Operand shapes for an elementwise operation: equal, broadcast every way, scalar, empty, size one."""
    found = [(shape,) * arity for shape in [(2, 3), (), (1, 1), (0, 3)]]
    for k in range(arity if arity > 1 else 0):
        for small, large in [
            ((3,), (2, 3)),
            ((2, 1), (2, 3)),
            ((2, 1), (3,)),
            ((1, 1), (3,)),
            ((), (2, 2)),
            ((1, 3), (0, 3)),
        ]:
            found.append((large,) * k + (small,) + (large,) * (arity - k - 1))
    return found


def distinct(shapes: Sequence[Shape], domain: tuple[float, float], rng: np.random.Generator) -> list[Array]:
    """Random float64 arrays in which no two values are close, so that there are no ties."""
    sizes = [math.prod(shape) for shape in shapes]
    n = sum(sizes)
    cells = rng.permutation(n) + rng.uniform(0.2, 0.8, n)
    values = domain[0] + (domain[1] - domain[0]) * cells / max(n, 1)
    parts = np.split(values, np.cumsum(sizes)[:-1]) if sizes else []
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def layouts(x: Array) -> Iterator[Array]:
    """The same values as contiguous, strided, reversed and column-major arrays."""
    yield np.array(x, order="C")
    wide = np.full([2 * n for n in x.shape], np.nan if x.dtype.kind == "f" else 0).astype(x.dtype)
    even: Any = (..., *(slice(None, None, 2),) * x.ndim)
    view = wide[even]
    view[...] = x
    yield view
    backwards: Any = (..., *(slice(None, None, -1),) * x.ndim)
    yield np.array(x[backwards], order="C")[backwards]
    yield np.array(x, order="F")
