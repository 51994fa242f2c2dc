"""Convolutional layers."""

from __future__ import annotations

import math

import numpy as np

from .. import ops
from ..core.generator import Generator, chosen
from ..errors import ShapeError
from ..ops.convolution import Pair, pair
from ..primitive import Value
from . import init as inits
from .module import Module
from .parameter import Parameter


class Conv2d(Module):
    """Images (N, C, H, W) convolved with `out_channels` kernels: (N, out_channels, h, w); see `ops.conv2d`.

    The default first weights are `init.kaiming_uniform` on all that a kernel sees, for the ReLU
    that commonly follows; biases start at zero.

    Args:
        in_channels, out_channels: C, and the number of kernels.
        kernel_size: height and width of a kernel; one number for both.
        stride, padding, dilation, groups: see `ops.conv2d`.
        bias: whether each kernel has a bias.
        generator: where the first weights come from; by default the default generator.
        init: (shape, generator) -> first weights as a matrix (out_channels, what a kernel sees).

    Attributes:
        weight: Parameter (out_channels, in_channels / groups, kh, kw).
        bias: Parameter (out_channels,), or None.

    Raises:
        ShapeError: for sizes below 1, or channels that the groups do not divide.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        generator: Generator | None = None,
        init: inits.Init = inits.kaiming_uniform,
    ) -> None:
        kernel = pair("Conv2d", "kernel_size", kernel_size, 1)
        if min(in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
            raise ShapeError(
                f"Conv2d: {groups} groups do not divide {in_channels} channels in and {out_channels} out"
            )
        shape = (out_channels, in_channels // groups, *kernel)
        first = init((out_channels, math.prod(shape[1:])), chosen(generator))
        self.weight = Parameter(ops.reshape(first, shape))
        self.bias = Parameter(np.zeros(out_channels, self.weight.dtype)) if bias else None
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Value) -> Value:
        """See `ops.conv2d`."""
        return ops.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
