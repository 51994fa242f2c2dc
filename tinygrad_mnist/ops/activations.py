"""Composites a network applies between its layers; all stable far from zero."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..primitive import Case, Value, composite, normalize_axis
from .elementwise import erf, expm1, sigmoid, softplus, tanh, where
from .floats import in_floats
from .softmaxes import softmax
from .views import reshape_to, slice_ranges

__all__ = [
    "celu", "dropout", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "leaky_relu", "logsigmoid", "mish", "prelu", "relu6", "selu", "silu", "softmin", "softshrink", "softsign",
    "tanhshrink", "threshold",
]  # fmt: skip

_CASE: Case = (((2, 3),), {})


@composite(_CASE)
def silu(x: Value) -> Value:
    """x * sigmoid(x), also called swish (Elfwing et al. 2018)."""
    return x * sigmoid(x)


@composite(_CASE, (((2, 3),), {"approximate": "tanh"}))
def gelu(x: Value, approximate: str = "none") -> Value:
    """x times the normal distribution function at x (Hendrycks and Gimpel 2016).

    `approximate="tanh"` is the formula with a tanh that the paper gives for it.
    """
    if approximate == "none":
        return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))
    if approximate != "tanh":
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


@composite(_CASE)
def leaky_relu(x: Value, negative_slope: float = 0.01) -> Value:
    """x where positive, negative_slope * x elsewhere (Maas et al. 2013)."""
    return where(x > 0, x, x * negative_slope)


@composite(_CASE)
def elu(x: Value, alpha: float = 1.0) -> Value:
    """x where positive, alpha * (exp(x) - 1) elsewhere (Clevert et al. 2016)."""
    return where(x > 0, x, alpha * expm1(where(x > 0, 0.0, x)))


@composite(_CASE, domain=(-3.0, 8.0))
def relu6(x: Value) -> Value:
    """x limited to 0 .. 6; derivative 0 at both ends."""
    return hardtanh(x, 0.0, 6.0)


@composite(_CASE)
def hardtanh(x: Value, min_val: float = -1.0, max_val: float = 1.0) -> Value:
    """x limited to min_val .. max_val; derivative 0 at both ends. ValueError if they are not in order."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} is above max_val {max_val}")
    return where(x <= min_val, min_val, where(x >= max_val, max_val, x))


@composite(_CASE, domain=(-5.0, 5.0))
def hardsigmoid(x: Value) -> Value:
    """The straight line x / 6 + 1/2 between 0 and 1."""
    return hardtanh(x * (1 / 6) + 0.5, 0.0, 1.0)


@composite(_CASE, domain=(-5.0, 5.0))
def hardswish(x: Value) -> Value:
    """x * hardsigmoid(x) (Howard et al. 2019)."""
    return where(x <= -3, 0.0, x * hardsigmoid(x))


@composite(_CASE, (((2, 3),), {"alpha": 0.5}))
def celu(x: Value, alpha: float = 1.0) -> Value:
    """x where positive, alpha * (exp(x / alpha) - 1) elsewhere (Barron 2017)."""
    return where(x > 0, x, alpha * expm1(where(x > 0, 0.0, x) / alpha))


@composite(_CASE)
def selu(x: Value) -> Value:
    """An elu whose outputs keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


@composite(_CASE)
def mish(x: Value) -> Value:
    """x * tanh(softplus(x)) (Misra 2019)."""
    return x * tanh(softplus(x))


@composite(_CASE)
def softsign(x: Value) -> Value:
    """x / (1 + |x|)."""
    return where(x > 0, x / (1 + where(x > 0, x, 0.0)), x / (1 - where(x > 0, 0.0, x)))


@composite(_CASE)
def softshrink(x: Value, lambd: float = 0.5) -> Value:
    """x moved by `lambd` towards 0, which it does not pass. ValueError for a negative lambd."""
    if not lambd >= 0:
        raise ValueError(f"softshrink: lambd must be at least 0, not {lambd}")
    return where(x > lambd, x - lambd, where(x < -lambd, x + lambd, x * 0.0))


@composite(_CASE)
def hardshrink(x: Value, lambd: float = 0.5) -> Value:
    """x, and 0 from -lambd to lambd."""
    return where((x >= -lambd) & (x <= lambd), 0.0, x)


#: tanh(x) = x - x^3 (c0 - x^2 (c1 - x^2 (c2 - ...))).
_TANH = (1 / 3, 2 / 15, 17 / 315, 62 / 2835, 1382 / 155925, 21844 / 6081075, 929569 / 638512875,
         6404582 / 10854718875, 443861162 / 1856156927625, 18888466084 / 194896477400625)  # fmt: skip


@composite(_CASE)
@in_floats
def tanhshrink(x: Value) -> Value:
    """x - tanh(x); near 0 by its series, where the difference has no digits left."""
    near = abs(x) < 0.25
    s = where(near, x, 0.0)
    s = s * s
    total: Any = _TANH[-1]
    for coefficient in reversed(_TANH[:-1]):
        total = coefficient - total * s
    return where(near, x * s * total, x - tanh(x))


@composite(_CASE)
def threshold(x: Value, threshold: float = 0.0, value: float = 0.0) -> Value:
    """x where above `threshold`, else `value`."""
    return where(x <= threshold, value, x)


@composite(_CASE)
@in_floats
def logsigmoid(x: Value) -> Value:
    """log(sigmoid(x)), exact far from zero."""
    return -softplus(-x)


@composite(_CASE)
@in_floats
def softmin(x: Value, axis: int = -1) -> Value:
    """softmax(-x): the smaller, the more."""
    return softmax(-x, axis)


@composite((((2, 4),), {}), (((2, 3),), {"axis": 0}))
def glu(x: Value, axis: int = -1) -> Value:
    """The first half of x along `axis` times the sigmoid of the second (Dauphin et al. 2017)."""
    at = normalize_axis("glu", axis, x.ndim)
    n = x.shape[at]
    if n % 2:
        raise ShapeError(f"glu: axis {at} of {x.shape} cannot be halved")
    halves = (
        tuple((k, n // 2, 1) if i == at else (0, m, 1) for i, m in enumerate(x.shape)) for k in (0, n // 2)
    )
    first, second = (slice_ranges(x, ranges) for ranges in halves)
    return first * sigmoid(second)


@composite((((2, 3), (3,)), {}), (((1, 2, 2), (1,)), {}))
def prelu(x: Value, weight: Value) -> Value:
    """x where positive, weight * x elsewhere (He et al. 2015); one weight, or one per channel (axis 1)."""
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.shape not in ((), (1,), (channels,)):
        raise ShapeError(f"prelu: needs one weight or {channels}, for an input {x.shape}, not {weight.shape}")
    if weight.ndim:
        weight = reshape_to(weight, (*weight.shape, *(1,) * (x.ndim - 2)) if x.ndim > 1 else ())
    return x * where(x > 0, 1.0, weight)


def dropout(x: Value, p: float, generator: Value) -> Value:
    """x with each element zeroed with probability p and the others divided by 1 - p.

    `generator` is a `Generator`; the mean of the result over draws is x (Srivastava et al. 2014).
    Raises ValueError unless 0 <= p < 1.
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must be at least 0 and below 1, not {p}")
    keep = generator.uniform(x.shape, dtype=x.dtype) >= p
    return where(keep, x * (1 / (1 - p)), 0.0)
