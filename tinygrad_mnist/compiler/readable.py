"""Loops as people write them: none of one turn or over a matrix as one row, no name for what is used once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from .elements import AXES
from .loops import (
    Apply,
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
    arrays,
    expressions,
    inside,
    loads,
    places,
    statements,
    stores,
)
from .merging import Merged
from .rewriting import each, raises
from .share import EVERYONE, Schedule

_LONG = 6  # operations of a value beyond which it keeps its name


def readable(schedule: Schedule, short: bool) -> Schedule:
    """The same program; values are what they were, and so is, unless it is short, the order of stores."""
    return _Readable(schedule).schedule(short)


class _Readable:
    def __init__(self, schedule: Schedule) -> None:
        self._before = schedule
        self._count(section for _, section in schedule.parts if section is not None)

    def _count(self, sections: Iterable[Section]) -> None:
        bodies = [section.body for section in sections]
        self._uses = Counter(x.place for body in bodies for x in loads(body))
        self._stores = Counter(s.place for body in bodies for s in stores(body))

    def schedule(self, short: bool) -> Schedule:
        before = self._before
        parts = tuple((by, section and self._section(section)) for by, section in before.parts)
        if short:
            parts = tuple((EVERYONE, section) for section in self._merged(parts))
        bodies = [section.body for _, section in parts if section is not None]
        used = {place for body in bodies for place in _used(body)}
        parts = tuple((by, section and _without(section, used)) for by, section in parts)
        sections = tuple(section for _, section in parts if section is not None)
        aliases = tuple(x for x in before.loops.aliases if x in used)
        return before._replace(loops=before.loops._replace(sections=sections, aliases=aliases), parts=parts)

    def _merged(self, parts: Iterable[tuple[str, Section | None]]) -> Iterator[Section]:
        merged = Merged(
            [section for _, section in parts if section is not None], self._before.memory
        ).sections()
        self._count(merged)
        return (replace(section, body=self._without_names([*section.body])) for section in merged)

    def _section(self, section: Section) -> Section:
        return replace(section, body=self._body(section.body))

    def _body(self, body: Iterable[Stmt]) -> tuple[Stmt, ...]:
        found: list[Stmt] = []
        for statement in body:
            if isinstance(statement, For):
                found += self._for(statement)
            else:
                found.append(statement)
        return self._without_names(found)

    def _for(self, loop: For) -> Sequence[Stmt]:
        body = self._body(loop.body)
        count = loop.count.count if isinstance(loop.count, Share) and not self._before.shared else loop.count
        if count == 1 and not any(isinstance(s, Let | Stop) for s in statements(body)):
            return [each(s, lambda x: Const(0, None) if x == Load(loop.index) else x) for s in body]
        shape = self._shape(loop.index, count, body)
        if shape is None:
            return [replace(loop, count=count, body=body)]
        names = (name for name in AXES if name != loop.index.name)
        index = [loop.index, *(Place(name, (), None, "index") for name, _ in zip(names, shape[1:]))]
        at = tuple(Load(place) if n != 1 else Const(0, None) for place, n in zip(index, shape, strict=True))

        def in_shape(x: Load) -> Expr:
            return Load(x.place.home, at) if x.index and x.place.home is not None else x

        body = tuple(each(s, in_shape) for s in body)
        for place, n in zip(reversed(index), reversed(shape), strict=True):
            body = (For(place, n, body),) if n != 1 else body
        return body

    def _shape(self, index: Place, count: Any, body: Sequence[Stmt]) -> tuple[int, ...] | None:
        """The shape of the arrays whose elements a loop walks as rows, if it does nothing else."""
        if not isinstance(count, int) or not all(isinstance(s, Store) for s in body):
            return None
        elements = [*loads(body), *(Load(s.place, s.index) for s in stores(body))]
        items = [x for x in elements if x.index]
        homes = {x.place.home.shape for x in items if x.place.flat and x.place.home is not None}
        rows = all(x.place.flat and x.index == (Load(index),) for x in items)
        counted = sum(x == Load(index) for x in elements)
        shape = next(iter(homes), ())
        if not rows or len(homes) != 1 or counted != len(items) or math.prod(shape) != count:
            return None
        return shape

    def _without_names(self, body: list[Stmt]) -> tuple[Stmt, ...]:
        """Values that one statement uses stand where it uses them."""
        for k in reversed(range(len(body))):
            match body[k]:
                case Store(place=Place(role="scalar") as place, value=value):
                    user = self._user(place, value, body[k + 1 :])
                    if user is not None:
                        at = k + 1 + user
                        body[at] = each(body[at], lambda x: value if x.place is place else x)
                        del body[k]
        return tuple(body)

    def _user(self, place: Place, value: Expr, after: Sequence[Stmt]) -> int | None:
        """Which statement uses a value, if nothing else does and what it is made of is still the same."""
        if self._uses[place] != 1 or self._stores[place] != 1:
            return None
        read = {self._before.memory(x.place) for x in inside(value) if isinstance(x, Load)}
        for n, statement in enumerate(after):
            if any(x.place is place for x in loads([statement])):
                together = [*_operations(value), *_operations(statement)]
                fixed = isinstance(statement, For) and not any(isinstance(x, Load) for x in inside(value))
                fits = (isinstance(statement, Store) or fixed) and len(together) <= _LONG
                later = n or any(isinstance(x, Select) or x.function.name in ("and", "or") for x in together)
                return None if not fits or (later and any(map(raises, _operations(value)))) else n
            touched = [x.place for x in arrays([statement])] + [s.place for s in stores([statement])]
            if read & {self._before.memory(place) for place in touched}:
                return None
        return None


def _operations(x: Expr | Stmt) -> list[Any]:
    """What is computed in an expression, or for a store."""
    parts = expressions([x]) if isinstance(x, Stmt) else inside(x)
    return [part for part in parts if isinstance(part, Apply | Select)]


def _used(body: Sequence[Stmt]) -> set[Place]:
    """The arrays that statements read and write, and those whose memory they are in."""
    used = {*places(body), *(x.place for x in arrays(body))}
    return used | {home for place in used for home in _homes(place)}


def _without(section: Section, used: set[Place]) -> Section:
    """A section that gives no name to what it does not use."""

    def kept(body: Iterable[Stmt]) -> tuple[Stmt, ...]:
        named = (s for s in body if not (isinstance(s, Let) and s.place not in used))
        return tuple(replace(s, body=kept(s.body)) if isinstance(s, For) else s for s in named)

    return replace(section, body=kept(section.body))


def _homes(place: Place) -> Iterator[Place]:
    while place.home is not None:
        place = place.home
        yield place
