"""Whether arrays still have the memory, shape, strides and dtype that they had: one quick call for many.

Compiled programs take an array's memory and shape for granted, and anybody can change them in place:
`x.shape = ...`, `x.dtype = ...`, `x.resize(..., refcheck=False)`. NumPy keeps them in a struct whose
layout is part of its binary interface, `PyArrayObject_fields`.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.objects import AXES, DATA, DTYPE, FLAGS, HALF, SHAPE, STRIDES, VERSION, word
from tinygrad_mnist.kernels.policy import routine


@routine
def headers_unchanged(table: Any, words: int) -> bool:
    """Whether every array is as a table of so many words says; the arrays must be alive."""
    at = 0
    while at < words:
        address, axes = table[at], table[at + 1]
        if (word(address + AXES) & HALF) != axes:
            return False
        if word(address + DATA) != table[at + 2] or word(address + DTYPE) != table[at + 3]:
            return False
        shape, strides = word(address + SHAPE), word(address + STRIDES)
        at += 4
        for k in range(axes):
            if word(shape + 8 * k) != table[at + k] or word(strides + 8 * k) != table[at + axes + k]:
                return False
        at += 2 * axes
    return True


def fields(x: Any) -> list[int]:
    """An array's part of a table."""
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
    if np.intp(0).itemsize != 8 or _without_gil() or not hasattr(ctypes.pythonapi, "_PyType_Lookup"):
        return False
    data, shape, strides, dtype = (
        ctypes.c_int64.from_address(id(x) + at).value for at in (DATA, SHAPE, STRIDES, DTYPE)
    )
    if ctypes.c_int32.from_address(id(x) + FLAGS).value != x.flags.num:
        return False
    space = ctypes.pythonapi.PyObject_GenericGetDict
    space.restype, space.argtypes = ctypes.py_object, [ctypes.py_object, ctypes.c_void_p]
    if space(type("Made", (), {"here": 1}), None).get("here") != 1:
        return False
    axes = ctypes.c_int32.from_address(id(x) + AXES).value
    if (data, axes, dtype) != (x.ctypes.data, 2, id(x.dtype)):
        return False
    return [*(ctypes.c_int64 * 2).from_address(shape)] == [2, 3] and [
        *(ctypes.c_int64 * 2).from_address(strides)
    ] == [12, 4]


#: Whether machine code may read what Python's objects and arrays are made of.
READABLE = _is_as_expected()


def _has_versions() -> bool:
    """Whether a class has another version, or none, once it or what it inherits from has changed."""
    if not READABLE:
        return False
    base = type("Base", (), {"x": 1})
    made: Any = type("Made", (base,), {"y": 1})
    field = ctypes.c_uint32.from_address(id(made) + VERSION)
    for changed, name in ((made, "y"), (base, "x"), (made, "late")):
        before = made.x and field.value  # there is one once an attribute was looked up
        setattr(changed, name, 2)
        if before in (0, field.value):
            return False
    return True


#: Whether classes have versions where we look for them.
VERSIONED = _has_versions()
