"""What must be true of typed loops, whatever made them; checked between the stages."""

from __future__ import annotations

from collections.abc import Iterable

from .loops import (
    LAST,
    STEP,
    Apply,
    Call,
    Const,
    Expr,
    For,
    Let,
    Load,
    Loops,
    Place,
    Section,
    Select,
    Share,
    Stmt,
    Store,
    arrays,
    computed,
    parts,
)

_ALIKE = ("+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=")  # operators whose operands have one dtype


def verify(loops: Loops) -> Loops:
    """The loops, if they are right; else AssertionError says what is not, and where."""
    known = {*loops.arguments, *loops.captured, *loops.buffers, *loops.aliases, STEP.place, LAST.place}
    for alias in loops.aliases:
        _must(alias.home in known, f"{alias} is in the memory of nothing")
    for section in loops.sections:
        try:
            made = _body(section.body, known, set(loops.outputs))
        except AssertionError as error:
            raise AssertionError(f"{section.title}: {error}") from None
        known |= {place for place in made if place.role == "scalar"}
        _accesses(section)
    return loops


def _must(true: bool, otherwise: str) -> None:
    if not true:
        raise AssertionError(otherwise)


def _body(body: Iterable[Stmt], known: set[Place], outputs: set[Place]) -> set[Place]:
    """Check statements; the variables that they make."""
    known = set(known)
    made: set[Place] = set()
    for statement in body:
        _expressions(computed(statement), known)
        match statement:
            case Store(place=place, index=index, value=value):
                scalar = place.role == "scalar"
                _must(scalar or place in known or place in outputs, f"{place} is nowhere")
                _must(len(index) == len(place.shape), f"{place} is stored at {len(index)} indices")
                _must(value.dtype == place.dtype, f"{place} is given a {value.dtype}")
                if scalar:
                    made.add(place)
                    known.add(place)
            case For(index=variable, count=count):
                _must(not isinstance(count, Share) or count.count >= 0, "a negative number of rounds")
                inside = _body(statement.body, known | {variable}, outputs)
                made |= inside
                known |= inside
            case Let(place=place):
                _must(place.home in known, f"{place} is in the memory of nothing")
                known.add(place)
            case Call():
                for x in arrays([statement]):
                    _must(x.place in known, f"{x.place} is nowhere")
                    _must(len(x.index) <= len(x.place.shape), f"{x.place} has fewer axes")
    return made


def _expressions(values: Iterable[Expr], known: set[Place]) -> None:
    for x in values:
        match x:
            case Load(place=place, index=index):
                _must(place in known, f"{place} is read before it is made")
                _must(len(index) == len(place.shape), f"{place} is read at {len(index)} indices")
                for i, n in zip(index, place.shape, strict=True):
                    if isinstance(i, Const):
                        _must(0 <= i.value < n, f"{place} is read at {i.value}")
            case Apply(function=function, args=args) if function.name in _ALIKE and len(args) == 2:
                a, b = (arg.dtype for arg in args)
                _must(a == b or None in (a, b), f"{function.name} of {a} and {b}")
            case Select(yes=yes, no=no):
                _must(yes.dtype == no.dtype, f"a choice between {yes.dtype} and {no.dtype}")
        _expressions(parts(x), known)


def _accesses(section: Section) -> None:
    """A worker's own part of a place is one of rows, or of columns, that the place has."""
    for place, rows in section.reads | section.writes:
        _must(place.home is None, f"{section.title}: {place} is touched under another name")
        wanted = place.shape[:1] if rows > 0 else place.shape[-1:]
        _must(not rows or wanted == (abs(rows),), f"{section.title}: {place} has no {abs(rows)} parts")
