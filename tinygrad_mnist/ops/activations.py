"""Composites a network applies between its layers; all stable far from zero."""

from __future__ import annotations

import math

from ..primitive import Case, Value, composite
from .elementwise import erf, exp, expm1, log, sigmoid, tanh, where
from .reduce import max, sum
from .views import stop_gradient

_CASE: Case = (((2, 3),), {})


@composite(_CASE, (((3, 2),), {"axis": 0}))
def softmax(x: Value, axis: int = -1) -> Value:
    """exp(x) divided by its sum along `axis`: positive, adding up to 1."""
    e = exp(x - stop_gradient(max(x, axis, keepdims=True)))
    return e / sum(e, axis, keepdims=True)


@composite(_CASE, (((3, 2),), {"axis": 0}))
def log_softmax(x: Value, axis: int = -1) -> Value:
    """log(softmax(x)) along `axis`, exact where softmax itself underflows and where x is far from zero."""
    shifted = x - stop_gradient(max(x, axis, keepdims=True))
    return shifted - log(sum(exp(shifted), axis, keepdims=True))


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
    """x where positive, negative_slope * x elsewhere."""
    return where(x > 0, x, x * negative_slope)


@composite(_CASE)
def elu(x: Value, alpha: float = 1.0) -> Value:
    """x where positive, alpha * (exp(x) - 1) elsewhere (Clevert et al. 2016)."""
    return where(x > 0, x, alpha * expm1(where(x > 0, 0.0, x)))


@composite((((2, 3),), {"min": -1.0, "max": 1.0}), (((3,),), {"min": 0.5}))
def clamp(x: Value, min: float | Value | None = None, max: float | Value | None = None) -> Value:
    """x limited to the interval from min to max; the gradient passes on the interval, ends included."""
    if min is None and max is None:
        raise ValueError("clamp: give min, max, or both")
    if min is not None:
        x = where(x < min, min, x)
    return x if max is None else where(x > max, max, x)


def dropout(x: Value, p: float, generator: Value) -> Value:
    """x with each element zeroed with probability p and the others divided by 1 - p.

    `generator` is a `Generator`; the mean of the result over draws is x (Srivastava et al. 2014).
    Raises ValueError unless 0 <= p < 1.
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must be at least 0 and below 1, not {p}")
    keep = generator.uniform(x.shape, dtype=x.dtype) >= p
    return where(keep, x * (1 / (1 - p)), 0.0)
