"""Matrix products: NumPy's semantics for every layout, the classical error bound, the same bits each time."""

import importlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mnist.kernels import threads
from tinygrad_mnist.kernels.arrays import Entry, data, shape, stride
from tinygrad_mnist.kernels.matmul import linear, matmul
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.products import DEPTH, onto

matmul_module = importlib.import_module("tinygrad_mnist.kernels.matmul")  # not the function
sizes = st.one_of(st.integers(0, 20), st.sampled_from([31, 32, 33, 47, 48, 49, 64, 65, 100, 130]))
dtypes = st.sampled_from([np.float32, np.float64])


def random(shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def layouts(x):
    """The same values with the strides that views can have."""
    yield x
    if x.ndim > 1:
        yield x.swapaxes(-1, -2).copy().swapaxes(-1, -2)
    spread = np.full(tuple(3 * n for n in x.shape), np.nan, x.dtype)
    every_third = (slice(None, None, 3),) * x.ndim
    spread[every_third] = x
    yield spread[every_third]
    yield np.flip(np.flip(x).copy())
    unaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    yield unaligned


def assert_product(out, a, b):
    """Within the classical bound: |error| <= n u / (1 - n u) times |A| |B| for sums of n products."""
    a, b, u = a.astype(np.float64), b.astype(np.float64), np.finfo(out.dtype).eps / 2
    exact = np.matmul(a, b)
    n = a.shape[-1] + 1
    bound = n * u / (1 - n * u) * np.matmul(np.abs(a), np.abs(b))
    assert out.shape == exact.shape
    assert type(out) is np.ndarray
    assert (np.abs(out - exact) <= 2 * bound).all()


@settings(deadline=None, max_examples=150)
@given(sizes, sizes, sizes, dtypes)
def test_matrices_of_any_size_and_layout(m, k, n, dtype):
    a, b = random((m, k), dtype, 1), random((k, n), dtype, 2)
    expected = matmul(a, b)
    for x, y in itertools.product(layouts(a), layouts(b)):
        before = x.copy(), y.copy()
        out = matmul(x, y)
        assert out.dtype == dtype
        assert_product(out, a, b)
        np.testing.assert_array_equal(out, matmul(x, y))
        np.testing.assert_array_equal(x, before[0])
        np.testing.assert_array_equal(y, before[1])
    assert_product(expected, a, b)


@settings(deadline=None, max_examples=100)
@given(st.data(), dtypes)
def test_shapes_are_those_of_numpy(data, dtype):
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(signature="(m?,k),(k,n?)->(m?,n?)", max_dims=3, max_side=4)
    )
    a, b = (random(shape, dtype, seed) for seed, shape in enumerate(shapes.input_shapes))
    for x, y in itertools.product(layouts(a), layouts(b)):
        out = matmul(x, y)
        assert out.shape == shapes.result_shape
        assert_product(out, a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("m", "k", "n"),
    [
        (10, 784, 16), (32, 784, 16), (16, 32, 784), (32, 16, 784), (128, 784, 100), (1024, 10, 784),
        (520, 400, 70), (70, 1000, 520), (9, 2000, 9), (600, 20, 3), (3, 20, 3200), (500, 800, 3100),
    ],
)  # fmt: skip
def test_shapes_of_networks_and_of_every_blocking(m, k, n, dtype):
    a, b = random((m, k), dtype, 1), random((k, n), dtype, 2)
    for x, y in itertools.product((a, np.asfortranarray(a)), (b, np.asfortranarray(b))):
        out = matmul(x, y)
        assert_product(out, a, b)
        np.testing.assert_array_equal(out, matmul(x, y))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("m", "k", "n"), [(300, 200, 100), (64, 300, 400), (70, 1000, 80), (2000, 11, 300), (5, 3000, 400)]
)
def test_the_bits_do_not_depend_on_the_number_of_threads(m, k, n, dtype, monkeypatch):
    a, b = random((m, k), dtype, 1), random((k, n), dtype, 2)
    for x, y in itertools.product((a, np.asfortranarray(a)), (b, np.asfortranarray(b))):
        results = []
        for count in (1, 2, 3, 8):
            monkeypatch.setattr(threads, "_most", count)
            results.append(matmul(x, y))
            np.testing.assert_array_equal(results[-1], results[0])
        assert_product(results[0], a, b)


@pytest.mark.parametrize("count", [1, 3])
def test_stacks_are_shared_among_threads(count, monkeypatch):
    monkeypatch.setattr(threads, "_most", count)
    a, b = random((7, 1, 130, 120), seed=1), random((3, 120, 140), seed=2)
    out = matmul(a, b)
    assert out.shape == (7, 3, 130, 140)
    for i, j in np.ndindex(7, 3):
        np.testing.assert_array_equal(out[i, j], matmul(a[i, 0], b[j]))


