"""What a training is: all that decides its numbers, as plain values that can be kept and compared."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..core.generator import Generator, default_generator
from ..core.tensor import Tensor
from ..nn import Module
from ..optim import Optimizer

_PLAIN = (bool, int, float, str, type(None))
_STEPS_ASKED = (0, 1, 10, 100, 1_000, 10_000, 100_000)  # where schedules are compared


def digest_of(values: Any) -> str:
    """SHA-256 of an array or Tensor: dtype, shape and numbers."""
    array = np.ascontiguousarray(values)
    digest = hashlib.sha256(f"{array.dtype.str} {np.shape(values)}".encode())
    digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def of_model(model: Module) -> dict[str, Any]:
    """Each module inside by its name: its kind, the shapes of its tensors, and its settings."""
    return {name: _of_module(module) for name, module in model.named_modules()}


def of_optimiser(optimiser: Optimizer) -> dict[str, Any]:
    """Its kind, and the options of its groups; of a schedule some of its rates."""
    groups = [
        {name: _plain(value) for name, value in group.items() if name != "params"}
        for group in optimiser.param_groups
    ]
    return {"kind": type(optimiser).__name__, "groups": groups}


def of_function(function: Callable[..., Any]) -> dict[str, Any] | str:
    """Its name, and what it was made of, as far as one can see it."""
    if isinstance(function, functools.partial):
        return {
            "function": of_function(function.func),
            "arguments": [_plain(x) for x in function.args],
            "options": {name: _plain(x) for name, x in function.keywords.items()},
        }
    if isinstance(function, Module):
        return of_model(function)
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def differences(saved: Any, now: Any, where: str = "") -> list[str]:
    """In what two descriptions differ, a phrase each."""
    if isinstance(saved, Mapping) and isinstance(now, Mapping):
        names = {**saved, **now}
        parts = [
            differences(saved.get(k), now.get(k), f"{where} {str(k).replace('_', ' ')}".strip())
            for k in names
        ]
        return [phrase for part in parts for phrase in part]
    if isinstance(saved, list | tuple) and isinstance(now, list | tuple) and len(saved) == len(now):
        pairs = enumerate(zip(saved, now))
        found = (differences(a, b, f"{where} {i}".strip()) for i, (a, b) in pairs)
        return next(filter(None, found), [])  # the first place says enough
    return [] if saved == now else [f"{where} was {_short(saved)}, now it is {_short(now)}"]


def generators_of(*owners: Any) -> dict[str, Generator]:
    """The default generator and those that modules have, each once, by the place where it is met first."""
    found = {id(default_generator): ("default", default_generator)}
    for number, owner in enumerate(owners):
        if isinstance(owner, Module):
            for name, module in owner.named_modules():
                for attribute, value in vars(module).items():
                    if isinstance(value, Generator):
                        found.setdefault(id(value), (f"{number}.{name}.{attribute}", value))
    return dict(found.values())


def _of_module(module: Module) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": type(module).__name__}
    for name, value in _attributes(module):
        if isinstance(value, Tensor):
            shown[name] = f"{value.dtype} {value.shape}"
        elif isinstance(value, _PLAIN) or _is_plain_sequence(value):
            shown[name] = _plain(value)
        elif callable(value) and not isinstance(value, Module):
            shown[name] = of_function(value)
    return shown


def _attributes(module: Module) -> Iterator[tuple[str, Any]]:
    return ((name, x) for name, x in vars(module).items() if name != "training" and not name.startswith("_"))


def _is_plain_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(x, _PLAIN) for x in value)


def _plain(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return digest_of(value)
    if callable(value):
        try:
            return [float(value(step)) for step in _STEPS_ASKED]  # a schedule
        except Exception:
            return of_function(value)
    return type(value).__name__


def _short(value: Any) -> str:
    text = "not there" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
