"""Convolutions of images and sequences under PyTorch's names, around the primitives of `convolve`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite, result_dtype
from .convolve import convolution, convolution_input
from .elementwise import cast
from .padding import pad
from .views import reshape_to

__all__ = ["conv1d", "conv2d", "conv_transpose2d"]

Pair = int | tuple[int, int]


def pair(name: str, what: str, value: Any, least: int = 0) -> tuple[int, int]:
    """One number for both axes of an image, or one for each; ShapeError unless they are at least `least`."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) == 1:
        both *= 2
    if len(both) != 2 or min(both) < least:
        raise ShapeError(f"{name}: {what} must be a number from {least} on, or two, not {value}")
    return int(both[0]), int(both[1])


@composite(
    (((2, 1, 3, 3), (2, 1, 2, 2), (2,)), {}),
    (((1, 2, 4, 3), (2, 1, 2, 2)), {"stride": (2, 1), "padding": 1, "groups": 2}),
    (((1, 5, 4), (1, 1, 2, 2)), {"dilation": 2}),
)
def conv2d(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Value:
    """The cross-correlation of images with kernels: y[n, o] is the sum over c of x[n, c] with weight[o, c].

    Args:
        x: (N, C, H, W), or one image (C, H, W).
        weight: (O, C / groups, kh, kw).
        bias: (O,), or None.
        stride: from one place of the kernel to the next.
        padding: zeros around the image; or "valid" (none), or "same" (with stride 1: so many that
            the size stays).
        dilation: distance of a kernel's elements.
        groups: the channels are divided into so many groups that do not see one another.

    Returns:
        (N, O, h, w) with h = (H + 2 padding - dilation (kh - 1) - 1) // stride + 1, and w alike.

    Raises ShapeError for shapes that do not fit.
    """
    if x.ndim == 3:
        y = conv2d(_batch(x), weight, bias, stride, padding, dilation, groups)
        return reshape_to(y, y.shape[1:])
    _check("conv2d", x, weight, bias, groups, weight.shape[1] if weight.ndim == 4 else 0)
    kernel = weight.shape[2:]
    step, gap = pair("conv2d", "stride", stride, 1), pair("conv2d", "dilation", dilation, 1)
    x = pad(x, (*_padding(padding, kernel, step, gap, 1), *_padding(padding, kernel, step, gap, 0)))
    if any(n < d * (k - 1) + 1 for n, k, d in zip(x.shape[2:], kernel, gap, strict=True)):
        raise ShapeError(
            f"conv2d: an image of size {x.shape[2:]}, padding included, is smaller than the kernel"
        )
    y = convolution(*_floats(x, weight), step, gap, groups)
    return _with_bias(y, result_dtype(x, weight), bias)


@composite((((1, 2, 5), (2, 2, 3), (2,)), {"padding": 1, "stride": 2}))
def conv1d(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: int = 1,
    padding: int | str = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Value:
    """As `conv2d` along one axis: x (N, C, L) or (C, L), weight (O, C / groups, k); the result (N, O, l)."""
    if weight.ndim != 3 or x.ndim not in (2, 3):
        raise ShapeError(
            "conv1d: needs an input (N, C, L) and a weight (O, C / groups, k), "
            f"not {x.shape} and {weight.shape}"
        )
    y = conv2d(
        reshape_to(x, (*x.shape[:-1], 1, x.shape[-1])),
        reshape_to(weight, (*weight.shape[:2], 1, weight.shape[2])),
        bias,
        (1, _one(stride)),
        padding if isinstance(padding, str) else (0, _one(padding)),
        (1, _one(dilation)),
        groups,
    )
    return reshape_to(y, (*y.shape[:-2], y.shape[-1]))


@composite(
    (((1, 2, 2, 2), (2, 1, 2, 2), (1,)), {"stride": 2, "padding": 1, "output_padding": 1}),
    (((1, 2, 2, 1), (2, 1, 2, 1)), {"groups": 2, "dilation": 2}),
)
def conv_transpose2d(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Value:
    """The transpose of `conv2d` as a linear map: every element of x spreads a kernel over the result.

    Args:
        x: (N, C, H, W), or one image (C, H, W).
        weight: (C, O / groups, kh, kw).
        bias: (O,), or None.
        stride, padding, dilation, groups: of the convolution that this is the transpose of.
        output_padding: rows and columns more at the end, below stride or dilation.

    Returns:
        (N, O, h, w) with h = (H - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1.

    Raises ShapeError for shapes that do not fit.
    """
    if x.ndim == 3:
        y = conv_transpose2d(_batch(x), weight, bias, stride, padding, output_padding, groups, dilation)
        return reshape_to(y, y.shape[1:])
    _check("conv_transpose2d", x, weight, bias, groups, weight.shape[0] // groups if weight.ndim == 4 else 0)
    step, gap = (
        pair("conv_transpose2d", "stride", stride, 1),
        pair("conv_transpose2d", "dilation", dilation, 1),
    )
    around, more = (
        pair("conv_transpose2d", "padding", padding),
        pair("conv_transpose2d", "output_padding", output_padding),
    )
    if any(m >= max(s, d) for m, s, d in zip(more, step, gap, strict=True)):
        raise ShapeError(
            f"conv_transpose2d: output_padding {output_padding} must be below stride or dilation"
        )
    kernel = weight.shape[2:]
    full = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(x.shape[2:], step, gap, kernel, strict=True)]
    ends = [m - p for m, p in zip(more, around, strict=True)]
    if min(f + e - p for f, e, p in zip(full, ends, around, strict=True)) < 1:
        raise ShapeError(
            f"conv_transpose2d: padding {padding} leaves nothing of a result of size {tuple(full)}"
        )
    y = convolution_input(*_floats(x, weight), tuple(full), step, gap, groups)
    y = pad(y, (-around[1], ends[1], -around[0], ends[0]))
    return _with_bias(y, result_dtype(x, weight), bias)


def _floats(x: Value, weight: Value) -> tuple[Value, Value]:
    """Both in their common dtype, or in float64 (exact up to 2**53) where that is none of floats."""
    dtype = result_dtype(x, weight)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return _as(x, dtype), _as(weight, dtype)


def _as(x: Value, dtype: np.dtype[Any]) -> Value:
    return x if x.dtype == dtype else cast(x, dtype)


def _with_bias(y: Value, dtype: np.dtype[Any], bias: Value | None) -> Value:
    """The result in its dtype, and the bias added."""
    y = _as(y, dtype)
    return y if bias is None else y + reshape_to(bias, (bias.shape[0], 1, 1))


def _batch(x: Value) -> Value:
    return reshape_to(x, (1, *x.shape))


def _one(value: Any) -> int:
    return int(value) if isinstance(value, int) else int(value[0])


def _padding(
    padding: Pair | str,
    kernel: tuple[int, ...],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    axis: int,
) -> tuple[int, int]:
    """Zeros before and after one axis."""
    if padding == "valid":
        return 0, 0
    if padding == "same":
        if stride != (1, 1):
            raise ShapeError(f"conv2d: padding 'same' needs stride 1, not {stride}")
        total = dilation[axis] * (kernel[axis] - 1)
        return total // 2, total - total // 2
    if isinstance(padding, str):
        raise ValueError(f"conv2d: padding must be 'valid', 'same' or numbers, not {padding!r}")
    n = pair("conv2d", "padding", padding)[axis]
    return n, n


def _check(name: str, x: Value, weight: Value, bias: Value | None, groups: int, per_group: int) -> None:
    if x.ndim != 4 or weight.ndim != 4:
        raise ShapeError(
            f"{name}: needs images (N, C, H, W) and a weight of four axes, not {x.shape} and {weight.shape}"
        )
    forward = name == "conv2d"
    if x.shape[1] != per_group * groups and weight.shape[0] % max(groups, 1) == 0:
        channels = per_group * groups
        hint = " (unsqueeze(1) adds the axis of channels to images (N, H, W))" if channels == 1 else ""
        raise ShapeError(
            f"{name}: the images {x.shape} have {x.shape[1]} channels, axis 1 of (N, C, H, W), but the "
            f"weight {weight.shape} in {groups} groups takes {channels}{hint}"
        )
    if groups < 1 or x.shape[1] != per_group * groups or weight.shape[0] % groups:
        raise ShapeError(
            f"{name}: images {x.shape} do not fit a weight {weight.shape} in {groups} groups: the shape of "
            f"the weight must be {'(O, C / groups, kh, kw)' if forward else '(C, O / groups, kh, kw)'}"
        )
    out = weight.shape[0] if forward else weight.shape[1] * groups
    if bias is not None and bias.shape != (out,):
        raise ShapeError(f"{name}: the bias must have shape {(out,)}, not {bias.shape}")
