"""Arithmetic in PyTorch's words, built of the elementwise primitives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..primitive import Value, composite, result_dtype
from . import elementwise as e
from .floats import beside_factors, in_floats
from .reduce import sum
from .rounding import floor, floor_divide, trunc

__all__ = [
    "add", "addcdiv", "addcmul", "allclose", "clamp", "clamp_max", "clamp_min", "copysign", "dist", "div",
    "equal", "erfc", "float_power", "heaviside", "isclose", "isneginf", "isposinf", "logit", "mul",
    "nan_to_num", "positive", "rsub", "sub", "true_divide",
]  # fmt: skip

_TWO: tuple[Any, dict[str, Any]] = (((2, 3), (2, 3)), {})


def add(a: Value, b: Value, *, alpha: float = 1) -> Value:
    """a + alpha * b."""
    return e.add(a, b if alpha == 1 else b * alpha)


def sub(a: Value, b: Value, *, alpha: float = 1) -> Value:
    """a - alpha * b. DTypeError of two bools."""
    _no_bools("sub", a, b)
    return e.sub(a, b if alpha == 1 else b * alpha)


def _no_bools(name: str, *operands: Value) -> None:
    if all(getattr(x, "dtype", None) == np.bool_ for x in operands):
        raise DTypeError(f"{name}: bools are not subtracted; write a ^ b, or cast one of them")


def rsub(a: Value, b: Value, *, alpha: float = 1) -> Value:
    """b - alpha * a."""
    return sub(b, a, alpha=alpha)


def div(a: Value, b: Value, *, rounding_mode: str | None = None) -> Value:
    """a / b; rounded towards zero with `rounding_mode="trunc"`, down with "floor", and then of a's kind."""
    if rounding_mode is None:
        return e.div(a, b)
    if rounding_mode == "floor":
        y = floor_divide(a, b)
        if y.dtype.kind != "f":
            return y
        with_graph = floor(e.div(a, b))
        return e.where(e.eq(y, with_graph), with_graph, y)
    if rounding_mode != "trunc":
        raise ValueError(f"div: rounding_mode is None, 'trunc' or 'floor', not {rounding_mode!r}")
    y = trunc(e.div(a, b))
    dtype = result_dtype(a, b)
    return y if y.dtype == dtype else e.cast(y, dtype)


def true_divide(a: Value, b: Value) -> Value:
    """a / b."""
    return e.div(a, b)


def mul(a: Value, b: Value) -> Value:
    """a * b."""
    return e.mul(a, b)


def float_power(a: Value, b: Value) -> Value:
    """a to the power b, in float64."""
    return e.pow(*(e.cast(x, np.dtype(np.float64)) if hasattr(x, "dtype") else float(x) for x in (a, b)))


@composite(((((2, 3), (2, 3), (3,))), {"value": 0.5}))
def addcmul(x: Value, tensor1: Value, tensor2: Value, *, value: float = 1) -> Value:
    """x + value * tensor1 * tensor2."""
    x, tensor1, tensor2 = beside_factors((value,), x, tensor1, tensor2)
    return x + tensor1 * tensor2 * value if value != 1 else x + tensor1 * tensor2


@composite(((((2, 3), (2, 3), (3,))), {"value": 0.5}), domain=(0.5, 2.0))
def addcdiv(x: Value, tensor1: Value, tensor2: Value, *, value: float = 1) -> Value:
    """x + value * tensor1 / tensor2."""
    return x + e.div(tensor1, tensor2) * value


@composite((((2, 3),), {"min": -1.0, "max": 1.0}), (((3,),), {"min": 0.5}))
def clamp(x: Value, min: float | Value | None = None, max: float | Value | None = None) -> Value:
    """x limited to the interval from min to max; the gradient passes on the interval, ends included."""
    if min is None and max is None:
        raise ValueError("clamp: give min, max, or both")
    if min is not None:
        x = e.where(x < min, min, x)
    return x if max is None else e.where(x > max, max, x)


def clamp_min(x: Value, min: Any) -> Value:
    """x, and `min` where it is less."""
    return e.where(x < min, min, x)


def clamp_max(x: Value, max: Any) -> Value:
    """x, and `max` where it is more."""
    return e.where(x > max, max, x)


@composite((((2, 3),), {}), domain=(0.1, 0.9))
@in_floats
def logit(x: Value, eps: float | None = None) -> Value:
    """log(x / (1 - x)), the inverse of sigmoid; x is limited to eps .. 1 - eps first."""
    if eps is not None:
        x = clamp_max(clamp_min(x, eps), 1 - eps)
    return e.log(x / (1 - x))


