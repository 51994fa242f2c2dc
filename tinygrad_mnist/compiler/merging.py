"""One worker's program with fewer lines: loops over one range are one loop, and copies are left out.

The machine does what the loops say one after the other; this is for readers. Each number is computed from the
same numbers by the same operations, so the bits are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from .loops import (
    Call,
    For,
    Let,
    Load,
    Place,
    Section,
    Stmt,
    Stop,
    Store,
    arrays,
    calls,
    expressions,
    inside,
    loads,
    places,
    statements,
    stores,
)
from .rewriting import each, raises
from .whole import whole


class _Step(NamedTuple):
    """A statement with what it touches."""

    statement: Stmt
    reads: frozenset[Place | None]
    writes: frozenset[Place | None]

    def before(self, other: _Step) -> bool:
        """Whether the two have to stay in their order."""
        both = (self.writes & other.writes) - {None}
        return bool(both or self.writes & other.reads or self.reads & other.writes)


_NOTHING = Section("", (), set(), set())


class Merged:
    """Sections in order as one section for each line of the user's code in a row."""

    def __init__(self, sections: Sequence[Section], memory: Callable[[Place], Place]) -> None:
        self._memory = memory
        self._sections = sections
        self._mentions = Counter(places([s for section in sections for s in section.body]))

    def sections(self) -> list[Section]:
        """The merged ones."""
        found: list[Section] = []
        for _, run in groupby(self._sections, lambda section: section.origin):
            together = [*run]
            if any(isinstance(s, Let | Stop) for section in together for s in statements(section.body)):
                found += together
                continue
            steps = [self._step(s, x) for x in together for s in self._apart(self._in_place(x.body))]
            body = [step.statement for step in self._fused(steps)]
            found.append(
                replace(
                    together[0],
                    body=tuple(body),
                    reads={access for section in together for access in section.reads},
                    writes={access for section in together for access in section.writes},
                    rows=0,
                )
            )
        return found

    # Loops ----------------------------------------------------------------------------------------

    def _step(self, statement: Stmt, section: Section) -> _Step:
        given = {self._memory(x.place) for x in arrays([statement])}
        writes = {self._memory(s.place) for s in stores([statement])}
        writes |= given & {self._memory(place) for place, _ in section.writes}
        reads = given | {self._memory(x.place) for x in loads([statement])}
        # None stands for errors: an array that stays is changed after what may raise one, not before
        errors = any(map(raises, expressions([statement])))
        stays = any(place.role == "captured" for place in writes)
        return _Step(
            statement,
            frozenset({*reads, *([None] if errors else [])}),
            frozenset({*writes, *([None] if stays else [])}),
        )

    def _in_place(self, body: Sequence[Stmt]) -> list[Stmt]:
        """A total that is then stored is made where it is stored."""
        found = [replace(s, body=tuple(self._in_place(s.body))) if isinstance(s, For) else s for s in body]
        for n, copy in enumerate(found):
            match copy:
                case Store(value=Load(place=Place(role="scalar") as total)) if copy.place is not total:
                    if self._only_made(total, copy, found, n):
                        rest = [*found[:n], *found[n + 1 :]]
                        return self._in_place(_instead(rest, total, Load(copy.place, copy.index)))
        return found

    def _only_made(self, total: Place, copy: Store, body: Sequence[Stmt], n: int) -> bool:
        """Whether a variable is made anew, stored by statement n and not wanted otherwise."""
        at = [k for k, s in enumerate(body) if total in places([s])]
        made, here = body[at[0] : n], self._memory(copy.place)
        return (
            at[-1] == n > at[0]
            and places(body).count(total) == self._mentions[total]
            and copy.place.role != "captured"  # which an error in between would leave half done
            and copy.place.dtype == total.dtype
            and isinstance(made[0], Store)
            and made[0].place is total
            and not any(x.place is total for x in loads(made[:1]))
            and all(x.place.role == "index" for i in copy.index for x in inside(i) if isinstance(x, Load))
            and not any(here in step.reads | step.writes for step in (self._step(s, _NOTHING) for s in made))
        )

    def _apart(self, body: Sequence[Stmt]) -> Iterator[Stmt]:
        """Loops over several stores as several loops, if each of those is one statement."""
        for statement in body:
            loops = (
                [replace(statement, body=(s,)) for s in statement.body] if isinstance(statement, For) else []
            )
            steps = [self._step(loop, _NOTHING) for loop in loops]
            apart = not any(x.before(y) for n, x in enumerate(steps) for y in steps[n + 1 :])
            yield from loops if apart and loops and all(map(self._whole, loops)) else [statement]

    def _whole(self, loop: For) -> bool:
        return whole(loop, self._memory) is not None

    def _fused(self, steps: list[_Step]) -> list[_Step]:
        n = 0
        while n < len(steps):
            for k in reversed(range(n)):
                moved = self._moved_up(steps, k, n)
                if moved is not None:
                    steps, n = moved, k - 1
                    break
            n += 1
        return [self._within(step) for step in steps]

    def _within(self, step: _Step) -> _Step:
        """A loop whose inner loops are fused."""
        if not isinstance(step.statement, For) or self._whole(step.statement):
            return step
        inner = [self._step(s, _NOTHING) for s in step.statement.body]
        body = tuple(s.statement for s in self._fused(inner))
        return step._replace(statement=replace(step.statement, body=body))

    def _moved_up(self, steps: list[_Step], k: int, n: int) -> list[_Step] | None:
        """The statements with loop n in loop k, if that changes nothing."""
        first, second = steps[k], steps[n]
        a, b = first.statement, second.statement
        if not (isinstance(a, For) and isinstance(b, For) and self._fit(a, b)):
            return None
        earlier: list[_Step] = []
        later: list[_Step] = []
        for step in reversed(steps[k + 1 : n]):
            needed = step.before(second) or any(step.before(other) for other in earlier)
            (earlier if needed else later).insert(0, step)
        apart = not (first.reads | first.writes) & (second.reads | second.writes) - {None}
        crossed = any(isinstance(step.statement, Call) and step.writes for step in later)
        if any(first.before(step) for step in earlier) or (apart and crossed):
            return None
        body = (*a.body, *(each(s, lambda x: Load(a.index) if x == Load(b.index) else x) for s in b.body))
        fused = _Step(replace(a, body=body), first.reads | second.reads, first.writes | second.writes)
        return [*steps[:k], *earlier, fused, *later, *steps[n + 1 :]]

    def _fit(self, a: For, b: For) -> bool:
        """Whether one loop can do both: each turn touches what is its own."""
        if not isinstance(a.count, int) or (a.count, a.index.name) != (b.count, b.index.name):
            return False
        if any(calls([a, b])) or self._whole(a) or self._whole(b):
            return False
        ones, others = self._elements(a), self._elements(b)
        for memory in ones.keys() & others.keys():
            both = [(x, a.index) for x, _ in ones[memory]] + [(x, b.index) for x, _ in others[memory]]
            if not any(writes for _, writes in (*ones[memory], *others[memory])):
                continue
            if len({x.place.shape for x, _ in both}) > 1 or not any(
                all(len(x.index) > axis and x.index[axis] == Load(index) for x, index in both)
                for axis in range(len(both[0][0].place.shape))
            ):
                return False
        return True

    def _elements(self, loop: For) -> dict[Place, list[tuple[Load, bool]]]:
        """What a loop reads and, True, writes, by the memory where it is."""
        found: dict[Place, list[tuple[Load, bool]]] = {}
        targets = [Load(s.place, s.index) for s in stores([loop])]
        for x, writes in (*((x, False) for x in loads(loop.body)), *((x, True) for x in targets)):
            if x.place.role != "index":
                found.setdefault(self._memory(x.place), []).append((x, writes))
        return found


def _instead(body: Sequence[Stmt], old: Place, new: Load) -> list[Stmt]:
    return [each(s, lambda x: new if x.place is old else x) for s in body]
