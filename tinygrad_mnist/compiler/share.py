"""How workers that run a step together share out its sections.

A section is a loop nest or a routine's call. Its outermost loop is shared out by rows, so that each
number is computed by one worker in the same way whatever their count, and the bits do not depend on it. A
section without such a loop is done by one worker; one that makes scalars is done by each for itself. Where a
section needs what another worker writes, or writes what another may still be reading, the workers meet first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from .loops import Access, Loops, Place, Section

MOST_WORKERS = 2  # the first and the last do what is not shared out by rows; sums have as many parts
EVERYONE, FIRST, LAST = "everyone", "worker == 0", "worker == workers - 1"


class Schedule(NamedTuple):
    """Who does what.

    Attributes:
        loops: the program.
        shared: whether several workers can run it together.
        again: buffers that live in the memory of earlier ones, which nobody needs any more.
        parts: (who does it, section) in order; None for a section: they meet.
    """

    loops: Loops
    shared: bool
    again: dict[Place, Place]
    parts: tuple[tuple[str, Section | None], ...]

    @property
    def buffers(self) -> tuple[Place, ...]:
        """The memory that is needed."""
        return tuple(place for place in self.loops.buffers if place not in self.again)

    def memory(self, place: Place) -> Place:
        """The place whose memory it is in."""
        while place.home is not None or place in self.again:
            place = place.home or self.again[place]
        return place


def written(loops: Loops) -> set[Place]:
    """The places that a step changes."""
    return {place for section in loops.sections for place, _ in section.writes}


def schedule(loops: Loops, shared: bool) -> Schedule:
    """A program for workers who share out its steps, or for one."""
    again = _used_again(loops, shared)

    def real(accesses: set[Access]) -> set[Access]:
        return {(again.get(place, place), rows) for place, rows in accesses}

    if shared:
        sections = [replace(s, reads=real(s.reads), writes=real(s.writes)) for s in loops.sections]
        parts = tuple(shared_out(sections))
    else:
        parts = tuple((EVERYONE, section) for section in loops.sections)
    return Schedule(loops, shared, again, parts)


def _used_again(loops: Loops, shared: bool) -> dict[Place, Place]:
    """Let buffers live in the memory of earlier ones whose numbers nobody needs any more: these by those.

    Where workers share a step, only among buffers of which each touches its own rows: others would have
    to meet once more.
    """
    used: dict[Place, list[int]] = {}
    own: dict[Place, set[int]] = {}
    for n, section in enumerate(loops.sections):
        for place, rows in section.reads | section.writes:
            used.setdefault(place, []).append(n)
            own.setdefault(place, set()).add(rows)
    again: dict[Place, Place] = {}
    until: dict[Place, int] = {}
    for x in sorted(loops.buffers, key=lambda x: used.get(x, [0])[0]):
        if x not in used or (shared and own[x] != {x.shape[0]}):
            continue
        first, last = used[x][0], used[x][-1]
        for other, end in until.items():
            if (other.shape, other.dtype) == (x.shape, x.dtype) and end < first:
                again[x], until[other] = other, last
                break
        else:
            until[x] = last
    return again


#: A section that some worker may still be at, and who that is.
_Done: TypeAlias = tuple[str, Section]


def shared_out(sections: Sequence[Section]) -> Iterator[tuple[str, Section | None]]:
    """The sections in an order in which workers seldom meet: (who does it, section); None: they meet.

    Sections that need no meeting go before those that do, as far as the order in which values are
    made and used allows. Single-handed ones go to the worker that has done less since the last meeting.
    """
    waiting = _with_scalars_joined(sections)
    done: list[_Done] = []
    load = {FIRST: 0.0, LAST: 0.0}
    while waiting:
        for section in _free(waiting):
            by = _worker(section, done, load)
            if by:
                waiting.remove(section)
                done.append((by, section))
                if by in load:
                    load[by] += section.cost
                yield by, section
                break
        else:
            yield EVERYONE, None
            done, load = [], {FIRST: 0.0, LAST: 0.0}


def _with_scalars_joined(sections: Sequence[Section]) -> list[Section]:
    """The sections, with scalars that only one single-handed section uses made by whoever does that one."""
    result = list(sections)
    for section in reversed(sections):
        if not section.everyone:
            continue
        at = result.index(section)
        users = [s for s in result if _places(section.writes) & _places(s.reads)]
        if len(users) != 1 or users[0].rows > 1 or users[0].everyone or users[0].by:
            continue
        user = users[0]
        between = result[at + 1 : result.index(user)]
        if any(_places(section.reads) & _places(s.writes) for s in between):
            continue
        reads = section.reads | {(name, rows) for name, rows in user.reads if (name, 0) not in section.writes}
        title, body = f"{section.title}; {user.title}", section.body + user.body
        joined = Section(title, body, reads, user.writes, cost=section.cost + user.cost, origin=user.origin)
        result[result.index(user)] = joined
        del result[at]
    return result


def _free(waiting: Sequence[Section]) -> Iterator[Section]:
    """The sections that no earlier one has to precede."""
    for n, section in enumerate(waiting):
        if not any(_touch(earlier, section) for earlier in waiting[:n]):
            yield section


def _touch(a: Section, b: Section) -> bool:
    return any(_places(x) & _places(y) for x, y in _conflicts(a, b))


def _conflicts(a: Section, b: Section) -> Iterator[tuple[set[Access], set[Access]]]:
    yield a.writes, b.reads
    yield a.writes, b.writes
    yield a.reads, b.writes


def _places(accesses: Iterable[Access]) -> set[Place]:
    return {place for place, _ in accesses}


def _worker(section: Section, done: Sequence[_Done], load: dict[str, float]) -> str | None:
    """Who may do a section now, without a meeting first; None if nobody may."""
    if section.by:
        who = [section.by]
    elif section.rows > 1 or section.everyone:
        who = [EVERYONE]
    else:
        who = sorted(load, key=lambda by: load[by])
    return next((by for by in who if all(_apart(d, section, by) for d in done)), None)


def _apart(done: _Done, section: Section, by: str) -> bool:
    """Whether a section, done by `by`, has nothing to wait for in one that is done already."""
    whose, earlier = done
    if by == whose != EVERYONE:
        return True  # the same worker, in order
    for x, y in _conflicts(earlier, section):
        for name, rows in x:
            for other, other_rows in y:
                if name != other or (earlier.everyone and (name, rows) in earlier.writes):
                    continue  # scalars that each worker has made for itself
                if not (rows and rows == other_rows):
                    return False
    return True
