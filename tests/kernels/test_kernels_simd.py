"""Vector tiles and packing, each on every tail length, with guarded memory around the operands."""

import itertools

import numpy as np
import pytest

from tinygrad_mnist.kernels import packing, simd, tiles, vectors
from tinygrad_mnist.kernels.arrays import Entry, data, stride
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.packing import ROWS, VECTORS
from tinygrad_mnist.kernels.policy import kernel

GUARD = 3
DOT_ROWS, DOT_COLUMNS = 4, 2
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
row_tile, dot_tile = tiles.row_tile(ROWS, VECTORS), tiles.dot_tile(DOT_ROWS, DOT_COLUMNS)
transpose_tile = tiles.transpose_tile(4)


@kernel
def run_row_tile(a, b, c, m, n, depth, add):
    left, right, out = data(a), data(b), data(c)
    row_tile(left, stride(a, 0), stride(a, 1), right, stride(b, 0), out, stride(c, 0), m, n, depth, add)


@kernel
def run_dot_tile(a, b, c, m, n, depth):
    dot_tile(data(a), stride(a, 0), data(b), stride(b, 0), data(c), stride(c, 0), depth, m, n)


@kernel
def run_transpose_tile(a, c, m, n):
    transpose_tile(data(a), stride(a, 0), data(c), stride(c, 0), m, n)


@kernel
def run_copy_vector(a, c, count):
    simd.copy_vector(data(a), data(c), count)


@kernel
def run_pack_left(a, packed, m, depth):
    packing.pack_left(data(a), stride(a, 0), stride(a, 1), m, depth, data(packed))


@kernel
def run_pack_right(b, packed, depth, n):
    packing.pack_right(data(b), stride(b, 0), stride(b, 1), depth, n, data(packed))


def entry(function, arrays, *rest):
    made = Entry(function, lambda array: (array,) * arrays + rest)
    return lambda first, *more: (made.single if first.dtype == np.float32 else made.double)(first, *more)


run = {
    "row": entry(run_row_tile, 3, *[types.int64] * 3, types.boolean),
    "dot": entry(run_dot_tile, 3, *[types.int64] * 3),
    "transpose": entry(run_transpose_tile, 2, types.int64, types.int64),
    "copy": entry(run_copy_vector, 2, types.int64),
    "pack_left": entry(run_pack_left, 2, types.int64, types.int64),
    "pack_right": entry(run_pack_right, 2, types.int64, types.int64),
}


def lanes(dtype):
    return vectors.VECTOR_BYTES // np.dtype(dtype).itemsize


def guarded(shape, dtype):
    """A view into a larger array full of NaN, which would spoil any sum that reads it."""
    whole = np.full((shape[0] + 2 * GUARD, shape[1] + 2 * GUARD), np.nan, dtype)
    return whole, whole[GUARD : GUARD + shape[0], GUARD : GUARD + shape[1]]


def whole_numbers(shape, dtype, seed):
    """Small whole numbers, whose products have exact sums in any order."""
    _, inner = guarded(shape, dtype)
    inner[...] = np.random.default_rng(seed).integers(-4, 5, shape)
    return inner


def assert_written(whole, inner, expected):
    np.testing.assert_array_equal(inner, expected)
    assert np.count_nonzero(~np.isnan(whole)) == inner.size, "something else was written"


def test_the_width_is_one_that_processors_have():
    assert vectors.VECTOR_BYTES in (16, 32, 64)


@dtypes
def test_row_tile(dtype):
    for m, n in itertools.product(range(1, ROWS + 1), range(1, VECTORS * lanes(dtype) + 1)):
        for depth, add in ((0, False), (1, True), (5, False), (5, True)):
            a = whole_numbers((depth, m), dtype, 1).T if add else whole_numbers((m, depth), dtype, 1)
            b = whole_numbers((depth, n), dtype, 2)
            whole, c = guarded((m, n), dtype)
            before = whole_numbers((m, n), dtype, 3) if add else np.zeros((m, n))
            if add:
                c[...] = before
            run["row"](a, b, c, m, n, depth, add)
            assert_written(whole, c, before + a @ b)


@dtypes
def test_dot_tile(dtype):
    for m, n in itertools.product(range(1, DOT_ROWS + 1), range(1, DOT_COLUMNS + 1)):
        for depth in range(2 * lanes(dtype) + 2):
            a, b = whole_numbers((m, depth), dtype, 1), whole_numbers((n, depth), dtype, 2)
            whole, c = guarded((m, n), dtype)
            run["dot"](a, b, c, m, n, depth)
            assert_written(whole, c, a @ b.T)


@dtypes
def test_transpose_tile(dtype):
    rows = min(4, lanes(dtype))
    for m, n in itertools.product(range(1, rows + 1), range(1, lanes(dtype) + 1)):
        a = whole_numbers((m, n), dtype, 1)
        c = np.full((lanes(dtype), rows), np.nan, dtype)
        run["transpose"](a, c, m, n)
        np.testing.assert_array_equal(c[:n, :m], a.T)


@dtypes
def test_copy_vector(dtype):
    for count in range(lanes(dtype) + 1):
        a, c = whole_numbers((1, count), dtype, 1), np.full(lanes(dtype), np.nan, dtype)
        run["copy"](a, c, count)
        np.testing.assert_array_equal(c, np.append(a[0], np.zeros(lanes(dtype) - count)))


def layouts(x):
    """The matrix with adjacent rows, adjacent columns, and neither."""
    yield x
    yield np.asfortranarray(x)
    spread = np.full((2 * x.shape[0], 3 * x.shape[1]), np.nan, x.dtype)
    spread[::2, ::3] = x
    yield spread[::2, ::3]


@dtypes
def test_packing(dtype):
    width = VECTORS * lanes(dtype)
    for m, depth in itertools.product(
        (1, 3, ROWS, ROWS + 1, 3 * ROWS - 1), (1, 2, width // 2 - 1, width + 1)
    ):
        for a in layouts(whole_numbers((m, depth), dtype, 1)):
            room = np.full(packing.packed_left_size(m, depth, lanes(dtype)) + GUARD, np.nan, dtype)
            run["pack_left"](a, room, m, depth)
            assert np.isnan(room[-GUARD:]).all()
            panels = -(-m // ROWS)
            packed = room[: panels * ROWS * depth].reshape(panels, depth, ROWS)
            np.testing.assert_array_equal(packed.swapaxes(1, 2).reshape(-1, depth)[:m], a)
        for b in layouts(whole_numbers((depth, m), dtype, 2)):
            room = np.full(packing.packed_right_size(depth, m, lanes(dtype)) + GUARD, np.nan, dtype)
            run["pack_right"](b, room, depth, m)
            assert np.isnan(room[-GUARD:]).all()
            panels = -(-m // width)
            packed = room[: panels * width * depth].reshape(panels, depth, width)
            np.testing.assert_array_equal(packed.swapaxes(0, 1).reshape(depth, -1)[:, :m], b)
