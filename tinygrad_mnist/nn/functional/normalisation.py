"""Normalisation with PyTorch's arguments."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...errors import ShapeError
from ...ops.floats import as_float, in_floats
from ...primitive import Value

__all__ = [
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm",
]  # fmt: skip


def normalize(input: Value, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Value:
    """x divided by its p-norm along `dim`, or by `eps` where the norm is smaller."""
    return ops.normalize(input, p, dim, eps)


def batch_norm(
    input: Value,
    running_mean: Value | None,
    running_var: Value | None,
    weight: Value | None = None,
    bias: Value | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    """See `ops.batch_norm`."""
    return ops.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


@in_floats
def instance_norm(
    input: Value,
    running_mean: Value | None = None,
    running_var: Value | None = None,
    weight: Value | None = None,
    bias: Value | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    """Every channel of every example standardised by itself (Ulyanov et al. 2016); (N, C, ...).

    The running estimates, if given, follow the mean over the examples of each one's; without
    `use_input_stats` they are what standardises.
    """
    if input.ndim < 3:
        raise ShapeError(f"instance_norm: needs an input (N, C, ...), not {tuple(input.shape)}")
    if not use_input_stats:
        return ops.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, channels, *rest = input.shape
    each = ops.reshape(input, (1, n * channels, *rest))
    if math.prod(each.shape) // max(n * channels, 1) < 2:
        raise ShapeError(
            f"Expected more than 1 spatial element when training, got input size {tuple(input.shape)}"
        )
    y = ops.reshape(ops.batch_norm(each, None, None, None, None, True, momentum, eps), input.shape)
    if running_mean is not None and running_var is not None:
        axes = tuple(range(2, input.ndim))
        seen = ops.stop_gradient(input)
        for running, new in (
            (running_mean, ops.mean(ops.mean(seen, axes), 0)),
            (running_var, ops.mean(ops.var(seen, axes), 0)),
        ):
            running.assign_(ops.stop_gradient(running) * (1 - momentum) + new * momentum)
    shape = (channels, *(1,) * len(rest))
    y = y if weight is None else y * ops.reshape(weight, shape)
    return y if bias is None else y + ops.reshape(bias, shape)


def layer_norm(
    input: Value,
    normalized_shape: Any,
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
) -> Value:
    """See `ops.layer_norm`."""
    return ops.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: Value, normalized_shape: Any, weight: Value | None = None, eps: float | None = None
) -> Value:
    """See `ops.rms_norm`."""
    return ops.rms_norm(input, normalized_shape, weight, eps)


def group_norm(
    input: Value,
    num_groups: int,
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
) -> Value:
    """See `ops.group_norm`."""
    return ops.group_norm(input, num_groups, weight, bias, eps)


def local_response_norm(
    input: Value, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Value:
    """x / (k + alpha mean of x^2 over `size` channels around)^beta (Krizhevsky et al. 2012)."""
    if input.ndim < 3:
        raise ShapeError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if not math.prod(input.shape):
        return input
    input = as_float(input)
    squares = ops.reshape(input * input, (input.shape[0], 1, input.shape[1], -1))
    padded = ops.pad(squares, (0, 0, size // 2, (size - 1) // 2))
    means = ops.avg_pool2d(padded, (size, 1), 1)
    return input / (ops.reshape(means, input.shape) * alpha + k) ** beta
