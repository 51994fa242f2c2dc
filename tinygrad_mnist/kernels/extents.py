"""The axes of an array that a reduction is over, and those it keeps."""

from typing import Any

from tinygrad_mnist.kernels.arrays import PLAIN, accepts, flags, ndim, new_array, room_for_shape, shape
from tinygrad_mnist.kernels.policy import scalar


@scalar
def extent(x: Any, first: Any, last: Any) -> Any:
    """The number of positions along some neighbouring axes."""
    extent = 1
    for axis in range(first, last):
        extent *= shape(x)[axis]
    return extent


@scalar
def reducible(x: Any, first: Any, count: Any) -> Any:
    """Whether x is a contiguous array that has `count` axes from the first on."""
    return accepts(x) and flags(x) & PLAIN == PLAIN and first >= 0 and first + count <= ndim(x)


@scalar
def without(x: Any, like: Any, first: Any, count: Any) -> Any:
    """A new array of the shape of x without `count` axes, and of the dtype of `like`."""
    kept = room_for_shape()
    for axis in range(ndim(x) - count):
        kept[axis] = shape(x)[axis if axis < first else axis + count]
    return new_array(like, ndim(x) - count, kept, False)
