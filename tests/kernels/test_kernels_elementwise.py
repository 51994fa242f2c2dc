"""Elementwise array kernels: any memory layout in, a fresh C-contiguous array out, no warnings."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mnist.kernels import elementwise

NAMES = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "erf", "sin", "cos")
dtypes = st.sampled_from([np.float32, np.float64])


def with_layouts(x):
    """The same values in every layout an array can have."""
    yield x
    yield x.copy(order="F")
    yield np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x
    yield np.flip(np.flip(x).copy())
    unaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    yield unaligned
    frozen = x.copy()
    frozen.flags.writeable = False
    yield frozen


@settings(deadline=None, max_examples=40)
@given(st.data(), st.sampled_from(NAMES), dtypes)
def test_any_shape_and_layout(data, name, dtype):
    x = data.draw(
        hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
            elements=st.floats(-5, 5, width=32),
        )
    )
    function = getattr(elementwise, name)
    expected = function(x.ravel()).reshape(x.shape)
    for variant in with_layouts(x):
        before = variant.copy()
        out = function(variant)
        assert type(out) is np.ndarray
        assert out.dtype == dtype
        assert out.shape == x.shape
        assert out.flags.c_contiguous
        assert out.flags.writeable
        assert not np.may_share_memory(out, variant)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(variant, before)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 1000, 1 << 14, (1 << 14) + 3])
def test_every_tail_of_the_vectorised_loop(size):
    x = np.linspace(-3, 3, size, dtype=np.float32)
    one_by_one = np.array([elementwise.tanh(x[i : i + 1])[0] for i in range(min(size, 70))], np.float32)
    np.testing.assert_array_equal(elementwise.tanh(x)[:70], one_by_one)
    np.testing.assert_allclose(elementwise.tanh(x), np.tanh(x.astype(np.float64)), rtol=3e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*NAMES, "pow"])
def test_nothing_warns_and_no_flag_is_left_behind(name, dtype):
    values = [-1e4, -200, -1, -0.0, 0, 1e-310, 1, 200, 1e4, math.inf, -math.inf, math.nan]
    x = np.tile(np.array(values, dtype), 10)
    with np.errstate(all="raise"):
        if name == "pow":
            elementwise.pow(x, x[::-1])
        else:
            getattr(elementwise, name)(x)
        np.add(np.ones(100, dtype), np.ones(100, dtype))


@pytest.mark.parametrize("name", NAMES)
def test_not_only_ndarrays(name):
    function = getattr(elementwise, name)
    value = np.float32(0.3)
    assert function(value).shape == ()
    assert function(value) == function(np.array([value]))[0]
    assert function([0.3, 0.4]).tolist() == function(np.array([0.3, 0.4])).tolist()


def test_other_dtypes_are_refused():
    for dtype in (np.int64, np.float16, np.complex64, bool, ">f4"):
        with pytest.raises(TypeError, match="float32 or float64"):
            elementwise.exp(np.zeros(3, dtype))


@settings(deadline=None, max_examples=40)
@given(st.data(), dtypes)
def test_pow_broadcasts(data, dtype):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=5, min_side=0))
    numbers = st.floats(-3, 3, width=32)
    x, y = (data.draw(hnp.arrays(dtype, shape, elements=numbers)) for shape in shapes.input_shapes)
    with np.errstate(all="ignore"):
        expected = np.power(x.astype(np.float64), y.astype(np.float64)).astype(dtype)
    for a in with_layouts(x):
        for b in with_layouts(y):
            out = elementwise.pow(a, b)
            assert out.shape == shapes.result_shape
            assert out.dtype == dtype
            np.testing.assert_allclose(out, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pow_of_a_long_array_by_one_number(dtype):
    x = np.linspace(0, 4, 1 << 15, dtype=dtype)
    np.testing.assert_allclose(elementwise.pow(x, np.array(3, dtype)), x**3, rtol=1e-6)
    three = np.array(3, dtype)
    np.testing.assert_array_equal(elementwise.pow(x, np.full_like(x, 3)), elementwise.pow(x, three))
