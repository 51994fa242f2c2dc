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
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.simd import count_lanes, dot_tile, offset, row_tile

Array = ndarray[Any, Any]

MUCH = 1 << 20            # multiplications that keep a kernel busy for long enough to let other threads run

DOT_ROWS, DOT_COLUMNS = 4, 4
dots = dot_tile(DOT_ROWS, DOT_COLUMNS)


def row_panel(vectors: int) -> Any:
    """C = A @ B for a panel of C and B that is so many vectors wide, less a tail."""
    eight, four, two, one = (row_tile(rows, vectors) for rows in (8, 4, 2, 1))

    @routine
    def panel(a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int,
              m: int, depth: int, tail: int, add: bool) -> None:
        i = 0
        while i + 8 <= m:
            a_i, c_i = offset(a, i * a_row), offset(c, i * c_row)
            eight(a_i, a_row, a_column, b, b_row, c_i, c_row, depth, tail, add)
            i += 8
        if i + 4 <= m:
            a_i, c_i = offset(a, i * a_row), offset(c, i * c_row)
            four(a_i, a_row, a_column, b, b_row, c_i, c_row, depth, tail, add)
            i += 4
        if i + 2 <= m:
            a_i, c_i = offset(a, i * a_row), offset(c, i * c_row)
            two(a_i, a_row, a_column, b, b_row, c_i, c_row, depth, tail, add)
            i += 2
        if i < m:
            a_i, c_i = offset(a, i * a_row), offset(c, i * c_row)
            one(a_i, a_row, a_column, b, b_row, c_i, c_row, depth, tail, add)
    return panel


panel_of_one, panel_of_two, panel_of_three = map(row_panel, (1, 2, 3))


@routine
def multiply_rows(a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int,
                  m: int, n: int, depth: int) -> None:
    """C = A @ B; A of any strides, the rows of B and C contiguous."""
    lanes = count_lanes(c)
    for j in range(0, n, 3 * lanes):
        width = n - j
        b_j, c_j = offset(b, j), offset(c, j)
        if width > 2 * lanes:
            tail = min(width - 2 * lanes, lanes)
            panel_of_three(a, a_row, a_column, b_j, b_row, c_j, c_row, m, depth, tail, False)
        elif width > lanes:
            panel_of_two(a, a_row, a_column, b_j, b_row, c_j, c_row, m, depth, width - lanes, False)
        else:
            panel_of_one(a, a_row, a_column, b_j, b_row, c_j, c_row, m, depth, width, False)


@routine
def multiply_dots(a: Any, a_row: int, b: Any, b_row: int, c: Any, c_row: int,
                  m: int, n: int, depth: int) -> None:
    """C[i, j] = A[i] . B[j]; the rows of A, B and C contiguous."""
    for j in range(0, n, DOT_COLUMNS):
        for i in range(0, m, DOT_ROWS):
            dots(offset(a, i * a_row), a_row, offset(b, j * b_row), b_row, offset(c, i * c_row + j), c_row,
                 depth, min(DOT_ROWS, m - i), min(DOT_COLUMNS, n - j))


@kernel
def multiply(a: Any, b: Any) -> Any:
    """A @ B for two matrices that need not be copied, else nothing."""
    if not accepts(a) or not accepts(b) or ndim(a) != 2 or ndim(b) != 2:
        return nothing(a)
    m, depth, n = shape(a)[0], shape(a)[1], shape(b)[1]
    if shape(b)[0] != depth or (flags(a) & flags(b)) & ALIGNED == 0:
        return nothing(a)
    # along an axis of at most one element any stride is as good
    a_row, a_column = stride(a, 0) if m > 1 else 1, stride(a, 1) if depth > 1 else 1
    b_row, b_column = stride(b, 0) if depth > 1 else 1, stride(b, 1) if n > 1 else 1
    by_rows = b_column == 1 and not (a_row == 1 and m > n)
    by_dots = a_column == 1 and b_row == 1 and not by_rows
    if not (by_rows or by_dots or a_row == 1):
        return nothing(a)
    transposed = not (by_rows or by_dots)
    out = new_matrix(a, m, n, transposed)
    if is_nothing(out):
        return out
    state = unlock(m * n * depth >= MUCH)
    if by_rows:
        multiply_rows(data(a), a_row, a_column, data(b), b_row, data(out), n, m, n, depth)
    elif by_dots:
        multiply_dots(data(a), a_row, data(b), b_column, data(out), n, m, n, depth)
    else:
        multiply_rows(data(b), b_column, b_row, data(a), a_column, data(out), m, n, m, depth)
    lock(state)
    return out


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