#: Chebyshev's interpolation of log((1 + x / 2) erfc(x)) + x^2 in v, 2 / (2 + x) = 0.4 (v + 1); off by 3e-15.
_ERFC = (-0.8040723101069575, 0.5187684450161348, 0.046376084952861975, -0.018367473806631444,
         -0.006975254686666495, 0.001620994872095168, 0.0011597609511266112, -0.00024266138537481228,
         -0.000211316035395794, 5.453269360908706e-05, 3.887645563097744e-05, -1.4760772291815122e-05,
         -6.406627749301996e-06, 3.9895985880164446e-06, 7.13766804337716e-07, -9.46995351867434e-07,
         2.881807173188223e-08, 1.6999445174150855e-07, -3.4105830508970914e-08, -1.6734345446507727e-08,
         5.614345417831928e-09)  # fmt: skip


@composite((((2, 3),), {}))
@in_floats
def erfc(x: Value) -> Value:
    """1 - erf(x); from 1/2 on by a formula of its own, since the difference has no digits left there."""
    far = x > 0.5
    z = e.where(far, e.where(x > 30.0, 30.0, x), 1.0)  # erfc(30) is 0 in float64
    t = 2 / (2 + z)
    v = 2.5 * t - 1
    p: Any = _ERFC[-1]
    for coefficient in reversed(_ERFC[:-1]):
        p = coefficient + p * v
    near = floor(16 * z) / 16  # of few digits, so that its square is exact
    tail = t * e.exp(p) * e.exp(-(near * near)) * e.exp((near - z) * (near + z))
    return e.where(far, tail, 1 - e.erf(x))


def heaviside(x: Value, values: Value) -> Value:
    """0 below zero, 1 above, `values` at zero."""
    return e.where(e.eq(x, 0), values, e.cast(x > 0, x.dtype))


@composite(_TWO, domain=(0.5, 2.0))
@in_floats
def copysign(a: Value, b: Value) -> Value:
    """The magnitude of a with the sign of b."""
    negative = e.where(e.eq(b, 0), e.div(1.0, b), b) < 0 if hasattr(b, "dtype") else math.copysign(1, b) < 0
    return e.where(negative, -e.abs(a), e.abs(a))


@composite((((2, 3),), {}))
def nan_to_num(x: Value, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Value:
    """x with numbers for NaN and the infinities; by default 0 and the largest of the dtype."""
    if x.dtype.kind != "f":
        return x
    largest = float(np.finfo(x.dtype).max)
    x = e.where(e.ne(x, x), nan, x)
    x = e.where(e.eq(x, math.inf), largest if posinf is None else posinf, x)
    return e.where(e.eq(x, -math.inf), -largest if neginf is None else neginf, x)


def isposinf(x: Value) -> Value:
    """Where x is infinity."""
    return e.eq(x, math.inf)


def isneginf(x: Value) -> Value:
    """Where x is minus infinity."""
    return e.eq(x, -math.inf)


def isclose(a: Value, b: Value, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Where abs(a - b) <= atol + rtol * abs(b); so are equal infinities, and NaN if `equal_nan`."""
    if a.dtype != b.dtype:
        raise DTypeError(f"isclose: needs one dtype, not {a.dtype} and {b.dtype}; cast one of them")
    if rtol < 0 or atol < 0:
        raise ValueError(f"isclose: rtol and atol must not be negative, not {rtol} and {atol}")
    close = e.eq(a, b)
    if a.dtype == np.bool_:
        return close
    near = e.abs(a - b) <= e.abs(b) * rtol + atol
    finite = e.ne(e.abs(b), math.inf) if b.dtype.kind == "f" else True
    close = close | (near & finite)
    return close | (e.ne(a, a) & e.ne(b, b)) if equal_nan else close


def allclose(a: Value, b: Value, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close: see `isclose`."""
    return bool(np.asarray(isclose(a, b, rtol, atol, equal_nan)).all())


def equal(a: Value, b: Value) -> bool:
    """Whether two tensors have the same shape and elements."""
    return a.shape == b.shape and bool(np.array_equal(np.asarray(a), np.asarray(b)))


def positive(x: Value) -> Value:
    """x."""
    if x.dtype == np.bool_:
        raise DTypeError("positive: not defined for bool")
    return x


@composite((((2, 3), (2, 3)), {}))
@in_floats
def dist(a: Value, b: Value, p: float = 2) -> Value:
    """The p-norm of a - b."""
    d = e.abs(a - b)
    if p == 2:
        return _root(sum(d * d))
    if p in (math.inf, -math.inf):
        raise ValueError("dist: write (a - b).abs().max() or .min() for an infinite p")
    return sum(e.abs(e.sign(d))) if p == 0 else e.pow(sum(e.pow(d, p)), 1 / p)


def _root(total: Value) -> Value:
    zero = e.eq(total, 0)
    return e.where(zero, 0.0, e.sqrt(e.where(zero, 1.0, total)))
