"""A scheduled program as Python that people can read: the only place where text is made."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..kernels import policy, runtime
from ..kinds import Function
from .loops import (
    Apply,
    Array,
    Between,
    Call,
    Const,
    Expr,
    For,
    Let,
    Load,
    Place,
    Section,
    Select,
    Share,
    Stmt,
    Stop,
    Store,
)
from .names import Names
from .readable import readable
from .share import EVERYONE, Schedule, written
from .whole import whole

INDENT = "    "
_NUMPY, _RUNTIME = np.__name__, runtime.__name__
#: How tightly operators bind, as Python has it; comparisons and `**` do not chain.
_TIGHTNESS = {
    "or": 1, "and": 2, "not": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "|": 5, "^": 6, "&": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "//": 10, "%": 10, "~": 11, "**": 12,
}  # fmt: skip
_UNARY, _ATOM = 11, 13


class Printer:
    """Prints one program.

    Attributes:
        imports: the names that the text needs, by module.
        short: whether the text is for readers alone. What Numba compiles has no statements of whole arrays,
            which would allocate memory that a program ending by an error could not give back.
    """

    def __init__(self, schedule: Schedule, title: str, short: bool = False) -> None:
        schedule = readable(schedule, short)
        self.schedule, self.loops, self.title, self.short = schedule, schedule.loops, title, short
        self.imports: dict[str, set[str]] = {}
        self.names = Names(schedule)
        self._shares: dict[str, None] = {}

    def module(self) -> str:
        """A module with the function `program`."""
        body = list(self._step())
        head = list(self._shares)
        head += self._again()
        head += [self._alias(place) for place in self.loops.aliases if not place.moves]
        self._use(Function("program_kernel", policy.__name__))
        lines = ["@program_kernel", f"def program({', '.join(self.parameters())}):"]
        lines += [INDENT + line if line else line for line in (*self._docstring(), *head)]
        lines += [f"{INDENT}for step in range(first, last):"]
        lines += [INDENT * 2 + line for line in body or ["pass"]]
        return self._importing(lines)

    def _importing(self, lines: Iterable[str]) -> str:
        """A function behind what it needs."""
        imports = [f"from {m} import {', '.join(sorted(names))}" for m, names in sorted(self.imports.items())]
        return "\n".join([*imports, "", "", *lines, ""])

    def _again(self) -> Iterator[str]:
        """Which buffers are in the memory of others."""
        users: dict[str, list[str]] = {}
        for place in self.schedule.again:
            users.setdefault(self.names[self.schedule.memory(place)], []).append(self.names[place])
        ones = [home for home, names in users.items() if len(names) == 1]
        rows = [ones[n : n + 4] for n in range(0, len(ones), 4)]
        pairs = [(", ".join(users[home][0] for home in row), ", ".join(row)) for row in rows]
        pairs += [(" = ".join(names), home) for home, names in users.items() if len(names) > 1]
        yield from (f"{names} = {homes}  # the same memory, one after the other" for names, homes in pairs)

    def parameters(self) -> list[str]:
        """The names of what the function takes, in order."""
        loops = self.loops
        places = [*loops.arguments, *loops.captured, *loops.outputs, *self.schedule.buffers]
        shared = ["worker", "workers", "meeting"] if self.schedule.shared else []
        return ["first", "last", *shared, *(self.names.parameter(place) for place in places)]

    def _docstring(self) -> Iterator[str]:
        """What goes in and comes out, with its shape."""
        yield f'"""Steps `first` up to `last` of {self.title}.'
        yield ""
        loops = self.loops
        changed = written(loops)
        groups = (
            ("Given for each step", loops.arguments),
            ("Read", [p for p in loops.captured if p not in changed]),
            ("Changed in place", [p for p in loops.captured if p in changed]),
            ("Results of each step", loops.outputs),
            ("Room to work in", self.schedule.buffers),
        )
        for title, places in groups:
            kinds: dict[str, list[str]] = {}
            for place in places:
                kinds.setdefault(_type(place), []).append(self.names.parameter(place))
            if kinds:
                entries = (f"{' '.join(names)}\xa0{kind}" for kind, names in kinds.items())
                lines = textwrap.wrap(f"{title}: {', '.join(entries)}", 106, subsequent_indent=INDENT)
                yield from (line.replace("\xa0", " ") for line in lines)
        yield '"""'

    def _step(self) -> Iterator[str]:
        yield from (self._alias(place) for place in self.loops.aliases if place.moves)
        origin, before = ("", ""), EVERYONE
        if self.schedule.shared:
            self._use(Function("meet", _RUNTIME))
        for by, section in self.schedule.parts:
            if by not in (EVERYONE, before):
                yield f"if {by}:"
            before = by
            indent = INDENT * (by != EVERYONE)
            if section is None:
                yield from _MEET
                continue
            if section.origin != origin and any(section.origin):
                origin = section.origin
                phase, line = origin
                yield f"{indent}# {phase}: {line}" if line else f"{indent}# {phase}"
            self.names.enter(section)
            yield from (indent + line for line in self._section(section))
        if self.schedule.shared:
            yield from _MEET

    def _section(self, section: Section) -> Iterator[str]:
        yield from self._statements(section.body, self.schedule.shared and section.rows > 1)

    def _statements(self, body: Iterable[Stmt], shared: bool) -> Iterator[str]:
        for statement in body:
            match statement:
                case Store():
                    yield self._store(statement)
                case For(index=index, count=count):
                    at_once = whole(statement, self.schedule.memory)
                    if at_once and (self.short or _fills(at_once)):
                        yield self._store(at_once)
                        continue
                    yield f"for {self.names[index]} in range({self._count(count, shared)}):"
                    yield from (INDENT + line for line in self._statements(statement.body, shared))
                case Let(place=place):
                    yield self._alias(place)
                case Stop(condition=condition):
                    yield f"if {self.text(condition)}:"
                    yield f"{INDENT}break"
                case Call(function=function, args=args):
                    self._use(function)
                    yield f"{function.name}({', '.join(self._argument(x, shared) for x in args)})"

    def _store(self, store: Store) -> str:
        target, value = self._place(store.place, store.index), store.value
        if isinstance(value, Apply) and value.function.name in ("+", "-", "*"):
            first, *others = value.args
            if others and first == Load(store.place, store.index):
                return f"{target} {value.function.name}= {self.text(others[0])}"
        every = "[:]" if len(store.index) < len(store.place.shape) and not target.endswith("]") else ""
        return f"{target}{every} = {self.text(value)}"

    def _count(self, count: int | Share | Expr | Between, shared: bool) -> str:
        if isinstance(count, int):
            return str(count)
        if isinstance(count, Between):
            return f"{self.text(count.first)}, {self.text(count.last)}"
        if not isinstance(count, Share):
            return self.text(count)
        return self._bounds(count, shared) if shared else str(count.count)

    def _bounds(self, share: Share, shared: bool) -> str:
        if not shared:
            return f"0, {share.count}"
        n, times = share.n, share.times
        if share.unsigned:
            self._use(Function("span", _RUNTIME))
            pair = f"begin_{n}_{times}, end_{n}_{times}"
            self._shares[f"{pair} = span({n}, {times}, worker, workers)"] = None
        else:
            self._use(Function("share", _RUNTIME))
            pair = f"first_{n}, last_{n}"
            self._shares[f"{pair} = share({n}, worker, workers)"] = None
        return pair

    def _argument(self, x: Array | Share | Expr, shared: bool) -> str:
        if isinstance(x, Share):
            return self._bounds(x, shared)
        if not isinstance(x, Array):
            return self.text(x)
        if x.all_steps:
            return self.names.parameter(x.place)
        parts = [":" if i is None else self.text(i) for i in x.index]
        text = self._element(x.place, parts)
        text = f"{text}.reshape({x.shape!r})" if x.shape else text
        return f"{text}.T" if x.turned else text

    def _alias(self, place: Place) -> str:
        assert place.home is not None
        home = self._element(place.home, [] if place.at is None else [self.text(place.at)])
        if place.at is not None:
            return f"{self.names[place]} = {home}"
        shape = f"{place.shape[0]}" if len(place.shape) == 1 else f"{place.shape!r}"
        return f"{self.names[place]} = {home}.reshape({shape})"

    def _dtype(self, dtype: np.dtype[Any] | None) -> str:
        assert dtype is not None
        name = "bool_" if dtype.kind == "b" else dtype.name
        self._use(Function(name, _NUMPY))
        return name

    def _place(self, place: Place, index: tuple[Expr, ...]) -> str:
        return self._element(place, [self.text(i) for i in index])

    def _element(self, place: Place, index: list[str]) -> str:
        """An element or a part of an array; those of arguments and outputs are of the present step."""
        if place.role in ("argument", "output"):
            index = ["step", *index]
        elif place.role == "captured" and not place.shape:
            index = ["()"]
        return f"{self.names.parameter(place)}[{', '.join(index)}]" if index else self.names[place]

    # Expressions ----------------------------------------------------------------------------------

    def text(self, x: Expr) -> str:
        """An expression, with parentheses where they are needed."""
        return self._tight(x)[0]

    def _tight(self, x: Expr) -> tuple[str, int]:
        match x:
            case Load(place=place, index=index):
                return self._place(place, index), _ATOM
            case Const(value=value, dtype=dtype):
                return self._number(value, dtype), _ATOM
            case Select(condition=condition, yes=yes, no=no):
                return f"{self._over(yes, 1)} if {self._over(condition, 1)} else {self._over(no, 1)}", 0
            case Apply(function=function, args=args) if function.is_operator:
                return self._operator(function.name, args)
            case Apply(function=function, args=args):
                self._use(function)
                return f"{function.name}({', '.join(map(self.text, args))})", _ATOM
        raise TypeError(f"{x!r} is no expression")

    def _operator(self, name: str, args: tuple[Expr, ...]) -> tuple[str, int]:
        if len(args) == 1:
            space = " " if name == "not" else ""
            tightness = _TIGHTNESS["not"] if name == "not" else _UNARY
            return f"{name}{space}{self._over(args[0], tightness)}", tightness
        a, b = args
        tightness = _TIGHTNESS[name]
        left = self._over(a, tightness + (tightness in (_TIGHTNESS["=="], _TIGHTNESS["**"])))
        return f"{left} {name} {self._over(b, tightness + 1)}", tightness

    def _over(self, x: Expr, tightness: int) -> str:
        """An expression that must bind so tightly."""
        text, own = self._tight(x)
        return text if own >= tightness else f"({text})"

    def _number(self, x: Any, dtype: np.dtype[Any] | None) -> str:
        if dtype is None:
            return str(x)
        if dtype.kind == "b":
            return str(bool(x))
        name = self._dtype(dtype)
        if dtype.kind in "iu":
            return f"{name}({int(x)})"
        value = float(x)
        if math.isfinite(value):
            return f"{name}({value!r})"
        word = "nan" if math.isnan(value) else "inf"
        self._use(Function(word, _NUMPY))
        return f"{name}({'-' if value < 0 else ''}{word})"

    def _use(self, function: Function) -> None:
        if function.module:
            self.imports.setdefault(function.module, set()).add(function.name)


_MEET = ["if not meet(meeting, workers):", f"{INDENT}return"]


def _fills(store: Store) -> bool:
    """Whether all elements of an array get one value."""
    return isinstance(store.value, Const) and not store.index and store.place.role != "output"


def _type(place: Place) -> str:
    """With spaces where lines do not break."""
    return f"{place.dtype} {place.shape}".replace(" ", "\xa0") if place.shape else f"{place.dtype}"
