"""The convolution primitives: three maps that are one another's derivatives.

All belong to one sum of products, y[n, o, p, q] w[o, c, i, j] x[n, c, p s + i d, q s' + j d'] over all its
letters: each gives what one of the three letters is multiplied by. So the derivatives of each are the
two others, to any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..kernels import convolution as kernels
from ..kinds import Contract, Function, Images
from ..primitive import Primitive, Shape, result_dtype, undefined

Pair = tuple[int, int]


def _size(x: Shape, w: Shape, stride: Pair, dilation: Pair) -> Shape:
    """Height and width of y, of those of x and w."""
    sizes = zip(x[-2:], w[-2:], stride, dilation, strict=True)
    return tuple((n - d * (k - 1) - 1) // s + 1 if k else 0 for n, k, s, d in sizes)


def _check(name: str, x: Shape, w: Shape, y: Shape, stride: Pair, dilation: Pair, groups: int) -> None:
    """ShapeError unless images x, kernels w and results y belong together."""
    fits = len(x) == len(w) == len(y) == 4 and min(*stride, *dilation, groups, *w[2:]) >= 1
    fits = fits and w[0] % groups == 0 and x[1] == w[1] * groups and y[:2] == (x[0], w[0])
    if not (fits and y[2:] == _size(x, w, stride, dilation) and min(y[2:]) >= 1):
        raise ShapeError(
            f"{name}: images {x}, kernels {w} and results {y} do not belong together with stride {stride}, "
            f"dilation {dilation} and {groups} groups"
        )


def _floats(name: str, a: Any, b: Any) -> Any:
    """Their common dtype; DTypeError if that is not of floats."""
    dtype = result_dtype(a, b)
    if dtype.kind != "f":
        raise undefined(name, (a, b))
    return dtype


def _infer(x: Any, w: Any, stride: Pair, dilation: Pair, groups: int) -> Any:
    shape = (*x.shape[:1], *w.shape[:1], *_size(x.shape, w.shape, stride, dilation))
    _check("convolution", x.shape, w.shape, shape, stride, dilation, groups)
    return shape, _floats("convolution", x, w)


def _infer_input(y: Any, w: Any, size: Pair, stride: Pair, dilation: Pair, groups: int) -> Any:
    shape = (y.shape[0], w.shape[1] * groups, *size)
    _check("convolution_input", shape, w.shape, y.shape, stride, dilation, groups)
    return shape, _floats("convolution_input", y, w)


def _infer_weight(y: Any, x: Any, taps: Pair, stride: Pair, dilation: Pair, groups: int) -> Any:
    shape = (y.shape[1], x.shape[1] // groups, *taps)
    _check("convolution_weight", x.shape, shape, y.shape, stride, dilation, groups)
    return shape, _floats("convolution_weight", y, x)


def _checked(kernel: Any, infer: Any) -> Any:
    """The kernel on operands whose shapes and dtypes have been seen to."""

    def run(a: Any, b: Any, *params: Any) -> Any:
        _, dtype = infer(a, b, *params)
        return kernel(np.asarray(a, dtype), np.asarray(b, dtype), *params)

    return run


#: x (N, C, H, W) with w (O, C / groups, kh, kw): (N, O, h, w). Parameters: stride, dilation, groups.
convolution: Primitive = Primitive(
    "convolution",
    Contract(Function("convolution", "tinygrad_mnist.kernels.convolve"), Images((0, 1, 2), 3)),
    _checked(kernels.convolution, _infer),
    _infer,
    (
        lambda g, y, x, w, *geometry: convolution_input(g, w, x.shape[2:], *geometry),
        lambda g, y, x, w, *geometry: convolution_weight(g, x, w.shape[2:], *geometry),
    ),
    cases=[
        ((2, 1, 3, 3), (2, 1, 2, 2), (1, 1), (1, 1), 1),
        ((1, 2, 5, 4), (2, 1, 2, 2), (2, 1), (1, 2), 2),
        ((0, 1, 2, 2), (1, 1, 2, 1), (1, 1), (1, 1), 1),
    ],
)

#: y (N, O, h, w) with w: (N, C, H, W), the transpose of `convolution` as a map of x. Parameters: (H, W),
#: then those of `convolution`.
convolution_input: Primitive = Primitive(
    "convolution_input",
    Contract(Function("convolution_input", "tinygrad_mnist.kernels.convolve"), Images((2, 1, 0), 3)),
    _checked(kernels.convolution_input, _infer_input),
    _infer_input,
    (
        lambda g, y, a, w, size, *geometry: convolution(g, w, *geometry),
        lambda g, y, a, w, size, *geometry: convolution_weight(a, g, w.shape[2:], *geometry),
    ),
    cases=[
        ((2, 2, 2, 2), (2, 1, 2, 2), (3, 3), (1, 1), (1, 1), 1),
        ((1, 2, 2, 2), (2, 1, 2, 2), (5, 4), (2, 1), (1, 2), 2),
    ],
)

#: y (N, O, h, w) with x: (O, C / groups, kh, kw), the transpose of `convolution` as a map of w.
#: Parameters: (kh, kw), then those of `convolution`.
convolution_weight: Primitive = Primitive(
    "convolution_weight",
    Contract(
        Function("convolution_weight", "tinygrad_mnist.kernels.convolve"), Images((1, 2, 0), 3, total=True)
    ),
    _checked(kernels.convolution_weight, _infer_weight),
    _infer_weight,
    (
        lambda g, y, a, x, taps, *geometry: convolution(x, g, *geometry),
        lambda g, y, a, x, taps, *geometry: convolution_input(a, g, x.shape[2:], *geometry),
    ),
    cases=[
        ((2, 2, 2, 2), (2, 1, 3, 3), (2, 2), (1, 1), (1, 1), 1),
        ((1, 2, 2, 2), (1, 2, 5, 4), (2, 2), (2, 1), (1, 2), 2),
    ],
)
