"""Pooling: the largest or the mean of every patch of an image."""

from __future__ import annotations

import builtins
import math

import numpy as np

from ..errors import ShapeError
from ..primitive import Array, Value, composite
from .contract import product
from .convolution import Pair, pair, patches
from .gather import take_along
from .padding import pad
from .reduce import max, sum
from .views import permute_axes, reshape_to, slice_ranges


@composite(
    (((1, 2, 4, 5),), {"kernel_size": 2}),
    (((1, 3, 4),), {"kernel_size": (2, 3), "stride": 1, "padding": 1}),
)
def max_pool2d(
    x: Value,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Value:
    """The largest element of every patch: (N, C, H, W) -> (N, C, h, w), or without N.

    Elements that tie share the gradient (in PyTorch the first gets it). The sizes are those of
    `conv2d`; the default stride is the kernel's size, so that patches do not overlap.

    Args:
        x: images.
        kernel_size, stride, dilation: of the patches.
        padding: rows and columns around the image that are never the largest; at most half the
            kernel's size.
        ceil_mode: patches may reach over the end, so that none of the image is left out.

    Raises ShapeError for shapes that do not fit.
    """
    if x.ndim == 3:
        y = max_pool2d(reshape_to(x, (1, *x.shape)), kernel_size, stride, padding, dilation, ceil_mode)
        return reshape_to(y, y.shape[1:])
    kernel, step, around, gap, more = _settled(
        "max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode
    )
    lowest = -math.inf if x.dtype.kind == "f" else int(np.iinfo(x.dtype).min)
    x = pad(x, (around[1], around[1] + more[1], around[0], around[0] + more[0]), lowest)
    return max(_patches(x, kernel, step, gap), (4, 5))


@composite(
    (((1, 2, 4, 5),), {"kernel_size": 2}),
    (
        ((1, 3, 4),),
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
    ),
)
def avg_pool2d(
    x: Value,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Value:
    """The mean of every patch; shapes and arguments as in `max_pool2d`.

    `count_include_pad` says whether the zeros around the image count as elements.
    """
    if x.ndim == 3:
        y = avg_pool2d(
            reshape_to(x, (1, *x.shape)), kernel_size, stride, padding, ceil_mode, count_include_pad
        )
        return reshape_to(y, y.shape[1:])
    kernel, step, around, _, more = _settled("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    size = x.shape[2:]
    x = pad(x, (around[1], around[1] + more[1], around[0], around[0] + more[0]))
    total = sum(_patches(x, kernel, step, (1, 1)), (4, 5))
    if not any(more) and (count_include_pad or not any(around)):
        return total / math.prod(kernel)
    counts = [
        _counts(n, total.shape[2 + i], kernel[i], step[i], around[i], count_include_pad)
        for i, n in enumerate(size)
    ]
    return total / np.outer(*counts).astype(x.dtype)


@composite((((1, 2, 6),), {"kernel_size": 3, "stride": 2}))
def max_pool1d(x: Value, kernel_size: int, stride: int | None = None, padding: int = 0) -> Value:
    """As `max_pool2d` along one axis: (N, C, L) -> (N, C, l), or without N."""
    y = max_pool2d(_flat(x), (1, kernel_size), (1, stride or kernel_size), (0, padding))
    return reshape_to(y, (*y.shape[:-2], y.shape[-1]))


@composite((((1, 2, 6),), {"kernel_size": 3, "stride": 2}))
def avg_pool1d(x: Value, kernel_size: int, stride: int | None = None, padding: int = 0) -> Value:
    """As `avg_pool2d` along one axis: (N, C, L) -> (N, C, l), or without N."""
    y = avg_pool2d(_flat(x), (1, kernel_size), (1, stride or kernel_size), (0, padding))
    return reshape_to(y, (*y.shape[:-2], y.shape[-1]))


@composite((((1, 1, 5, 4),), {"output_size": (2, 3)}))
def adaptive_avg_pool2d(x: Value, output_size: Pair) -> Value:
    """Means of patches that cut the last two axes into `output_size` parts, overlapping where they must.

    Part i of n reaches from floor(i L / n) up to ceil((i + 1) L / n), as in PyTorch.
    """
    height, width = pair("adaptive_avg_pool2d", "output_size", output_size, 1)
    return product(product(_shares(x, -2, height), x), np.ascontiguousarray(_shares(x, -1, width).T))


@composite((((1, 1, 5, 4),), {"output_size": (2, 3)}))
def adaptive_max_pool2d(x: Value, output_size: Pair) -> Value:
    """The largest elements of the patches of `adaptive_avg_pool2d`."""
    for axis, n in zip((-2, -1), pair("adaptive_max_pool2d", "output_size", output_size, 1), strict=True):
        first, last = _parts(x.shape[axis], n)
        inside = first[:, None] + np.arange(int((last - first).max()))
        at = x.ndim + axis
        x = max(take_along(x, np.minimum(inside, last[:, None] - 1), at), at + 1)
    return x


Pairs = tuple[tuple[int, int], ...]


def _settled(
    name: str,
    x: Value,
    kernel_size: Pair,
    stride: Pair | None,
    padding: Pair,
    dilation: Pair,
    ceil_mode: bool,
) -> Pairs:
    """Kernel, stride, padding, dilation, and how much more comes after the end in ceil_mode, as pairs."""
    kernel = pair(name, "kernel_size", kernel_size, 1)
    step = kernel if stride is None else pair(name, "stride", stride, 1)
    around, gap = pair(name, "padding", padding), pair(name, "dilation", dilation, 1)
    if x.ndim != 4:
        raise ShapeError(f"{name}: needs images (N, C, H, W) or (C, H, W), not {x.shape}")
    if any(2 * p > k for p, k in zip(around, kernel, strict=True)):
        raise ShapeError(f"{name}: padding {padding} is more than half of kernel_size {kernel_size}")
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, gap, strict=True)]
    if any(n + 2 * p < r for n, p, r in zip(x.shape[2:], around, reach, strict=True)):
        raise ShapeError(
            f"{name}: images {x.shape}, padding included, are smaller than kernel_size {kernel_size}"
        )
    more = [0, 0]
    for i, n in enumerate(x.shape[2:] if ceil_mode else ()):
        count = -(-(n + 2 * around[i] - reach[i]) // step[i]) + 1
        if (count - 1) * step[i] >= n + around[i]:  # the last would see nothing of the image
            count -= 1
        more[i] = builtins.max((count - 1) * step[i] + reach[i] - (n + 2 * around[i]), 0)
    return kernel, step, around, gap, (more[0], more[1])


def _flat(x: Value) -> Value:
    """(N, C, L) as images of height 1."""
    if x.ndim not in (2, 3):
        raise ShapeError(f"pooling along one axis needs (N, C, L) or (C, L), not {x.shape}")
    return reshape_to(x, (*x.shape[:-1], 1, x.shape[-1]))


def _parts(length: int, count: int) -> tuple[Array, Array]:
    """Where the parts begin and end."""
    i = np.arange(count)
    return i * length // count, -(-(i + 1) * length // count)


def _shares(x: Value, axis: int, count: int) -> Array:
    """The matrix that takes the means of the parts of an axis."""
    first, last = _parts(x.shape[axis], count)
    at = np.arange(x.shape[axis])
    inside = (first[:, None] <= at) & (at < last[:, None])
    return (inside / (last - first)[:, None]).astype(x.dtype)


def _patches(x: Value, kernel: tuple[int, int], step: tuple[int, int], gap: tuple[int, int]) -> Value:
    """(N, C, h, w, kh, kw): by reshaping alone where the patches do not overlap."""
    if step != kernel or gap != (1, 1):
        return patches(x, kernel, step, gap)
    n, channels, height, width = x.shape
    h, w = height // kernel[0], width // kernel[1]
    x = slice_ranges(x, ((0, n, 1), (0, channels, 1), (0, h * kernel[0], 1), (0, w * kernel[1], 1)))
    return permute_axes(reshape_to(x, (n, channels, h, kernel[0], w, kernel[1])), (0, 1, 2, 4, 3, 5))


def _counts(n: int, windows: int, size: int, step: int, around: int, include: bool) -> Array:
    """How many elements that count each window along one axis has."""
    first = np.arange(windows) * step - around
    low, high = (-around, n + around) if include else (0, n)
    return np.minimum(first + size, high) - np.maximum(first, low)
