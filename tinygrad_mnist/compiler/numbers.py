"""Python's floats while a program is recorded: what is computed with is read anew at each call.

A `Number` stands for a float that a recorded function can see. Computing with it gives Numbers again; where
it meets a Tensor it becomes an argument of the program. What is decided with it (a comparison, a branch) is
remembered, and the function is recorded anew when a decision would come out another way. Where its very
value is asked for, as by `float` or `math.sqrt`, that decides, too.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from .places import Places

_FLOAT64 = np.dtype(np.float64)
_BROKEN = LookupError, TypeError, ValueError, ArithmeticError  # numbers for which a program is another


class Numbers:
    """The numbers that one recorded program depends on, and how they are read anew.

    Attributes:
        inputs: the Tensors without axes through which the program is given them, by what they are called.
    """

    def __init__(self, places: Places) -> None:
        self.inputs: dict[str, Tensor] = {}
        self._called: dict[Any, str] = {}  # what a number is called, by how it is computed
        self._lines: list[str] = []  # that compute and decide, in the order in which the function did
        self._answers: dict[str, Any] = {}
        self._places = places
        self._names: dict[int, str] = {}
        self._space: dict[str, Any] = {"same": _same, "BROKEN": _BROKEN, "inf": math.inf, "nan": math.nan}
        self._sources = 0
        self._read: Callable[[], str | None] | None = None

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._sources > 0

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
        if at not in self._called:
            n, self._sources = self._sources, self._sources + 1
            self._called[at] = f"s{n}"
            self._space.update({f"c{n}": container, f"k{n}": key, f"v{n}": value})
            several = f"type(s{n}) is tuple and [*map(type, s{n})] == [float] * "
            self.decide(
                name, f"type(s{n}) is float" if type(value) is float else f"{several}{len(value)}", True
            )
        called = self._called[at]
        if type(value) is float:
            return Number(self, value, called, name)
        return tuple(
            Number(self, x, self.computed(f"{called}[{k}]"), f"{name}_{k}") for k, x in enumerate(value)
        )

    def text(self, function: Callable[..., Any], args: Sequence[Any]) -> str:
        """A function of Numbers and Python's numbers, in the words of the lines."""
        self._space[f"of_{function.__name__}"] = function
        words = (x.called if type(x) is Number else repr(x) for x in args)
        return f"of_{function.__name__}({', '.join(words)})"

    def computed(self, text: str) -> str:
        """What the number is called that is computed so."""
        if text not in self._called:
            self._called[text] = f"m{len(self._called)}"
            self._lines.append(f"{self._called[text]} = {text}")
        return self._called[text]

    def decide(self, name: str, question: str, answer: Any) -> Any:
        """The answer to a question about a number, on which the program depends from here on."""
        if question not in self._answers:
            k = len(self._answers)
            self._answers[question] = answer
            self._space.update({f"a{k}": answer, f"n{k}": name})
            differs = (
                f"({question}) is not {answer}" if type(answer) is bool else f"not same({question}, a{k})"
            )
            self._lines.append(f"if {differs}: return n{k}")
        return answer

    def identity(self) -> tuple[Any, ...]:
        """Equal for what depends on the same numbers in the same way."""
        return self._lines, [*self.inputs], [*self._answers.values()]

    def input(self, number: Number) -> Tensor:
        """The Tensor through which the program is given a number."""
        if number.called not in self.inputs:
            self.inputs[number.called] = x = wrap(np.array(number.value, _FLOAT64))
            self._names[id(x)] = number.name
        return self.inputs[number.called]

    def name(self, x: Any) -> str | None:
        """What an input is called."""
        return self._names.get(id(x))

    def change(self) -> str | None:
        """Read the numbers that have changed; the name of one with which the program is another, or None."""
        if self._read is None:
            self._read = self._reader()
        try:
            return self._read()
        except _BROKEN:
            return "a number"

    def stand_in(self, numbers: list[float]) -> bool:
        """Whether all that is read is in this list."""
        return all(self._space[f"c{n}"] is numbers for n in range(self._sources))

    def function(
        self, inputs: Sequence[Tensor], others: Sequence[Any]
    ) -> Callable[[list[float]], tuple[list[float], list[Any]] | str]:
        """What is computed, as a function of a list like the one in which all that is read stands.

        Returns:
            A function that gives what the inputs then are, and what those of the others are that are inputs;
            the name of a number with which the program is another.
        """
        called = {id(x): f"float({name})" for name, x in self.inputs.items()}
        self._space.update({f"r{k}": x for k, x in enumerate(others)})
        results = (called.get(id(x), f"r{k}") for k, x in enumerate(others))
        lines = [f"s{n} = given[k{n}]" for n in range(self._sources)]
        lines += self._lines
        lines.append(f"return [{', '.join(called[id(x)] for x in inputs)}], [{', '.join(results)}]")
        lines = ["try:", *(f" {line}" for line in lines), "except BROKEN: return 'a number'"]
        return self._compiled("of(given)", lines)

    def _reader(self) -> Callable[[], str | None]:
        """All that is to be read, computed and decided, flat: a call of a program waits for it."""
        new = range(self._sources)
        lines = [f"global v{n}; s{n} = c{n}[k{n}]" for n in new]
        lines.append(f"if {' and '.join(f's{n} is v{n}' for n in new) or True}: return None")
        lines += self._lines
        lines += [f"y{k} = float({called})" for k, called in enumerate(self.inputs)]
        for k, x in enumerate(self.inputs.values()):  # in place: who has the array's address need not be told
            self._space[f"x{k}"] = x
            lines.append(f"x{k}.array[()] = y{k}")
        lines += [f"v{n} = s{n}" for n in new]
        return self._compiled("read()", lines)

    def _compiled(self, head: str, lines: Sequence[str]) -> Any:
        """A function of these lines."""
        exec("\n ".join([f"def {head}:", *lines]), self._space)
        return self._space[head.partition("(")[0]]


