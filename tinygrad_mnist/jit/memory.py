"""The memory of what programs read and update."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..primitive import Array, Shape

_LINE = 64  # bytes of a cache line


def ready(data: Array) -> Array:
    """The array itself if a program can take it, else a copy."""
    flags = data.flags
    return data if flags.c_contiguous and flags.aligned else np.array(data, order="C")


def exclusive(x: Tensor, bound: Array) -> Array:
    """The data of a Tensor that is to be updated: memory that nobody else sees."""
    data, base = x.data, x.data.base
    # references to the Tensor's array: its own, the last call's, this variable and getrefcount's;
    # to the memory behind it: the array's, this variable and getrefcount's
    if data is bound and sys.getrefcount(data) <= 4 and base is not None and sys.getrefcount(base) <= 3:
        return data
    x.data = own = aligned(data.shape, data.dtype)
    own[...] = data
    return own


def aligned(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """A new array that starts a cache line, so that workers who write different rows do not share one."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)
