"""Activation functions with PyTorch's arguments; the formulas are those of `ops`.

With `inplace=True` the input is itself changed, as by the in-place words of Tensor.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ... import ops
from ...core.generator import Generator, chosen
from ...primitive import Value
from .placing import placed

__all__ = [
    "celu", "elu", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "leaky_relu", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid",
    "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
]  # fmt: skip


def relu(input: Value, inplace: bool = False) -> Value:
    """max(x, 0)."""
    return placed(input, ops.relu(input), inplace)


def relu6(input: Value, inplace: bool = False) -> Value:
    """min(max(x, 0), 6); of integers too."""
    return placed(input, _like(ops.relu6(input), input), inplace)


def elu(input: Value, alpha: float = 1.0, inplace: bool = False) -> Value:
    """x where positive, alpha (exp(x) - 1) elsewhere."""
    return placed(input, ops.elu(input, alpha), inplace)


def celu(input: Value, alpha: float = 1.0, inplace: bool = False) -> Value:
    """x where positive, alpha (exp(x / alpha) - 1) elsewhere."""
    return placed(input, ops.celu(input, alpha), inplace)


def selu(input: Value, inplace: bool = False) -> Value:
    """See `ops.selu`."""
    return placed(input, ops.selu(input), inplace)


def leaky_relu(input: Value, negative_slope: float = 0.01, inplace: bool = False) -> Value:
    """x where positive, negative_slope x elsewhere."""
    return placed(input, ops.leaky_relu(input, negative_slope), inplace)


def prelu(input: Value, weight: Value) -> Value:
    """x where positive, weight x elsewhere, with one weight or one per channel."""
    return ops.prelu(input, weight)


def rrelu(
    input: Value,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """`leaky_relu` with a slope drawn for each element in training, else with the mean slope."""
    if not lower <= upper:
        raise ValueError(
            f"Lower bound should be less than or equal to the upper bound, not {lower} and {upper}"
        )
    slope: Any = (lower + upper) / 2
    if training:
        slope = chosen(generator).uniform(input.shape, lower, upper, input.dtype)
    return placed(input, ops.where(input > 0, input, input * slope), inplace)


def gelu(input: Value, approximate: str = "none") -> Value:
    """x times the normal distribution function at x, or its "tanh" approximation."""
    return ops.gelu(input, approximate)


def silu(input: Value, inplace: bool = False) -> Value:
    """x sigmoid(x)."""
    return placed(input, ops.silu(input), inplace)


def mish(input: Value, inplace: bool = False) -> Value:
    """x tanh(softplus(x))."""
    return placed(input, ops.mish(input), inplace)


def sigmoid(input: Value) -> Value:
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(input)


def tanh(input: Value) -> Value:
    """Hyperbolic tangent."""
    return ops.tanh(input)


def hardsigmoid(input: Value, inplace: bool = False) -> Value:
    """relu6(x + 3) / 6."""
    return placed(input, ops.hardsigmoid(input), inplace)


def hardswish(input: Value, inplace: bool = False) -> Value:
    """x hardsigmoid(x)."""
    return placed(input, ops.hardswish(input), inplace)


def hardtanh(input: Value, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Value:
    """x cut off at min_val and max_val."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input.dtype.kind in "iu":
        min_val, max_val = int(min_val), int(max_val)
    return placed(input, _like(ops.hardtanh(input, min_val, max_val), input), inplace)


def _like(y: Value, x: Value) -> Value:
    """y in the dtype of integers x; floats as they are."""
    return ops.cast(y, x.dtype) if x.dtype.kind in "iu" else y


def hardshrink(input: Value, lambd: float = 0.5) -> Value:
    """x, and 0 from -lambd to lambd."""
    return ops.hardshrink(input, lambd)


def softshrink(input: Value, lambd: float = 0.5) -> Value:
    """x moved by lambd towards 0, which it does not pass."""
    return ops.softshrink(input, lambd)


def tanhshrink(input: Value) -> Value:
    """x - tanh(x)."""
    return ops.tanhshrink(input)


def softsign(input: Value) -> Value:
    """x / (1 + |x|)."""
    return ops.softsign(input)


def softplus(input: Value, beta: float = 1, threshold: float = 20) -> Value:
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above `threshold`."""
    if beta == 1 and threshold == 20:
        return ops.softplus(input)  # beyond 20 the difference is less than rounding in float32
    return ops.where(input * beta > threshold, input, ops.softplus(input * beta) / beta)


def logsigmoid(input: Value) -> Value:
    """log(sigmoid(x)), exact far from zero."""
    return ops.logsigmoid(input)


def threshold(input: Value, threshold: float, value: float, inplace: bool = False) -> Value:
    """x where above `threshold`, else `value`."""
    return placed(input, ops.threshold(input, threshold, value), inplace)


def glu(input: Value, dim: int = -1) -> Value:
    """The first half of an axis times the sigmoid of the second."""
    return ops.glu(input, dim)


def softmax(input: Value, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Value:
    """exp(x) divided by its sum along `dim`; cast to `dtype` before, if given."""
    return ops.softmax(_cast(input, dtype), _axis("softmax", input, dim))


def log_softmax(input: Value, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Value:
    """log(softmax(x)), exact far from zero."""
    return ops.log_softmax(_cast(input, dtype), _axis("log_softmax", input, dim))


def softmin(input: Value, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Value:
    """softmax(-x)."""
    return ops.softmin(_cast(input, dtype), _axis("softmin", input, dim))


def gumbel_softmax(
    logits: Value,
    tau: float = 1,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    *,
    generator: Generator | None = None,
) -> Value:
    """softmax((logits + g) / tau) with g from Gumbel's distribution (Jang et al. 2017).

    `hard`: a one at the largest, but the gradient of the soft choice.
    """
    uniform = chosen(generator).uniform(logits.shape, dtype=logits.dtype)
    tiny = float(np.finfo(logits.dtype).tiny)
    gumbels = -ops.log(-ops.log(uniform + tiny) + tiny)
    soft = ops.softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    largest = ops.movedim(ops.one_hot(ops.argmax(soft, dim), soft.shape[dim], soft.dtype), -1, dim)
    return largest - ops.stop_gradient(soft) + soft


def _cast(x: Value, dtype: Any) -> Value:
    return x if dtype is None else ops.cast(x, np.dtype(dtype))


def _axis(name: str, x: Value, dim: int | None) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as "
        f"an argument.",
        stacklevel=3,
    )
    return 0 if x.ndim in (0, 1, 3) else 1
