"""Pooling: the largest or the mean of every patch of an image."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..errors import ShapeError
from ..primitive import Array, Value, composite
from .convolution import Pair, pair
from .floats import in_floats
from .joining import concatenate
from .padding import pad
from .reduce import amax, sum
from .statistics import mean
from .views import permute_axes, reshape_to, slice_ranges
from .windows import patches

__all__ = [
    "adaptive_avg_pool2d", "adaptive_max_pool2d", "avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d",
]  # fmt: skip

One = int | tuple[int]
Parts = Pair | tuple[int | None, int | None] | None


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
        x: (N, C, H, W), or one image (C, H, W).
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
    lowest = -math.inf if x.dtype.kind == "f" else 0 if x.dtype.kind == "b" else int(np.iinfo(x.dtype).min)
    x = pad(x, (around[1], around[1] + more[1], around[0], around[0] + more[0]), value=lowest)
    return amax(_patches(x, kernel, step, gap), (4, 5))


@composite(
    (((1, 2, 4, 5),), {"kernel_size": 2}),
    (
        ((1, 3, 4),),
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
    ),
)
@in_floats
def avg_pool2d(
    x: Value,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """The mean of every patch; shapes and arguments as in `max_pool2d`.

    `count_include_pad` says whether the zeros around the image count as elements. The sum of a patch is
    divided by `divisor_override`, if given, instead of their number.
    """
    if x.ndim == 3:
        y = avg_pool2d(
            reshape_to(x, (1, *x.shape)),
            kernel_size,
            stride,
            padding,
            ceil_mode,
            count_include_pad,
            divisor_override,
        )
        return reshape_to(y, y.shape[1:])
    kernel, step, around, _, more = _settled("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    size = x.shape[2:]
    x = pad(x, (around[1], around[1] + more[1], around[0], around[0] + more[0]))
    total = sum(_patches(x, kernel, step, (1, 1)), (4, 5))
    if divisor_override is not None:
        if divisor_override == 0:
            raise ValueError("avg_pool2d: divisor_override must not be 0")
        return total / divisor_override
    if not any(more) and (count_include_pad or not any(around)):
        return total / math.prod(kernel)
    counts = [
        _counts(n, total.shape[2 + i], kernel[i], step[i], around[i], count_include_pad)
        for i, n in enumerate(size)
    ]
    return total / np.outer(*counts).astype(x.dtype)


@composite((((1, 2, 6),), {"kernel_size": 3, "stride": 2}))
def max_pool1d(
    x: Value,
    kernel_size: One,
    stride: One | None = None,
    padding: One = 0,
    dilation: One = 1,
    ceil_mode: bool = False,
) -> Value:
    """As `max_pool2d` along one axis: (N, C, L) -> (N, C, l), or without N."""
    kernel, step = _along(kernel_size), None if stride is None else _along(stride)
    y = max_pool2d(_flat(x), kernel, step, _along(padding, 0), _along(dilation), ceil_mode)
    return reshape_to(y, (*y.shape[:-2], y.shape[-1]))


@composite((((1, 2, 6),), {"kernel_size": 3, "stride": 2}))
@in_floats
def avg_pool1d(
    x: Value,
    kernel_size: One,
    stride: One | None = None,
    padding: One = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Value:
    """As `avg_pool2d` along one axis: (N, C, L) -> (N, C, l), or without N."""
    kernel, step = _along(kernel_size), None if stride is None else _along(stride)
    y = avg_pool2d(_flat(x), kernel, step, _along(padding, 0), ceil_mode, count_include_pad)
    return reshape_to(y, (*y.shape[:-2], y.shape[-1]))


@composite((((1, 1, 5, 4),), {"output_size": (2, 3)}))
@in_floats
def adaptive_avg_pool2d(x: Value, output_size: Parts) -> Value:
    """Means of patches that cut the last two axes into `output_size` parts, overlapping where they must.

    Part i of n reaches from floor(i L / n) up to ceil((i + 1) L / n), as in PyTorch. For None an axis
    keeps its length. x is (N, C, H, W) or (C, H, W); ShapeError for others.
    """
    for axis, n in _counted("adaptive_avg_pool2d", x, output_size):
        x = _by_parts(mean, x, axis, n)
    return x


@composite((((1, 1, 5, 4),), {"output_size": (2, 3)}))
def adaptive_max_pool2d(x: Value, output_size: Parts) -> Value:
    """The largest elements of the patches of `adaptive_avg_pool2d`."""
    for axis, n in _counted("adaptive_max_pool2d", x, output_size):
        x = _by_parts(amax, x, axis, n)
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
        more[i] = max((count - 1) * step[i] + reach[i] - (n + 2 * around[i]), 0)
    return kernel, step, around, gap, (more[0], more[1])


def _along(value: One, across: int = 1) -> tuple[int, int]:
    """An argument of pooling along one axis as one for images of height 1."""
    if isinstance(value, int):
        return across, value
    (one,) = value
    return across, one


def _flat(x: Value) -> Value:
    """(N, C, L) as images of height 1."""
    if x.ndim not in (2, 3):
        raise ShapeError(f"pooling along one axis needs (N, C, L) or (C, L), not {x.shape}")
    return reshape_to(x, (*x.shape[:-1], 1, x.shape[-1]))


def _counted(name: str, x: Value, parts: Parts) -> list[tuple[int, int]]:
    """(axis, into how many parts it is cut)."""
    if x.ndim not in (3, 4):
        raise ShapeError(f"{name}: needs images (N, C, H, W) or (C, H, W), not {x.shape}")
    both = parts if isinstance(parts, tuple | list) else (parts,) * 2
    lengths = [n if k is None else k for k, n in zip(both, x.shape[-2:], strict=True)]
    return list(zip((x.ndim - 2, x.ndim - 1), pair(name, "output_size", lengths, 1), strict=True))


def _by_parts(reduce: Callable[..., Value], x: Value, axis: int, count: int) -> Value:
    """The parts of an axis, each reduced to one element."""
    n = x.shape[axis]
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    if n % count == 0:
        return reduce(reshape_to(x, (*before, count, n // count, *after)), axis + 1)
    parts = []
    for i in range(count):
        first, last = i * n // count, -(-(i + 1) * n // count)
        ranges = [(0, k, 1) for k in x.shape]
        ranges[axis] = (first, last - first, 1)
        parts.append(reduce(slice_ranges(x, tuple(ranges)), axis, keepdims=True))
    return concatenate(parts, axis)


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
