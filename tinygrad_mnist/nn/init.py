"""First values for weights: functions (shape, generator) -> Tensor.

A weight has shape (n_out, n_in): fan-in n_in is how many numbers each neuron adds up, fan-out n_out
how many neurons each input feeds. Other settings are given by `functools.partial`:
`partial(init.scaled_normal, gain=1.5)`. With `dtype=np.float64` the layer computes in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..core.generator import Generator, chosen
from ..core.tensor import Tensor, wrap
from ..errors import ShapeError
from ..primitive import Shape

#: What a layer asks for its first weights: (shape, generator) -> Tensor or array.
Init: TypeAlias = Callable[[Shape, Generator], Any]


def zeros(shape: Shape, generator: Generator | None = None, *, dtype: Any = np.float32) -> Tensor:
    """All zero: right for biases; weights that start equal would stay equal."""
    return wrap(np.zeros(shape, dtype))


def normal(
    shape: Shape,
    generator: Generator | None = None,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    dtype: Any = np.float32,
) -> Tensor:
    """Normally distributed with the given mean and standard deviation, whatever the fan-in."""
    return chosen(generator).normal(shape, mean, std, dtype)


def scaled_normal(
    shape: Shape, generator: Generator | None = None, *, gain: float = 1.0, dtype: Any = np.float32
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan-in).

    With gain 1 and inputs of variance 1, a neuron's weighted sum has variance 1 (LeCun, Bottou,
    Orr and Müller 1998, "Efficient BackProp", section 4.6).
    """
    fan_in, _ = fans(shape)
    return chosen(generator).normal(shape, 0.0, gain / math.sqrt(fan_in), dtype)


def xavier_uniform(
    shape: Shape, generator: Generator | None = None, *, gain: float = 1.0, dtype: Any = np.float32
) -> Tensor:
    """Uniform on +-gain * sqrt(6 / (fan-in + fan-out)).

    The compromise between activations that keep their variance forward and gradients that keep
    theirs backward (Glorot and Bengio 2010, "Understanding the difficulty of training deep
    feedforward neural networks", equation 16).
    """
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    return chosen(generator).uniform(shape, -bound, bound, dtype)


def xavier_normal(
    shape: Shape, generator: Generator | None = None, *, gain: float = 1.0, dtype: Any = np.float32
) -> Tensor:
    """Normal with standard deviation gain * sqrt(2 / (fan-in + fan-out)) (Glorot and Bengio 2010)."""
    return chosen(generator).normal(shape, 0.0, gain * math.sqrt(2 / sum(fans(shape))), dtype)


def kaiming_uniform(
    shape: Shape, generator: Generator | None = None, *, gain: float = math.sqrt(2), dtype: Any = np.float32
) -> Tensor:
    """Uniform on +-gain * sqrt(3 / fan-in); the default gain sqrt(2) is for ReLU.

    ReLU halves the second moment of what passes through, and the gain makes up for it (He et al.
    2015, "Delving deep into rectifiers", equation 10).
    """
    fan_in, _ = fans(shape)
    bound = gain * math.sqrt(3 / fan_in)
    return chosen(generator).uniform(shape, -bound, bound, dtype)


def kaiming_normal(
    shape: Shape, generator: Generator | None = None, *, gain: float = math.sqrt(2), dtype: Any = np.float32
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan-in), the default gain for ReLU (He et al. 2015)."""
    return scaled_normal(shape, generator, gain=gain, dtype=dtype)


def fans(shape: Shape) -> tuple[int, int]:
    """(fan-in, fan-out) of a weight of shape (n_out, n_in); ShapeError for any other shape."""
    if len(shape) != 2 or min(shape) < 1:
        raise ShapeError(f"init: a weight has a shape (n_out, n_in) of positive lengths, not {tuple(shape)}")
    n_out, n_in = shape
    return n_in, n_out
