"""Products in PyTorch's words, each of tensors with a fixed number of axes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..primitive import Value, composite, normalize_axis
from .arranging import movedim
from .contract import matmul
from .floats import beside_factors
from .indexing import index_select
from .reduce import sum
from .views import reshape_to

__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm", "chain_matmul", "cross", "inner", "mm", "mv"]


def _axes(name: str, *wanted: tuple[Value, int]) -> None:
    if any(getattr(x, "ndim", -1) != n for x, n in wanted):
        raise ShapeError(
            f"{name}: takes {' and '.join(f'{n} axes' for _, n in wanted)}, not shapes "
            f"{' and '.join(str(tuple(getattr(x, 'shape', ()))) for x, _ in wanted)}; matmul takes more"
        )


@composite((((2, 3), (3, 4)), {}))
def mm(a: Value, b: Value) -> Value:
    """The product of two matrices."""
    _axes("mm", (a, 2), (b, 2))
    return matmul(a, b)


@composite((((2, 3), (3,)), {}))
def mv(a: Value, b: Value) -> Value:
    """A matrix times a vector."""
    _axes("mv", (a, 2), (b, 1))
    return matmul(a, b)


def _plus(x: Value, y: Value, beta: float, alpha: float) -> Value:
    if x.dtype == np.bool_ and y.dtype == np.bool_:
        beta, alpha = bool(beta), bool(alpha)
    y = y if alpha == 1 else y * alpha
    return y if beta == 0 else (x if beta == 1 else x * beta) + y


@composite((((2, 4), (2, 3), (3, 4)), {"beta": 0.5, "alpha": 2.0}))
def addmm(x: Value, mat1: Value, mat2: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    """beta * x + alpha * mat1 @ mat2."""
    x, mat1, mat2 = beside_factors((beta, alpha), x, mat1, mat2)
    return _plus(x, mm(mat1, mat2), beta, alpha)


@composite((((2,), (2, 3), (3,)), {}))
def addmv(x: Value, mat: Value, vec: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    """beta * x + alpha * mat @ vec."""
    x, mat, vec = beside_factors((beta, alpha), x, mat, vec)
    return _plus(x, mv(mat, vec), beta, alpha)


@composite((((2, 3), (2,), (3,)), {}))
def addr(x: Value, vec1: Value, vec2: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    """beta * x + alpha * outer(vec1, vec2)."""
    x, vec1, vec2 = beside_factors((beta, alpha), x, vec1, vec2)
    _axes("addr", (vec1, 1), (vec2, 1))
    if x.dtype.kind != "f" and (isinstance(beta, float) or isinstance(alpha, float)):
        raise DTypeError("addr: beta and alpha of integers must be integers")
    return _plus(x, reshape_to(vec1, (*vec1.shape, 1)) * vec2, beta, alpha)


@composite((((2, 2, 4), (2, 2, 3), (2, 3, 4)), {}))
def baddbmm(x: Value, batch1: Value, batch2: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    """beta * x + alpha * batch1 @ batch2, matrix by matrix."""
    x, batch1, batch2 = beside_factors((beta, alpha), x, batch1, batch2)
    _axes("baddbmm", (batch1, 3), (batch2, 3))
    return _plus(x, matmul(batch1, batch2), beta, alpha)


@composite((((2, 4), (2, 2, 3), (2, 3, 4)), {}))
def addbmm(x: Value, batch1: Value, batch2: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    """beta * x + alpha * the sum of the products of the matrices."""
    x, batch1, batch2 = beside_factors((beta, alpha), x, batch1, batch2)
    _axes("addbmm", (batch1, 3), (batch2, 3))
    return _plus(x, sum(matmul(batch1, batch2), 0), beta, alpha)


@composite((((2, 3), (4, 3)), {}))
def inner(a: Value, b: Value) -> Value:
    """Sums of products along the last axes, shape (*a.shape[:-1], *b.shape[:-1])."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"inner: the last axes of {a.shape} and {b.shape} differ in length")
    rows = reshape_to(a, (int(np.prod(a.shape[:-1])), a.shape[-1]))
    columns = movedim(reshape_to(b, (int(np.prod(b.shape[:-1])), b.shape[-1])), 0, 1)
    return reshape_to(matmul(rows, columns), (*a.shape[:-1], *b.shape[:-1]))


@composite((((2, 3), (2, 3)), {}), (((3, 2), (3, 2)), {"axis": 0}))
def cross(a: Value, b: Value, axis: int | None = None) -> Value:
    """The vector product along `axis`, which has length 3 (None: the first axis of that length)."""
    if axis is None:
        lengths = [i for i, n in enumerate(a.shape) if n == 3]
        if not lengths:
            raise ShapeError(f"cross: no axis of {a.shape} has length 3")
        axis = lengths[0]
    at = normalize_axis("cross", axis, a.ndim)
    if a.shape[at] != 3 or b.shape[at] != 3:
        raise ShapeError(f"cross: axis {axis} has lengths {a.shape[at]} and {b.shape[at]}, not 3")
    one, two = [1, 2, 0], [2, 0, 1]
    turned = [index_select(x, at, order) for x, order in ((a, one), (b, two), (a, two), (b, one))]
    return turned[0] * turned[1] - turned[2] * turned[3]


def multi_dot(tensors: Sequence[Any]) -> Value:
    """The product of matrices one after another."""
    return functools.reduce(matmul, tensors)


def chain_matmul(*matrices: Any) -> Value:
    """The product of matrices one after another."""
    return functools.reduce(matmul, matrices)
