"""Which dtype comes out: floats win over integers over bools, Python scalars are weak."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor, ops
from tinygrad_mnist.errors import DTypeError
from tinygrad_mnist.primitive import result_dtype

f4, f8, i8, i4, u1, i1, b1 = map(np.dtype, ["f4", "f8", "i8", "i4", "u1", "i1", "?"])


def one(dtype):
    return tg.ones(2, dtype=dtype)


@pytest.mark.parametrize(
    ("a", "b", "common"),
    [
        (f4, f4, f4),
        (f4, f8, f8),
        (f4, i8, f4),
        (f8, i4, f8),
        (f4, b1, f4),
        (i8, i4, i8),
        (u1, i1, np.dtype("i2")),
        (i4, b1, i4),
        (u1, u1, u1),
    ],
)
def test_common_dtype(a, b, common):
    assert (one(a) + one(b)).dtype == common
    assert (one(b) * one(a)).dtype == common
    assert tg.where(one(b1), one(a), one(b)).dtype == common
    assert tg.maximum(one(a), one(b)).dtype == common
    assert (one(a) @ one(b)).dtype == common
    assert (one(a) == one(b)).dtype == b1
    assert result_dtype(one(a), one(b)) == common


@pytest.mark.parametrize(
    ("tensor", "scalar", "result"),
    [
        (f4, 2, f4),
        (f4, 2.5, f4),
        (f8, 2.5, f8),
        (i8, 2, i8),
        (u1, 2, u1),
        (i4, 2.5, f4),
        (b1, 2, i8),
        (b1, 2.5, f4),
        (f4, True, f4),
        (i4, True, i4),
        (f4, np.float64(2.5), f4),
        (f4, np.int64(2), f4),
    ],
)
def test_scalars_are_weak(tensor, scalar, result):
    assert (one(tensor) + scalar).dtype == result
    assert (scalar * one(tensor)).dtype == result
    assert tg.where(one(b1), one(tensor), scalar).dtype == result


@pytest.mark.parametrize(("dtype", "result"), [(f4, f4), (f8, f8), (i8, f4), (u1, f4), (b1, f4)])
def test_functions_that_give_floats(dtype, result):
    x = one(dtype)
    for f in (ops.exp, ops.log, ops.sqrt, ops.sin, ops.tanh, ops.sigmoid, ops.softplus, ops.erf, ops.mean):
        assert f(x).dtype == result
    assert (x / x).dtype == result
    assert (x / 2).dtype == result
    assert (1 / x).dtype == result


def test_powers_follow_the_same_rules():
    for dtype, exponent, result in [(i8, 2, i8), (i8, 2.0, f4), (b1, 2, i8), (u1, 3.0, f4), (f8, 2, f8)]:
        assert (one(dtype) ** exponent).dtype == result


def test_python_numbers_give_the_default_dtypes():
    assert Tensor(1.0).dtype == f4
    assert tg.tensor([1, 2]).dtype == i8
    assert Tensor([1, 2]).dtype == f4
    assert tg.tensor([True]).dtype == b1
    assert Tensor([1, 2.5]).dtype == f4
    assert Tensor([]).dtype == f4
    assert Tensor(np.float64(1)).dtype == f8
    assert Tensor(np.zeros(2)).dtype == f8
    assert Tensor([1.0], dtype=f8).dtype == f8
    assert tg.zeros(2).dtype == tg.eye(2).dtype == tg.full(2, 1.0).dtype == f4
    assert tg.full(2, 1).dtype == i8
    assert tg.arange(3).dtype == i8
    assert tg.arange(3.0).dtype == tg.arange(0, 1, 0.5).dtype == f4


def test_casts():
    x = Tensor([-1.7, 0.0, 2.7])
    assert x.double().dtype == f8
    assert x.to("float64").float().dtype == f4
    assert x.int().dtype == i4
    assert x.long().tolist() == [-1, 0, 2]
    assert x.bool().tolist() == [True, False, True]
    assert x.float() is x
    assert x.to(np.dtype(">f8")).dtype.isnative


def test_casts_carry_gradients_between_floats_only():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype == f4
    assert x.grad.tolist() == [3, 3]
    assert not x.long().requires_grad
    assert not x.bool().requires_grad


def test_gradients_have_the_dtype_of_their_leaf():
    a, b = Tensor([1.0], requires_grad=True), Tensor([2.0], f8, requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (f4, f8)
    c = Tensor([2.0], requires_grad=True)
    (c * np.array([3])).sum().backward()
    assert c.grad.dtype == f4


@pytest.mark.parametrize("dtype", [np.float16, np.complex64, object, "U3", "datetime64[s]", np.longdouble])
def test_unsupported_dtypes(dtype):
    with pytest.raises(DTypeError, match="is not supported: use float32, float64, an integer type or bool"):
        tg.zeros(2, dtype=dtype)
    with pytest.raises(DTypeError, match="is not supported"):
        tg.zeros(2).to(dtype)
    with pytest.raises(DTypeError, match="is not supported"):
        Tensor(np.zeros(2).astype(dtype))


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i8"])
def test_foreign_byte_order_is_converted(dtype):
    x = Tensor(np.array([1, 2], dtype))
    assert x.dtype.isnative
    assert (x + x).tolist() == [2, 4]
