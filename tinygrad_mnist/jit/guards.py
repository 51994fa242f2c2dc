"""What a traced function read from its surroundings, so that a change of it is noticed."""

from __future__ import annotations

import dis
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import Tensor

_PACKAGE = __name__.split(".")[0]
_LIMIT = 2000  # places looked at; beyond, the surroundings are too large to be watched
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))
_GONE = (KeyError, IndexError, ValueError, AttributeError)


class _Place(NamedTuple):
    """Somewhere a value was read: Python text over the names in a namespace, the value, and its name."""

    text: str
    value: Any
    name: str


class Guard:
    """Python values that a function can see without being given them.

    These are the variables of its closures and the globals it names, the attributes of objects
    among them (a module's `training`, an optimiser's options), and so on through lists, dicts
    and functions. Numbers and strings are compared by value, everything else by identity; the
    numbers inside Tensors and arrays are not looked at, since a program reads them anew.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._places: list[_Place] = []
        self._names: dict[str, Any] = {}
        self._seen: dict[int, Any] = {}
        self._inside(function, getattr(function, "__name__", "function"))
        self._same = self._comparison()

    def change(self) -> str | None:
        """The name of something that is no longer what it was, or None."""
        return None if self._same() else self._changed()

    def _comparison(self) -> Callable[[], bool]:
        """One function that compares every place by identity: a call of a program waits for its answer."""
        tests = " and ".join(f"{place.text} is v{n}" for n, place in enumerate(self._places)) or "True"
        names = {**self._names, **{f"v{n}": place.value for n, place in enumerate(self._places)}}
        code = f"def same():\n try:\n  return {tests}\n except gone:\n  return False"
        names["gone"] = _GONE
        exec(code, names)
        same: Callable[[], bool] = names["same"]
        return same

    def _changed(self) -> str | None:
        for text, value, name in self._places:
            try:
                now = eval(text, self._names)
            except _GONE:
                return name
            if now is not value and not (
                type(now) is type(value) and isinstance(now, _CONSTANTS) and now == value
            ):
                return name
        return None

    def _watch(self, pattern: str, container: Any, key: Any, name: str) -> None:
        """Note a value, read as the pattern says from {x}, the container, by {k}, the key; look inside it."""
        n = len(self._places)
        variables = {f"x{n}": container, f"k{n}": key}
        text = pattern.format(x=f"x{n}", k=f"k{n}")
        try:
            value = eval(text, variables)
        except _GONE:
            return
        if isinstance(value, types.ModuleType | type) or n > _LIMIT:
            return
        self._names.update(variables)
        self._places.append(_Place(text, value, name))
        self._inside(value, name)

    def _watch_length(self, container: Any, name: str) -> None:
        n = len(self._places)
        self._names[f"x{n}"] = container
        self._places.append(_Place(f"len(x{n})", len(container), name))

    def _inside(self, value: Any, name: str) -> None:
        if isinstance(value, (*_CONSTANTS, Tensor, np.ndarray)) or id(value) in self._seen:
            return
        self._seen[id(value)] = value  # held, so that no other object can get its id
        if isinstance(value, types.FunctionType):
            self._function(value, name)
        elif isinstance(value, types.MethodType):
            self._inside(value.__self__, name)
            self._inside(value.__func__, name)
        elif callable(value) and hasattr(value, "__wrapped__"):
            self._inside(value.__wrapped__, name)  # what an object such as a compiled function stands for
        elif isinstance(value, list | tuple):
            self._watch_length(value, f"len({name})")
            for i in range(len(value)):
                self._watch("{x}[{k}]", value, i, f"{name}[{i}]")
        elif isinstance(value, dict):
            self._watch_length(value, f"len({name})")
            for key in value:
                self._watch("{x}[{k}]", value, key, f"{name}[{key!r}]")
        elif hasattr(value, "__dict__") and not isinstance(value, types.ModuleType | type):
            attributes = vars(value)
            for key in list(attributes):
                self._watch("{x}[{k}]", attributes, key, f"{name}.{key}")
            for key in _class_constants(type(value)):
                if key not in attributes:
                    self._watch(f"{{x}}.{key}", value, None, f"{name}.{key}")
            self._watch_length(attributes, f"the number of attributes of {name}")

    def _function(self, function: types.FunctionType, name: str) -> None:
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._watch("{x}.cell_contents", cell, None, variable)
        if (function.__module__ or "").split(".")[0] != _PACKAGE:
            for variable in dict.fromkeys(_global_names(function.__code__)):
                self._watch("{x}[{k}]", function.__globals__, variable, variable)
        for i, default in enumerate(function.__defaults__ or ()):
            self._inside(default, f"{name}'s default {i}")
        self._inside(function.__kwdefaults__, f"{name}'s keyword defaults")
        if hasattr(function, "__wrapped__"):
            self._inside(function.__wrapped__, name)


def _class_constants(cls: type) -> set[str]:
    """Attributes of a class that an object may override: a module's `training`, before it is set."""
    attributes = {key: value for base in reversed(cls.__mro__) for key, value in vars(base).items()}
    return {k for k, v in attributes.items() if isinstance(v, _CONSTANTS) and not k.startswith("__")}


def _global_names(code: types.CodeType) -> Iterator[str]:
    """Names that a function and the functions inside it look up as globals; attributes are none."""
    yield from (i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)
