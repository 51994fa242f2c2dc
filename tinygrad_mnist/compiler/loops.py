"""The middle of the compiler: what is stored where, in which loops.

An expression is the value of one element: `Load`, `Const`, `Apply` or `Select`. A statement is a `Store`,
a `For` or the `Call` of a routine. Everything has its type, nothing is text; how deep in loops a value can be
computed, what is read and what it costs are walks over this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from ..kinds import Function
from ..primitive import Shape

Role = Literal["argument", "captured", "output", "buffer", "aliased", "row", "scalar", "index"]


@dataclass(eq=False, slots=True)
class Place:
    """Where numbers are.

    Attributes:
        name: what it holds; printing makes it unique.
        shape: () for a variable that holds one number.
        dtype: None for a whole number that is an index.
        role: an argument's or a captured array, an output (with an axis of steps in front), memory to
            work in, the memory of another place in another shape, a row of another place, a variable, or that
            of a loop.
        home: for an alias or a row, the place whose memory it is.
        flat: for an alias, whether it is its home as one row of elements.
        at: for a row, which one.
    """

    name: str
    shape: Shape
    dtype: Any
    role: Role = "buffer"
    home: Place | None = None
    flat: bool = False
    at: Expr | None = None

    @property
    def moves(self) -> bool:
        """Whether its memory is another one in every step: that of an argument, or a row."""
        if self.role == "row":
            return True
        return self.home.moves if self.home else self.role == "argument"

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype or 'index'}{list(self.shape)}"


class _Arithmetic:
    """Whole numbers as people write them in the index of a view; what changes nothing is left out."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return self if other == 0 else _index("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return self if other == 0 else _index("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return self if other == 0 else _index("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _index("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return self if other == 1 else 0 if other == 0 else _index("*", self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return self if other == 1 else _index("//", self, other)

    def __mod__(self, other: Any) -> Any:
        return 0 if other == 1 else _index("%", self, other)

    def __lt__(self, other: Any) -> Any:
        return _index("<", self, other)

    def __le__(self, other: Any) -> Any:
        return _index("<=", self, other)

    def __gt__(self, other: Any) -> Any:
        return _index(">", self, other)

    def __ge__(self, other: Any) -> Any:
        return _index(">=", self, other)

    def __bool__(self) -> bool:
        raise TypeError("the index of a view is not known yet: write arithmetic, without if, and, or, not")


@dataclass(frozen=True, slots=True)
class Load(_Arithmetic):
    """An element of an array, or a variable."""

    place: Place
    index: tuple[Expr, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Of the value."""
        return self.place.dtype


@dataclass(frozen=True, slots=True)
class Const(_Arithmetic):
    """A number."""

    value: Any
    dtype: np.dtype[Any] | None


@dataclass(frozen=True, slots=True)
class Apply(_Arithmetic):
    """A function or an operator of values."""

    function: Function
    args: tuple[Expr, ...]
    dtype: np.dtype[Any] | None


@dataclass(frozen=True, slots=True)
class Select(_Arithmetic):
    """The one value or the other; only that one is computed."""

    condition: Expr
    yes: Expr
    no: Expr

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Of the value."""
        return self.yes.dtype


Expr: TypeAlias = Load | Const | Apply | Select
BOOL, INT64, FLOAT32, FLOAT64 = map(np.dtype, (np.bool_, np.int64, np.float32, np.float64))
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "not")


def whole(x: Any) -> Expr:
    """An index: an expression, or a number."""
    return x if isinstance(x, Expr) else Const(int(x), None)


def _index(operator: str, a: Any, b: Any) -> Expr:
    return apply(Function(operator), whole(a), whole(b))


def apply(function: Function, *args: Expr, dtype: np.dtype[Any] | None = None) -> Apply:
    """The value of a function; of its first argument's dtype, or a bool if it is a question."""
    if dtype is None:
        dtype = BOOL if function.name in _COMPARISONS else args[0].dtype
    return Apply(function, args, dtype)


def converted(x: Expr, dtype: np.dtype[Any]) -> Expr:
    """A value in another dtype, as NumPy casts."""
    if dtype.kind == "b":
        return apply(Function("!="), x, Const(0, x.dtype))
    return Apply(Function(dtype.name, "numpy"), (x,), dtype)


#: The present step, and the one after the last.
STEP, LAST = (Load(Place(name, (), None, "index")) for name in ("step", "last"))


@dataclass(frozen=True, slots=True)
class Share:
    """A worker's share of n rows of so many elements each; all of them where one works alone.

    Attributes:
        unsigned: for the variable of a loop that is an index and nothing else.
    """

    n: int
    times: int = 1
    unsigned: bool = False

    @property
    def count(self) -> int:
        """Of all workers' shares."""
        return self.n * self.times


@dataclass(frozen=True, slots=True)
class Array:
    """An array as the argument of a routine.

    Attributes:
        index: of the part that is meant; None for all of an axis.
        turned: whether its last two axes are exchanged.
        shape: in what shape, if not its own.
        all_steps: for an argument, whether all steps are meant and not the present one.
    """

    place: Place
    index: tuple[Expr | None, ...] = ()
    turned: bool = False
    shape: Shape | None = None
    all_steps: bool = False


@dataclass(frozen=True, slots=True)
class Store:
    """place[index] = value."""

    place: Place
    index: tuple[Expr, ...]
    value: Expr


class Between(NamedTuple):
    """From a first index up to, without, a last one."""

    first: Expr
    last: Expr


@dataclass(frozen=True, slots=True)
class For:
    """The body for each value of an index: so many from 0 on, or those of a range."""

    index: Place
    count: int | Share | Expr | Between
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A routine that fills arrays."""

    function: Function
    args: tuple[Array | Share | Expr, ...]


@dataclass(frozen=True, slots=True)
class Let:
    """From here on a place is a row of another, or is in the memory of one."""

    place: Place


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of the innermost loop, on a condition."""

    condition: Expr


Stmt: TypeAlias = Store | For | Call | Let | Stop

#: A place, and how it is shared out if each worker touches only its own part of it: by the length of
#: its first axis; by that of its last one, negative; 0 if a worker may touch any of it.
Access: TypeAlias = tuple[Place, int]


@dataclass(eq=False)
class Section:
    """One part of a step: a loop nest, or a routine's call.

    Attributes:
        title: of what it computes.
        body: its statements.
        reads, writes: what it touches.
        rows: length of the loop that workers share out, or 0 if there is none.
        everyone: each worker does it for itself, since it makes scalars.
        cost: work, in units of an addition.
        by: who does it, if that is not left open.
        origin: the phase of the program and the line of the user's code that it comes from.
    """

    title: str
    body: tuple[Stmt, ...]
    reads: set[Access]
    writes: set[Access]
    rows: int = 0
    everyone: bool = False
    cost: float = 1.0
    by: str = ""
    origin: tuple[str, str] = ("", "")


class Loops(NamedTuple):
    """A program as loops.

    Attributes:
        arguments, captured, outputs: the places of its arrays.
        buffers: memory that it works in.
        aliases: places in the memory of others.
        sections: what is done in a step, in order.
    """

    arguments: tuple[Place, ...]
    captured: tuple[Place, ...]
    outputs: tuple[Place, ...]
    buffers: tuple[Place, ...]
    aliases: tuple[Place, ...]
    sections: tuple[Section, ...]

    @property
    def work(self) -> float:
        """Of a step, in units of an addition."""
        return sum(section.cost for section in self.sections)

    def __str__(self) -> str:
        lines = [f"{place.role} {place}" for place in (*self.arguments, *self.captured, *self.buffers)]
        lines += [f"{place} = {place.home.name} in another shape" for place in self.aliases if place.home]
        for section in self.sections:
            shared = f", {section.rows} rows shared out" if section.rows else ""
            lines += ["", f"{section.title}  # {' '.join(filter(None, section.origin[:1]))}{shared}"]
            lines += _listed(section.body, "    ")
        return "\n".join(lines)


# Walks --------------------------------------------------------------------------------------------


def parts(x: Expr) -> Sequence[Expr]:
    """The expressions that an expression is made of directly."""
    match x:
        case Load(index=index):
            return index
        case Apply(args=args):
            return args
        case Select(condition=condition, yes=yes, no=no):
            return condition, yes, no
    return ()


def inside(x: Expr) -> Iterator[Expr]:
    """An expression and all that it is made of."""
    yield x
    for part in parts(x):
        yield from inside(part)


def statements(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """Statements and those in their loops."""
    for statement in body:
        yield statement
        if isinstance(statement, For):
            yield from statements(statement.body)


def computed(statement: Stmt) -> Sequence[Expr]:
    """The expressions of a statement itself: values, indices, counts and conditions."""
    match statement:
        case Store(index=index, value=value):
            return value, *index
        case For(count=count) if not isinstance(count, int | Share):
            return count if isinstance(count, Between) else (count,)
        case Let(place=Place(at=at)) if at is not None:
            return (at,)
        case Stop(condition=condition):
            return (condition,)
        case Call(args=args):
            given = (x.index if isinstance(x, Array) else (x,) for x in args if not isinstance(x, Share))
            return [x for index in given for x in index if x is not None]
    return ()


def expressions(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Every expression of statements, and what it is made of."""
    for statement in statements(body):
        for x in computed(statement):
            yield from inside(x)


def loads(body: Iterable[Stmt]) -> Iterator[Load]:
    """Every element that is read."""
    return (x for x in expressions(body) if isinstance(x, Load))


def stores(body: Iterable[Stmt]) -> Iterator[Store]:
    """Every element that is written."""
    return (s for s in statements(body) if isinstance(s, Store))


def places(body: Sequence[Stmt]) -> list[Place]:
    """Of every element that is written, then of every one that is read, each time."""
    return [*(s.place for s in stores(body)), *(x.place for x in loads(body))]


def calls(body: Iterable[Stmt]) -> Iterator[Call]:
    """Every call of a routine."""
    return (s for s in statements(body) if isinstance(s, Call))


def arrays(body: Iterable[Stmt]) -> Iterator[Array]:
    """Every array that routines are given."""
    return (x for call in calls(body) for x in call.args if isinstance(x, Array))


# Listing ------------------------------------------------------------------------------------------


def _listed(body: Iterable[Stmt], indent: str) -> Iterator[str]:
    """Statements, a line each, for readers of the middle; `text` prints Python."""
    for statement in body:
        match statement:
            case Store(place=place, index=index, value=value):
                yield f"{indent}{_shown(Load(place, index))}: {place.dtype} = {_shown(value)}"
            case For(index=variable, count=count):
                yield f"{indent}for {variable.name} in {_shown(count)}"
                yield from _listed(statement.body, indent + "    ")
            case Call(function=function, args=args):
                yield f"{indent}{function.name}({', '.join(map(_shown, args))})"
            case Let(place=place) if place.home:
                row = " in another shape" if place.at is None else f"[{_shown(place.at)}]"
                yield f"{indent}{place} = {place.home.name}{row}"
            case Stop(condition=condition):
                yield f"{indent}stop if {_shown(condition)}"


def _shown(x: Any) -> str:
    match x:
        case Load(place=place, index=index):
            return f"{place.name}[{', '.join(map(_shown, index))}]" if index else place.name
        case Const(value=value, dtype=dtype):
            return str(value) if dtype is None else f"{value}:{dtype}"
        case Apply(function=function, args=args):
            return f"{function.name}({', '.join(map(_shown, args))})"
        case Select(condition=condition, yes=yes, no=no):
            return f"select({_shown(condition)}, {_shown(yes)}, {_shown(no)})"
        case Array(place=place, index=index, turned=turned):
            part = ", ".join(":" if i is None else _shown(i) for i in index)
            return f"{place.name}{f'[{part}]' if part else ''}{'.T' if turned else ''}"
        case Share(n=n, times=times):
            return f"share of {n}" if times == 1 else f"share of {n} x {times}"
        case Between(first=first, last=last):
            return f"{_shown(first)} .. {_shown(last)}"
    return str(x)
