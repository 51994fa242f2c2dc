"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor, of_numbers
from ..errors import ShapeError
from ..primitive import Value
from . import functional as F
from .making import buffer, parameter
from .module import Module
from .parameter import Parameter

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "LayerNorm", "LocalResponseNorm", "RMSNorm",
]  # fmt: skip


class LayerNorm(Module):
    """x less its mean, divided by its standard deviation, over the last axes, times `weight`, plus `bias`.

    Args:
        normalized_shape: lengths of those axes.
        eps: added to the variance.
        elementwise_affine: whether there are a weight and a bias.
        bias: whether there is a bias.
        device, dtype: "cpu", and float32 or float64.

    Attributes:
        weight, bias: Parameters of normalized_shape, first 1 and 0; or None.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        _affine(self, self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)

    def reset_parameters(self) -> None:
        """The weight 1, the bias 0."""
        _reset(self)

    def forward(self, input: Value) -> Value:
        """See `ops.layer_norm`."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """x divided by the square root of its mean square over the last axes, times `weight`.

    Args:
        normalized_shape: lengths of those axes.
        eps: added to the mean square; None for the smallest step from 1 in x's dtype.
        elementwise_affine: whether there is a weight.
        device, dtype: "cpu", and float32 or float64.

    Attributes:
        weight: Parameter of normalized_shape, first 1; or None.
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        weight = (
            parameter("RMSNorm", self.normalized_shape, device, dtype, 1.0) if elementwise_affine else None
        )
        self.register_parameter("weight", weight)

    def reset_parameters(self) -> None:
        """The weight 1."""
        _reset(self)

    def forward(self, input: Value) -> Value:
        """See `ops.rms_norm`."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Channels standardised in groups, over each example by itself; see `ops.group_norm`.

    Args:
        num_groups: into how many groups the channels are divided.
        num_channels: length of axis 1.
        eps: added to the variance.
        affine: whether there are a weight and a bias.
        device, dtype: "cpu", and float32 or float64.
        bias: whether there is a bias.

    Attributes:
        weight, bias: Parameters (num_channels,), first 1 and 0; or None.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ShapeError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        _affine(self, (num_channels,), affine, affine and bias, device, dtype)

    def reset_parameters(self) -> None:
        """The weight 1, the bias 0."""
        _reset(self)

    def forward(self, input: Value) -> Value:
        """See `ops.group_norm`."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _Running(Module):
    """Channels standardised, and running estimates of their mean and variance."""

    _axes: tuple[int, ...]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        _affine(self, (num_features,), affine, affine and bias, device, dtype)
        name, tracked = type(self).__name__, track_running_stats
        for statistic, value in (("running_mean", 0.0), ("running_var", 1.0)):
            made = buffer(name, (num_features,), device, dtype, value) if tracked else None
            self.register_buffer(statistic, made)
        self.register_buffer("num_batches_tracked", of_numbers(np.zeros((), np.int64)) if tracked else None)

    def reset_running_stats(self) -> None:
        """The running estimates as at first."""
        if (
            self.running_mean is not None
            and self.running_var is not None
            and self.num_batches_tracked is not None
        ):
            self.running_mean.assign_(np.zeros(self.num_features))
            self.running_var.assign_(np.ones(self.num_features))
            self.num_batches_tracked.assign_(0)

    def reset_parameters(self) -> None:
        """The weight 1, the bias 0, the running estimates as at first."""
        self.reset_running_stats()
        _reset(self)

    def _check(self, x: Value) -> None:
        if x.ndim not in self._axes:
            axes = " or ".join(f"{n}D" for n in self._axes)
            raise ShapeError(f"{type(self).__name__}: expected {axes} input (got {x.ndim}D input)")

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_Running):
    """Channels of (N, C) or (N, C, L) standardised: over the batch in training, else by running estimates.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: share of the batch in a running estimate; None for the mean over all batches.
        affine: whether there are a weight and a bias.
        track_running_stats: whether running estimates are kept; without, the batch always counts.
        device, dtype: "cpu", and float32 or float64.
        bias: whether there is a bias.

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
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Value) -> Value:
        """See `ops.batch_norm`."""
        self._check(input)
        if input.shape[1] != self.num_features:
            raise ShapeError(
                f"{type(self).__name__}: expected {self.num_features} channels along axis 1, got "
                f"{tuple(input.shape)}"
            )
        if not self.eps > 0:
            raise ValueError(f"batch_norm eps must be positive, but got {self.eps}")
        by_batch = self.training or self.running_mean is None
        momentum: Value = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.assign_(self.num_batches_tracked + 1)
            if momentum is None:
                momentum = 1 / self.num_batches_tracked.float()
        kept = self.training or not by_batch
        return F.batch_norm(
            input,
            self.running_mean if kept else None,
            self.running_var if kept else None,
            self.weight,
            self.bias,
            by_batch,
            momentum,
            self.eps,
        )


class BatchNorm2d(BatchNorm1d):
    """As `BatchNorm1d` for images (N, C, H, W)."""

    _axes = (4,)


class BatchNorm3d(BatchNorm1d):
    """As `BatchNorm1d` for volumes (N, C, D, H, W)."""

    _axes = (5,)


class InstanceNorm1d(_Running):
    """Every channel of every example of (N, C, L) or (C, L) standardised by itself.

    Arguments and attributes are those of `BatchNorm1d`; by default there are no weights and no running
    estimates.
    """

    _axes: tuple[int, ...] = (2, 3)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Value) -> Value:
        """See `functional.instance_norm`."""
        self._check(input)
        alone = input.ndim == min(self._axes)
        x = input[None] if alone else input
        if x.shape[1] != self.num_features and self.affine:
            raise ShapeError(
                f"expected input's size at dim=1 to match num_features ({self.num_features}), but got: "
                f"{x.shape[1]}."
            )
        y = F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y[0] if alone else y


class InstanceNorm2d(InstanceNorm1d):
    """As `InstanceNorm1d` for images (N, C, H, W) or (C, H, W)."""

    _axes = (3, 4)


class InstanceNorm3d(InstanceNorm1d):
    """As `InstanceNorm1d` for volumes (N, C, D, H, W) or (C, D, H, W)."""

    _axes = (4, 5)


class LocalResponseNorm(Module):
    """x / (k + alpha mean of x^2 over `size` channels around)^beta; see `functional.local_response_norm`."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _shape(given: int | Sequence[int]) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(given)


def _affine(
    module: Module, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any
) -> None:
    """Give the module a weight of ones and a bias of zeros, or None in their places."""
    name = type(module).__name__
    module.register_parameter("weight", parameter(name, shape, device, dtype, 1.0) if weight else None)
    module.register_parameter("bias", parameter(name, shape, device, dtype) if bias else None)


def _reset(module: Module) -> None:
    for name, p in module.named_parameters():
        p.assign_(np.full(p.shape, float(name == "weight"), p.dtype))
