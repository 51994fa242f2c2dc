"""Convolutions on the tiles of the matrix products, without laying out the patches.

y[n, o, p, q] is the sum over channels c and taps (i, j) of w[o, c, i, j] x[n, c, p s + i d, q s' + j d']
with strides s, s' and dilations d, d'. An image is cut into strips: strip (c, j) holds what the taps of
column j see of channel c, row after row, the elements of a row adjacent. What one tap sees of the whole
image then is one adjacent run of its strip, which begins at the tap's place: the row of a matrix product.
The strips are smaller than the patches by the height of the kernel, and stay in the nearest cache.
Rows come in the order of their remainder by the stride, so that the runs are adjacent for any stride.

The three kernels sum up the same products over other letters: y over the taps, w over images and
positions, x over the kernels o (into strips, which are then added up where they overlap). All take
(x, w, y, first, last, channels, height, width, outs, kh, kw, s, s', d, d', groups) with contiguous
arrays, change one of the three, and give 0 if there is no memory. Of x and y they touch the images
`first` up to `last` only; each sum is added up in an order that depends on nothing else.
"""

from typing import Any

from tinygrad_mnist.kernels.checking import CHECKING, OUTSIDE
from tinygrad_mnist.kernels.linking import linked
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.packing import (
    ROWS,
    VECTORS,
    pack_left,
    pack_right,
    packed_left_size,
    packed_right_size,
)
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.runtime import memory
from tinygrad_mnist.kernels.simd import (
    add_vector,
    align,
    allocate,
    copy_vector,
    count_lanes,
    free,
    integers,
    is_null,
    offset,
)
from tinygrad_mnist.kernels.tiles import row_tile, table_tile
from tinygrad_mnist.kernels.tuning import STRIPS

_over_taps, _over_positions = table_tile(ROWS, VECTORS, "b"), table_tile(ROWS, VECTORS, "a")
_rows = row_tile(ROWS, VECTORS)


