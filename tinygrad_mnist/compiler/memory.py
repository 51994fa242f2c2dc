"""The memory of what programs read and update."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Sequence
from typing import Any, Protocol
from weakref import WeakSet

import numpy as np

from ..core.tensor import Tensor, wrap
from ..errors import ShapeError
from ..kernels.objects import FLAGS
from ..primitive import Array, Shape, check_dtype

_LINE = 64  # bytes of a cache line
_MOST_AXES = 64  # that an array can have


def ready(data: Array) -> Array:
    """The array itself if a program can take it, else a copy."""
    flags = data.flags
    if flags.c_contiguous and flags.aligned and data.dtype.isnative:
        return data
    return np.array(data, check_dtype(data.dtype), order="C")


def as_step(data: Array) -> Array:
    """The array with an axis of one step in front; ShapeError if that is one axis too many."""
    if data.ndim == _MOST_AXES:
        raise ShapeError(
            f"a compiled function takes and gives arrays of at most {_MOST_AXES - 1} axes, and this has "
            f"{_MOST_AXES}: reshape it, or call the function without tg.jit"
        )
    return data[None]


class Cell:
    """Where an array stands that several programs of one function are bound to.

    There is one reference to it for all: none of them is somebody else who sees it.

    Attributes:
        users: who is to let go before another array stands here.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        self.users: WeakSet[LetsGo] = WeakSet()


class LetsGo(Protocol):
    """A program that knows addresses of arrays."""

    def let_go(self) -> None:
        """Know them no longer."""


class Bound(Sequence[Array]):
    """The arrays that a program is bound to, each in its cell."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, k: Any) -> Any:
        return self.cells[k].array

    def __setitem__(self, k: int, array: Array) -> None:
        cell = self.cells[k]
        if cell.array is not array:
            for user in cell.users:
                user.let_go()
            cell.array = array


def is_alone(x: Tensor, bound: Bound, k: int) -> bool:
    """Whether bound[k] is the memory of a Tensor to be updated, which nobody else sees or has frozen."""
    if x.array is not bound[k] or _references(bound, k) > _ALONE:
        return False
    flags = x.array.flags  # which refer to the array
    return bool(flags.c_contiguous and flags.writeable)


def separate(x: Tensor, bound: Bound, k: int) -> None:
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


def _references(bound: Bound, k: int) -> int:
    """References to an array and to the memory behind it, those of this function included."""
    data = bound[k]
    return sys.getrefcount(data) + sys.getrefcount(data.base)


# How many that are where only a Tensor and a cell hold the array: Python's versions count differently.
_PROBE = wrap(aligned((1,), np.dtype(np.float32)))
_ALONE = _references(Bound([Cell(_PROBE.array)]), 0)


def _objects(bound: Bound, k: int) -> tuple[int, int]:
    """The addresses of an array and of the memory behind it, which is where references are counted."""
    return id(bound[k]), id(bound[k].base)


def _counted() -> list[int]:
    bound = Bound([Cell(_PROBE.array)])
    return [ctypes.c_uint32.from_address(address).value for address in _objects(bound, 0)]


_COUNTS = _counted()


def signs(bound: Bound, k: int) -> list[int]:
    """What `is_alone` compares, for machine code: addresses, each before the 32 bits that must be there."""
    pairs = zip(_objects(bound, k), _COUNTS, strict=True)
    return [*(word for pair in pairs for word in pair), id(bound[k]) + FLAGS, bound[k].flags.num]


#: How many addresses those are.
SIGNS = 3
