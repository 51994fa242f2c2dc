"""What a recording read of its surroundings, place by place, and one quick comparison of them all."""

from __future__ import annotations

import enum
import math
import operator
import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..kernels.headers import watcher
from ..primitive import Array

#: Stands for what is not there.
GONE: Any = type("Gone", (), {"__repr__": lambda self: "nothing"})()

_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(...))
_MISSED = (LookupError, AttributeError, ValueError, TypeError, ReferenceError)


class Place(NamedTuple):
    """Somewhere a value was read.

    Attributes:
        read: gives what is there now, from `owner` and `key`.
        text: the quick test that it is the same object, Python over {x}, {k}, {v}, which become
            generated identifiers: no word of a user is ever evaluated.
        owner, key: whose, and which.
        value: what was there.
        name: for readers.
    """

    read: Callable[[Any, Any], Any]
    text: str
    owner: Any
    key: Any
    value: Any
    name: str


def items(container: Any) -> tuple[Any, ...]:
    """All that iterating over a container gives; of a dict its keys and values."""
    if isinstance(container, dict | types.MappingProxyType):
        return (*container.keys(), *container.values())
    return tuple(container)


def bits(x: Any) -> tuple[Any, ...]:
    """An array's numbers with their dtype and shape, as a constant."""
    return x.dtype, x.shape, x.tobytes()


def alike(container: Any, then: tuple[Any, ...]) -> bool:
    """Whether a container holds these very objects."""
    now = container if isinstance(container, list | set) else items(container)
    return len(now) == len(then) and all(map(operator.is_, now, then))


#: The tests of what is in an object's dictionary, once that is at hand as d; they hold where it changed.
_IN_SPACE = {
    "{x}.__dict__[{k}] is {v}": "d[k{n}] is not v{n}",
    "({k} in {x}.__dict__) is {v}": "(k{n} in d) is not v{n}",
}

#: The kinds of places: how to read one, and the quick test, over generated names only.
READERS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "item": (operator.getitem, "{x}[{k}] is {v}"),
    "contains": (lambda x, k: k in x, "({k} in {x}) is {v}"),
    "length": (lambda x, k: len(x), "len({x}) == {v}"),
    "items": (lambda x, k: items(x), "alike({x}, {v})"),
    "keys": (lambda x, k: tuple(x), "[*{x}] == [*{v}]"),
    "own": (lambda x, k: x.__dict__[k], "{x}.__dict__[{k}] is {v}"),
    "has": (lambda x, k: k in x.__dict__, "({k} in {x}.__dict__) is {v}"),
    "attribute": (lambda x, k: getattr(x, k, GONE), "getattr({x}, {k}, GONE) is {v}"),
    "fact": (lambda x, k: getattr(x, k), "getattr({x}, {k}) == {v}"),  # of an array: made anew at each look
    "generic": (object.__getattribute__, "generic({x}, {k}) is {v}"),  # past a __getattribute__ of one's own
    "class": (lambda x, k: x.__class__, "{x}.__class__ is {v}"),
    "cell": (lambda x, k: x.cell_contents, "{x}.cell_contents is {v}"),
    "defaults": (lambda x, k: x.__defaults__, "{x}.__defaults__ is {v}"),
    "keyword defaults": (lambda x, k: x.__kwdefaults__, "{x}.__kwdefaults__ is {v}"),
    "code": (lambda x, k: x.__code__, "{x}.__code__ is {v}"),
    "answer": (lambda x, k: x(*k), "{x}(*{k}) is {v}"),
    "numbers": (lambda x, k: bits(x), "bits({x}) == {v}"),
    "element": (lambda x, k: bits(x[k]), "bits({x}[{k}]) == {v}"),
    "tensor": (lambda x, k: bits(x.array), "bits({x}.array) == {v}"),
    "gradient": (lambda x, k: x._grad, "{x}._grad is {v}"),
    "flag": (lambda x, k: x.requires_grad, "{x}.requires_grad is {v}"),
}


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


def _is_firm(place: Place) -> bool:
    """Whether a value is compared by == as it is by identity, and its name is one that can be asked for."""
    value = place.value
    return (value is None or isinstance(value, types.FunctionType | property)) and "." not in place.key


