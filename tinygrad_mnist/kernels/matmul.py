"""Matrix products over any strides: NumPy's matmul, and the affine map of a linear layer.

Small and skinny products run directly on the operands, in whichever of three forms needs no
transposed copy: rows of B scaled by numbers of A (A @ B and A.T @ B), dot products of rows
(A @ B.T), or the first with the roles exchanged and the result transposed. Large ones are cut into
blocks that are packed to fit the caches, and into parts that several threads compute; see
`products` and `threads`.
"""

import math
from itertools import pairwise
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
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.packing import ROWS, VECTORS
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.products import part_of_product, product
from tinygrad_mnist.kernels.simd import offset, use_full_width
from tinygrad_mnist.kernels.threads import team
from tinygrad_mnist.kernels.tuning import A_SHARE, ALONE_UP_TO, MUCH, NARROW
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES

Array = ndarray[Any, Any]


@kernel
def multiply_loop(a: Any, b: Any) -> Any:
    """A @ B for two matrices that are not large, else nothing."""
    if not accepts(a) or not accepts(b) or ndim(a) != 2 or ndim(b) != 2:
        return nothing(a)
    m, depth, n = shape(a)[0], shape(a)[1], shape(b)[1]
    if shape(b)[0] != depth or (flags(a) & flags(b)) & ALIGNED == 0 or m * n * depth > ALONE_UP_TO:
        return nothing(a)
    left, a_row, a_column = data(a), stride(a, 0), stride(a, 1)
    right, b_row, b_column = data(b), stride(b, 0), stride(b, 1)
    transposed = a_row == 1 and n < min(m, NARROW) and (b_column == 1 or b_row == 1)
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


