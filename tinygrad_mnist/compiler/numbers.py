"""Python's floats while a program is recorded: what is computed with is read anew at each call.

A `Number` stands for a float that a recorded function can see. Computing with it gives Numbers again; where
it meets a Tensor it becomes an argument of the program. What is decided with it (a comparison, a branch) is
remembered, and the function is recorded anew when a decision would come out another way. Where its very
value is asked for, as by `float` or `math.sqrt`, that decides, too.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from .places import Places

_FLOAT64 = np.dtype(np.float64)
_Decision = tuple[str, Callable[[], Any], Any]  # of what number, the question, its answer
_Input = tuple[Tensor, Callable[[], float]]  # and how it is computed


@dataclasses.dataclass(eq=False)
class _Source:
    """Where a number is read: an item of a dict or list. With what it was, and what depends on it."""

    container: Any
    key: Any
    value: Any
    decisions: list[_Decision] = dataclasses.field(default_factory=list)
    inputs: list[_Input] = dataclasses.field(default_factory=list)


class Numbers:
    """The numbers that one recorded program depends on.

    Attributes:
        inputs: the Tensors without axes through which the program is given them, by what they are.
    """

    def __init__(self, places: Places) -> None:
        self.inputs: dict[Any, Tensor] = {}
        self._sources: dict[Any, _Source] = {}
        self._answers: dict[Any, Any] = {}
        self._places = places
        self._names: dict[int, str] = {}

    def argument(self, numbers: list[float], k: int) -> Any:
        """The Number for a float among the arguments, which stand in a list."""
        return self._number(numbers, k, "number")

    def option(self, options: dict[str, Any], name: str) -> Any:
        """A named value: for a float a Number, for a tuple of floats a tuple of Numbers."""
        value = options[name]
        several = type(value) is tuple and value and all(type(x) is float for x in value)
        if type(value) is not float and not several:
            return value
        self._places.loose(options, name, name)
        return self._number(options, name, name)

    def _number(self, container: Any, key: Any, name: str) -> Any:
        value, at = container[key], (id(container), key)
        if at not in self._sources:
            self._sources[at] = _Source(container, key, value)
            self.decide(name, ("types", at), lambda: _types(container[key]))
        if type(value) is float:
            return Number(self, lambda: container[key], at, name)
        return tuple(
            Number(self, _part(container, key, k), (*at, k), f"{name}_{k}") for k in range(len(value))
        )

    def decide(self, name: str, what: Any, question: Callable[[], Any]) -> Any:
        """The answer to a question about numbers, on which the program depends from here on.

        Questions that are the same have an equal `what`.
        """
        answer = question()
        if what not in self._answers:
            self._answers[what] = answer
            for at in _sources(what):
                self._sources[at].decisions.append((name, question, answer))
        return answer

    def identity(self) -> tuple[Any, ...]:
        """Equal for what depends on the same numbers in the same way."""
        return [*self.inputs], [*self._answers.items()]

    def input(self, number: Number) -> Tensor:
        """The Tensor through which the program is given a number."""
        if number.key not in self.inputs:
            self.inputs[number.key] = x = wrap(np.array(number.now(), _FLOAT64))
            self._names[id(x)] = number.name
            for at in _sources(number.key):
                self._sources[at].inputs.append((x, number.now))
        return self.inputs[number.key]

    def name(self, x: Any) -> str | None:
        """What an input is called."""
        return self._names.get(id(x))

    def change(self) -> str | None:
        """Read the numbers that have changed; the name of one with which the program is another, or None."""
        try:
            new = [
                (source, now)
                for source in self._sources.values()
                if (now := source.container[source.key]) is not source.value
            ]
            for source, _ in new:
                for name, question, answer in source.decisions:
                    if not _same(question(), answer):
                        return name
            for source, _ in new:
                for x, now in source.inputs:
                    x.array = np.array(now(), _FLOAT64)
            for source, now in new:
                source.value = now
        except (LookupError, TypeError, ValueError, ArithmeticError):
            return "a number"
        return None


def _sources(what: Any) -> frozenset[Any]:
    """The sources in what identifies a Number, or a question about some."""
    if isinstance(what[0], int):
        return frozenset({what[:2]})
    return frozenset().union(*(_sources(part) for part in what[1:] if isinstance(part, tuple)))


def _part(container: Any, key: Any, k: int) -> Callable[[], float]:
    return lambda: float(container[key][k])


def _types(value: Any) -> Any:
    return [type(x) for x in value] if type(value) is tuple else type(value)


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b)) and (a != 0 or repr(a) == repr(b))


class Number:
    """See the module. Seen from Python code it is a float."""

    __slots__ = ("_numbers", "key", "name", "now")
    __class__ = property(lambda self: float)

    def __init__(self, numbers: Numbers, now: Callable[[], float], key: Any, name: str) -> None:
        self._numbers, self.now, self.key, self.name = numbers, now, key, name

    def _made(self, function: Callable[..., Any], *args: Any) -> Any:
        """A function of this number and Python's: a Number; of anything else, what that makes of it."""
        if not all(type(x) in (int, float, bool, Number) for x in args):
            if any(isinstance(x, np.ndarray | np.generic) for x in args):
                return function(*(float(x) if type(x) is Number else x for x in args))
            return NotImplemented
        keys = map(_key, args)
        now: Callable[[], float] = lambda: function(*(x.now() if type(x) is Number else x for x in args))
        if type(now()) is not float:  # as a negative number to a broken power
            return function(*(float(x) if type(x) is Number else x for x in args))
        return Number(self._numbers, now, (function.__name__, *keys), self.name)

    def _asked(self, question: Callable[..., Any], *args: Any) -> Any:
        if not all(type(x) in (int, float, bool, Number) for x in args):
            return NotImplemented
        what = (question.__name__, *map(_key, args))
        return self._numbers.decide(
            self.name, what, lambda: question(*(x.now() if type(x) is Number else x for x in args))
        )

    def __float__(self) -> float:
        return float(self._numbers.decide(self.name, ("value", self.key), self.now))

    def __bool__(self) -> bool:
        return bool(self._asked(bool, self))

    def __hash__(self) -> int:
        return hash(float(self))

    def __repr__(self) -> str:
        return repr(float(self))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)

    def __reduce__(self) -> Any:
        return float, (float(self),)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(float(self), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        given = [float(x) if type(x) is Number else x for x in inputs]
        return getattr(ufunc, method)(*given, **options)

    def __getattr__(self, name: str) -> Any:
        if not hasattr(float, name):
            raise AttributeError(f"'float' object has no attribute {name!r}")
        return getattr(float(self), name)


def _key(x: Any) -> Any:
    return x.key if type(x) is Number else (type(x), repr(x))


def _give(name: str, method: Callable[..., Any]) -> None:
    method.__name__ = name
    setattr(Number, name, method)


def _forward(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *others: self._made(function, self, *others)


def _backward(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: self._made(function, other, self)


def _question(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: self._asked(function, self, other)


def _of_the_value(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *args: function(float(self), *args)


def _operators() -> Iterator[tuple[str, Callable[..., Any]]]:
    for word in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
        yield f"__{word}__", _forward(getattr(operator, word))
        yield f"__r{word}__", _backward(getattr(operator, word))
    for word in ("neg", "pos", "abs"):
        yield f"__{word}__", _forward(getattr(operator, word))
    for word in ("lt", "le", "gt", "ge", "eq", "ne"):
        yield f"__{word}__", _question(getattr(operator, word))
    rounding: dict[str, Callable[..., Any]] = {
        "int": int,
        "round": round,
        "trunc": math.trunc,
        "floor": math.floor,
        "ceil": math.ceil,
    }
    found: dict[str, Callable[..., Any]] = {**rounding, "divmod": divmod}
    for word, function in found.items():
        yield f"__{word}__", _of_the_value(function)
    yield "__rdivmod__", lambda self, other: divmod(other, float(self))


for _name, _method in _operators():
    _give(_name, _method)
