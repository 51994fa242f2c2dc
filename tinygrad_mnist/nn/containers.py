"""Modules one after another, in lists, by name; and lists of parameters."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core.tensor import Tensor
from ..primitive import Value
from .module import Module
from .parameter import Parameter
from .printing import described_list

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Numbered(Module):
    """Things of one kind as attributes "0", "1", ... (or, in a Sequential, of other names)."""

    _kind: type = Module
    _what = "module"

    def _items(self) -> list[Any]:
        return list(self._named(self._what).values())

    def _names(self) -> list[str]:
        return list(self._named(self._what))

    def _set_all(self, items: Iterable[Any]) -> None:
        for name in self._names():
            delattr(self, name)
        for i, item in enumerate(items):
            self._put(str(i), item)

    def _put(self, name: str, item: Any) -> None:
        if not isinstance(item, self._kind):
            raise TypeError(f"{type(self).__name__}: holds {self._kind.__name__}s, but {item!r} is none")
        setattr(self, name, item)

    def __len__(self) -> int:
        return len(self._names())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._made(self._items()[index])
        return self._items()[self._place(index)]

    def _made(self, items: list[Any]) -> Any:
        made: Any = type(self)
        return made(items)

    def _place(self, index: Any) -> int:
        at, count = operator.index(index), len(self)
        if not -count <= at < count:
            raise IndexError(f"index {at} is out of range: there are {count}")
        return at % count

    def __setitem__(self, index: int, item: Any) -> None:
        self._put(self._names()[self._place(index)], item)

    def __delitem__(self, index: int | slice) -> None:
        items = self._items()
        del items[index if isinstance(index, slice) else self._place(index)]
        self._set_all(items)

    def append(self, item: Any) -> Any:
        """Add one at the end; returns self."""
        self._put(str(len(self)), item)
        return self

    def extend(self, items: Iterable[Any]) -> Any:
        """Add several at the end; returns self."""
        if not isinstance(items, Iterable) or (
            isinstance(items, Module) and not isinstance(items, _Numbered)
        ):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got {items!r}"
            )
        for item in items:
            self.append(item)
        return self

    def insert(self, index: int, item: Any) -> Any:
        """Add one before `index`."""
        items = self._items()
        items.insert(index, item)
        self._set_all(items)
        return self

    def pop(self, key: int) -> Any:
        """Take one out, and give it."""
        found = self[key]
        del self[key]
        return found

    def __add__(self, other: Iterable[Any]) -> Any:
        return self._made([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> Any:
        return self.extend(other)


class Sequential(_Numbered):
    """Modules applied one after another: `Sequential(a, b)`, or by name in an OrderedDict.

    Its children are "0", "1", ... or those names. `len`, iteration, indexing, slices, `append`, `insert`,
    `+` give and change them. TypeError for anything that is no Module.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, layer in args[0].items():
                self._check(name, layer)
                self.add_module(name, layer)
            return
        for i, layer in enumerate(args):
            self._check(i, layer)
            self._put(str(i), layer)

    def _check(self, place: Any, layer: Any) -> None:
        if not isinstance(layer, Module):
            raise TypeError(
                f"Sequential: takes modules as separate arguments, but argument {place} is {layer!r}; "
                "write Sequential(a, b), with instances such as Sigmoid() and not the class Sigmoid"
            )

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            found = Sequential()
            for name in self._names()[index]:
                found.add_module(name, vars(self)[name])
            return found
        return super().__getitem__(index)

    def __delitem__(self, index: int | slice) -> None:
        names = self._names()
        for name in names[index] if isinstance(index, slice) else [names[self._place(index)]]:
            delattr(self, name)
        kept = self._items()
        self._set_all(kept)

    def __add__(self, other: Iterable[Any]) -> Sequential:
        return Sequential(*self, *other)

    def forward(self, input: Value) -> Value:
        """The last module's result."""
        layers, members = vars(self), self._members
        for name in members.module if members is not None else ():
            input = layers[name](input)
        return input


class ModuleList(_Numbered):
    """Modules in a list, by the names "0", "1", ...: call them in a `forward` of your own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __repr__(self) -> str:
        return described_list(type(self).__name__, self)


class ParameterList(_Numbered):
    """Parameters in a list, by the names "0", "1", ...; other Tensors become Parameters."""

    _kind = Tensor
    _what = "parameter"

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.extend(values)

    def _put(self, name: str, item: Any) -> None:
        made = Parameter(item) if isinstance(item, Tensor) and not isinstance(item, Parameter) else item
        super()._put(name, made)

    def extra_repr(self) -> str:
        """A line for each parameter."""
        return _shown(dict(enumerate(self)))


class _Named(Module):
    """Things of one kind by name."""

    _kind: type
    _what: str

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.update(values)

    def _all(self) -> dict[str, Any]:
        return self._named(self._what)

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._register(key, value, self._kind, self._what)

    def __delitem__(self, key: str) -> None:
        self[key]  # KeyError if there is none
        delattr(self, key)

    def __contains__(self, key: object) -> bool:
        return key in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._all().keys()

    def values(self) -> Iterable[Any]:
        """What they name."""
        return self._all().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of name and what it names."""
        return self._all().items()

    def pop(self, key: str) -> Any:
        """Take one out, and give it."""
        found = self[key]
        del self[key]
        return found

    def clear(self) -> None:
        """Take all out."""
        for key in list(self):
            del self[key]

    def update(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace several."""
        if not isinstance(values, Iterable):
            raise TypeError(
                f"{type(self).__name__}.update should be called with an iterable of key/value pairs, but got "
                f"{type(values).__name__}"
            )
        pairs: Any = values.items() if hasattr(values, "items") else values
        for key, value in pairs:
            self[key] = value


class ModuleDict(_Named):
    """Modules by name: call them in a `forward` of your own. TypeError for anything that is no Module."""

    _kind = Module
    _what = "module"


class ParameterDict(_Named):
    """Parameters by name; other Tensors become Parameters."""

    _kind = Parameter
    _what = "parameter"

    def __setitem__(self, key: str, value: Any) -> None:
        made = Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value
        super().__setitem__(key, made)

    def get(self, key: str, default: Any = None) -> Any:
        """What a name stands for.

        Args:
            key: the name.
            default: what is given for one that is not there.
        """
        return self._all().get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """What a name stands for.

        Args:
            key: the name.
            default: what stands there from now on, if nothing does.
        """
        if key not in self:
            self[key] = default
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Take the last out, and give it with its name."""
        key = list(self)[-1]
        return key, self.pop(key)

    def copy(self) -> ParameterDict:
        """Another with the same parameters."""
        return ParameterDict(self._all())

    def extra_repr(self) -> str:
        """A line for each parameter."""
        return _shown(self._all())


def _shown(named: Mapping[Any, Tensor]) -> str:
    sizes = {key: "x".join(map(str, p.shape)) for key, p in named.items()}
    return "\n".join(
        f"  ({key}): Parameter containing: [{p.dtype} of size {sizes[key]}]" for key, p in named.items()
    )
