"""Pooling with PyTorch's arguments, and the places of what was the largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...errors import ShapeError
from ...ops.convolution import pair
from ...ops.floats import in_floats
from ...ops.windows import patches
from ...primitive import Value

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "avg_pool1d",
    "avg_pool2d", "lp_pool1d", "lp_pool2d", "max_pool1d", "max_pool2d", "max_unpool1d", "max_unpool2d",
]  # fmt: skip


def max_pool2d(
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Value:
    """See `ops.max_pool2d`; with `return_indices` also the place (row * W + column) of each."""
    values = ops.max_pool2d(input, kernel_size, _stride(stride), padding, dilation, ceil_mode)
    if not return_indices:
        return values
    return values, _places(input, values.shape[-2:], kernel_size, _stride(stride), padding, dilation)


def max_pool1d(
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Value:
    """See `ops.max_pool1d`; with `return_indices` also where along the axis each one lies."""
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise ShapeError(
            f"max_pool1d: needs (N, C, L) or (C, L) with C and L from 1 on, not {tuple(input.shape)}"
        )
    values = ops.max_pool1d(input, kernel_size, _stride(stride), padding, dilation, ceil_mode)
    if not return_indices:
        return values
    image = ops.unsqueeze(input, -2)
    step = _stride(stride)
    places = _places(
        image,
        (1, values.shape[-1]),
        (1, _one(kernel_size)),
        None if step is None else (1, _one(step)),
        (0, _one(padding)),
        (1, _one(dilation)),
    )
    return values, ops.squeeze(places, -2)


def _places(x: Value, size: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Value:
    """For patches of (..., H, W) the place of the largest element, int64 (..., h, w)."""
    kernel = pair("max_pool", "kernel_size", kernel_size, 1)
    step = kernel if stride is None else pair("max_pool", "stride", stride, 1)
    around, gap = pair("max_pool", "padding", padding), pair("max_pool", "dilation", dilation, 1)
    images = ops.stop_gradient(x if x.ndim == 4 else ops.unsqueeze(x, 0))
    height, width = images.shape[2:]
    need = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(size, step, gap, kernel)]
    ends = [n - p - m for n, p, m in zip(need, around, (height, width))]
    lowest = -np.inf if images.dtype.kind == "f" else int(np.iinfo(images.dtype).min)
    padded = ops.pad(images, (around[1], ends[1], around[0], ends[0]), value=lowest)
    seen = patches(padded, kernel, step, gap)
    at = ops.argmax(ops.flatten(seen, 4), -1)
    rows = np.arange(size[0])[:, None] * step[0] - around[0]
    columns = np.arange(size[1]) * step[1] - around[1]
    found = (rows + (at // kernel[1]) * gap[0]) * width + columns + (at % kernel[1]) * gap[1]
    return found if x.ndim == 4 else ops.squeeze(found, 0)


def avg_pool2d(
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """See `ops.avg_pool2d`; integers give integers, cut."""
    y = ops.avg_pool2d(
        input, kernel_size, _stride(stride), padding, ceil_mode, count_include_pad, divisor_override
    )
    return y if input.dtype.kind == "f" else ops.cast(y, input.dtype)


def avg_pool1d(
    input: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Value:
    """See `ops.avg_pool1d`; integers give integers, cut."""
    y = ops.avg_pool1d(input, kernel_size, _stride(stride), padding, ceil_mode, count_include_pad)
    return y if input.dtype.kind == "f" else ops.cast(y, input.dtype)


@in_floats
def lp_pool2d(
    input: Value, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Value:
    """The `norm_type`-norm of every patch: the p-th root of the sum of x^p."""
    kernel = pair("lp_pool2d", "kernel_size", kernel_size, 1)
    return root(avg_pool2d(input**norm_type, kernel, stride, 0, ceil_mode), norm_type, kernel[0] * kernel[1])


@in_floats
def lp_pool1d(
    input: Value, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Value:
    """As `lp_pool2d` along one axis."""
    return root(avg_pool1d(input**norm_type, kernel_size, stride, 0, ceil_mode), norm_type, _one(kernel_size))


def root(mean: Value, p: float, count: int) -> Value:
    """PyTorch's: sign(m) relu(|m|) times the number of elements, to the power 1 / p."""
    return (ops.sign(mean) * ops.relu(ops.abs(mean)) * count) ** (1.0 / p)


