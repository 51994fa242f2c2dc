"""Modules, optimisers and Generators as trees of plain values, and back, without code.

A module is the name of its class in `nn` and its attributes. What several places share is written once, and
referred to by its number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import nn, optim
from .core.generator import Generator
from .core.tensor import Tensor, wrap
from .errors import DataError, DTypeError
from .nn import functional
from .nn.members import Members
from .nn.parameter import Buffer, Parameter
from .train.state_tree import Described

_TENSORS: dict[str, type[Tensor]] = {"tensor": Tensor, "parameter": Parameter, "buffer": Buffer}
_MEMBERS = ("parameter", "buffer", "module", "transient")


def described(tree: Any, name: str) -> Any:
    """The tree with every module, optimiser and Generator in it replaced by what it is made of.

    Raises DTypeError, naming the place after `name`, for a class or an attribute that a file cannot hold.
    """
    return _Writer().tree(tree, name)


def rebuilt(tree: Any) -> Any:
    """The tree with every object in it made again; DataError for what `described` does not write."""
    return _Reader().tree(tree)


class _Writer:
    """Numbers what it meets, so that what is shared stays shared."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[int, Any]] = {}  # by id: the number, and the object, which must live

    def tree(self, value: Any, place: str) -> Any:
        if isinstance(value, nn.Module):
            return self._once(value, place, self._module)
        if isinstance(value, optim.Optimizer):
            return self._once(value, place, self._optimiser)
        if isinstance(value, Generator):
            return self._once(value, place, lambda x, _: {"what": "generator", "state": x.state})
        if isinstance(value, Mapping):
            return {key: self.tree(x, f"{place}.{key}") for key, x in value.items()}
        if isinstance(value, list | tuple):
            items = [self.tree(x, f"{place}.{i}") for i, x in enumerate(value)]
            return items if isinstance(value, list) else tuple(items)
        return value

    def _once(self, value: Any, place: str, describe: Callable[[Any, str], dict[str, Any]]) -> Described:
        if id(value) in self._met:
            return Described({"what": "same", "number": self._met[id(value)][0]})
        number = len(self._met)
        self._met[id(value)] = number, value
        return Described({"number": number, **describe(value, place)})

    def _module(self, module: nn.Module, place: str) -> dict[str, Any]:
        kind = type(module)
        if getattr(nn, kind.__name__, None) is not kind:
            raise DTypeError(
                f"save: {place} is a {kind.__name__}, a class that tg.nn does not have, and a file holds no "
                "code; save its numbers, as in tg.save(model.state_dict(), path), and give them to a new one "
                "with model.load_state_dict(tg.load(path))"
            )
        if module._hooks is not None:
            raise DTypeError(f"save: {place} has hooks, which are code; remove them before saving")
        members = module._members or Members()
        values = {key: x for key, x in vars(module).items() if key not in ("_members", "_hooks")}
        return {
            "what": "module",
            "class": kind.__name__,
            "members": {what: _names(getattr(members, what)) for what in _MEMBERS},
            "values": {key: self._attribute(x, f"{place}.{key}") for key, x in values.items()},
        }

    def _attribute(self, value: Any, place: str) -> Any:
        if isinstance(value, Tensor):
            return self._once(value, place, self._tensor)
        if isinstance(value, nn.Module | Generator):
            return self.tree(value, place)
        if isinstance(value, list | tuple):
            items = [self._attribute(x, f"{place}.{i}") for i, x in enumerate(value)]
            return items if isinstance(value, list) else tuple(items)
        if isinstance(value, np.dtype):
            return Described({"what": "dtype", "name": value.name})
        if callable(value) or isinstance(value, type):
            name = getattr(value, "__name__", "")
            if getattr(functional, name, None) is not value:
                raise DTypeError(
                    f"save: {place} is {value!r}, code that tg.nn.functional does not have; a file holds none"
                )
            return Described({"what": "function", "name": name})
        return value

    def _tensor(self, x: Tensor, place: str) -> dict[str, Any]:
        what = next(name for name, kind in reversed(_TENSORS.items()) if isinstance(x, kind))
        found = {"what": what, "value": x.detach(), "requires_grad": x.requires_grad}
        return {**found, "persistent": x.persistent} if isinstance(x, Buffer) else found

    def _optimiser(self, optimiser: optim.Optimizer, place: str) -> dict[str, Any]:
        kind = type(optimiser)
        if getattr(optim, kind.__name__, None) is not kind:
            raise DTypeError(
                f"save: {place} is a {kind.__name__}, an optimiser that tg.optim does not have; save its "
                "state_dict()"
            )
        code = [key for group in optimiser.param_groups for key, x in group.items() if callable(x)]
        if code:
            raise DTypeError(
                f"save: {place} has a function as its {code[0]}, and a file holds no code; save its "
                "state_dict(), and make it anew with that function"
            )
        groups = [
            {**group, "params": [self._attribute(p, f"{place}.params") for p in group["params"]]}
            for group in optimiser.param_groups
        ]
        return {
            "what": "optimizer",
            "class": kind.__name__,
            "defaults": optimiser.defaults,
            "groups": groups,
            "state": optimiser.state_dict(),
        }