class Places:
    """Places and their values: are they still what they were?"""

    def __init__(self) -> None:
        self.all: list[Place] = []
        self._known: set[tuple[Any, ...]] = set()
        self._names: dict[str, Any] = {
            "GONE": GONE,
            "bits": bits,
            "alike": alike,
            "generic": object.__getattribute__,
            "missed": _MISSED,
        }
        self._arrays: list[tuple[Any, list[Array], int]] = []
        self._same: Callable[[], bool] | None = None
        self._loose: set[tuple[int, Any]] = set()

    def loose(self, owner: dict[str, Any], key: str, name: str) -> None:
        """Watch an item, but let it change: somebody else sees to it then."""
        self.add("item", owner, key, owner[key], name)
        self._loose.add((id(owner), key))

    def add(self, kind: str, owner: Any, key: Any, value: Any, name: str) -> None:
        """Watch a place, unless it is watched already: what was read first is what counts."""
        place = (kind, id(owner), *mark(key))
        if place not in self._known:
            self._known.add(place)
            self.all.append(Place(*READERS[kind], owner, key, value, name))

    def follow(self, tensors: Sequence[Any], bound: list[Array]) -> None:
        """Compare the tensors' arrays with the bound ones, in the same quick test as the places."""
        self._arrays = [(x, bound, k) for k, x in enumerate(tensors)]

    def hold(self, arrays: Sequence[Array]) -> None:
        """From now on arrays must keep their memory, shape, strides and dtype."""
        self._names["headers"], self._names["table"] = watcher(arrays)

    def unchanged(self) -> bool:
        """Whether every place and every array is the very same: the quick test."""
        if self._same is None:
            self._same = self._comparison()
        return self._same()

    def has(self, owner: Any, key: Any) -> bool:
        """Whether an attribute, item or variable was read."""
        return any(
            place.owner is owner and (place.key == key or isinstance(owner, types.CellType))
            for place in self.all
        )

    def describe(self) -> list[str]:
        """Each place and what was there, for readers."""
        return [f"{place.name} = {_short(place.value)}" for place in self.all]

    def _comparison(self) -> Callable[[], bool]:
        """One function that compares every place by identity: a call of a program waits for its answer."""
        lines: list[str] = []
        spaces: dict[int, tuple[int, list[str]]] = {}
        classes: dict[int, list[int]] = {}
        for n, place in enumerate(self.all):
            self._names.update({f"x{n}": place.owner, f"k{n}": place.key, f"v{n}": place.value})
            if place.text in _IN_SPACE:  # an object's dictionary is fetched once
                spaces.setdefault(id(place.owner), (n, []))[1].append(_IN_SPACE[place.text].format(n=n))
            elif place.text == READERS["attribute"][1] and _is_firm(place):
                classes.setdefault(id(place.owner), []).append(n)
            else:
                test = place.text.format(x=f"x{n}", k=f"k{n}", v=f"v{n}")
                lines.append(f"if not ({test}): return False")
        for n, tests in spaces.values():
            lines.append(f"d = x{n}.__dict__")
            lines.append(f"if {' or '.join(tests)}: return False")
        for group in classes.values():  # a class is asked for all of its attributes in one call
            places = [self.all[n] for n in group]
            self._names[f"g{group[0]}"] = operator.attrgetter(*(place.key for place in places))
            values = tuple(place.value for place in places)
            self._names[f"t{group[0]}"] = values if len(values) > 1 else values[0]
            lines.append(f"if g{group[0]}(x{group[0]}) != t{group[0]}: return False")
        if self._arrays:
            lines.append("if not headers(table): return False")
        for n, (x, bound, k) in enumerate(self._arrays):
            self._names.update({f"a{n}": x, "bound": bound})
            lines.append(f"if a{n}.array is not bound[{k}]: return False")
        body = "".join(f"  {line}\n" for line in lines)
        code = f"def same():\n try:\n{body}  return True\n except missed:\n  return False"
        exec(code, self._names)
        found: Callable[[], bool] = self._names["same"]
        return found

    def change(self) -> str | None:
        """The name of a place that holds something else now, or None.

        Each is looked at closely; an equal constant takes the place of the one that was there.
        """
        for n, place in enumerate(self.all):
            try:
                now = place.read(place.owner, place.key)
            except _MISSED:
                return place.name
            if (id(place.owner), place.key) not in self._loose and not same(now, place.value):
                return _naming(place, now)
            self._names[f"v{n}"] = now
        return None


def _naming(place: Place, now: Any) -> str:
    """What has changed; of a dict's keys, which."""
    if place.read is not READERS["keys"][0]:
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
