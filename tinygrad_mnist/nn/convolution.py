"""Convolutional layers."""

from __future__ import annotations

import math
from typing import Any

from ..core.generator import Generator
from ..errors import ShapeError
from ..primitive import Value
from . import functional as F, init as inits
from .making import parameter
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """Kernels along one to three axes; see the subclasses.

    Attributes:
        weight: Parameter (out_channels, in_channels / groups, *kernel); transposed (in_channels,
            out_channels / groups, *kernel).
        bias: Parameter (out_channels,), or None.
    """

    _axes: int
    _transposed = False
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
        generator: Generator | None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ShapeError(
                f"{name}: in_channels must be divisible by groups, not {in_channels} by {groups}"
            )
        if out_channels % groups:
            raise ShapeError(
                f"{name}: out_channels must be divisible by groups, not {out_channels} by {groups}"
            )
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = _each(name, "kernel_size", kernel_size, self._axes)
        self.stride = _each(name, "stride", stride, self._axes)
        self.padding = padding if isinstance(padding, str) else _each(name, "padding", padding, self._axes)
        self.dilation = _each(name, "dilation", dilation, self._axes)
        self.output_padding = _each(name, "output_padding", output_padding, self._axes)
        if padding == "same" and any(n != 1 for n in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _MODES:
            raise ValueError(
                f"padding_mode must be one of {', '.join(_MODES)}, but got padding_mode={padding_mode!r}"
            )
        self.padding_mode = padding_mode
        channels = (
            (in_channels, out_channels // groups)
            if self._transposed
            else (out_channels, in_channels // groups)
        )
        self.weight = parameter(name, (*channels, *self.kernel_size), device, dtype)
        self.register_parameter("bias", parameter(name, (out_channels,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new first values: uniform on +-1 / sqrt(fan-in), as in PyTorch."""
        if math.prod(self.weight.shape):
            inits.by_fan_in(self.weight, self.bias, generator)

    def _padded(self, x: Value) -> tuple[Value, Any]:
        """The input and the padding that is left to the convolution."""
        if self.padding_mode == "zeros" or self.padding == "valid":
            return x, self.padding
        widths: list[int] = []
        for i in reversed(range(self._axes)):
            if isinstance(self.padding, str):
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                widths += [total // 2, total - total // 2]
            else:
                widths += [self.padding[i]] * 2
        return F.pad(x, widths, self.padding_mode), 0

    def extra_repr(self) -> str:
        """The arguments that are not the default ones."""
        parts = [
            f"{self.in_channels}",
            f"{self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        if isinstance(self.padding, str) or any(self.padding):
            parts.append(
                f"padding={self.padding!r}"
                if not isinstance(self.padding, str)
                else f"padding={self.padding}"
            )
        if any(n != 1 for n in self.dilation):
            parts.append(f"dilation={self.dilation}")
        if any(self.output_padding):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Forward(_Convolution):
    """With PyTorch's order of arguments for convolutions."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            *(in_channels, out_channels, kernel_size, stride, padding, dilation, 0),
            *(groups, bias, padding_mode, device, dtype, generator),
        )


class Conv1d(_Forward):
    """Sequences (N, C, L) convolved with `out_channels` kernels: (N, out_channels, l); as `Conv2d`."""

    _axes = 1

    def forward(self, input: Value) -> Value:
        """See `ops.conv1d`."""
        x, padding = self._padded(input)
        return F.conv1d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_Forward):
    """Images (N, C, H, W) convolved with `out_channels` kernels: (N, out_channels, h, w); see `ops.conv2d`.

    First weights and biases are uniform on +-1 / sqrt(what a kernel sees), as in PyTorch.

    Args:
        in_channels, out_channels: C, and the number of kernels.
        kernel_size: height and width of a kernel; one number for both.
        stride, padding, dilation, groups: see `ops.conv2d`.
        bias: whether each kernel has a bias.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        device, dtype: "cpu", and float32 or float64.
        generator: where the first values come from; the default generator if None.

    Attributes:
        weight: Parameter (out_channels, in_channels / groups, kh, kw).
        bias: Parameter (out_channels,), or None.

    Raises ShapeError for channels that the groups do not divide, ValueError for other arguments.
    """

    _axes = 2

    def forward(self, input: Value) -> Value:
        """See `ops.conv2d`."""
        x, padding = self._padded(input)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_Forward):
    """Volumes (N, C, D, H, W) convolved with `out_channels` kernels: (N, O, d, h, w); as `Conv2d`."""

    _axes = 3

    def forward(self, input: Value) -> Value:
        """See `functional.conv3d`."""
        x, padding = self._padded(input)
        return F.conv3d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class _Transposed(_Convolution):
    """With PyTorch's order of arguments for transposed convolutions."""

    _transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            *(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding),
            *(groups, bias, padding_mode, device, dtype, generator),
        )

    def _more(self, x: Value, output_size: Any) -> Any:
        """output_padding, or what gives the `output_size` asked for; ValueError where nothing does."""
        if output_size is None:
            return self.output_padding
        assert not isinstance(self.padding, str)
        wanted = list(output_size)[-self._axes :]
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                x.shape[-self._axes :], self.stride, self.padding, self.dilation, self.kernel_size
            )
        ]
        most = [n + s - 1 for n, s in zip(least, self.stride)]
        if len(wanted) != self._axes or any(not a <= n <= b for a, n, b in zip(least, wanted, most)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {least} to {most}"
            )
        return tuple(n - a for n, a in zip(wanted, least))


class ConvTranspose1d(_Transposed):
    """The transpose of `Conv1d` as a linear map; as `ConvTranspose2d`."""

    _axes = 1

    def forward(self, input: Value, output_size: Any = None) -> Value:
        """See `ops.conv_transpose2d`."""
        more = self._more(input, output_size)
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )


class ConvTranspose2d(_Transposed):
    """The transpose of `Conv2d` as a linear map: (N, C, H, W) to larger images; see `ops.conv_transpose2d`.

    Arguments and attributes are those of `Conv2d`, besides `output_padding`: rows and columns more at
    the end. The weight is (in_channels, out_channels / groups, kh, kw).
    """

    _axes = 2

    def forward(self, input: Value, output_size: Any = None) -> Value:
        """See `ops.conv_transpose2d`; `output_size` decides between the sizes that stride allows."""
        more = self._more(input, output_size)
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )


class ConvTranspose3d(_Transposed):
    """The transpose of `Conv3d` as a linear map; as `ConvTranspose2d`."""

    _axes = 3

    def forward(self, input: Value, output_size: Any = None) -> Value:
        """See `functional.conv_transpose3d`."""
        more = self._more(input, output_size)
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )


def _each(owner: str, what: str, value: Any, axes: int) -> tuple[int, ...]:
    """A number for each axis; ShapeError for another count."""
    given = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(given) != axes:
        raise ShapeError(f"{owner}: {what} must be one number or {axes}, not {value}")
    return tuple(int(n) for n in given)
