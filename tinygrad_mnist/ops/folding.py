"""Images as columns, one for each place of a window, and columns added up to an image again."""

from __future__ import annotations

import math

from ..errors import ShapeError
from ..primitive import Value, composite
from .convolution import Pair, pair
from .padding import pad
from .views import permute_axes, reshape_to
from .windows import overlapped, patches

__all__ = ["fold", "im2col"]


@composite(
    (((1, 2, 3, 4),), {"kernel_size": 2}), (((2, 4, 3),), {"kernel_size": (2, 1), "padding": 1, "stride": 2})
)
def im2col(x: Value, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Value:
    """Every patch of images (N, C, H, W) as a column of (N, C kh kw, L): PyTorch's functional unfold.

    The L places and the arguments are those of `conv2d`. Images may come without N. Raises ShapeError
    for shapes that do not fit.
    """
    if x.ndim == 3:
        y = im2col(reshape_to(x, (1, *x.shape)), kernel_size, dilation, padding, stride)
        return reshape_to(y, y.shape[1:])
    if x.ndim != 4:
        raise ShapeError(f"im2col: needs images (N, C, H, W) or (C, H, W), not {x.shape}")
    kernel, gap, around, step = _settled("im2col", kernel_size, dilation, padding, stride)
    x = pad(x, (around[1], around[1], around[0], around[0]))
    seen = permute_axes(patches(x, kernel, step, gap), (0, 1, 4, 5, 2, 3))
    n, channels, _, _, height, width = seen.shape
    return reshape_to(seen, (n, channels * math.prod(kernel), height * width))


@composite(
    (((1, 4, 6),), {"output_size": (3, 4), "kernel_size": 2}),
    (((4, 9),), {"output_size": (4, 3), "kernel_size": (2, 1), "padding": 1, "stride": 2}),
)
def fold(
    x: Value, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Value:
    """The transpose of `im2col`: columns (N, C kh kw, L) added up where they overlap, (N, C, H, W).

    `output_size` is (H, W). Columns may come without N. Raises ShapeError for shapes that do not fit.
    """
    if x.ndim == 2:
        y = fold(reshape_to(x, (1, *x.shape)), output_size, kernel_size, dilation, padding, stride)
        return reshape_to(y, y.shape[1:])
    size = pair("fold", "output_size", output_size, 1)
    kernel, gap, around, step = _settled("fold", kernel_size, dilation, padding, stride)
    full = [n + 2 * p for n, p in zip(size, around, strict=True)]
    places = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(full, gap, kernel, step, strict=True)]
    if x.ndim != 3 or x.shape[1] % math.prod(kernel) or min(places) < 1 or x.shape[2] != math.prod(places):
        raise ShapeError(
            f"fold: {x.shape} are not the columns of images of size {size}: with this kernel they are "
            f"(N, C * {math.prod(kernel)}, {places[0]} * {places[1]})"
        )
    y = reshape_to(x, (x.shape[0], x.shape[1] // math.prod(kernel), *kernel, *places))
    y = overlapped(permute_axes(y, (0, 1, 4, 5, 2, 3)), full[1], 3, step[1], gap[1])
    y = overlapped(y, full[0], 2, step[0], gap[0])
    return pad(y, (-around[1], -around[1], -around[0], -around[0]))


def _settled(name: str, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> list[tuple[int, int]]:
    return [
        pair(name, "kernel_size", kernel, 1),
        pair(name, "dilation", dilation, 1),
        pair(name, "padding", padding),
        pair(name, "stride", stride, 1),
    ]
