"""Convolution and pooling of volumes (N, C, D, H, W), each made of what there is for images.

A convolution sees windows along the depth as further channels of images; the largest and the mean of a
box are those, along the depth, of the largest and the means in its images.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import ops
from ...errors import ShapeError
from ...ops.floats import in_floats
from ...ops.windows import overlapped, windows
from ...primitive import Value
from .convolution import of_one_kind
from .pooling import adaptive_avg_pool2d, adaptive_max_pool2d, max_pool2d, root

__all__ = [
    "adaptive_avg_pool3d", "adaptive_max_pool3d", "avg_pool3d", "conv3d", "conv_transpose3d", "lp_pool3d",
    "max_pool3d",
]  # fmt: skip


def conv3d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """The cross-correlation of volumes with kernels, as `conv2d` along three axes.

    Args:
        input: (N, C, D, H, W), or one volume (C, D, H, W); float32 or float64.
        weight: (O, C / groups, kd, kh, kw), of the input's dtype.
        bias: (O,), of the input's dtype, or None.

    Returns:
        (N, O, d, h, w).

    Raises ShapeError for shapes that do not fit.
    """
    _check("conv3d", input, weight)
    of_one_kind("conv3d", input, weight, bias)
    if input.ndim == 4:
        return _of_one(conv3d, input, weight, bias, stride, padding, dilation, groups)
    kernel, step, gap = weight.shape[2:], _three("stride", stride, 1), _three("dilation", dilation, 1)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"conv3d: padding must be 'valid', 'same' or numbers, not {padding!r}")
        if padding == "same" and step != (1, 1, 1):
            raise ShapeError(f"conv3d: padding 'same' needs stride 1, not {step}")
        total = [d * (k - 1) if padding == "same" else 0 for k, d in zip(kernel, gap)]
        around = [(n // 2, n - n // 2) for n in total]
    else:
        around = [(n, n) for n in _three("padding", padding, 0)]
    x = ops.pad(input, [n for pair in reversed(around) for n in pair])
    if x.shape[2] < gap[0] * (kernel[0] - 1) + 1:
        raise ShapeError(f"conv3d: volumes of size {x.shape[2:]}, with padding, are smaller than the kernel")
    seen = windows(x, 2, kernel[0], step[0], gap[0])  # (N, C, d, H, W, kd)
    n, channels, depth, height, width, _ = seen.shape
    images = ops.reshape(
        ops.permute(seen, (0, 2, 1, 5, 3, 4)), (n * depth, channels * kernel[0], height, width)
    )
    flat = ops.reshape(weight, (weight.shape[0], -1, *kernel[1:]))
    y = ops.conv2d(images, flat, None, step[1:], 0, gap[1:], groups)
    y = ops.permute(ops.reshape(y, (n, depth, *y.shape[1:])), (0, 2, 1, 3, 4))
    return _with_bias("conv3d", y, bias)


def conv_transpose3d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    """The transpose of `conv3d` as a linear map.

    Args:
        input: (N, C, D, H, W), or one volume (C, D, H, W); float32 or float64.
        weight: (C, O / groups, kd, kh, kw), of the input's dtype.
        bias: (O,), of the input's dtype, or None.

    Returns:
        (N, O, d, h, w); d is (D - 1) stride - 2 padding + dilation (kd - 1) + output_padding + 1.

    Raises ShapeError for shapes that do not fit.
    """
    _check("conv_transpose3d", input, weight)
    if input.ndim == 4:
        rest = (stride, padding, output_padding, groups, dilation)
        return _of_one(conv_transpose3d, input, weight, bias, *rest)
    kernel, step, gap = weight.shape[2:], _three("stride", stride, 1), _three("dilation", dilation, 1)
    around, more = _three("padding", padding, 0), _three("output_padding", output_padding, 0)
    if more[0] >= max(step[0], gap[0]):
        raise ShapeError(f"conv_transpose3d: output_padding {more} must be below stride or dilation")
    n, channels, depth, height, width = input.shape
    images = ops.reshape(ops.permute(input, (0, 2, 1, 3, 4)), (n * depth, channels, height, width))
    flat = ops.reshape(weight, (weight.shape[0], -1, *kernel[1:]))
    y = ops.conv_transpose2d(images, flat, None, step[1:], around[1:], more[1:], groups, gap[1:])
    y = ops.reshape(y, (n, depth, -1, kernel[0], *y.shape[2:]))
    full = (depth - 1) * step[0] + gap[0] * (kernel[0] - 1) + 1
    if full + more[0] - 2 * around[0] < 1:
        raise ShapeError(f"conv_transpose3d: padding {padding} leaves nothing of a result of depth {full}")
    y = overlapped(ops.permute(y, (0, 2, 1, 4, 5, 3)), full, 2, step[0], gap[0])
    y = ops.pad(y, (0, 0, 0, 0, -around[0], more[0] - around[0]))
    return _with_bias("conv_transpose3d", y, bias)


def max_pool3d(
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Value:
    """The largest element of every box; with `return_indices` also the place (d * H + h) * W + w of each.

    Args:
        input: (N, C, D, H, W), or one volume (C, D, H, W); float32 or float64.

    Returns:
        (N, C, d, h, w), and int64 places of this shape.
    """
    kernel, step = _three("kernel_size", kernel_size, 1), _steps(stride, kernel_size)
    around, gap = _three("padding", padding, 0), _three("dilation", dilation, 1)
    x, images = _images("max_pool3d", input)
    if 0 in x.shape[1:]:
        raise ShapeError(f"max_pool3d: needs channels and axes from 1 on, not {tuple(input.shape)}")
    found = max_pool2d(images, kernel[1:], step[1:], around[1:], gap[1:], ceil_mode, return_indices)
    values, places = found if return_indices else (found, None)
    along = _along_depth(x, values)
    found = max_pool2d(
        along, (kernel[0], 1), (step[0], 1), (around[0], 0), (gap[0], 1), ceil_mode, return_indices
    )
    if places is None:
        return _as_volumes(input, found, values)
    return _as_volumes(input, found[0], values), _as_volumes(input, _places(x, places, found[1]), values)


def _places(x: Value, places: Value, which: Value) -> Value:
    """The places in volumes of what is at `which` of its depths and parts, with those in images."""
    parts = _along_depth(x, places)
    at = ops.gather(ops.flatten(parts, -2), -1, ops.flatten(which, -2))
    return ops.reshape(at, which.shape) + which // parts.shape[-1] * (x.shape[-2] * x.shape[-1])


def avg_pool3d(
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """The mean of every box; integers give integers, cut; arguments as in `avg_pool2d`.

    Args:
        input: (N, C, D, H, W), or one volume (C, D, H, W); float32 or float64.

    Returns:
        (N, C, d, h, w).
    """
    kernel, step, around = (
        _three("kernel_size", kernel_size, 1),
        _steps(stride, kernel_size),
        _three("padding", padding, 0),
    )
    x, images = _images("avg_pool3d", input)
    whole = None if divisor_override is None else 1
    options = (ceil_mode, count_include_pad, whole)
    means = ops.avg_pool2d(images, kernel[1:], step[1:], around[1:], *options)
    found = ops.avg_pool2d(_along_depth(x, means), (kernel[0], 1), (step[0], 1), (around[0], 0), *options)
    y = _as_volumes(input, found, means)
    if divisor_override == 0:
        raise ValueError("avg_pool3d: divisor_override must not be 0")
    y = y if divisor_override is None else y / divisor_override
    return y if input.dtype.kind == "f" else ops.cast(y, input.dtype)


@in_floats
def lp_pool3d(
    input: Value, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Value:
    """As `lp_pool2d` along three axes: (N, C, D, H, W) -> (N, C, d, h, w)."""
    kernel = _three("kernel_size", kernel_size, 1)
    return root(avg_pool3d(input**norm_type, kernel, stride, 0, ceil_mode), norm_type, math.prod(kernel))


def adaptive_avg_pool3d(input: Value, output_size: Any) -> Value:
    """Means of boxes that cut (N, C, D, H, W) into `output_size` parts, as `adaptive_avg_pool2d`."""
    x, images, sizes = _cut("adaptive_avg_pool3d", input, output_size)
    means = adaptive_avg_pool2d(images, sizes[1:])
    return _as_volumes(input, adaptive_avg_pool2d(_along_depth(x, means), (sizes[0], None)), means)


def adaptive_max_pool3d(input: Value, output_size: Any, return_indices: bool = False) -> Value:
    """The largest elements of the boxes of `adaptive_avg_pool3d`; with `return_indices` also their places."""
    x, images, sizes = _cut("adaptive_max_pool3d", input, output_size)
    values, places = adaptive_max_pool2d(images, sizes[1:], True)
    along, which = adaptive_max_pool2d(_along_depth(x, values), (sizes[0], None), True)
    y = _as_volumes(input, along, values)
    return (y, _as_volumes(input, _places(x, places, which), values)) if return_indices else y


def _cut(name: str, input: Value, output_size: Any) -> tuple[Value, Value, tuple[Any, ...]]:
    """The volumes, their images, and into how many parts each axis is cut."""
    sizes = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size,) * 3
    if len(sizes) != 3:
        raise ShapeError(f"{name}: output_size must be one number or three, not {output_size}")
    return *_images(name, input), sizes


def _images(name: str, input: Value) -> tuple[Value, Value]:
    """The volumes (N, C, D, H, W), and all their images (N, C D, H, W)."""
    if input.ndim not in (4, 5):
        raise ShapeError(f"{name}: needs volumes (N, C, D, H, W) or (C, D, H, W), not {tuple(input.shape)}")
    x = input if input.ndim == 5 else ops.unsqueeze(input, 0)
    return x, ops.reshape(x, (x.shape[0], x.shape[1] * x.shape[2], *x.shape[3:]))


def _along_depth(x: Value, images: Value) -> Value:
    """Images (N, C D, h, w) of the volumes x as (N, C, D, h w)."""
    return ops.reshape(images, (*x.shape[:3], images.shape[2] * images.shape[3]))


def _as_volumes(input: Value, found: Value, images: Value) -> Value:
    """(N, C, d, h w) as (N, C, d, h, w), or without N."""
    y = ops.reshape(found, (*found.shape[:3], *images.shape[2:]))
    return y if input.ndim == 5 else ops.squeeze(y, 0)


def _of_one(function: Callable[..., Value], input: Value, *rest: Any) -> Value:
    return ops.squeeze(function(ops.unsqueeze(input, 0), *rest), 0)


def _with_bias(name: str, y: Value, bias: Value | None) -> Value:
    if bias is None:
        return y
    if bias.shape != (y.shape[1],):
        raise ShapeError(f"{name}: the bias must have shape {(y.shape[1],)}, not {tuple(bias.shape)}")
    return y + ops.reshape(bias, (-1, 1, 1, 1))


def _check(name: str, input: Value, weight: Value) -> None:
    if input.ndim not in (4, 5) or weight.ndim != 5:
        raise ShapeError(
            f"{name}: needs volumes (N, C, D, H, W) or (C, D, H, W) and a weight of five axes, "
            f"not {tuple(input.shape)} and {tuple(weight.shape)}"
        )


def _steps(stride: Any, kernel_size: Any) -> tuple[int, int, int]:
    default = stride is None or (isinstance(stride, tuple | list) and not stride)
    return _three("stride", kernel_size if default else stride, 1)


def _three(what: str, value: Any, least: int) -> tuple[int, int, int]:
    """One number for all three axes, or one for each."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,) * 3
    given = given * 3 if len(given) == 1 else given
    if len(given) != 3 or min(given) < least:
        raise ShapeError(f"{what} must be a number from {least} on, or three, not {value}")
    return int(given[0]), int(given[1]), int(given[2])
