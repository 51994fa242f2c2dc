"""What a recording knows of the values it meets."""

from __future__ import annotations

import operator
import types
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from .places import items

#: A value that nothing is known of: made inside the recording, or by a call of native code.
UNKNOWN: Any = type("Unknown", (), {"__repr__": lambda self: "unknown"})()

PLAIN = (bool, int, float, complex, str, bytes, type(None), range, slice, np.generic, np.dtype)
CONTAINERS = (list, tuple, dict, set, frozenset, deque, bytearray, memoryview, types.MappingProxyType)
#: What arrays and Tensors say of themselves besides their numbers.
FACTS = ("shape", "dtype", "ndim", "size")
_OPERATORS = {name for name in dir(operator) if name.startswith("__") and callable(vars(operator)[name])}
_MORE = (
    "aenter aexit array array_function array_interface array_ufunc bool bytes ceil complex delattr "
    "delete divmod enter exit float floor format fspath get getattr getattribute hash init "
    "instancecheck int iter len length_hint missing new next rdivmod repr reversed round set setattr "
    "str subclasscheck trunc"
)
#: What Python itself looks for in the class of an object, and never in the object.
SPECIAL = (
    *sorted(_OPERATORS),
    *(f"__r{name[2:]}" for name in sorted(_OPERATORS) if f"__i{name[2:]}" in _OPERATORS),
    *(f"__{name}__" for name in _MORE.split()),
)
NATIVE = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.BuiltinFunctionType,
)


class Among:
    """A value that is one of these objects, or lies inside one of them: the result of native code."""

    def __init__(self, candidates: Iterable[Any]) -> None:
        self.candidates = tuple(candidates)


class New(Among):
    """An object that the function made, of a class that was there before, and what it was made of."""

    def __init__(self, cls: type, parts: Iterable[Any] = ()) -> None:
        super().__init__(parts)
        self.cls = cls


def shown(key: Any) -> str:
    """A key in words; of one that is no plain value only its type: its own words are code that runs."""
    if isinstance(key, tuple):
        return f"({', '.join(map(shown, key))})"
    return repr(key) if isinstance(key, PLAIN) or key is UNKNOWN else f"a {type(key).__name__}"


def is_sized(x: Any) -> bool:
    """Whether x is a container of some kind."""
    return hasattr(type(x), "__len__") and hasattr(type(x), "__iter__")


def is_iterator(x: Any) -> bool:
    """Whether x is used up by going through it."""
    return hasattr(type(x), "__next__") and not isinstance(type(x).__next__, types.FunctionType)


def inside(x: Any) -> list[Any]:
    """x or its candidates, and what lies in the containers among them."""
    found: dict[int, Any] = {}
    stack = [x]
    while stack:
        x = stack.pop()
        if isinstance(x, New):
            found[id(x)] = x
        if isinstance(x, Among):
            stack += x.candidates
        elif id(x) not in found and not isinstance(x, PLAIN):
            found[id(x)] = x
            if isinstance(x, CONTAINERS):
                stack += items(x)
    return list(found.values())