def adaptive_avg_pool2d(input: Value, output_size: Any) -> Value:
    """See `ops.adaptive_avg_pool2d`."""
    return ops.adaptive_avg_pool2d(input, _sizes(output_size))


def adaptive_avg_pool1d(input: Value, output_size: Any) -> Value:
    """As `adaptive_avg_pool2d` along one axis: (N, C, L) -> (N, C, output_size)."""
    return _along_one(ops.adaptive_avg_pool2d, input, output_size)


def adaptive_max_pool2d(input: Value, output_size: Any, return_indices: bool = False) -> Value:
    """See `ops.adaptive_max_pool2d`; with `return_indices` also where in the image each one lies."""
    values = ops.adaptive_max_pool2d(input, _sizes(output_size))
    return (values, _adaptive_places(input, values.shape[-2:])) if return_indices else values


def adaptive_max_pool1d(input: Value, output_size: Any, return_indices: bool = False) -> Value:
    """As `adaptive_max_pool2d` along one axis."""
    values = _along_one(ops.adaptive_max_pool2d, input, output_size)
    if not return_indices:
        return values
    places = _adaptive_places(ops.unsqueeze(input, -2), (1, values.shape[-1]))
    return values, ops.squeeze(places, -2)


def _adaptive_places(x: Value, size: Any) -> Value:
    height, width = x.shape[-2:]
    x = ops.stop_gradient(x)
    rows = []
    for top, bottom in _parts(height, size[0]):
        row = []
        for left, right in _parts(width, size[1]):
            at = ops.argmax(ops.flatten(x[..., top:bottom, left:right], -2), -1)
            row.append((top + at // (right - left)) * width + left + at % (right - left))
        rows.append(ops.stack(row, -1))
    return ops.stack(rows, -2)


def _parts(n: int, count: int) -> list[tuple[int, int]]:
    return [(i * n // count, -((-(i + 1) * n) // count)) for i in range(count)]


def _along_one(pool: Callable[..., Value], x: Value, output_size: Any) -> Value:
    if x.ndim not in (2, 3):
        raise ShapeError(f"pooling along one axis needs (N, C, L) or (C, L), not {tuple(x.shape)}")
    return ops.squeeze(pool(ops.unsqueeze(x, -2), (1, _one(output_size))), -2)


def max_unpool2d(
    input: Value,
    indices: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Value:
    """Zeros, with the elements of a `max_pool2d` back in their places."""
    kernel = pair("max_unpool2d", "kernel_size", kernel_size, 1)
    step = kernel if _stride(stride) is None else pair("max_unpool2d", "stride", stride, 1)
    around = pair("max_unpool2d", "padding", padding)
    size = [(n - 1) * s - 2 * p + k for n, s, p, k in zip(input.shape[-2:], step, around, kernel)]
    if output_size is not None:
        size = list(output_size)[-2:]
    *lead, height, width = input.shape
    flat = ops.reshape(input, (*lead, height * width))
    empty = np.zeros((*lead, size[0] * size[1]), input.dtype)
    found = ops.scatter(_like(flat, empty), -1, ops.reshape(indices, flat.shape), flat)
    return ops.reshape(found, (*lead, *size))


def max_unpool1d(
    input: Value,
    indices: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Value:
    """As `max_unpool2d` along one axis."""
    step = _stride(stride)
    y = max_unpool2d(
        ops.unsqueeze(input, -2),
        ops.unsqueeze(indices, -2),
        (1, _one(kernel_size)),
        None if step is None else (1, _one(step)),
        (0, _one(padding)),
        None if output_size is None else (1, list(output_size)[-1]),
    )
    return ops.squeeze(y, -2)


def _like(x: Value, array: Any) -> Value:
    return ops.stop_gradient(x[..., :1] * 0) + array if x.shape[-1] else array


def _stride(stride: Any) -> Any:
    """None for PyTorch's empty list, which means the kernel's size too."""
    return None if isinstance(stride, list | tuple) and not stride else stride


def _one(value: Any) -> int:
    return int(value[0]) if isinstance(value, tuple | list) else int(value)


def _sizes(output_size: Any) -> Any:
    return tuple(output_size) if isinstance(output_size, list) else output_size
