"""The elementwise primitives: each line a name, its scalar formula, its derivative, often a faster kernel.

In a cotangent rule `g` is the cotangent of the output, `y` the output, then come the operands.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..kernels import elementwise as kernels
from ..kinds import Formula, Loop
from ..primitive import Primitive, broadcast, check_dtype, loop, promoted, result_dtype

__all__ = [
    "abs", "atan", "cos", "eq", "erf", "exp", "expm1", "ge", "gt", "le", "log", "log1p", "lt", "maximum",
    "minimum", "ne", "neg", "pow", "relu", "sigmoid", "sign", "sin", "sqrt", "square", "tanh",
]  # fmt: skip


def _pow(a: Any, b: Any) -> Any:
    dtype = result_dtype(a, b)
    power = kernels.pow if dtype.kind == "f" else np.power
    return power(np.asarray(a, dtype), np.asarray(b, dtype))


def no_slope(g: Any, y: Any, x: Any) -> Any:
    """Zeros, whatever the cotangent is: the slope of a function that is constant between its jumps."""
    return where(lt(abs(x), 0.0), g, 0.0)


# Arithmetic
add = loop("add", "a + b", lambda g, y, a, b: g, lambda g, y, a, b: g, kernel=np.add, bools="a | b")
sub = loop("sub", "a - b", lambda g, y, a, b: g, lambda g, y, a, b: -g, kernel=np.subtract, result="number")
mul = loop(
    "mul", "a * b", lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, kernel=np.multiply, bools="a & b"
)
div = loop(
    "div",
    "a / b",
    lambda g, y, a, b: g / b,
    lambda g, y, a, b: -g * y / b,
    kernel=np.divide,
    work=4,
    result="float",
    domain=(0.5, 3.0),
)
neg = loop("neg", "-a", lambda g, y, a: -g, kernel=np.negative, result="number")
pow: Primitive = loop(
    "pow",
    "pow(a, b)",
    lambda g, y, a, b: g * _power_slope(a, b),
    lambda g, y, a, b: g * y * _log_of_base(a, b),
    kernel=_pow,
    work=40,
    integers="a ** b",
    domain=(0.5, 3.0),
)
maximum = loop(
    "maximum",
    "maximum(a, b)",
    lambda g, y, a, b: _share(g, a, b),
    lambda g, y, a, b: _share(g, b, a),
    kernel=np.maximum,
    bools="a | b",
)
minimum = loop(
    "minimum",
    "minimum(a, b)",
    lambda g, y, a, b: _share(g, b, a),
    lambda g, y, a, b: _share(g, a, b),
    kernel=np.minimum,
    bools="a & b",
)

# Functions of one variable
square = loop("square", "a * a", lambda g, y, x: g * (x * 2), kernel=np.square)
exp = loop("exp", "exp(a)", lambda g, y, x: g * y, kernel=kernels.exp, work=12, result="float")
expm1 = loop("expm1", "expm1(a)", lambda g, y, x: g * exp(x), kernel=kernels.expm1, work=12, result="float")
log: Primitive = loop(
    "log", "log(a)", lambda g, y, x: g / x, kernel=kernels.log, work=12, result="float", domain=(0.3, 3.0)
)
log1p = loop(
    "log1p",
    "log1p(a)",
    lambda g, y, x: g / (x + 1),
    kernel=kernels.log1p,
    work=12,
    result="float",
    domain=(-0.7, 3.0),
)
sqrt = loop(
    "sqrt", "sqrt(a)", lambda g, y, x: g * 0.5 / y, kernel=np.sqrt, work=4, result="float", domain=(0.3, 3.0)
)
sin = loop("sin", "sin(a)", lambda g, y, x: g * cos(x), kernel=kernels.sin, work=12, result="float")
cos: Primitive = loop(
    "cos", "cos(a)", lambda g, y, x: -g * sin(x), kernel=kernels.cos, work=12, result="float"
)
atan = loop("atan", "atan(a)", lambda g, y, x: g / (x * x + 1), kernel=kernels.atan, work=12, result="float")
tanh = loop("tanh", "tanh(a)", lambda g, y, x: tanh_pull(g, y), kernel=kernels.tanh, work=12, result="float")
sigmoid = loop(
    "sigmoid",
    "sigmoid(a)",
    lambda g, y, x: sigmoid_pull(g, y),
    kernel=kernels.sigmoid,
    work=12,
    result="float",
)
#: g y (1 - y) and g (1 - y^2); primitives so that the backward pass goes through memory once, not thrice.
sigmoid_pull: Primitive = loop(
    "sigmoid_pull",
    "a * b * (1 - b)",
    lambda g, y, a, b: sigmoid_pull(g, b),
    lambda g, y, a, b: g * a * (1 - 2 * b),
    result="float",
)
tanh_pull: Primitive = loop(
    "tanh_pull",
    "a * (1 - b * b)",
    lambda g, y, a, b: tanh_pull(g, b),
    lambda g, y, a, b: -2 * g * a * b,
    result="float",
)
#: log(1 + exp(a)); a primitive because the stable composite has a kink at 0 in its second derivative.
softplus = loop(
    "softplus", "maximum(a, 0) + log1p(exp(-abs(a)))", lambda g, y, x: g * sigmoid(x), work=12, result="float"
)
erf = loop(
    "erf",
    "erf(a)",
    lambda g, y, x: g * (2 / math.sqrt(math.pi)) * exp(-(x * x)),
    kernel=kernels.erf,
    work=12,
    result="float",
)
relu = loop("relu", "maximum(a, 0)", lambda g, y, x: where(x > 0, g, 0.0))
abs = loop("abs", "abs(a)", lambda g, y, x: g * sign(x), kernel=np.absolute)
sign: Primitive = loop(
    "sign", "sign(a)", no_slope, kernel=lambda x: x if x.dtype == np.bool_ else np.sign(x), bools="a"
)
#: Whether the sign of a number is a minus, that of -0.0 too.
minus_sign = loop("signbit", "copysign(1.0, a) < 0", None, kernel=np.signbit, result="bool")

# Comparisons and selection
eq = loop("eq", "a == b", None, None, kernel=np.equal, result="bool")
ne = loop("ne", "a != b", None, None, kernel=np.not_equal, result="bool")
lt = loop("lt", "a < b", None, None, kernel=np.less, result="bool")
le = loop("le", "a <= b", None, None, kernel=np.less_equal, result="bool")
gt = loop("gt", "a > b", None, None, kernel=np.greater, result="bool")
ge = loop("ge", "a >= b", None, None, kernel=np.greater_equal, result="bool")


def _infer_where(condition: Any, a: Any, b: Any) -> Any:
    shapes = (getattr(x, "shape", ()) for x in (condition, a, b))
    return broadcast("where", *shapes), result_dtype(a, b)


def _run_where(condition: Any, a: Any, b: Any) -> Any:
    if np.asarray(condition).dtype.kind != "b":
        raise DTypeError("where: the condition must be bool; compare it with something, as in `mask != 0`")
    try:
        return np.where(condition, *promoted((a, b)))
    except ValueError:
        _infer_where(condition, a, b)
        raise
    except AttributeError:
        raise DTypeError(f"where: not defined for {type(a).__name__} and {type(b).__name__}") from None


where: Primitive = Primitive(
    "where",
    Loop(Formula("b if a else c"), own=(0,)),
    _run_where,
    _infer_where,
    (None, lambda g, y, c, a, b: where(c, g, 0.0), lambda g, y, c, a, b: where(c, 0.0, g)),
)

cast: Primitive = Primitive(
    "cast",
    Loop(Formula("a"), own=(0,)),
    lambda x, dtype: x.astype(dtype),
    lambda x, dtype: (x.shape, check_dtype(dtype)),
    (lambda g, y, x, dtype: cast(g, x.dtype),),
    cases=[((2, 3), np.dtype(np.float64))],
)


def _power_slope(a: Any, b: Any) -> Any:
    """b * a**(b - 1), and 0 for the slope of 0**0."""
    if not hasattr(b, "dtype"):
        return b * pow(a, b - 1) if b else 0.0
    return b * pow(where(eq(a, 0), where(eq(b, 0), 1.0, a), a), b - 1)


def _log_of_base(a: Any, b: Any) -> Any:
    """log(a), and 0 for the base 0 with an exponent b that is not negative: there the power stays 0."""
    if hasattr(a, "dtype"):
        return log(where(mul(eq(a, 0), ge(b, 0)), 1.0, a))
    if a == 0:
        return where(ge(b, 0), 0.0, -math.inf)
    return math.log(a) if a > 0 else math.nan


def _share(g: Any, winner: Any, other: Any) -> Any:
    """The cotangent where `winner` is the larger, half of it where the two tie."""
    return where(winner > other, g, where(winner == other, g * 0.5, 0.0))
