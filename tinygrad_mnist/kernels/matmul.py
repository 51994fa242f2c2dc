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

from tinygrad_mnist.kernels.buffer import ALIGNED, FLOAT32, FLOAT64, Compiled
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.simd import VECTOR_BYTES, count_lanes, dot_tile, offset, row_tile

Array = ndarray[Any, Any]

DONE, DONE_TRANSPOSED, NEEDS_COPY_OF_A, NEEDS_COPY_OF_B = range(4)

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
def multiply(a: Any, b: Any, c: Any) -> int:
    """C = A @ B for matrices, C contiguous; says whether it did, and how."""
    itemsize = VECTOR_BYTES // count_lanes(c.data)
    if a.flags & ALIGNED == 0:
        return NEEDS_COPY_OF_A
    if b.flags & ALIGNED == 0:
        return NEEDS_COPY_OF_B
    m, depth, n = a.shape[0], a.shape[1], b.shape[1]
    a_row, a_column = a.strides[0] // itemsize, a.strides[1] // itemsize
    b_row, b_column = b.strides[0] // itemsize, b.strides[1] // itemsize
    if m <= 1:               # along axes of at most one element any stride is as good
        a_row = 1
    if n <= 1:
        b_column = 1
    if depth <= 1:
        a_column = b_row = 1
    if b_column == 1 and not (a_row == 1 and m > n):
        multiply_rows(a.data, a_row, a_column, b.data, b_row, c.data, n, m, n, depth)
    elif a_column == 1 and b_row == 1:
        multiply_dots(a.data, a_row, b.data, b_column, c.data, n, m, n, depth)
    elif a_row == 1:
        multiply_rows(b.data, b_column, b_row, a.data, a_column, c.data, m, n, m, depth)
        return DONE_TRANSPOSED
    else:
        return NEEDS_COPY_OF_A if b_row == 1 else NEEDS_COPY_OF_B
    return DONE


_multiply = Compiled(multiply, lambda buffer, number: (buffer, buffer, buffer))


def matmul(a: Array, b: Array) -> Array:
    """a @ b with the shapes and broadcasting of numpy.matmul.

    float32 and float64 operands of one dtype take the kernels of this module: any strides, no
    transposed copies, the same bits on every call; the result may be in Fortran order. Other
    dtypes go to NumPy.
    """
    if type(a) is ndarray and type(b) is ndarray and a.ndim == 2 and b.ndim == 2 and a.dtype is b.dtype:
        dtype = a.dtype
        if dtype is FLOAT32 or dtype is FLOAT64:
            return _matrices(a, b)
    return _any(np.asarray(a), np.asarray(b))


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x @ weight.T + bias for x (..., n_in), weight (n_out, n_in) and bias (n_out,) or None."""
    out = matmul(x, weight.T)
    return out if bias is None else np.add(out, bias, out=out)


def _matrices(a: Array, b: Array) -> Array:
    """The product of two matrices of one dtype."""
    out = empty((a.shape[0], b.shape[1]), a.dtype)
    outcome = _multiply[a.dtype](a, b, out)
    if outcome == DONE:
        return out
    if outcome == DONE_TRANSPOSED:
        transposed: Array = out.reshape(out.shape[::-1]).T
        return transposed
    return _matrices(a.copy(), b) if outcome == NEEDS_COPY_OF_A else _matrices(a, b.copy())


def _any(a: Array, b: Array) -> Array:
    """The product of operands of any dtype and number of dimensions."""
    if a.dtype != b.dtype or a.dtype not in (FLOAT32, FLOAT64) or a.ndim == 0 or b.ndim == 0:
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