def _same(a: Any, b: Any) -> bool:
    return a is b or (
        type(a) is type(b) and (a == b or (a != a and b != b)) and (a != 0 or repr(a) == repr(b))
    )


class Number:
    """See the module. Seen from Python code it is a float, of the value that was there at recording."""

    __slots__ = ("_numbers", "called", "name", "value")
    __class__ = property(lambda self: float)

    def __init__(self, numbers: Numbers, value: float, called: str, name: str) -> None:
        self._numbers, self.value, self.called, self.name = numbers, value, called, name

    def _made(self, function: Callable[..., Any], *args: Any) -> Any:
        """A function of this number and Python's: a Number; of anything else, what that makes of it."""
        value = _of_values(function, args)
        if value is NotImplemented or type(value) is not float:  # as a negative number to a broken power
            if value is NotImplemented and not any(isinstance(x, np.ndarray | np.generic) for x in args):
                return NotImplemented
            return function(*(float(x) if type(x) is Number else x for x in args))
        called = self._numbers.computed(self._numbers.text(function, args))
        return Number(self._numbers, value, called, self.name)

    def _asked(self, question: Callable[..., Any], *args: Any) -> Any:
        answer = _of_values(question, args)
        if answer is NotImplemented:
            return NotImplemented
        return self._numbers.decide(self.name, self._numbers.text(question, args), answer)

    def __float__(self) -> float:
        return float(self._numbers.decide(self.name, self.called, self.value))

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


def _of_values(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """A function of Numbers and Python's numbers; NotImplemented if there are others among them."""
    if not all(type(x) in (int, float, bool, Number) for x in args):
        return NotImplemented
    return function(*(x.value if type(x) is Number else x for x in args))


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
    rounding: tuple[Callable[..., Any], ...] = int, round, math.trunc, math.floor, math.ceil, divmod
    for function in rounding:
        yield f"__{function.__name__}__", _of_the_value(function)
    yield "__rdivmod__", lambda self, other: divmod(other, float(self))


for _name, _method in _operators():
    _give(_name, _method)
