"""Pooling layers."""

from __future__ import annotations

from .. import ops
from ..ops.convolution import Pair
from ..primitive import Value
from .module import Module


class MaxPool2d(Module):
    """The largest element of every patch of an image; arguments as in `ops.max_pool2d`."""

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.ceil_mode = dilation, ceil_mode

    def forward(self, x: Value) -> Value:
        """See `ops.max_pool2d`."""
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


class AvgPool2d(Module):
    """The mean of every patch of an image; arguments as in `ops.avg_pool2d`."""

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x: Value) -> Value:
        """See `ops.avg_pool2d`."""
        return ops.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AdaptiveAvgPool2d(Module):
    """Means of patches that cut an image into `output_size` parts; see `ops.adaptive_avg_pool2d`."""

    def __init__(self, output_size: Pair) -> None:
        self.output_size = output_size

    def forward(self, x: Value) -> Value:
        """See `ops.adaptive_avg_pool2d`."""
        return ops.adaptive_avg_pool2d(x, self.output_size)
