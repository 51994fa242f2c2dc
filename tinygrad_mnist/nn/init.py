"""First values for weights, with PyTorch's names, formulas and defaults: each fills a Tensor in place.

A weight has shape (n_out, n_in, *kernel): fan-in is how many numbers each neuron adds up, n_in times
the kernel's size; fan-out how many neurons each input feeds. All that draw take `generator=`; without
it they draw from the default generator. Each gives the Tensor back.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

import numpy as np

from ..core.generator import Generator, chosen
from ..core.hints import missing
from ..core.tensor import Tensor
from ..describing import complete as _complete
from ..errors import ShapeError

#: Fills a weight: (weight, generator=...) -> weight.
Init: TypeAlias = Callable[..., Any]

_GAINS = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What a layer's weights are multiplied by so that the activation after it keeps the variance.

    `param` is the slope of "leaky_relu" below zero (0.01 if None). ValueError for an unknown name.
    """
    if nonlinearity in (*_LINEAR, "sigmoid"):
        return 1.0
    if nonlinearity in _GAINS:
        return _GAINS[nonlinearity]
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, int | float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    known = ", ".join([*_LINEAR, "sigmoid", *_GAINS, "leaky_relu"])
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}: there are {known}")


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform from a to b."""
    return tensor.assign_(chosen(generator).uniform(tensor.shape, a, b, tensor.dtype))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normally distributed."""
    return tensor.assign_(chosen(generator).normal(tensor.shape, mean, std, tensor.dtype))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed within a .. b: what falls outside is drawn again."""
    drawn = chosen(generator)
    values = np.array(drawn.normal(tensor.shape, mean, std, tensor.dtype).numpy())
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )
    for _ in range(1000):
        outside = (values < a) | (values > b)
        count = int(outside.sum())
        if not count:
            break
        values[outside] = drawn.normal((count,), mean, std, tensor.dtype).numpy()
    return tensor.assign_(np.clip(values, a, b))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """All `val`."""
    return tensor.assign_(np.full(tensor.shape, val, tensor.dtype))


def ones_(tensor: Tensor) -> Tensor:
    """All 1."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """All 0: right for biases; weights that start equal would stay equal."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix: a linear layer that changes nothing."""
    if tensor.ndim != 2:
        raise ShapeError("Only tensors with 2 dimensions are supported")
    return tensor.assign_(np.eye(*tensor.shape, dtype=tensor.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The convolution that changes nothing, as far as the channels go; in each of the groups."""
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    out = tensor.shape[0] // groups
    values = np.zeros(tensor.shape, tensor.dtype)
    middle = tuple(n // 2 for n in tensor.shape[2:])
    for group in range(groups):
        for i in range(min(out, tensor.shape[1])):
            values[(group * out + i, i, *middle)] = 1
    return tensor.assign_(values)


def scaled_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan-in).

    With gain 1 and inputs of variance 1, a neuron's weighted sum has variance 1 (LeCun, Bottou,
    Orr and Müller 1998, "Efficient BackProp", section 4.6).
    """
    return normal_(tensor, 0.0, gain / math.sqrt(_calculate_fan_in_and_fan_out(tensor)[0]), generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on +-gain * sqrt(6 / (fan-in + fan-out)).

    The compromise between activations that keep their variance forward and gradients that keep
    theirs backward (Glorot and Bengio 2010, "Understanding the difficulty of training deep
    feedforward neural networks", equation 16).
    """
    bound = gain * math.sqrt(6.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain * sqrt(2 / (fan-in + fan-out)) (Glorot and Bengio 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform on +-gain * sqrt(3 / fan), with the gain of the nonlinearity (slope `a` of leaky_relu).

    ReLU halves the second moment of what passes through, and the gain makes up for it (He et al.
    2015, "Delving deep into rectifiers", equation 10). `mode` says which fan: "fan_in", "fan_out".
    """
    bound = math.sqrt(3.0) * _kaiming(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan); arguments as in `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A random (semi-)orthogonal matrix times gain, of the weight seen as (n_out, the rest).

    Saxe et al. 2013, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """
    if tensor.ndim < 2:
        raise ShapeError("Only tensors with 2 or more dimensions are supported")
    rows = tensor.shape[0]
    columns = math.prod(tensor.shape[1:])
    if not rows * columns:
        return tensor
    drawn = chosen(generator).normal((rows, columns), dtype=tensor.dtype).numpy()
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q = q * np.sign(np.diag(r))
    return tensor.assign_((gain * (q.T if rows < columns else q)).reshape(tensor.shape).astype(tensor.dtype))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normally distributed, with a share `sparsity` of each column zero (Martens 2010)."""
    if tensor.ndim != 2:
        raise ShapeError("Only tensors with 2 dimensions are supported")
    drawn = chosen(generator)
    values = np.array(drawn.normal(tensor.shape, 0.0, std, tensor.dtype).numpy())
    rows, columns = tensor.shape
    for column in range(columns):
        values[np.asarray(drawn.permutation(rows))[: math.ceil(sparsity * rows)], column] = 0
    return tensor.assign_(values)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """(fan-in, fan-out); ShapeError for fewer than two axes."""
    if tensor.ndim < 2:
        raise ShapeError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, "
            f"such as one of shape {tuple(tensor.shape)}"
        )
    size = math.prod(tensor.shape[2:])
    return tensor.shape[1] * size, tensor.shape[0] * size


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _calculate_fan_in_and_fan_out(tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def by_fan_in(weight: Tensor, bias: Tensor | None, generator: Generator | None = None) -> None:
    """The first values of PyTorch's linear and convolutional layers: uniform on +-1 / sqrt(fan-in)."""
    if weight.numel():
        kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
    if bias is not None:
        fan_in, _ = _calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
        uniform_(bias, -bound, bound, generator)


__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "scaled_normal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_complete("init", __all__, globals())


def __getattr__(name: str) -> NoReturn:
    raise missing("nn.init", name, lambda: __all__)
