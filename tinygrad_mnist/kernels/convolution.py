"""Convolutions of images with kernels, and their two derivatives, by several threads if they are large.

Arrays: images x (N, C, H, W), kernels w (O, C / groups, kh, kw), results y (N, O, h, w); see `convolve`.
All are float32, or all float64.
"""

import math
from typing import Any

import numpy as np
from numpy import empty, ndarray

from tinygrad_mnist.kernels.arrays import FLOAT32, FLOAT64, Entry, data, lock, plain, shape, unlock
from tinygrad_mnist.kernels.convolve import back, forward, weight
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.threads import team
from tinygrad_mnist.kernels.tuning import A_SHARE, MOST_SUMS

Array = ndarray[Any, Any]
Pair = tuple[int, int]


FORWARD, WEIGHT, INPUT = range(3)


@kernel
def convolve_part(
    what: int, x: Any, w: Any, y: Any, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> int:
    """Compute one of x, w and y from the others, of the images `first` up to `last`; 0 if memory is short."""
    a, b, c = data(x), data(w), data(y)
    channels, height, width = shape(x)[1], shape(x)[2], shape(x)[3]
    outs, kh, kw = shape(w)[0], shape(w)[2], shape(w)[3]
    state = unlock(True)
    if what == FORWARD:
        done = forward(a, b, c, first, last, channels, height, width, outs, kh, kw, s, step, d, gap, groups)
    elif what == WEIGHT:
        done = weight(a, b, c, first, last, channels, height, width, outs, kh, kw, s, step, d, gap, groups)
    else:
        done = back(a, b, c, first, last, channels, height, width, outs, kh, kw, s, step, d, gap, groups)
    lock(state)
    return done


_part = Entry(convolve_part, lambda array: (types.int64,) + (array,) * 3 + (types.int64,) * 7)


def convolution(x: Array, w: Array, stride: Pair, dilation: Pair, groups: int) -> Array:
    """y of x and w."""
    x = _accepted(x)
    (n, _, *size), (outs, _, *taps) = x.shape, w.shape
    steps = zip(size, taps, stride, dilation, strict=True)
    y = empty((n, outs, *((m - d * (k - 1) - 1) // s + 1 for m, k, s, d in steps)), x.dtype)
    _by_images(FORWARD, x, w, y, (*stride, *dilation, groups))
    return y


def convolution_input(y: Array, w: Array, size: Pair, stride: Pair, dilation: Pair, groups: int) -> Array:
    """What pulls a cotangent y of a convolution back to images of this size."""
    y = _accepted(y)
    x = empty((y.shape[0], w.shape[1] * groups, *size), y.dtype)
    _by_images(INPUT, x, w, y, (*stride, *dilation, groups))
    return x


def convolution_weight(y: Array, x: Array, taps: Pair, stride: Pair, dilation: Pair, groups: int) -> Array:
    """What pulls a cotangent y of a convolution back to kernels of this size.

    The images are added up in parts, whose number depends on the shapes only.
    """
    count, shape = x.shape[0], (y.shape[1], x.shape[1] // groups, *taps)
    work = y.size * math.prod(shape[1:])
    parts = max(1, min(count, work // A_SHARE, MOST_SUMS))
    ends = [count * part // parts for part in range(parts + 1)]
    x, y = _accepted(x), _accepted(y)
    sums = empty((parts, *shape), y.dtype)
    compute = _part.single if y.dtype == FLOAT32 else _part.double

    with team(parts) as workers:

        def share(rank: int) -> None:
            for part in range(rank, parts, workers.count):
                first, last = ends[part], ends[part + 1]
                _check(compute(WEIGHT, x, sums[part], y, first, last, *stride, *dilation, groups))

        workers.run(share)
    return sums[0] if parts == 1 else np.add.reduce(sums)


def _by_images(what: int, x: Array, w: Array, y: Array, geometry: tuple[int, ...]) -> None:
    """Compute x or y, every thread some of the images."""
    count = x.shape[0]
    x, w, y = _accepted(x), _accepted(w), _accepted(y)
    compute = _part.single if y.dtype == FLOAT32 else _part.double
    with team(min(count, y.size * math.prod(w.shape[1:]) // A_SHARE)) as workers:
        ends = [count * rank // workers.count for rank in range(workers.count + 1)]
        workers.run(lambda rank: _check(compute(what, x, w, y, ends[rank], ends[rank + 1], *geometry)))


def _accepted(x: Array) -> Array:
    """The array itself if it is contiguous, else a copy that is."""
    known = type(x) is ndarray and (x.dtype is FLOAT32 or x.dtype is FLOAT64)
    return x if known and x.flags.carray else plain(x)


def _check(done: int) -> None:
    if not done:
        raise MemoryError("no memory for a convolution")
