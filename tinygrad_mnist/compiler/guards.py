"""The quick test of whether all that a program depends on is what it was.

What is plainly in a dictionary, a list, a class, a cell or a function, machine code looks up as a table says:
a few nanoseconds each, and no Python code runs meanwhile. Everything else is asked in Python.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..kernels import guards
from ..kernels.headers import READABLE, VERSIONED, fields
from ..primitive import Array
from .places import GONE, Place, static

_HEAP = 1 << 9  # of a class that Python code made: Py_TPFLAGS_HEAPTYPE
_SIZED = (list, dict, tuple, set, frozenset)
_OF_FUNCTION = {"code": guards.CODE, "defaults": guards.DEFAULTS, "keyword defaults": guards.KEYWORD_DEFAULTS}
_ALWAYS = {"class": guards.KIND, "lookup": guards.LOOKUP, "cell": guards.CELL}
_FIELDS = {"flag": "requires_grad", "gradient": "_grad"}
_IN_SPACE = (guards.OWN, guards.IN_SPACE, guards.FIELD)
_ARRAY = "array"
_Group = list[tuple[dict[int, int], int, list[int]]]  # rows, and where their places are noted, as which

#: So often a guard asks in Python: making the machine code takes longer than a great many questions.
PATIENCE = 100


class Guard:
    """Compares places with their values, and Tensors with the arrays that a program has bound.

    Args:
        places, tensors, arrays: see above.
        states: context variables, and what they are where the comparison is asked for.

    Attributes:
        rows, headers: the tables for machine code; the second None after `let_go`.
        has_others: whether there is more than what they say.
    """

    def __init__(
        self,
        places: Sequence[Place],
        tensors: Sequence[Any] = (),
        arrays: Sequence[Array] = (),
        states: Sequence[tuple[ContextVar[Any], Any]] = (),
    ) -> None:
        self._places, self._tensors, self._states = places, tensors, states
        self._held = [place.value for place in places]  # what the table has the addresses of
        self._row_of: dict[int, int] = {}
        self._row_of_array: dict[int, int] = {}
        self.rows = self._table()
        self._others = [n for n in range(len(places)) if n not in self._row_of]
        self._other_arrays = [k for k in range(len(tensors)) if k not in self._row_of_array]
        self.has_others = bool(self._others or self._other_arrays)
        self._native: Callable[[Any, Any], bool] | None = None
        self._patience = PATIENCE
        self.headers: Array | None = None
        self.hold(arrays)

    def _table(self) -> Array:
        found: dict[tuple[int | None, int], _Group] = {}  # by the row that they need in front
        kinds: dict[int, int] = {}  # places that ask for the type of an object with a dictionary, by object
        for n, place in enumerate(self._places):
            if place.kind == "class" and _has_space(place.owner):
                kinds[id(place.owner)] = n
                found.setdefault((guards.SPACE, id(place.owner)), [])
                continue
            row = _row(place)
            if row is not None:
                need = guards.SPACE if row[0] in _IN_SPACE else None
                if row[0] == guards.LOOKUP and VERSIONED:
                    need = guards.CLASS
                group = found.setdefault((need, 0 if need is None else id(place.owner)), [])
                group.append((self._row_of, n, row))
        for k, x in enumerate(self._tensors):
            if _has_space(x) and static(type(x), _ARRAY)[1] is GONE:
                row = [guards.OWN, id(x), id(_ARRAY), 0, 0]
                found.setdefault((guards.SPACE, id(x)), []).append((self._row_of_array, k, row))
        rows = [[guards.CONTEXT, id(variable), 0, id(value), 0] for variable, value in self._states]
        for (need, owner), group in found.items():
            if need == guards.SPACE:
                kind = kinds.get(owner)
                if kind is not None:
                    self._row_of[kind] = len(rows) * guards.WIDTH
                rows.append([guards.SPACE, owner, 0, 0 if kind is None else id(self._places[kind].value), 0])
            elif need == guards.CLASS:
                rows.append([guards.CLASS, owner, len(group), guards.NEVER, 0])
            for index, n, row in group:
                index[n] = len(rows) * guards.WIDTH
                rows.append(row)
        return np.array(rows, np.int64).ravel()

    def let_go(self) -> None:
        """Until `hold` nothing is as it must be: arrays are about to be exchanged."""
        self.headers = None

    def hold(self, arrays: Sequence[Array]) -> None:
        """From now on the Tensors must have these arrays, and those their memory, shape, strides and dtype.

        Who calls this keeps the arrays until it has called `let_go`.
        """
        self._arrays = arrays
        self._fields = [field for x in arrays for field in fields(x)]
        for k, at in self._row_of_array.items():
            self.rows[at + 3] = id(arrays[k])
        self.headers = np.array(self._fields, np.int64)

    def note(self, n: int, now: Any) -> None:
        """From now on this is what a place must hold."""
        if now is not self._held[n]:
            if n in self._row_of:
                self.rows[self._row_of[n] + 3] = _expected(self._places[n].kind, now)
            self._held[n] = now

    def unchanged(self) -> bool:
        """Whether every place and every array is the very same."""
        if self.headers is None:
            return False
        if self._native is None:
            self._patience -= 1
            if self._patience >= 0 or not READABLE:
                return self._unchanged_in_python()
            self._native = guards.unchanged()
        return self._native(self.rows, self.headers) and (not self.has_others or self.others_hold())

    def others_hold(self) -> bool:
        """Whether what machine code does not look at is the very same."""
        for n in self._others:
            if not self._places[n].holds(self._held[n]):
                return False
        return all(self._tensors[k].array is self._arrays[k] for k in self._other_arrays)

    def _unchanged_in_python(self) -> bool:
        return (
            all(place.holds(value) for place, value in zip(self._places, self._held, strict=True))
            and all(x.array is y for x, y in zip(self._tensors, self._arrays, strict=True))
            and self._fields == [field for x in self._arrays for field in fields(x)]
        )


def _expected(kind: str, value: Any) -> int:
    """The answer that a table has for a value."""
    if kind in ("has", "contains", "length"):
        return int(value)
    return 0 if value is GONE or (value is None and kind in _OF_FUNCTION) else id(value)


def _row(place: Place) -> list[int] | None:
    """The question for machine code that a place is, if it is one."""
    kind, owner, key = place.kind, place.owner, place.key
    question, other = _question(kind, owner, key), 0
    if question is None:
        return None
    if kind in _FIELDS:
        key = _FIELDS[kind]
        other = id(static(type(owner), key)[1])
    name = key if question == guards.LIST_ITEM else id(key)
    return [question, id(owner), name, _expected(kind, place.value), other]


def _question(kind: str, owner: Any, key: Any) -> int | None:
    if kind in ("own", "has"):
        in_space = guards.OWN if kind == "own" else guards.IN_SPACE
        return in_space if type(key) is str and _has_space(owner) else None
    if kind in _FIELDS:
        default = static(type(owner), _FIELDS[kind])[1]
        return guards.FIELD if _has_space(owner) and (default is None or default is False) else None
    if kind in ("item", "contains") and type(owner) is dict:
        return (guards.ITEM if kind == "item" else guards.IN_DICT) if type(key) is str else None
    if kind == "item":
        return guards.LIST_ITEM if type(owner) is list and type(key) is int and key >= 0 else None
    if kind == "length":
        return guards.LENGTH if type(owner) in _SIZED else None
    if kind == "keys":
        return guards.KEYS if type(owner) is dict else None
    if kind == "attribute":
        return guards.ATTRIBUTE if type(key) is str and _is_plain(owner, key) else None
    if kind in _ALWAYS:
        return _ALWAYS[kind]
    return _OF_FUNCTION[kind] if kind in _OF_FUNCTION and type(owner) is types.FunctionType else None


def _has_space(x: Any) -> bool:
    """Whether the dictionary of an object's attributes is where Python's own way leads."""
    if type(x) is type:
        return bool(x.__flags__ & _HEAP)
    getter = static(type(x), "__dict__")[1]
    return (
        type(getter) is types.GetSetDescriptorType
        and not isinstance(x, type)
        and bool(getter.__objclass__.__flags__ & _HEAP)
        and _is_usual(x)
    )


def _is_plain(x: Any, name: str) -> bool:
    """Whether an attribute is read without any Python code, and is the same object each time."""
    return type(static(type(x), name)[1]) is types.MemberDescriptorType and _is_usual(x)


def _is_usual(x: Any) -> bool:
    """Whether an object's attributes are looked up in Python's own way."""
    return static(type(x), "__getattribute__")[0] is object
