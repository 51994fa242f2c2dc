"""What a traced function read from its surroundings, so that a change of it is noticed."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..tensor import Tensor

_PACKAGE = __name__.split(".")[0]
_LIMIT = 2000  # places looked at; beyond, the surroundings are too large to be watched
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))


class Guard:
    """Python values that a function can see without being given them.

    These are the variables of its closures and the globals it names, the attributes of objects
    among them (a module's `training`, an optimiser's options), and so on through lists, dicts
    and functions. Numbers and strings are compared by value, everything else by identity; the
    numbers inside Tensors and arrays are not looked at, since a program reads them anew.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._places: list[tuple[Callable[[Any], Any], Any, Any, str]] = []
        self._seen: dict[int, Any] = {}
        self._function(function, getattr(function, "__name__", "function"))

    def change(self) -> str | None:
        """The name of something that is no longer what it was, or None."""
        for read, key, value, name in self._places:
            try:
                now = read(key)
            except (KeyError, IndexError, ValueError, AttributeError):
                return name
            if now is not value and not (
                type(now) is type(value) and isinstance(now, _CONSTANTS) and now == value
            ):
                return name
        return None

    def _watch(self, read: Callable[[Any], Any], key: Any, name: str) -> None:
        try:
            value = read(key)
        except (KeyError, IndexError, ValueError, AttributeError):
            return
        if isinstance(value, types.ModuleType | type) or len(self._places) > _LIMIT:
            return
        self._places.append((read, key, value, name))
        self._inside(value, name)

    def _inside(self, value: Any, name: str) -> None:
        if isinstance(value, (*_CONSTANTS, Tensor, np.ndarray)) or id(value) in self._seen:
            return
        self._seen[id(value)] = value  # held, so that no other object can get its id
        if isinstance(value, types.FunctionType):
            self._function(value, name)
        elif isinstance(value, types.MethodType):
            self._inside(value.__self__, name)
            self._function(value.__func__, name)
        elif isinstance(value, list | tuple):
            self._watch(lambda x: len(x), value, f"len({name})")
            for i in range(len(value)):
                self._watch(value.__getitem__, i, f"{name}[{i}]")
        elif isinstance(value, dict):
            self._watch(lambda x: len(x), value, f"len({name})")
            for key in value:
                self._watch(value.__getitem__, key, f"{name}[{key!r}]")
        elif hasattr(value, "__dict__") and not isinstance(value, types.ModuleType | type):
            for key in list(vars(value)):
                self._watch(vars(value).__getitem__, key, f"{name}.{key}")
            for key in _class_constants(type(value)):
                if key not in vars(value):
                    self._watch(functools.partial(getattr, value), key, f"{name}.{key}")
            self._watch(lambda x: len(vars(x)), value, f"the number of attributes of {name}")

    def _function(self, function: Callable[..., Any], name: str) -> None:
        function = getattr(function, "__wrapped__", function)
        if isinstance(function, types.MethodType):
            self._inside(function, name)
            return
        code = getattr(function, "__code__", None)
        if not isinstance(function, types.FunctionType) or code is None:
            self._inside(function, name)
            return
        if function.__module__ and function.__module__.split(".")[0] == _PACKAGE:
            globals_used: Iterator[str] = iter(())
        else:
            globals_used = _global_names(code)
        for variable, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._watch(_cell_contents, cell, variable)
        for variable in globals_used:
            self._watch(function.__globals__.__getitem__, variable, variable)
        for i, default in enumerate(function.__defaults__ or ()):
            self._inside(default, f"{name}'s default {i}")


def _equal_constants(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, _CONSTANTS) and a == b


def _class_constants(cls: type) -> set[str]:
    """Attributes of a class that an object may override: a module's `training`, before it is set."""
    attributes = {key: value for base in reversed(cls.__mro__) for key, value in vars(base).items()}
    return {k for k, v in attributes.items() if isinstance(v, _CONSTANTS) and not k.startswith("__")}


def _cell_contents(cell: Any) -> Any:
    return cell.cell_contents


def _global_names(code: types.CodeType) -> Iterator[str]:
    """Names that a function and the functions inside it may look up as globals."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)
