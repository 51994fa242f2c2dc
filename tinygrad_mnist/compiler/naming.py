"""What people call the tensors of a function: its parameters, and the paths of what it sees from outside."""

from __future__ import annotations

import contextlib
import inspect
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from .structure import LEAF, NUMBER, Again, Constant

_LIMIT = 5000  # objects looked at


def argument_names(function: Callable[..., Any], structure: Any) -> list[str]:
    """A name for each Tensor among the arguments, in their order."""
    (_, positional), (_, named) = structure[1]
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "argument")
    found: list[str] = []
    for n, part in enumerate(positional):
        found += _leaves(part, names[n] if n < len(names) else f"{rest}_{n - len(names)}")
    for key, part in named:
        found += _leaves(part, key)
    return found


def _leaves(structure: Any, name: str) -> Iterator[str]:
    """The names of the Tensors in a structure of this name."""
    if structure is LEAF:
        yield name
    if structure is LEAF or structure is NUMBER or isinstance(structure, Constant | Again):
        return
    kind, content, *own = structure
    parts = content if issubclass(kind, dict) else enumerate(content)
    for key, part in (*parts, *(own[0] if own else ())):
        yield from _leaves(part, f"{name}_{key}")


def paths(function: Callable[..., Any]) -> dict[int, str]:
    """The shortest path, by the object's id, to each Tensor and array that a function can see."""
    found: dict[int, str] = {}
    seen: set[int] = set()
    waiting = deque(_surroundings(function))
    while waiting and len(seen) < _LIMIT:
        name, value = waiting.popleft()
        if isinstance(value, Tensor | np.ndarray):
            found.setdefault(id(value), _identifier(name))
        elif id(value) not in seen:
            seen.add(id(value))
            waiting.extend(_parts(name, value))
    return found


def _surroundings(function: Any) -> Iterator[tuple[str, Any]]:
    """The variables of a function's closure, and the globals that it names."""
    if isinstance(function, types.MethodType):
        yield "self", function.__self__
        function = function.__func__
    function = inspect.unwrap(function) if callable(function) else function
    if not isinstance(function, types.FunctionType):
        yield "self", function
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not yet assigned
            continue
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What is inside a value, by path."""
    if isinstance(value, types.ModuleType | type):
        return
    if isinstance(value, list | tuple):
        yield from ((f"{name}_{n}", x) for n, x in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{name}_{key}", x) for key, x in value.items() if isinstance(key, str | int))
    elif isinstance(value, types.FunctionType | types.MethodType):
        yield from _surroundings(value)
    elif callable(getattr(type(value), "named_parameters", None)):
        with contextlib.suppress(Exception):  # it may be somebody's own, and these are but names
            yield from [(f"{name}_{path}", x) for path, x in value.named_parameters()]
        yield from ((f"{name}_{key}", x) for key, x in vars(value).items())
    elif isinstance(space := getattr(value, "__dict__", None), dict):
        for key, x in space.items():
            yield (f"{name}_{key}" if not key.startswith("_") else name), x


def _identifier(name: str) -> str:
    """A path as a name: what cannot be in one becomes an underscore."""
    text = "".join(c if c.isalnum() else "_" for c in name).strip("_")
    return text if text.isidentifier() else f"tensor_{text}"
