"""Sliding windows over an axis, and the transposed map that adds windows up where they overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..kinds import View
from ..primitive import Primitive, Shape, Value, composite, normalize_axis
from .views import place, reshape_to, slice_ranges

__all__ = ["unfold"]


def _infer_windows(x: Any, axis: int, size: int, step: int, dilation: int) -> Any:
    n, reach = x.shape[axis], (size - 1) * dilation + 1
    if min(size, step, dilation) < 1 or reach > n:
        raise ShapeError(
            f"windows: {size} elements {dilation} apart, {step} from one window to the next, do not fit in "
            f"axis {axis} of {x.shape}"
        )
    return (*x.shape[:axis], (n - reach) // step + 1, *x.shape[axis + 1 :], size), x.dtype


def _run_windows(x: Any, axis: int, size: int, step: int, dilation: int) -> Any:
    shape, _ = _infer_windows(x, axis, size, step, dilation)
    stride = x.strides[axis]
    strides = (*x.strides[:axis], stride * step, *x.strides[axis + 1 :], stride * dilation)
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


#: x with an axis cut into windows of `size` elements, `dilation` apart, beginning every `step`: the
#: axis counts windows, a new last axis the elements of each. A primitive, because it is an index
#: map that the others do not compose to (each element is seen several times), and costs nothing.
windows = Primitive(
    "windows",
    View(
        lambda i, shape, axis, size, step, dilation: (
            *i[:axis],
            i[axis] * step + i[-1] * dilation,
            *i[axis + 1 : -1],
        )
    ),
    _run_windows,
    _infer_windows,
    (lambda g, y, x, axis, size, step, dilation: overlapped(g, x.shape[axis], axis, step, dilation),),
    cases=[((5, 2), 0, 2, 1, 1), ((1, 6), 1, 2, 2, 3), ((3,), 0, 3, 1, 1)],
)


def patches(x: Value, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Value:
    """(N, C, H, W) as windows (N, C, h, w, kh, kw): what a kernel sees at each of its h x w places."""
    x = windows(x, 2, kernel[0], stride[0], dilation[0])
    return windows(x, 3, kernel[1], stride[1], dilation[1])


def overlapped(g: Value, length: int, axis: int, step: int, dilation: int) -> Value:
    """The transpose of `windows`: zeros along an axis of `length`, with every window added at its place."""
    count, size = g.shape[axis], g.shape[-1]
    shape: Shape = (*g.shape[:axis], length, *g.shape[axis + 1 : -1])
    total = None
    for t in range(size):
        whole = [(0, n, 1) for n in g.shape[:-1]]
        piece = reshape_to(slice_ranges(g, (*whole, (t, 1, 1))), g.shape[:-1])
        whole[axis] = (t * dilation, count, step)
        piece = place(piece, shape, tuple(whole), 0.0)
        total = piece if total is None else total + piece
    return total


@composite((((2, 5),), {"axis": 1, "size": 3, "step": 2}))
def unfold(x: Value, axis: int, size: int, step: int) -> Value:
    """Windows of `size` elements along `axis`, beginning every `step`, as in PyTorch's Tensor.unfold.

    The axis counts the windows, a new last axis the elements of each. ShapeError if none fits.
    """
    if x.ndim == 0:
        normalize_axis("unfold", axis, 1)
        if size not in (0, 1):
            raise ShapeError(f"unfold: a tensor without axes has no {size} elements")
        return reshape_to(x, (1,)) if size else reshape_to(x, (1,))[:0]
    return windows(x, normalize_axis("unfold", axis, x.ndim), size, step, 1)
