"""Whether arrays still have the memory, shape, strides and dtype that they had: one quick call for many.

Compiled programs take an array's memory and shape for granted, and anybody can change them in place:
`x.shape = ...`, `x.dtype = ...`, `x.resize(..., refcheck=False)`. NumPy keeps them in a struct whose
layout is part of its binary interface, `PyArrayObject_fields`.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.untyped import extending, types

_HEAD = object.__basicsize__  # of the struct, before NumPy's fields
_DATA, _AXES, _SHAPE, _STRIDES, _DTYPE = (_HEAD + at for at in (0, 8, 16, 24, 40))


def _word(typing: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(types.int64).as_pointer()
        return builder.load(builder.inttoptr(args[0], kind))

    return types.int64(types.int64), codegen


#: word(address): the eight bytes there. They must belong to an object that lives, or to its shape or strides.
word = extending.intrinsic(_word)


@kernel
def _same(table: Any) -> int:
    """1 if every array is as the table says, else 0; the arrays must be alive."""
    at = 0
    while at < table.shape[0]:
        address, axes = table[at], table[at + 1]
        if (word(address + _AXES) & 0xFFFFFFFF) != axes:
            return 0
        if word(address + _DATA) != table[at + 2] or word(address + _DTYPE) != table[at + 3]:
            return 0
        shape, strides = word(address + _SHAPE), word(address + _STRIDES)
        at += 4
        for k in range(axes):
            if word(shape + 8 * k) != table[at + k] or word(strides + 8 * k) != table[at + axes + k]:
                return 0
        at += 2 * axes
    return 1


def _fields(x: Any) -> list[int]:
    return [id(x), x.ndim, x.ctypes.data, id(x.dtype), *x.shape, *x.strides]


def _without_gil() -> bool:
    """Whether this is a build without a global lock; the slow look only where there are such builds."""
    if not hasattr(sys, "_is_gil_enabled"):
        return False
    import sysconfig

    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _is_as_expected() -> bool:
    """Whether this Python and this NumPy lay out arrays as we read them."""
    x = np.zeros((2, 3), np.float32)
    if np.intp(0).itemsize != 8 or _without_gil():
        return False
    data, shape, strides, dtype = (
        ctypes.c_int64.from_address(id(x) + at).value for at in (_DATA, _SHAPE, _STRIDES, _DTYPE)
    )
    axes = ctypes.c_int32.from_address(id(x) + _AXES).value
    if (data, axes, dtype) != (x.ctypes.data, 2, id(x.dtype)):
        return False
    return [*(ctypes.c_int64 * 2).from_address(shape)] == [2, 3] and [
        *(ctypes.c_int64 * 2).from_address(strides)
    ] == [12, 4]


def watcher(arrays: Sequence[Any]) -> tuple[Callable[[Any], Any], Any]:
    """A function and its argument: true as long as these arrays, which must be kept, are as now."""
    if not _QUICK:
        before = [(x, _fields(x)) for x in arrays]
        return lambda before: all(fields == _fields(x) for x, fields in before), before
    table = np.array([field for x in arrays for field in _fields(x)], np.int64)
    if not _same.overloads:
        _same.compile((types.Array(types.int64, 1, "C"),))
    return next(iter(_same.overloads.values())).entry_point, table


_QUICK = _is_as_expected()