def test_nothing_outside_the_operands_is_read():
    """NaN all around: a single one that gets into a sum shows."""
    for m, k, n in itertools.product((1, 3, 10, 50), (1, 5, 17, 130), (1, 9, 16, 50)):
        a, b = (
            np.full((x + 20, y + 20), np.nan, np.float32)[10 : 10 + x, 10 : 10 + y]
            for x, y in ((m, k), (k, n))
        )
        a_t, b_t = (
            np.full((y + 20, x + 20), np.nan, np.float32)[10 : 10 + y, 10 : 10 + x].T
            for x, y in ((m, k), (k, n))
        )
        for x in (a, a_t):
            x[...] = random((m, k), seed=1)
        for y in (b, b_t):
            y[...] = random((k, n), seed=2)
        for x, y in itertools.product((a, a_t), (b, b_t)):
            assert_product(matmul(x, y), x, y)


def test_infinities_and_nans_stay_in_their_rows_and_columns():
    a, b = np.ones((20, 30), np.float32), np.ones((30, 40), np.float32)
    a[3, 7], b[11, 5] = np.nan, np.inf
    for x, y in itertools.product((a, np.asfortranarray(a)), (b, np.asfortranarray(b))):
        np.testing.assert_array_equal(matmul(x, y), np.matmul(a, b))


def test_broadcast_operands():
    row, column = np.broadcast_to(random(30), (20, 30)), np.broadcast_to(random(30)[:, np.newaxis], (30, 40))
    assert_product(matmul(row, column), row, column)
    assert_product(matmul(row.T, row), row.T, row)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, bool, np.complex128, np.float16, ">f4"])
def test_other_dtypes_go_to_numpy(dtype):
    a, b = np.arange(6).reshape(2, 3).astype(dtype), np.arange(12).reshape(3, 4).astype(dtype)
    np.testing.assert_array_equal(matmul(a, b), np.matmul(a, b))
    assert matmul(a, b).dtype == np.matmul(a, b).dtype


def test_mixed_dtypes_go_to_numpy():
    assert matmul(random((2, 3)), random((3, 4), np.float64)).dtype == np.float64
    assert matmul([[1.0, 2.0]], [[3.0], [4.0]]).tolist() == [[11.0]]


@pytest.mark.parametrize(
    ("a", "b"),
    [((2, 3), (4, 5)), ((2, 3), (4,)), ((3,), (4,)), ((2, 2, 3), (3, 3, 4)), ((), (3,)), ((3, 3), ())],
)
def test_shapes_that_do_not_fit_raise_as_in_numpy(a, b):
    with pytest.raises(ValueError):
        matmul(random(a), random(b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [(), (1,), (10,), (32,), (2, 3), (0,), (200,)])
@pytest.mark.parametrize(("n_in", "n_out"), [(784, 16), (16, 10), (1, 1), (5, 0), (0, 5), (100, 70)])
def test_linear(batch, n_in, n_out, dtype):
    x, weight, bias = random((*batch, n_in), dtype), random((n_out, n_in), dtype), random(n_out, dtype)
    for layer in layouts(x):
        assert_product(linear(layer, weight), x, weight.T)
        out = linear(layer, weight, bias)
        assert out.shape == (*batch, n_out)
        assert out.dtype == dtype
        np.testing.assert_allclose(out, x @ weight.T + bias, rtol=1e-4, atol=1e-4)


@kernel
def add_product(a, b, c):
    left, right, out = data(a), data(b), data(c)
    m, n, depth = shape(c)[0], shape(c)[1], shape(a)[0]
    return onto(left, 1, stride(a, 0), right, stride(b, 0), 1, out, stride(c, 0), m, n, depth)


add_to = Entry(add_product, lambda array: (array,) * 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("m", "depth", "n"), [(1, 1, 1), (9, 0, 5), (17, 2 * DEPTH + 3, 50), (8, 3, 1000), (5, 400, 900)]
)
def test_a_product_is_added_in_place(m, depth, n, dtype):
    rng = np.random.default_rng(0)
    a, b, c = (rng.integers(-3, 4, shape).astype(dtype) for shape in ((depth, m), (depth, n), (m, n)))
    expected = c + a.T @ b  # whole numbers: exact in any order
    assert (add_to.single if dtype == np.float32 else add_to.double)(a, b, c) == 1
    np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_kernel_is_not_compiled_for_what_it_refuses(dtype, monkeypatch):
    large, small, bias = np.ones((1 << 10, 1 << 6), dtype), np.ones((1 << 7, 1 << 6), dtype), np.zeros(1 << 7)

    def compiled(*_):
        raise AssertionError("compiled")

    for loop, refuses, operands in (
        (matmul_module.multiply_loop, matmul_module._large, (large, small.T)),
        (matmul_module.affine_loop, matmul_module._large_layer, (large, small, bias.astype(dtype))),
    ):
        monkeypatch.setattr(loop, "compile", compiled)
        entry = Entry(loop, lambda array, n=operands: (array,) * len(n), refuses)
        assert entry(*operands) is None
        with pytest.raises(AssertionError, match="compiled"):
            entry(operands[0][:2], *operands[1:])
