"""Pooling layers."""

from __future__ import annotations

from typing import Any

from ..primitive import Value
from . import functional as F
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d",
]  # fmt: skip


class _Max(Module):
    """The largest element of every patch."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )

    def _arguments(self) -> tuple[Any, ...]:
        kernel = self.kernel_size, self.stride, self.padding, self.dilation
        return *kernel, self.ceil_mode, self.return_indices


class MaxPool1d(_Max):
    """The largest element of every stretch of (N, C, L); arguments as in `functional.max_pool1d`."""

    def forward(self, input: Value) -> Value:
        """See `functional.max_pool1d`."""
        return F.max_pool1d(input, *self._arguments())


class MaxPool2d(_Max):
    """The largest element of every patch of images (N, C, H, W); arguments as in `functional.max_pool2d`."""

    def forward(self, input: Value) -> Value:
        """See `functional.max_pool2d`."""
        return F.max_pool2d(input, *self._arguments())


class MaxPool3d(_Max):
    """The largest of every box of volumes (N, C, D, H, W); arguments as in `functional.max_pool3d`."""

    def forward(self, input: Value) -> Value:
        """See `functional.max_pool3d`."""
        return F.max_pool3d(input, *self._arguments())


class AvgPool1d(Module):
    """The mean of every stretch of (N, C, L); arguments as in `functional.avg_pool1d`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = (
            x if isinstance(x, tuple) else (x,)
            for x in (kernel_size, kernel_size if stride is None else stride, padding)
        )
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Value) -> Value:
        """See `functional.avg_pool1d`."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        """The arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of every patch of images (N, C, H, W); arguments as in `functional.avg_pool2d`."""

    _pool = staticmethod(F.avg_pool2d)

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Value) -> Value:
        """See `functional.avg_pool2d`."""
        kernel = self.kernel_size, self.stride, self.padding
        return self._pool(input, *kernel, self.ceil_mode, self.count_include_pad, self.divisor_override)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool3d(AvgPool2d):
    """The mean of every box of volumes (N, C, D, H, W); arguments as in `functional.avg_pool3d`."""

    _pool = staticmethod(F.avg_pool3d)


class _LP(Module):
    """The p-norm of every patch."""

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride = norm_type, kernel_size, stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LP):
    """The p-norm of every stretch of (N, C, L)."""

    def forward(self, input: Value) -> Value:
        """See `functional.lp_pool1d`."""
        return F.lp_pool1d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LP):
    """The p-norm of every patch of (N, C, H, W)."""

    def forward(self, input: Value) -> Value:
        """See `functional.lp_pool2d`."""
        return F.lp_pool2d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LP):
    """The p-norm of every box of (N, C, D, H, W)."""

    def forward(self, input: Value) -> Value:
        """See `functional.lp_pool3d`."""
        return F.lp_pool3d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class _AdaptiveAvg(Module):
    """Means of as many parts as are asked for."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The arguments."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """Means of parts that cut a sequence into `output_size`."""

    def forward(self, input: Value) -> Value:
        """See `functional.adaptive_avg_pool1d`."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """Means of patches that cut an image into `output_size` parts; see `ops.adaptive_avg_pool2d`."""

    def forward(self, input: Value) -> Value:
        """See `functional.adaptive_avg_pool2d`."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvg):
    """Means of boxes that cut a volume into `output_size` parts."""

    def forward(self, input: Value) -> Value:
        """See `functional.adaptive_avg_pool3d`."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMax(_AdaptiveAvg):
    """The largest of as many parts as are asked for, and where they lie."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest elements of parts that cut a sequence into `output_size`."""

    def forward(self, input: Value) -> Value:
        """See `functional.adaptive_max_pool1d`."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest elements of patches that cut an image into `output_size` parts."""

    def forward(self, input: Value) -> Value:
        """See `functional.adaptive_max_pool2d`."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest elements of boxes that cut a volume into `output_size` parts."""

    def forward(self, input: Value) -> Value:
        """See `functional.adaptive_max_pool3d`."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _Unpool(Module):
    """Zeros, with the largest elements back in their places."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def extra_repr(self) -> str:
        """The arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_Unpool):
    """The inverse of `MaxPool1d(return_indices=True)`, as far as there is one."""

    def forward(self, input: Value, indices: Value, output_size: Any = None) -> Value:
        """See `functional.max_unpool1d`."""
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_Unpool):
    """The inverse of `MaxPool2d(return_indices=True)`, as far as there is one."""

    def forward(self, input: Value, indices: Value, output_size: Any = None) -> Value:
        """See `functional.max_unpool2d`."""
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)
