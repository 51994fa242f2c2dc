"""What a recording read of its surroundings, place by place."""

from __future__ import annotations

import enum
import math
import operator
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

#: Stands for what is not there.
GONE: Any = type("Gone", (), {"__repr__": lambda self: "nothing"})()

_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(...))


class Place(NamedTuple):
    """Somewhere a value was read.

    Attributes:
        kind: one of `READERS`.
        owner, key: whose, and which.
        value: what was there.
        name: for readers.
    """

    kind: str
    owner: Any
    key: Any
    value: Any
    name: str

    def holds(self, value: Any) -> bool:
        """Whether this very object is there."""
        try:
            now = READERS[self.kind](self.owner, self.key)
        except _MISSED:
            return False
        if self.kind == "items":
            return len(now) == len(value) and all(map(operator.is_, now, value))
        return now is value or (self.kind in _BY_VALUE and bool(now == value))


def items(container: Any) -> tuple[Any, ...]:
    """All that iterating over a container gives; of a dict its keys and values."""
    if isinstance(container, dict | types.MappingProxyType):
        return (*container.keys(), *container.values())
    return tuple(container)


def static(cls: type, name: str) -> tuple[Any, Any]:
    """Which class has an attribute, and what, without asking any descriptor."""
    for base in cls.__mro__:
        if name in vars(base):
            return base, vars(base)[name]
    return None, GONE


def content(cell: types.CellType) -> Any:
    """What a variable of a closure is; GONE: not yet assigned."""
    try:
        return cell.cell_contents
    except ValueError:
        return GONE


def bits(x: Any) -> tuple[Any, ...]:
    """An array's numbers with their dtype and shape, as a constant."""
    return x.dtype, x.shape, x.tobytes()


#: The kinds of places: how to read one from its owner and key.
READERS: dict[str, Callable[[Any, Any], Any]] = {
    "item": operator.getitem,
    "contains": lambda x, k: k in x,
    "length": lambda x, k: len(x),
    "items": lambda x, k: items(x),
    "keys": lambda x, k: tuple(x),
    "own": lambda x, k: x.__dict__[k],
    "has": lambda x, k: k in x.__dict__,
    "attribute": lambda x, k: getattr(x, k, GONE),
    "fact": getattr,  # of an array: made anew at each look
    "generic": object.__getattribute__,  # past a __getattribute__ of one's own
    "class": lambda x, k: type(x),
    "lookup": lambda x, k: static(x, k)[1],  # what a class has or inherits, whatever it gives when asked
    "cell": lambda x, k: content(x),
    "defaults": lambda x, k: x.__defaults__,
    "keyword defaults": lambda x, k: x.__kwdefaults__,
    "code": lambda x, k: x.__code__,
    "answer": lambda x, k: x(*k),
    "numbers": lambda x, k: bits(x),
    "element": lambda x, k: bits(x[k]),
    "tensor": lambda x, k: bits(x.array),
    "gradient": lambda x, k: x._grad,
    "flag": lambda x, k: x.requires_grad,
}
_BY_VALUE = {"length", "keys", "fact", "numbers", "element", "tensor"}  # the others by identity
_MISSED = (LookupError, AttributeError, ValueError, TypeError, ReferenceError)


def same(now: Any, then: Any) -> bool:
    """Whether two values are one object, or constants that no program can tell apart."""
    if now is then:
        return True
    if type(now) is not type(then):
        return False
    if isinstance(now, float):
        return (now == then and math.copysign(1, now) == math.copysign(1, then)) or (
            now != now and then != then
        )
    if isinstance(now, complex):
        return same(now.real, then.real) and same(now.imag, then.imag)
    if isinstance(now, np.generic):
        return now.dtype == then.dtype and now.tobytes() == then.tobytes()
    if type(now) in (tuple, slice):
        parts = [(x, y) for x, y in zip(_parts(now), _parts(then))]
        return len(_parts(now)) == len(_parts(then)) and all(same(x, y) for x, y in parts)
    if isinstance(now, types.MethodType):
        return now.__self__ is then.__self__ and now.__func__ is then.__func__
    if isinstance(now, np.dtype):
        return bool(now == then)
    return isinstance(now, _CONSTANTS) and not isinstance(now, enum.Enum) and bool(now == then)


def _parts(x: Any) -> tuple[Any, ...]:
    return (x.start, x.stop, x.step) if isinstance(x, slice) else x


class Places:
    """Places and their values."""

    def __init__(self) -> None:
        self.all: list[Place] = []
        self._known: dict[tuple[Any, ...], bool] = {}  # whether only this package itself read it
        self._loose: dict[tuple[Any, ...], Place] = {}

    def loose(self, owner: dict[str, Any], key: str, name: str) -> None:
        """An item is read anew at each call: it may change, unless the recorded function itself read it."""
        place = _identity("item", owner, key)
        if place not in self._loose and self._known.get(place, True):
            self._loose[place] = Place("item", owner, key, owner[key], name)
            if place in self._known:
                del self._known[place]
                self.all = [x for x in self.all if _identity(x.kind, x.owner, x.key) != place]

    def add(self, kind: str, owner: Any, key: Any, value: Any, name: str, ours: bool = False) -> None:
        """Watch a place, unless it is watched already: what was read first is what counts.

        `ours`: it is not the recorded function that reads, but this package.
        """
        place = _identity(kind, owner, key)
        if place not in self._known and not (ours and place in self._loose):
            self._known[place] = ours
            self.all.append(Place(kind, owner, key, value, name))
        elif not ours:
            self._known[place] = False

    def has(self, owner: Any, key: Any) -> bool:
        """Whether an attribute, item or variable was read."""
        return any(
            place.owner is owner and (place.key == key or isinstance(owner, types.CellType))
            for place in (*self.all, *self._loose.values())
        )

    def describe(self) -> list[str]:
        """Each place and what was there, for readers."""
        return [f"{place.name} = {_short(place.value)}" for place in (*self.all, *self._loose.values())]

    def change(self, note: Callable[[int, Any], None]) -> str | None:
        """The name of a place that holds something else now, or None.

        Each is looked at closely, and noted: an equal constant takes the place of the one that was there.
        """
        for n, place in enumerate(self.all):
            try:
                now = READERS[place.kind](place.owner, place.key)
            except _MISSED:
                return place.name
            if not same(now, place.value):
                return _naming(place, now)
            note(n, now)
        return None


def _identity(kind: str, owner: Any, key: Any) -> tuple[Any, ...]:
    return (kind, id(owner), *mark(key))


def _naming(place: Place, now: Any) -> str:
    """What has changed; of a dict's keys, which."""
    if place.kind != "keys":
        return place.name
    other = ", ".join(sorted(set(now) ^ set(place.value)))
    return f"{place.name} ({other})" if other else f"the order of {place.name}"


def mark(x: Any) -> tuple[Any, ...]:
    """A value as something hashable that tells 1 and True, 0.0 and -0.0 apart; an object as itself."""
    kind = type(x)
    if kind in (float, complex):
        return kind, repr(x)
    if kind in _CONSTANTS:
        return kind, x
    if kind in (tuple, frozenset, set, slice):
        parts = _parts(x)
        return kind, (frozenset if kind in (set, frozenset) else tuple)(map(mark, parts))
    if isinstance(x, np.generic):
        return kind, x.dtype.str, x.tobytes()
    return kind, id(x)


def _short(value: Any) -> str:
    if isinstance(value, _CONSTANTS):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:37]}..."
    if isinstance(value, types.FunctionType | type | types.ModuleType):
        return str(value.__name__)
    return f"a {type(value).__name__}"
