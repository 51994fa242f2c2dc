"""Elementwise families against NumPy, at ordinary numbers, special values and integers."""

import math
from unittest import mock

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.compiler import build, specialization
from tinygrad_mnist.errors import DTypeError
from tinygrad_mnist.testing import gradcheck

RNG = np.random.default_rng(0)
NUMBERS = np.concatenate([RNG.normal(0, 3, 200), RNG.uniform(-1, 1, 100), np.arange(-3, 3.5, 0.5)])
SPECIAL = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e30, -1e30, 1e-30, 88.0, -88.0])
#: name -> (NumPy's function, lowest and highest operand)
UNARY = {
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.round,
    "frac": lambda x: x - np.trunc(x),
    "reciprocal": np.reciprocal,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "exp2": np.exp2,
    "log2": np.log2,
    "log10": np.log10,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sinc": np.sinc,
    "deg2rad": np.deg2rad,
    "rad2deg": np.rad2deg,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "logical_not": np.logical_not,
    "signbit": np.signbit,
}
BINARY = {
    "remainder": np.remainder,
    "floor_divide": np.floor_divide,
    "fmod": np.fmod,
    "logaddexp": np.logaddexp,
    "hypot": np.hypot,
    "atan2": np.arctan2,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}


def assert_close(found, expected, dtype):
    assert found.dtype == expected.dtype
    tolerance = 40 * np.finfo(dtype).eps
    np.testing.assert_allclose(found.numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one(name, dtype):
    x = np.concatenate([NUMBERS, [] if name == "frac" else SPECIAL]).astype(dtype)
    with np.errstate(all="ignore"):
        assert_close(getattr(ops, name)(tg.Tensor(x)), UNARY[name](x), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two(name, dtype):
    special = np.array([], dtype) if name in ("remainder", "floor_divide", "fmod", "atan2") else SPECIAL[:4]
    x, y = np.concatenate([NUMBERS[:250], special]).astype(dtype)[:, None], NUMBERS[::7].astype(dtype)
    with np.errstate(all="ignore"):
        assert_close(getattr(ops, name)(tg.Tensor(x), tg.Tensor(y)), BINARY[name](x, y), dtype)


@pytest.mark.parametrize(
    "name", ["remainder", "floor_divide", "fmod", "bitwise_and", "bitwise_or", "bitwise_xor"]
)
def test_integers(name):
    a, b = np.arange(-9, 10)[:, None], np.array([-4, -3, -1, 1, 2, 5])
    assert np.array_equal(getattr(ops, name)(tg.Tensor(a), tg.Tensor(b)), getattr(np, name)(a, b))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_shifts_as_in_numpy(dtype):
    a, b = np.array([5, -7, 100, -1, 3]).astype(dtype), np.array([1, 2, 40, 70, 0]).astype(dtype)
    for name in ("left_shift", "right_shift"):
        f = getattr(ops, f"bitwise_{name}")
        with mock.patch.object(specialization, "compiled", build.interpreted):
            compiled = tg.jit(f)(tg.Tensor(a), tg.Tensor(b))
        for found in (f(tg.Tensor(a), tg.Tensor(b)), compiled):
            assert found.dtype == a.dtype
            assert np.array_equal(found, getattr(np, name)(a, b))


def test_shifts_as_operators():
    x = tg.tensor([1, 2, 3])
    assert [(x << 2).tolist(), (x >> 1).tolist(), (1 << x).tolist(), (16 >> x).tolist()] == [
        [4, 8, 12],
        [0, 1, 1],
        [2, 4, 8],
        [8, 4, 2],
    ]
    for x, y in ((tg.ones(2), 1), (tg.tensor([True]), tg.tensor([True]))):
        with pytest.raises(DTypeError, match="bitwise_left_shift: shifts integers"):
            x << y


def test_rounded_integers_stay_exact():
    large = tg.tensor(2**53 + 1)
    assert [f(large).item() for f in (ops.floor, ops.ceil, ops.trunc, ops.round)] == [2**53 + 1] * 4


def test_round_to_decimals_and_halves_to_even():
    assert round(tg.tensor([0.5, 1.5, 2.5, -0.5])).tolist() == [0, 2, 2, 0]
    assert round(tg.tensor([1234.567], dtype="float64"), 1).tolist() == [1234.6]
    assert round(tg.tensor([1250.0, 1350.0]), -2).tolist() == [1200, 1400]


def test_operators():
    a, b = tg.tensor([7, -7, 6]), tg.tensor([2, 2, 4])
    assert (a // b).tolist() == [3, -4, 1]
    assert (a % b).tolist() == [1, 1, 2]
    assert (10 // b).tolist() == [5, 5, 2]
    assert (10 % b).tolist() == [0, 0, 2]
    assert [(a & b).tolist(), (a | b).tolist(), (a ^ b).tolist()] == [[2, 0, 4], [7, -5, 6], [5, -5, 2]]
    assert (~a).tolist() == [-8, 6, -7]
    assert (~tg.tensor([1, 254], dtype="uint8")).tolist() == [254, 1]
    assert (~(a > b) | (a == 6)).tolist() == [False, True, True]
    assert (True ^ (a > b)).tolist() == [False, True, False]


def test_any_and_all():
    x = np.array([[0.0, 2.0], [0.0, 0.0], [1.0, math.nan]])
    for name in ("any", "all"):
        for axis in (None, 0, 1):
            assert np.array_equal(getattr(tg.Tensor(x), name)(axis), getattr(np, name)(x, axis))
    empty = tg.zeros((0, 2))
    assert (empty.any().item(), empty.all(axis=0).tolist()) == (False, [True, True])


def test_bits_of_floats_are_refused():
    with pytest.raises(DTypeError, match="bitwise_and: not defined for float32"):
        tg.ones(2) & tg.ones(2)
    with pytest.raises(DTypeError, match="bitwise_not: not defined for float32; cast"):
        ~tg.ones(2)


def test_derivatives_where_formulas_meet():
    """At ties, at zero, and where a formula hands over to another one."""
    gradcheck(ops.logaddexp, [np.array([1.0, -2.0]), np.array([1.0, -2.0])], order=2)
    for f in (ops.asinh, ops.sinh, ops.atanh, ops.sinc, ops.asin):
        gradcheck(f, [np.array([0.0, 0.3])], order=2)
    for edge in (0.04999, 0.05001):
        gradcheck(ops.sinc, [np.array([edge, -edge])], order=2)
    gradcheck(ops.atan2, [np.array([1.0, 1.0, -2.0]), np.array([1.0, -1.0, 2.0])], order=2)


def test_edges():
    zero = tg.tensor([0.0], requires_grad=True)
    ops.hypot(zero, zero).sum().backward()
    assert zero.grad.tolist() == [0]
    assert ops.hypot(tg.tensor([3e30]), tg.tensor([4e30])).tolist() == pytest.approx([5e30])
    assert ops.asinh(tg.tensor([-1e30, 1e30])).tolist() == pytest.approx([-69.77070, 69.77070])
    assert ops.exp2(tg.tensor([-126.0, 10.0, 127.0])).tolist() == [2.0**-126, 1024, 2.0**127]
    infinite = tg.Tensor([math.inf, -math.inf])
    assert ops.logaddexp(infinite, infinite).tolist() == [math.inf, -math.inf]
    assert ops.xlogy(tg.tensor([0.0]), tg.tensor([0.0])).tolist() == [0]


def test_a_number_to_a_power_has_a_gradient_of_full_precision():
    x = tg.tensor([0.3, 1.7], dtype="float64")
    expected = 2.0 ** x.numpy() * math.log(2)
    np.testing.assert_allclose(tg.grad(lambda x: (2.0**x).sum())(x).numpy(), expected, rtol=1e-15)


def slopes(f, *numbers, dtype="float64"):
    with np.errstate(all="ignore"):
        return tg.grad(lambda x: f(x).sum())(tg.Tensor(list(numbers), dtype=dtype)).tolist()


def test_slopes_at_the_ends():
    assert slopes(ops.asin, -1.0, 1.0) == [math.inf, math.inf]
    assert slopes(ops.acos, -1.0, 1.0) == [-math.inf, -math.inf]
    assert slopes(ops.acosh, 1.0, math.inf) == [math.inf, 0]
    assert slopes(ops.hardswish, -math.inf, math.inf) == [0, 1]
    assert slopes(lambda x: ops.atan2(x, x * 0), 0.0) == [0]
    assert slopes(ops.cosh, 1e-6, 80.0, dtype="float32") == pytest.approx([1e-6, math.sinh(80)], rel=1e-6)


def test_special_values_as_in_ieee_754():
    zeros = np.array([0.0, -0.0])
    found = ops.atan2(tg.Tensor(zeros[:, None]), tg.Tensor(zeros))
    expected = np.arctan2(zeros[:, None], zeros)
    assert np.array_equal(found, expected)
    assert np.array_equal(np.signbit(found.numpy()), np.signbit(expected))
    assert math.isnan(ops.hardshrink(tg.Tensor([math.nan])).item())
    far = tg.tensor([3e38])
    assert ops.acosh(far).item() == pytest.approx(math.acosh(3e38))
    infinite = tg.Tensor([[math.inf, -2.0]])
    weight = tg.tensor([0.5, 0.5])
    assert tg.grad(lambda w: ops.prelu(infinite, w).sum())(weight).tolist() == [0, -2]
