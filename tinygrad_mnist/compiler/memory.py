"""The memory of what programs read and update."""

from __future__ import annotations

import ctypes
import math
import sys
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..primitive import Array, Shape, check_dtype

_LINE = 64  # bytes of a cache line


def ready(data: Array) -> Array:
    """The array itself if a program can take it, else a copy."""
    flags = data.flags
    if flags.c_contiguous and flags.aligned and data.dtype.isnative:
        return data
    return np.array(data, check_dtype(data.dtype), order="C")


def is_alone(x: Tensor, bound: list[Array], k: int) -> bool:
    """Whether bound[k] is the memory of a Tensor to be updated, which nobody else sees."""
    return x.array is bound[k] and _references(bound, k) <= _ALONE and bool(x.array.flags.c_contiguous)


def separate(x: Tensor, bound: list[Array], k: int) -> None:
    """Give a Tensor to be updated memory that nobody else sees, as bound[k]."""
    own = aligned(x.array.shape, check_dtype(x.array.dtype))
    own[...] = x.array
    bound[k] = x.array = own  # once it is written: Ctrl-C may come in between


def aligned(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """A new array that starts a cache line, so that workers who write different rows do not share one."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def _references(bound: list[Array], k: int) -> int:
    """References to an array and to the memory behind it, those of this function included."""
    data = bound[k]
    return sys.getrefcount(data) + sys.getrefcount(data.base)


# How many that are where only a Tensor and the list hold the array: Python's versions count differently.
_PROBE = wrap(aligned((1,), np.dtype(np.float32)))
_ALONE = _references([_PROBE.array], 0)


def _counted() -> list[int]:
    bound = [_PROBE.array]
    return [ctypes.c_uint32.from_address(address).value for address in objects(bound, 0)]


def objects(bound: list[Array], k: int) -> tuple[int, int]:
    """The addresses of an array and of the memory behind it."""
    return id(bound[k]), id(bound[k].base)


#: What `is_alone` compares, for machine code: the references to each of the `objects`.
ALONE = _counted()
