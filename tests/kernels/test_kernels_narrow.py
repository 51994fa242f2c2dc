"""Products with a small matrix on the right."""

import itertools

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.kernels.narrow import is_narrow, narrow, narrow_layer
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.tuning import SMALL_DEPTH, SMALL_VECTORS
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES


@kernel
def product(a, b, out, first, last, n, depth, turned):
    narrow(a, b, out, first, last, n, depth, turned)


@kernel
def layer(a, b, bias, out, first, last, n, depth, turned):
    narrow_layer(a, b, bias, out, first, last, n, depth, turned)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [0, 1])
def test_every_size(dtype, turned):
    rng = np.random.default_rng(0)
    depths = 1, 5, 16, 17, SMALL_DEPTH
    most = SMALL_VECTORS * VECTOR_BYTES // np.dtype(dtype).itemsize
    sizes = [*itertools.product((1, 3, 4, 7, 8, 9, 21), (1, most // 4, most // 2 + 1, most), depths)]
    for m, n, depth in sizes:
        a, bias = rng.standard_normal((m, depth)).astype(dtype), rng.standard_normal(n).astype(dtype)
        b = rng.standard_normal((n, depth) if turned else (depth, n)).astype(dtype)
        wanted = a.astype(np.longdouble) @ (b.T if turned else b)
        out, added = (np.full((m, n), 7, dtype) for _ in range(2))
        product(a, b, out, 0, m, n, depth, turned)
        layer(a, b, bias, added, 0, m, n, depth, turned)
        np.testing.assert_allclose(out, wanted, atol=depth * np.finfo(dtype).eps * 10)
        assert np.array_equal(added, out + bias)
        for first, last in ((0, m // 2), (m // 3, m), (m, m)):
            part = np.full((m, n), 7, dtype)
            product(a, b, part, first, last, n, depth, turned)
            assert np.array_equal(part[first:last], out[first:last])
            assert (np.delete(part, np.s_[first:last], 0) == 7).all()


def test_which_matrices_are_small():
    most = SMALL_VECTORS * VECTOR_BYTES // 4
    sizes = [(most, SMALL_DEPTH), (1, 1), (most + 1, 1), (1, SMALL_DEPTH + 1), (0, 1)]
    assert [is_narrow(*size, 4) for size in sizes] == [True, True, False, False, False]


@pytest.mark.parametrize(("n", "depth"), [(10, 16), (16, 10), (2, 3), (33, 64)])
def test_sizes_known_to_a_program_give_the_same_bits(n, depth):
    rng = np.random.default_rng(1)
    a = rng.standard_normal((13, depth)).astype(np.float32)
    b = rng.standard_normal((n, depth)).astype(np.float32)
    bias = rng.standard_normal(n).astype(np.float32)
    out = np.empty((13, n), np.float32)
    layer(a, b, bias, out, 0, 13, n, depth, 1)
    compiled = tg.jit(lambda x: tg.nn.functional.linear(x, tg.Tensor(b), tg.Tensor(bias)).exp())
    assert np.array_equal(np.asarray(compiled(tg.Tensor(a))), np.asarray(tg.Tensor(out).exp()))