@routine
def _block(channels: int, kh: int, kw: int, s: int, d: int, h: int, v: int) -> Any:
    """How many rows of y are computed at once, rows of a strip of one remainder, elements of a strip."""
    rows = h
    while rows > 1 and channels * kw * s * (rows + (kh - 1) * d // s) * v > STRIPS:
        rows = (rows + 1) // 2
    high = rows + (kh - 1) * d // s
    return rows, high, s * high * v


@routine
def _place(i: int, s: int, d: int, high: int, v: int) -> int:
    """Where the rows that the taps of row i see begin in a strip."""
    return (i * d % s * high + i * d // s) * v


@routine
def _places(channels: int, kh: int, kw: int, s: int, d: int, high: int, v: int, places: Any) -> None:
    """The places of all taps (c, i, j) in the strips of all channels."""
    for c in range(channels):
        for i in range(kh):
            for j in range(kw):
                strip = (c * kw + j) * s * high * v
                places[(c * kh + i) * kw + j] = strip + _place(i, s, d, high, v)


@kernel
def cut_strips(
    x: Any,
    strips: Any,
    channels: int,
    plane: int,
    width: int,
    kw: int,
    s: int,
    step: int,
    gap: int,
    rows: int,
    high: int,
    v: int,
) -> int:
    """The strips of an image, of which there are so many rows."""
    lanes = count_lanes(x)
    for strip in range(channels * kw):
        for r in range(min(s, rows)):
            source = offset(x, strip // kw * plane + strip % kw * gap + r * width)
            target = offset(strips, (strip * s + r) * high * v)
            for _ in range((rows - r + s - 1) // s):
                if step == 1:
                    for q in range(0, v, lanes):  # the zeros after the end give way to the next row
                        copy_vector(offset(source, q), offset(target, q), v - q)
                else:
                    for q in range(v):
                        target[q] = source[q * step]
                source, target = offset(source, s * width), offset(target, v)
    return 1


@kernel
def add_strips(
    x: Any,
    strips: Any,
    channels: int,
    plane: int,
    width: int,
    kw: int,
    s: int,
    step: int,
    gap: int,
    rows: int,
    high: int,
    v: int,
) -> int:
    """Add strips to the image that `cut_strips` would cut them from."""
    lanes = count_lanes(x)
    for strip in range(channels * kw):
        for r in range(min(s, rows)):
            target = offset(x, strip // kw * plane + strip % kw * gap + r * width)
            source = offset(strips, (strip * s + r) * high * v)
            for _ in range((rows - r + s - 1) // s):
                if step == 1:
                    for q in range(0, v, lanes):
                        add_vector(offset(source, q), offset(target, q), v - q)
                else:
                    for q in range(v):
                        target[q * step] += source[q]
                target, source = offset(target, s * width), offset(source, v)
    return 1


def _strip_arguments(pointer: Any) -> tuple[Any, ...]:
    return (pointer,) * 2 + (types.int64,) * 10


_cut, _add = linked(cut_strips, _strip_arguments), linked(add_strips, _strip_arguments)


@kernel
def convolve_forward(
    x: Any,
    w: Any,
    y: Any,
    first: int,
    last: int,
    channels: int,
    height: int,
    width: int,
    outs: int,
    kh: int,
    kw: int,
    s: int,
    step: int,
    d: int,
    gap: int,
    groups: int,
) -> int:
    """y from x and w."""
    lanes = count_lanes(x)
    panel, plane = VECTORS * lanes, height * width
    h, v = (height - d * (kh - 1) - 1) // s + 1, (width - gap * (kw - 1) - 1) // step + 1
    inner, outer = channels // groups, outs // groups
    depth = inner * kh * kw
    block, high, length = _block(inner, kh, kw, s, d, h, v)
    size = packed_left_size(outer, depth, lanes)
    strips_size = inner * kw * length + lanes
    room = allocate(x, groups * size + strips_size + 2 * depth + 192)
    if is_null(room):
        return 0
    weights = align(room)
    strips = align(offset(weights, groups * size))
    places = integers(align(offset(strips, strips_size)))
    _places(inner, kh, kw, s, d, high, v, places)
    for g in range(groups):
        pack_left(offset(w, g * outer * depth), depth, 1, outer, depth, offset(weights, g * size))
    for n in range(first, last):
        for g in range(groups):
            for top in range(0, h, block):
                rows = min(block, h - top)
                x_g = offset(x, (n * channels + g * inner) * plane + top * s * width)
                seen = (rows - 1) * s + (kh - 1) * d + 1
                cut = x_g  # a channel can be its own strip
                if kw > 1 or s > 1 or step > 1 or block < h:
                    _cut(x_g, strips, inner, plane, width, kw, s, step, gap, seen, high, v)
                    cut = strips
                for q in range(0, rows * v, panel):
                    for o in range(0, outer, ROWS):
                        _over_taps(
                            places,
                            offset(weights, g * size + o * depth),
                            ROWS,
                            offset(cut, q),
                            0,
                            offset(y, (n * outs + g * outer + o) * h * v + top * v + q),
                            h * v,
                            min(ROWS, outer - o),
                            min(panel, rows * v - q),
                            depth,
                            False,
                        )
    free(room)
    return 1


@kernel
def convolve_weight(
    x: Any,
    w: Any,
    y: Any,
    first: int,
    last: int,
    channels: int,
    height: int,
    width: int,
    outs: int,
    kh: int,
    kw: int,
    s: int,
    step: int,
    d: int,
    gap: int,
    groups: int,
) -> int:
    """w from x and y: the derivative of the sum of y's elements, each times that of `convolve_forward`."""
    lanes = count_lanes(x)
    panel, plane = VECTORS * lanes, height * width
    h, v = (height - d * (kh - 1) - 1) // s + 1, (width - gap * (kw - 1) - 1) // step + 1
    inner, outer = channels // groups, outs // groups
    depth = inner * kh * kw
    block, high, length = _block(inner, kh, kw, s, d, h, v)
    whole = (depth + ROWS - 1) // ROWS * ROWS
    strips_size, turned_size = inner * kw * length + lanes, packed_right_size(block * v, outer, lanes)
    room = allocate(x, whole * outs + strips_size + turned_size + 2 * whole + 256)
    if is_null(room):
        return 0
    total = align(room)
    strips = align(offset(total, whole * outs))
    turned = align(offset(strips, strips_size))
    places = integers(align(offset(turned, turned_size)))
    _places(inner, kh, kw, s, d, high, v, places)
    for k in range(depth, whole):  # the last rows of the last tile are nobody's
        places[k] = 0
    for k in range(whole * outs):
        total[k] = 0
    for n in range(first, last):
        for g in range(groups):
            for top in range(0, h, block):
                rows = min(block, h - top)
                x_g = offset(x, (n * channels + g * inner) * plane + top * s * width)
                seen = (rows - 1) * s + (kh - 1) * d + 1
                cut = x_g  # a channel can be its own strip
                if kw > 1 or s > 1 or step > 1 or block < h:
                    _cut(x_g, strips, inner, plane, width, kw, s, step, gap, seen, high, v)
                    cut = strips
                y_g = offset(y, (n * outs + g * outer) * h * v + top * v)
                pack_right(y_g, 1, h * v, rows * v, outer, turned)
                for o in range(0, outer, panel):
                    for k in range(0, depth, ROWS):
                        _over_positions(
                            offset(places, k),
                            cut,
                            1,
                            offset(turned, o * rows * v),
                            panel,
                            offset(total, (g * whole + k) * outer + o),
                            outer,
                            ROWS,
                            min(panel, outer - o),
                            rows * v,
                            True,
                        )
    for g in range(groups):
        for o in range(outer):
            for k in range(depth):
                w[(g * outer + o) * depth + k] = total[(g * whole + k) * outer + o]
    free(room)
    return 1


@kernel
def convolve_input(
    x: Any,
    w: Any,
    y: Any,
    first: int,
    last: int,
    channels: int,
    height: int,
    width: int,
    outs: int,
    kh: int,
    kw: int,
    s: int,
    step: int,
    d: int,
    gap: int,
    groups: int,
) -> int:
    """x from w and y: the derivative of the sum of y's elements, each times that of `convolve_forward`."""
    lanes = count_lanes(x)
    panel, plane = VECTORS * lanes, height * width
    h, v = (height - d * (kh - 1) - 1) // s + 1, (width - gap * (kw - 1) - 1) // step + 1
    inner, outer = channels // groups, outs // groups
    block, high, length = _block(inner, kh, kw, s, d, h, v)
    strips_of, taps = inner * kw, kh * kw
    whole = (strips_of + ROWS - 1) // ROWS * ROWS
    size, strips_size = whole * outer, whole * length
    room = allocate(x, groups * kh * size + strips_size + 128)
    if is_null(room):
        return 0
    weights = align(room)
    strips = align(offset(weights, groups * kh * size))
    for k in range(groups * kh * size):  # the last rows of the last tile are nobody's
        weights[k] = 0
    for g in range(groups):
        for i in range(kh):
            for r in range(strips_of):
                packed = offset(weights, (g * kh + i) * size + r // ROWS * ROWS * outer + r % ROWS)
                tap = offset(w, g * outer * inner * taps + r // kw * taps + i * kw + r % kw)
                for o in range(outer):
                    packed[o * ROWS] = tap[o * inner * taps]
    for n in range(first, last):
        for k in range(channels * plane):
            x[n * channels * plane + k] = 0
        for g in range(groups):
            for top in range(0, h, block):
                rows = min(block, h - top)
                for k in range(strips_size):
                    strips[k] = 0
                for i in range(kh):
                    for q in range(0, rows * v, panel):
                        for r in range(0, strips_of, ROWS):
                            _rows(
                                offset(weights, (g * kh + i) * size + r * outer),
                                1,
                                ROWS,
                                offset(y, (n * outs + g * outer) * h * v + top * v + q),
                                h * v,
                                offset(strips, r * length + _place(i, s, d, high, v) + q),
                                length,
                                ROWS,
                                min(panel, rows * v - q),
                                outer,
                                True,
                            )
                x_g = offset(x, (n * channels + g * inner) * plane + top * s * width)
                seen = (rows - 1) * s + (kh - 1) * d + 1
                _add(x_g, strips, inner, plane, width, kw, s, step, gap, seen, high, v)
    free(room)
    return 1


def _arguments(pointer: Any) -> tuple[Any, ...]:
    return (pointer,) * 3 + (types.int64,) * 13


forward, weight = linked(convolve_forward, _arguments), linked(convolve_weight, _arguments)
back = linked(convolve_input, _arguments)


# In programs: on contiguous arrays, with the geometry (s, s', d, d', groups) -----------------------


@routine
def _sizes(x: Any, w: Any, y: Any, first: int, last: int, geometry: Any) -> Any:
    """The sizes that the kernels take; under TINYGRAD_MNIST_CHECK the arrays must be of them."""
    if CHECKING:
        s, step, d, gap, groups = geometry
        high = (x.shape[2] - d * (w.shape[2] - 1) - 1) // s + 1
        wide = (x.shape[3] - gap * (w.shape[3] - 1) - 1) // step + 1
        fits = x.shape[1] == w.shape[1] * groups and y.shape[1] == w.shape[0]
        fits = fits and x.shape[0] == y.shape[0] and y.shape[2] == high and y.shape[3] == wide
        if not (fits and 0 <= first <= last <= x.shape[0]):
            raise IndexError(OUTSIDE)
    return x.shape[1:] + w.shape[:1] + w.shape[2:] + geometry


@routine
def convolution(x: Any, w: Any, y: Any, first: int, last: int, *geometry: int) -> None:
    """The results y of the images `first` up to `last`."""
    _check(forward(memory(x), memory(w), memory(y), first, last, *_sizes(x, w, y, first, last, geometry)))


@routine
def convolution_weight(x: Any, w: Any, y: Any, first: int, last: int, *geometry: int) -> None:
    """w, the gradient of kernels by the images `first` up to `last`."""
    _check(weight(memory(x), memory(w), memory(y), first, last, *_sizes(x, w, y, first, last, geometry)))


@routine
def convolution_input(x: Any, w: Any, y: Any, first: int, last: int, *geometry: int) -> None:
    """x, the gradient of the images `first` up to `last`."""
    _check(back(memory(x), memory(w), memory(y), first, last, *_sizes(x, w, y, first, last, geometry)))


@routine
def _check(done: int) -> None:
    if not done:
        raise MemoryError("no memory for a convolution")
