"""Images distorted a little, each by random numbers of its own.

Where in the image a pixel of the result comes from is a smooth surface over it: a cubic B-spline
with seven control points per axis. A spline whose points are those of an affine map (turning,
shearing, scaling, shifting) is that map; a random displacement of each point adds the elastic part,
as smooth as random displacements of all pixels blurred by a Gaussian of a seventh of the image (P.
Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to visual
document analysis", 2003). Between pixels the image is interpolated linearly, around it all is 0.
"""

from typing import Any

import numpy as np

from tinygrad_mnist.kernels.angles import cos, sin
from tinygrad_mnist.kernels.arrays import lock, unlock
from tinygrad_mnist.kernels.philox import uniform_block_float32
from tinygrad_mnist.kernels.policy import kernel, scalar
from tinygrad_mnist.kernels.simd import use_full_width

Array = np.ndarray[Any, Any]

_F = np.float32
_U = np.uint64
_I = np.int32
_CELLS = 4  # of the spline along an axis
_POINTS = _CELLS + 3
_AFFINE = 8  # random numbers before those of the points; the last two are not used

#: Blocks of random numbers that one image takes; see `philox`.
BLOCKS = -(-(_AFFINE + 2 * _POINTS * _POINTS) // 4)


def distort(images: Array, key: int, offset: int, extents: Array, out: Array) -> None:
    """Fill `out` with distorted images; other Python threads run meanwhile.

    Args:
        images: uint8 (N, height, width), contiguous.
        key: of the stream of random numbers.
        offset: block of it where the numbers of the first image begin; the next ones follow.
        extents: float32, the largest rotation (radians), shear, relative change of scale, shift
            (pixels) and displacement of a control point (pixels); each image draws uniformly
            between plus and minus these.
        out: as images.
    """
    height, width = images.shape[1:]
    _distort(images, _U(key), _U(offset), extents, _basis(height), _basis(width), out)


def _basis(pixels: int) -> Array:
    """The weight of each control point (rows) at each pixel of an axis (columns), float32."""
    places = (np.arange(pixels) + 0.5) * (_CELLS / pixels)
    distance = abs(places - np.arange(-1, _CELLS + 2)[:, None])
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance).clip(0) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


@scalar
def _padded(x: Any, pixels: Any) -> Any:
    """A place moved to what is in or just around the image, counted from one pixel before it."""
    x = x if x > _F(-1) else _F(-1)
    return (x if x < pixels else pixels) + _F(1)


@scalar
def _from_centre(point: Any, pixels: Any) -> Any:
    """Where a control point is, in pixels."""
    return (_F(point - 1) / _F(_CELLS) - _F(0.5)) * _F(pixels)


@kernel
def _distort(images: Any, key: Any, offset: Any, extents: Any, down: Any, across: Any, out: Any) -> None:
    use_full_width()
    state = unlock(True)
    height, width = images.shape[1], images.shape[2]
    stride = width + 3
    padded = np.zeros((height + 3) * stride, np.float32)  # a line of 0 before the image, two behind
    random = np.empty(4 * BLOCKS, np.float32)
    y_points, x_points = np.empty((_POINTS, _POINTS), np.float32), np.empty((_POINTS, _POINTS), np.float32)
    y_line, x_line = np.empty(_POINTS, np.float32), np.empty(_POINTS, np.float32)
    y, x = np.empty(width, np.float32), np.empty(width, np.float32)
    places = np.empty(width, np.uint32)
    for n in range(images.shape[0]):
        for i in range(height):
            for j in range(width):
                padded[(i + 1) * stride + j + 1] = images[n, i, j]
        for b in range(BLOCKS):
            numbers = uniform_block_float32(key, offset + _U(n * BLOCKS + b))
            for k in range(4):
                random[4 * b + k] = _F(2) * numbers[k] - _F(1)
        turn, shear = extents[0] * random[0], extents[1] * random[1]
        sine, cosine = sin(turn), cos(turn)
        y_scale, x_scale = _F(1) + extents[2] * random[2], _F(1) + extents[2] * random[3]
        y_centre = _F(0.5) * _F(height - 1) + extents[3] * random[4]
        x_centre = _F(0.5) * _F(width - 1) + extents[3] * random[5]
        for r in range(_POINTS):
            for c in range(_POINTS):
                k = _AFFINE + 2 * (r * _POINTS + c)
                v, h = _from_centre(r, height), _from_centre(c, width)
                y_straight = y_scale * (cosine * v + sine * h)
                x_straight = x_scale * (cosine * h - sine * v + shear * v)
                y_points[r, c] = y_centre + y_straight + extents[4] * random[k]
                x_points[r, c] = x_centre + x_straight + extents[4] * random[k + 1]
        for i in range(height):
            y_line[:], x_line[:], y[:], x[:] = _F(0), _F(0), _F(0), _F(0)
            for r in range(_POINTS):
                for c in range(_POINTS):
                    y_line[c] += down[r, i] * y_points[r, c]
                    x_line[c] += down[r, i] * x_points[r, c]
            for c in range(_POINTS):
                for j in range(width):
                    y[j] += across[c, j] * y_line[c]
                    x[j] += across[c, j] * x_line[c]
            for j in range(width):
                v, h = _padded(y[j], _F(height)), _padded(x[j], _F(width))
                top, left = _I(v), _I(h)
                y[j], x[j] = v - _F(top), h - _F(left)
                places[j] = np.uint32(top * _I(stride) + left)
            for j in range(width):
                k = places[j]
                a, b = padded[k], padded[k + np.uint32(1)]
                c, d = padded[k + np.uint32(stride)], padded[k + np.uint32(stride + 1)]
                upper, lower = a + x[j] * (b - a), c + x[j] * (d - c)
                out[n, i, j] = np.uint8(_I(upper + y[j] * (lower - upper) + _F(0.5)))
    lock(state)
