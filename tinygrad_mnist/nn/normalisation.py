"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import ops
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..primitive import Value
from .module import Module
from .parameter import Parameter


class LayerNorm(Module):
    """x less its mean, divided by its standard deviation, over the last axes, times `weight`, plus `bias`.

    Args:
        normalized_shape: lengths of those axes.
        eps: added to the variance.
        elementwise_affine: whether there are a weight and a bias.
        bias: whether there is a bias.

    Attributes:
        weight, bias: Parameters of normalized_shape, first 1 and 0; or None.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.weight = _ones(self.normalized_shape) if elementwise_affine else None
        self.bias = _zeros(self.normalized_shape) if elementwise_affine and bias else None

    def forward(self, x: Value) -> Value:
        """See `ops.layer_norm`."""
        return ops.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    """x divided by the square root of its mean square over the last axes, times `weight`.

    Args:
        normalized_shape: lengths of those axes.
        eps: added to the mean square; None for the smallest step from 1 in x's dtype.
        elementwise_affine: whether there is a weight.

    Attributes:
        weight: Parameter of normalized_shape, first 1; or None.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.weight = _ones(self.normalized_shape) if elementwise_affine else None

    def forward(self, x: Value) -> Value:
        """See `ops.rms_norm`."""
        return ops.rms_norm(x, self.normalized_shape, self.weight, self.eps)


class GroupNorm(Module):
    """Channels standardised in groups, over each example by itself; see `ops.group_norm`.

    Args:
        num_groups: into how many groups the channels are divided.
        num_channels: length of axis 1.
        eps: added to the variance.
        affine: whether there are a weight and a bias.

    Attributes:
        weight, bias: Parameters (num_channels,), first 1 and 0; or None.
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        if num_groups < 1 or num_channels % num_groups:
            raise ShapeError(f"GroupNorm: {num_channels} channels cannot be divided into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = _ones((num_channels,)) if affine else None
        self.bias = _zeros((num_channels,)) if affine else None

    def forward(self, x: Value) -> Value:
        """See `ops.group_norm`."""
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class BatchNorm1d(Module):
    """Channels of (N, C) or (N, C, L) standardised: over the batch in training, else by running estimates.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: share of the batch in a running estimate; None for the mean over all batches.
        affine: whether there are a weight and a bias.
        track_running_stats: whether running estimates are kept; without, the batch always counts.

    Attributes:
        weight, bias: Parameters (C,), first 1 and 0; or None.
        running_mean, running_var: buffers (C,), first 0 and 1; or None.
        num_batches_tracked: buffer, how many batches they have seen; or None.
    """

    _axes: tuple[int, ...] = (2, 3)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        if num_features < 1:
            raise ShapeError(f"{type(self).__name__}: needs at least one feature, not {num_features}")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = _ones((num_features,)) if affine else None
        self.bias = _zeros((num_features,)) if affine else None
        tracked = track_running_stats
        self.running_mean = Tensor(np.zeros(num_features, np.float32)) if tracked else None
        self.running_var = Tensor(np.ones(num_features, np.float32)) if tracked else None
        self.num_batches_tracked = Tensor(0) if tracked else None

    def forward(self, x: Value) -> Value:
        """See `ops.batch_norm`."""
        if x.ndim not in self._axes or x.shape[1] != self.num_features:
            raise ShapeError(
                f"{type(self).__name__}: needs an input of {' or '.join(map(str, self._axes))} axes with "
                f"{self.num_features} channels along axis 1, not {x.shape}"
            )
        by_batch = self.training or self.running_mean is None
        momentum: Value = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.assign_(self.num_batches_tracked + 1)
            if momentum is None:
                momentum = 1 / self.num_batches_tracked.float()
        return ops.batch_norm(
            x,
            self.running_mean if self.training or not by_batch else None,
            self.running_var if self.training or not by_batch else None,
            self.weight,
            self.bias,
            by_batch,
            momentum,
            self.eps,
        )


class BatchNorm2d(BatchNorm1d):
    """As `BatchNorm1d` for images (N, C, H, W)."""

    _axes = (4,)


def _shape(given: int | Sequence[int]) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(given)


def _ones(shape: tuple[int, ...]) -> Parameter:
    return Parameter(np.ones(shape, np.float32))


def _zeros(shape: tuple[int, ...]) -> Parameter:
    return Parameter(np.zeros(shape, np.float32))
