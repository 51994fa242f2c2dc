"""Holders of modules and parameters that have no `forward` of their own; and the module that does nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..primitive import Value
from .module import Module
from .parameter import Parameter


class Identity(Module):
    """x itself. Arguments are accepted and ignored, so that it can stand for another module."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def forward(self, x: Value) -> Value:
        """X itself."""
        return x


class _List(Module):
    """Things of one kind as attributes "0", "1", ..."""

    _kind: type

    def __init__(self, items: Iterable[Any] = ()) -> None:
        for item in items:
            self.append(item)

    def append(self, item: Any) -> Any:
        """Add one at the end; returns self. TypeError if it is of another kind."""
        if not isinstance(item, self._kind):
            raise TypeError(
                f"{type(self).__name__}: holds {self._kind.__name__}s, not a {type(item).__name__}"
            )
        setattr(self, str(len(self)), item)
        return self

    def extend(self, items: Iterable[Any]) -> Any:
        """Add several at the end; returns self."""
        for item in items:
            self.append(item)
        return self

    def __iter__(self) -> Iterator[Any]:
        return (x for x in vars(self).values() if isinstance(x, self._kind))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: int | slice) -> Any:
        chosen = list(self)[index]
        return type(self)(chosen) if isinstance(index, slice) else chosen


class ModuleList(_List):
    """Modules in a list, by the names "0", "1", ...: call them in a `forward` of your own."""

    _kind = Module


class ParameterList(_List):
    """Parameters in a list, by the names "0", "1", ..."""

    _kind = Parameter


class ModuleDict(Module):
    """Modules by name: call them in a `forward` of your own. TypeError for anything that is no Module.

    A name must not be one of Module's own attributes: ValueError.
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"ModuleDict: holds Modules, not a {type(module).__name__}")
        if hasattr(type(self), name):
            raise ValueError(f"ModuleDict: {name!r} is an attribute of every ModuleDict; choose another name")
        setattr(self, name, module)

    def __getitem__(self, name: str) -> Module:
        return self._named()[name]

    def __delitem__(self, name: str) -> None:
        self[name]  # KeyError if there is none
        delattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self._named()

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __len__(self) -> int:
        return len(self._named())

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._named().keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._named().values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Pairs of name and module."""
        return self._named().items()

    def _named(self) -> dict[str, Module]:
        return {name: x for name, x in vars(self).items() if isinstance(x, Module)}
