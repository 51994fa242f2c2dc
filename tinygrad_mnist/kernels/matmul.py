"""Matrix products over any strides: NumPy's matmul, and the affine map of a linear layer.

Small and skinny products run directly on the operands, in whichever of three forms needs no
transposed copy: rows of B scaled by numbers of A (A @ B and A.T @ B), dot products of rows
(A @ B.T), or the first with the roles exchanged and the result transposed. Large ones are cut into
blocks that are packed to fit the caches (K. Goto and R. van de Geijn, "Anatomy of
High-Performance Matrix Multiplication", 2008); see `packed`.
"""

import math
from typing import Any

import numpy as np
from numpy import empty, ndarray

from tinygrad_mnist.kernels.arrays import (
    ALIGNED,
    FLOAT32,
    FLOAT64,
    Entry,
    accepts,
    data,
    flags,
    is_nothing,
    lock,
    ndim,
    new_matrix,
    nothing,
    plain,
    shape,
    stride,
    unlock,
)
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.products import product

Array = ndarray[Any, Any]

MUCH = 1 << 20  # multiplications that keep a kernel busy for long enough to let other threads run


@kernel
def multiply(a: Any, b: Any) -> Any:
    """A @ B for two matrices, else nothing."""
    if not accepts(a) or not accepts(b) or ndim(a) != 2 or ndim(b) != 2:
        return nothing(a)
    m, depth, n = shape(a)[0], shape(a)[1], shape(b)[1]
    if shape(b)[0] != depth or (flags(a) & flags(b)) & ALIGNED == 0:
        return nothing(a)
    left, a_row, a_column = data(a), stride(a, 0), stride(a, 1)
    right, b_row, b_column = data(b), stride(b, 0), stride(b, 1)
    transposed = a_row == 1 and m > n and (b_column == 1 or b_row == 1)
    out = new_matrix(a, m, n, transposed)
    if is_nothing(out):
        return out
    state = unlock(m * n * depth >= MUCH)
    if transposed:
        m, n = n, m
        left, a_row, a_column, right, b_row, b_column = right, b_column, b_row, left, a_column, a_row
    done = product(left, a_row, a_column, right, b_row, b_column, data(out), n, m, n, depth)
    lock(state)
    return out if done else nothing(out)


_multiply = Entry(multiply, lambda array: (array, array))


def matmul(a: Array, b: Array) -> Array:
    """a @ b with the shapes and broadcasting of numpy.matmul.

    float32 and float64 operands of one dtype take the kernels of this module: any strides, the
    same bits on every call; the result may be in Fortran order. Other dtypes go to NumPy.
    """
    out = _multiply.single(a, b)
    if out is None:
        out = _multiply.double(a, b)
        if out is None:
            out = _any(np.asarray(a), np.asarray(b))
    return out


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x @ weight.T + bias for x (..., n_in), weight (n_out, n_in) and bias (n_out,) or None."""
    out = matmul(x, weight.T)
    return out if bias is None else np.add(out, bias, out=out)


def _matrices(a: Array, b: Array) -> Array:
    """The product of two matrices of one dtype and of shapes that fit."""
    multiply = _multiply.single if a.dtype == FLOAT32 else _multiply.double
    out = multiply(a, b)
    if out is None:
        out = multiply(plain(a), plain(b))
    return out


def _any(a: Array, b: Array) -> Array:
    """The product of operands of any dtype and number of dimensions."""
    fits = a.ndim and b.ndim and a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0]
    if not fits or a.dtype != b.dtype or a.dtype not in (FLOAT32, FLOAT64):
        product: Array = np.matmul(a, b)
        return product
    rows = a[np.newaxis] if a.ndim == 1 else a
    columns = b[:, np.newaxis] if b.ndim == 1 else b
    if columns.ndim == 2:
        out = _matrices(rows.reshape(math.prod(rows.shape[:-1]), rows.shape[-1]), columns)
        out = out.reshape(*rows.shape[:-1], columns.shape[-1])
    else:
        batch = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
        rows = np.broadcast_to(rows, batch + rows.shape[-2:])
        columns = np.broadcast_to(columns, batch + columns.shape[-2:])
        out = empty((*batch, rows.shape[-2], columns.shape[-1]), a.dtype)
        for index in np.ndindex(batch):
            out[index] = _matrices(rows[index], columns[index])
    if a.ndim == 1:
        out = out[..., 0, :]
    return out[..., 0] if b.ndim == 1 else out