@kernel
def affine_loop(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight.T + bias for matrices that are not large, and a vector, else nothing."""
    if not accepts(x) or not accepts(weight) or not accepts(bias):
        return nothing(x)
    if ndim(x) != 2 or ndim(weight) != 2 or ndim(bias) != 1:
        return nothing(x)
    m, depth, n = shape(x)[0], shape(x)[1], shape(weight)[0]
    fits = shape(weight)[1] == depth and shape(bias)[0] == n
    if not fits or (flags(x) & flags(weight) & flags(bias)) & ALIGNED == 0 or m * n * depth > ALONE_UP_TO:
        return nothing(x)
    out = new_matrix(x, m, n, False)
    if is_nothing(out):
        return out
    state = unlock(m * n * depth >= MUCH)
    x_row, x_column = stride(x, 0), stride(x, 1)
    w_row, w_column = stride(weight, 1), stride(weight, 0)
    target, added, step = data(out), data(bias), stride(bias, 0)
    done = product(data(x), x_row, x_column, data(weight), w_row, w_column, target, n, m, n, depth)
    use_full_width()
    for i in range(m):
        for j in range(n):
            target[i * n + j] += added[j * step]
    lock(state)
    return out if done else nothing(out)


@kernel
def multiply_part(a: Any, b: Any, c: Any, top: int, bottom: int, left: int, right: int) -> int:
    """Rows top .. bottom - 1 and columns left .. right - 1 of the matrix C = A @ B; 0 if memory is short."""
    state = unlock(True)
    done = part_of_product(
        data(a),
        stride(a, 0),
        stride(a, 1),
        data(b),
        stride(b, 0),
        stride(b, 1),
        data(c),
        shape(c)[1],
        shape(c)[0],
        shape(c)[1],
        shape(a)[1],
        top,
        bottom,
        left,
        right,
    )
    lock(state)
    return done


@routine
def _start(x: Any, index: int) -> Any:
    """The pointer to a matrix of a stack of them, counted in row-major order."""
    start = data(x)
    for axis in range(ndim(x) - 3, -1, -1):
        start = offset(start, index % shape(x)[axis] * stride(x, axis))
        index //= shape(x)[axis]
    return start


@kernel
def multiply_stack(a: Any, b: Any, c: Any, first: int, last: int) -> int:
    """The matrices first .. last - 1 of the contiguous stack C = A @ B of one shape; 0 if memory is short."""
    row, column, done = ndim(c) - 2, ndim(c) - 1, 1
    m, n, depth = shape(c)[row], shape(c)[column], shape(a)[column]
    a_row, a_column, b_row, b_column = stride(a, row), stride(a, column), stride(b, row), stride(b, column)
    state = unlock((last - first) * m * n * depth >= MUCH)
    for i in range(first, last):
        done &= product(
            _start(a, i), a_row, a_column, _start(b, i), b_row, b_column, _start(c, i), n, m, n, depth
        )
    lock(state)
    return done


def _large(a: Array, b: Array) -> bool:
    return a.ndim == b.ndim == 2 and a.size * b.shape[1] > ALONE_UP_TO


def _large_layer(x: Array, weight: Array, bias: Array) -> bool:
    return x.ndim == weight.ndim == 2 and x.size * weight.shape[0] > ALONE_UP_TO


multiply = Entry(multiply_loop, lambda array: (array, array), _large)
affine = Entry(affine_loop, lambda array: (array,) * 3, _large_layer)
_part = Entry(multiply_part, lambda array: (array,) * 3 + (types.int64,) * 4)
_stack = Entry(multiply_stack, lambda array: (array,) * 3 + (types.int64,) * 2)


def matmul(a: Array, b: Array) -> Array:
    """a @ b with the shapes and broadcasting of numpy.matmul.

    float32 and float64 operands of one dtype take the kernels of this module: any strides, the
    same bits on every call and for any number of threads; the result may be in Fortran order.
    Other dtypes go to NumPy.
    """
    out = multiply.single(a, b)
    if out is None:
        out = multiply.double(a, b)
        if out is None:
            out = _any(np.asarray(a), np.asarray(b))
    return out


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x @ weight.T + bias for x (..., n_in), weight (n_out, n_in) and bias (n_out,) or None."""
    out = matmul(x, weight.T)
    return out if bias is None else np.add(out, bias, out=out)


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
        out = _stacks(rows, columns)
    if a.ndim == 1:
        out = out[..., 0, :]
    return out[..., 0] if b.ndim == 1 else out


def _accepted(x: Array) -> Array:
    known = type(x) is ndarray and (x.dtype is FLOAT32 or x.dtype is FLOAT64)
    return x if known and x.flags.aligned else plain(x)


def _matrices(a: Array, b: Array) -> Array:
    """The product of two matrices of one dtype and of shapes that fit, by several threads if it is large."""
    a, b = _accepted(a), _accepted(b)
    (m, depth), n, step = a.shape, b.shape[1], a.itemsize
    if m * n * depth <= ALONE_UP_TO:
        alone = multiply.single if a.dtype == FLOAT32 else multiply.double
        return alone(a, b)
    if a.strides[0] == step and n < min(m, NARROW) and step in b.strides:
        return _matrices(b.T, a.T).T
    out = empty((m, n), a.dtype)
    part = _part.single if a.dtype == FLOAT32 else _part.double
    with team(m * n * depth // A_SHARE) as workers:
        cuts = _cuts(m, n, VECTORS * VECTOR_BYTES // step, workers.count)
        workers.run(lambda rank: _check(part(a, b, out, *cuts[rank])))
    return out


def _stacks(a: Array, b: Array) -> Array:
    """The products of stacks of matrices of one dtype, broadcast against each other."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    count, m, n, depth = math.prod(batch), a.shape[-2], b.shape[-1], a.shape[-1]
    out = empty((*batch, m, n), a.dtype)
    left = np.broadcast_to(_accepted(a), batch + a.shape[-2:])
    right = np.broadcast_to(_accepted(b), batch + b.shape[-2:])
    stack = _stack.single if a.dtype == FLOAT32 else _stack.double
    with team(min(count, count * m * n * depth // A_SHARE)) as workers:
        ends = [count * rank // workers.count for rank in range(workers.count + 1)]
        workers.run(lambda rank: _check(stack(left, right, out, ends[rank], ends[rank + 1])))
    return out


def _check(done: int) -> None:
    if not done:
        raise MemoryError("no memory for a matrix product")


def _cuts(m: int, n: int, panel: int, parts: int) -> list[tuple[int, int, int, int]]:
    """An m x n matrix in so many rectangles of whole tiles: (top, bottom, left, right) of each.

    Each rectangle needs its rows of A and its columns of B packed: as few of them as possible.
    """
    high = min((p for p in range(1, parts + 1) if parts % p == 0), key=lambda p: m / p + n * p / parts)
    rows, columns = _ends(m, ROWS, high), _ends(n, panel, parts // high)
    return [(top, bottom, left, right) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]


def _ends(length: int, tile: int, parts: int) -> list[int]:
    tiles = -(-length // tile)
    return [min(length, tiles * part // parts * tile) for part in range(parts + 1)]