def _names(names: Any) -> list[str]:
    """Names in their order, of a set in that of the alphabet: equal modules give equal bytes."""
    return sorted(names) if isinstance(names, set) else list(names)


class _Reader:
    """Makes what a `_Writer` described; anything else is a DataError."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._kinds = {
            "module": self._module,
            "optimizer": self._optimiser,
            "generator": self._generator,
            "function": self._function,
            "dtype": self._dtype,
            **dict.fromkeys(_TENSORS, self._tensor),
        }

    def tree(self, value: Any) -> Any:
        if isinstance(value, Described):
            return self._object(value.content)
        if isinstance(value, dict):
            return {key: self.tree(x) for key, x in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.tree, value))
        return wrap(np.array(value)) if isinstance(value, np.ndarray) else value

    def _object(self, about: Any) -> Any:
        what, number = about["what"], about.get("number")
        if what == "same":
            return self._made[number]
        if what not in self._kinds:
            raise DataError(f"it holds {str(what)[:60]!r}, which means nothing")
        made = self._kinds[what](about)
        if number is not None:
            self._made[number] = made
        return made

    def _module(self, about: Mapping[str, Any]) -> nn.Module:
        kind = _public(nn, about["class"], nn.Module)
        module: nn.Module = kind.__new__(kind)
        members = Members()
        for what in _MEMBERS[:3]:
            for name in about["members"][what]:
                members.add(_attribute_name(kind, name), what)
        members.transient.update(about["members"]["transient"])
        values = {_attribute_name(kind, key): self.tree(x) for key, x in about["values"].items()}
        _check_members(members, values)
        vars(module).update(_members=members, **values)
        return module

    def _optimiser(self, about: Mapping[str, Any]) -> optim.Optimizer:
        kind = _public(optim, about["class"], optim.Optimizer)
        groups = [{**group, "params": list(map(self.tree, group["params"]))} for group in about["groups"]]
        optimiser: optim.Optimizer = kind(groups, lr=about["defaults"]["lr"])
        optimiser.defaults.update(about["defaults"])
        optimiser.load_state_dict(self.tree(about["state"]))
        return optimiser

    def _generator(self, about: Mapping[str, Any]) -> Generator:
        generator = Generator()
        generator.state = self.tree(about["state"])
        return generator

    def _function(self, about: Mapping[str, Any]) -> Any:
        name = about["name"]
        if not isinstance(name, str) or name not in functional.__all__:
            raise DataError(f"it names the function {str(name)[:60]!r}, which tg.nn.functional does not have")
        return getattr(functional, name)

    def _dtype(self, about: Mapping[str, Any]) -> np.dtype[Any]:
        return np.dtype(str(about["name"]))

    def _tensor(self, about: Mapping[str, Any]) -> Tensor:
        kind, value = _TENSORS[about["what"]], np.array(about["value"])
        if kind is Buffer:
            return Buffer(value, persistent=bool(about["persistent"]))
        return kind(value, requires_grad=bool(about["requires_grad"]))


def _public(family: Any, name: Any, base: type) -> Any:
    kind = getattr(family, name, None) if isinstance(name, str) and name in family.__all__ else None
    if not (isinstance(kind, type) and issubclass(kind, base)):
        where = family.__name__.rpartition(".")[2]
        raise DataError(f"it holds a {str(name)[:60]!r}, which tg.{where} does not have")
    return kind


def _attribute_name(kind: type, name: Any) -> str:
    """A name that may stand in a module: none that hides what its class is able to do."""
    known = getattr(kind, name, None) if isinstance(name, str) else None
    if not isinstance(name, str) or name.startswith("_") or callable(known) or isinstance(known, property):
        raise DataError(f"a {kind.__name__} cannot have the attribute {str(name)[:60]!r}")
    return name


def _check_members(members: Members, values: Mapping[str, Any]) -> None:
    kinds: Sequence[tuple[str, type]] = (("parameter", Parameter), ("buffer", Tensor), ("module", nn.Module))
    for what, kind in kinds:
        for name in members.of(what):
            if name not in values or not isinstance(values[name], kind | None):
                raise DataError(f"it has no {what} {name[:60]!r} where it says so")
