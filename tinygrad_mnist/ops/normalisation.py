"""Normalisation: values with their mean and size taken out, over an axis, a layer, a batch or groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Shape, Value, composite
from .elementwise import maximum
from .exponentials import rsqrt
from .floats import in_floats
from .statistics import mean, norm
from .views import reshape_to, stop_gradient

__all__ = ["batch_norm", "group_norm", "layer_norm", "normalize", "rms_norm"]


@composite((((3, 2),), {}), (((2, 3),), {"p": 1, "axis": 0}))
@in_floats
def normalize(x: Value, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Value:
    """x divided by its p-norm along `axis`, or by `eps` where the norm is smaller."""
    return x / maximum(norm(x, p, axis, keepdims=True), eps)


def _shape_second(function: Callable[..., Any], x: Value, *rest: Value, normalized_shape: Any) -> Value:
    return function(x, normalized_shape, *rest)


@composite(
    (((2, 3), (3,), (3,)), {"normalized_shape": 3}),
    (((2, 2, 2),), {"normalized_shape": (2, 2)}),
    call=_shape_second,
)
@in_floats
def layer_norm(
    x: Value,
    normalized_shape: int | Sequence[int],
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
) -> Value:
    """x less its mean, divided by its standard deviation, over the last axes (Ba, Kiros and Hinton 2016).

    Args:
        x: any shape that ends in `normalized_shape`.
        normalized_shape: lengths of the axes to normalise over.
        weight, bias: of that shape; factor and summand of the result.
        eps: added to the variance.

    Raises ShapeError for shapes that do not fit.
    """
    axes = _last_axes("layer_norm", x, normalized_shape, weight, bias)
    return _affine(_standardised(x, axes, eps), weight, bias)


@composite((((2, 3), (3,)), {"normalized_shape": 3}), call=_shape_second)
@in_floats
def rms_norm(
    x: Value, normalized_shape: int | Sequence[int], weight: Value | None = None, eps: float | None = None
) -> Value:
    """x divided by the square root of its mean square over the last axes (Zhang and Sennrich 2019).

    Arguments as in `layer_norm`; the default `eps` is the smallest step from 1 in x's dtype.
    """
    axes = _last_axes("rms_norm", x, normalized_shape, weight, None)
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    return _affine(x * rsqrt(mean(x * x, axes, keepdims=True) + eps), weight, None)


@composite(
    (((2, 4, 2), (4,), (4,)), {"num_groups": 2}), call=lambda f, x, *rest, num_groups: f(x, num_groups, *rest)
)
@in_floats
def group_norm(
    x: Value, num_groups: int, weight: Value | None = None, bias: Value | None = None, eps: float = 1e-5
) -> Value:
    """x standardised over each example's groups of channels (Wu and He 2018).

    x is (N, C, ...), C divisible by `num_groups`; weight and bias are (C,). ShapeError otherwise.
    """
    channels = _channels("group_norm", x, weight, bias)
    if num_groups < 1 or channels % num_groups:
        raise ShapeError(f"group_norm: {channels} channels cannot be divided into {num_groups} groups")
    groups = reshape_to(x, (x.shape[0], num_groups, math.prod(x.shape[1:]) // num_groups))
    y = reshape_to(_standardised(groups, (2,), eps), x.shape)
    return _affine(y, _per_channel(weight, x), _per_channel(bias, x))


@composite(
    (((3, 2), (2,), (2,)), {}), call=lambda f, x, weight, bias: f(x, None, None, weight, bias, training=True)
)
@in_floats
def batch_norm(
    x: Value,
    running_mean: Value | None,
    running_var: Value | None,
    weight: Value | None = None,
    bias: Value | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    """x (N, C, ...) standardised per channel, over the batch and all places (Ioffe and Szegedy 2015).

    Args:
        x: at least two axes.
        running_mean, running_var: (C,), Tensors or None. In training, if given, they are assigned
            (1 - momentum) of themselves and momentum of the batch's mean and unbiased variance.
        weight, bias: (C,), or None.
        training: whether mean and variance are the batch's, or the running ones.
        momentum: see above.
        eps: added to the variance.

    Raises ShapeError for shapes that do not fit, and in training for a single value per channel.
    """
    channels = _channels("batch_norm", x, weight, bias)
    axes = (0, *range(2, x.ndim))
    count = math.prod(x.shape) // (channels or 1)
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: needs running_mean and running_var, or training=True")
        centred = x - _per_channel(running_mean, x)
        y = centred * _per_channel(rsqrt(running_var + eps), x)
        return _affine(y, _per_channel(weight, x), _per_channel(bias, x))
    if not count:  # no examples: nothing to standardise, and nothing seen
        return _affine(x, _per_channel(weight, x), _per_channel(bias, x))
    if count < 2:
        raise ShapeError(
            f"batch_norm: {x.shape} has one value per channel, whose variance in training is zero"
        )
    average = mean(x, axes, keepdims=True)
    centred = x - average
    variance = mean(centred * centred, axes, keepdims=True)
    for running, new in ((running_mean, average), (running_var, variance * (count / (count - 1)))):
        if running is not None:
            new = reshape_to(stop_gradient(new), (channels,))
            running.assign_(stop_gradient(running) * (1 - momentum) + new * momentum)
    return _affine(centred * rsqrt(variance + eps), _per_channel(weight, x), _per_channel(bias, x))


def _standardised(x: Value, axes: tuple[int, ...], eps: float) -> Value:
    centred = x - mean(x, axes, keepdims=True)
    return centred * rsqrt(mean(centred * centred, axes, keepdims=True) + eps)


def _affine(x: Value, weight: Value | None, bias: Value | None) -> Value:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _last_axes(name: str, x: Value, given: int | Sequence[int], *vectors: Value | None) -> tuple[int, ...]:
    shape: Shape = (given,) if isinstance(given, int) else tuple(given)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ShapeError(f"{name}: an input of shape {x.shape} does not end in normalized_shape {shape}")
    wrong = [v.shape for v in vectors if v is not None and v.shape != shape]
    if wrong:
        raise ShapeError(f"{name}: weight and bias must have the shape {shape}, not {wrong[0]}")
    return tuple(range(x.ndim - len(shape), x.ndim))


def _channels(name: str, x: Value, *vectors: Value | None) -> int:
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs an input (N, C, ...), not shape {x.shape}")
    wrong = [v.shape for v in vectors if v is not None and v.shape != x.shape[1:2]]
    if wrong:
        raise ShapeError(f"{name}: weight and bias must have the shape {x.shape[1:2]}, not {wrong[0]}")
    return int(x.shape[1])


def _per_channel(vector: Value | None, x: Value) -> Value | None:
    return None if vector is None else reshape_to(vector, (x.shape[1], *(1,) * (x.ndim - 2)))
