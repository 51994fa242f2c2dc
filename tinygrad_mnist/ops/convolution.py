"""Convolutions as matrix products: every patch of the input as a column, every kernel as a row.

The columns are made of windows (an index map) and laid out in memory once; the products run on
the tiles of the matrix kernels. The derivatives are those of windows and products, to any order.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..primitive import Value, composite
from .contract import product
from .padding import pad
from .views import permute_axes, reshape_to
from .windows import overlapped, windows

Pair = int | tuple[int, int]


def pair(name: str, what: str, value: Any, least: int = 0) -> tuple[int, int]:
    """One number for both axes of an image, or one for each; ShapeError unless they are at least `least`."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) == 1:
        both *= 2
    if len(both) != 2 or min(both) < least:
        raise ShapeError(f"{name}: {what} must be a number from {least} on, or two, not {value}")
    return int(both[0]), int(both[1])


def patches(x: Value, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Value:
    """(N, C, H, W) as windows (N, C, h, w, kh, kw): what a kernel sees at each of its h x w places."""
    x = windows(x, 2, kernel[0], stride[0], dilation[0])
    return windows(x, 3, kernel[1], stride[1], dilation[1])


_IMAGE = ((1, 2, 4, 4), (2, 2, 2, 3))


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
    seen = patches(x, kernel, step, gap)
    n, _, height, width = seen.shape[:4]
    depth = weight.shape[1] * math.prod(kernel)
    seen = permute_axes(seen, (0, 1, 4, 5, 2, 3))
    if groups == 1:
        columns = reshape_to(seen, (n, depth, height * width))
        y = product(reshape_to(weight, (weight.shape[0], depth)), columns)
    else:
        columns = reshape_to(seen, (n, groups, depth, height * width))
        y = product(reshape_to(weight, (groups, weight.shape[0] // groups, depth)), columns)
    y = reshape_to(y, (n, weight.shape[0], height, width))
    return y if bias is None else y + reshape_to(bias, (bias.shape[0], 1, 1))


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
    n, channels, height, width = x.shape
    out, kernel = weight.shape[1], weight.shape[2:]
    rows = reshape_to(weight, (groups, channels // groups, out * math.prod(kernel)))
    columns = reshape_to(x, (n, groups, channels // groups, height * width))
    spread = product(permute_axes(rows, (0, 2, 1)), columns)
    spread = reshape_to(spread, (n, groups * out, *kernel, height, width))
    y = permute_axes(spread, (0, 1, 4, 5, 2, 3))
    full = [
        (s - 1) * t + d * (k - 1) + 1 + m
        for s, t, d, k, m in zip(x.shape[2:], step, gap, kernel, more, strict=True)
    ]
    y = overlapped(y, full[1], 3, step[1], gap[1])
    y = overlapped(y, full[0], 2, step[0], gap[0])
    if min(f - 2 * p for f, p in zip(full, around, strict=True)) < 1:
        raise ShapeError(
            f"conv_transpose2d: padding {padding} leaves nothing of a result of size {tuple(full)}"
        )
    y = pad(y, (-around[1], -around[1], -around[0], -around[0]))
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
    if groups < 1 or x.shape[1] != per_group * groups or weight.shape[0] % groups:
        raise ShapeError(
            f"{name}: images {x.shape} do not fit a weight {weight.shape} in {groups} groups: the shape of "
            f"the weight must be {'(O, C / groups, kh, kw)' if forward else '(C, O / groups, kh, kw)'}"
        )
    out = weight.shape[0] if forward else weight.shape[1] * groups
    if bias is not None and bias.shape != (out,):
        raise ShapeError(f"{name}: the bias must have shape {(out,)}, not {bias.shape}")
