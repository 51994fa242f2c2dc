"""The contractions: the matrix product, and the affine map of a layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..kernels import matmul as kernels
from ..kinds import Contract, Function, Matrices
from ..primitive import Primitive, broadcast, composite, result_dtype
from .views import reshape_to, transpose

__all__ = ["dot", "matmul", "outer"]


def _infer_product(a: Any, b: Any) -> Any:
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: {a.shape} @ {b.shape} is not defined: the last axis of the first ({a.shape[-1:]}) must "
            f"be as long as the last but one of the second ({b.shape[-2:-1]})"
        )
    batch = broadcast("matmul", a.shape[:-2], b.shape[:-2])
    return (*batch, a.shape[-2], b.shape[-1]), result_dtype(a, b)


def _run_product(a: Any, b: Any) -> Any:
    y = kernels.multiply.single(a, b)
    if y is None:
        y = kernels.multiply.double(a, b)
    if y is None:
        _, dtype = _infer_product(a, b)
        y = kernels.matmul(np.asarray(a, dtype), np.asarray(b, dtype))
    return y


_MATMUL = Function("matmul", "tinygrad_mnist.kernels.runtime")

#: a @ b of two tensors with at least two axes each; leading axes broadcast.
product: Primitive = Primitive(
    "matmul",
    Contract(_MATMUL, Matrices()),
    _run_product,
    _infer_product,
    (
        lambda g, y, a, b: product(g, _turned(b)),
        lambda g, y, a, b: product(_turned(a), g),
    ),
    cases=[
        ((2, 3), (3, 4)),
        ((1, 3), (3, 1)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((2, 1, 2, 3), (3, 3, 2)),
        ((2, 3), (4, 3, 2)),
    ],
)


def _turned(x: Any) -> Any:
    return x.T if x.ndim == 2 else transpose(x)


def _infer_linear(x: Any, weight: Any, bias: Any) -> Any:
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: an input of shape {x.shape} does not fit a weight of shape {weight.shape}: "
            f"the input's last axis must have length {weight.shape[-1] if weight.ndim else '?'}"
        )
    if bias.shape != weight.shape[:1]:
        raise ShapeError(f"linear: the bias must have shape {weight.shape[:1]}, not {bias.shape}")
    return (*x.shape[:-1], weight.shape[0]), result_dtype(x, weight, bias)


def _run_linear(x: Any, weight: Any, bias: Any) -> Any:
    y = kernels.affine.single(x, weight, bias)
    if y is None:
        _, dtype = _infer_linear(x, weight, bias)
        y = kernels.linear(np.asarray(x, dtype), np.asarray(weight, dtype), np.asarray(bias, dtype))
    return y


def _rows(x: Any) -> Any:
    """x with all its axes but the last joined into one."""
    return x if x.ndim == 2 else reshape_to(x, (math.prod(x.shape[:-1]), x.shape[-1]))


#: x @ weight.T + bias for x (..., n_in), weight (n_out, n_in), bias (n_out,).
affine = Primitive(
    "linear",
    Contract(_MATMUL, Matrices(turned=True, biased=True)),
    _run_linear,
    _infer_linear,
    (
        lambda g, y, x, w, b: product(g, w) if g.ndim > 1 else matmul(g, w),
        lambda g, y, x, w, b: product(_rows(g).T, _rows(x)),
        lambda g, y, x, w, b: g,  # summed over the leading axes by the backward pass
    ),
    cases=[((2, 3), (4, 3), (4,)), ((3,), (2, 3), (2,)), ((2, 2, 3), (2, 3), (2,)), ((0, 3), (2, 3), (2,))],
)


def matmul(a: Any, b: Any) -> Any:
    """Matrix product with NumPy's rules: leading axes broadcast, a 1-axis operand is a row or column.

    Shapes (..., m, k) @ (..., k, n) -> (..., m, n). Raises ShapeError when the inner lengths
    differ or an operand is a scalar, DTypeError for operands that are no tensors or arrays.
    """
    for x in (a, b):
        if getattr(x, "ndim", 0) == 0:
            if not hasattr(x, "ndim") and not isinstance(x, int | float):
                raise DTypeError(f"matmul: not defined for a {type(x).__name__}; make a Tensor of it first")
            raise ShapeError("matmul: a scalar has no rows; multiply with * instead")
    if a.ndim == 1 and b.ndim == 1:
        return reshape_to(product(reshape_to(a, (1, *a.shape)), reshape_to(b, (*b.shape, 1))), ())
    if a.ndim == 1:
        y = product(reshape_to(a, (1, *a.shape)), b)
        return reshape_to(y, (*y.shape[:-2], y.shape[-1]))
    if b.ndim == 1:
        y = product(a, reshape_to(b, (*b.shape, 1)))
        return reshape_to(y, y.shape[:-1])
    return product(a, b)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x @ weight.T + bias for x (..., n_in), weight (n_out, n_in), bias (n_out,) or None."""
    return matmul(x, transpose(weight)) if bias is None else affine(x, weight, bias)


@composite((((3,), (3,)), {}))
def dot(a: Any, b: Any) -> Any:
    """Scalar product of two vectors of one length."""
    if a.ndim != 1 or a.shape != b.shape:
        raise ShapeError(
            f"dot: takes two vectors of one length, not {a.shape} and {b.shape}; matmul takes more"
        )
    return matmul(a, b)


@composite((((2,), (3,)), {}))
def outer(a: Any, b: Any) -> Any:
    """a[i] * b[j] of two vectors, shape (len(a), len(b))."""
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"outer: takes two vectors, not {a.shape} and {b.shape}")
    return reshape_to(a, (*a.shape, 1)) * b
