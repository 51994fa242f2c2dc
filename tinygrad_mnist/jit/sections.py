"""The parts of a program's step, and how workers that run it together share them out.

A section is one statement: a loop nest, or a matrix product. In a program for several workers its
outermost loop is shared out by rows, so that each number is computed by one worker in the same way
whatever their count, and the bits do not depend on it. A section without such a loop is done by one
worker; one that makes scalars is done by each for itself. Where a section needs what another worker
writes, or writes what another may still be reading, the workers meet first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

#: A buffer, and how it is shared out if each worker touches only its own part of it: by the length of
#: its first axis; by that of its last one, negative; 0 if a worker may touch any of it.
Access = tuple[str, int]

MOST_WORKERS = 2  # the first and the last do what is not shared out by rows; sums have as many parts
EVERYONE, FIRST, LAST = "everyone", "worker == 0", "worker == workers - 1"
_BOUNDS = re.compile(r"\[\[(\d+)(?:\*(\d+))?\]\]")


def bounds(n: int) -> str:
    """A mark in a section's lines for the bounds of a worker's share of n."""
    return f"[[{n}]]"


def unsigned_bounds(n: int, times: int) -> str:
    """As `bounds`, for n rows of so many elements, and for a variable that is an index and nothing else."""
    return f"[[{n}*{times}]]"


@dataclass(eq=False)
class Section:
    """One statement of a step.

    Attributes:
        lines: its text, with marks where bounds go.
        reads, writes: what it touches.
        rows: length of the loop that workers share out, or 0 if there is none.
        everyone: each worker does it for itself, since it makes scalars.
        cost: work, in units of an addition.
        by: who does it, if that is not left open.
    """

    lines: list[str]
    reads: set[Access] = field(default_factory=set)
    writes: set[Access] = field(default_factory=set)
    rows: int = 0
    everyone: bool = False
    cost: float = 1.0
    by: str = ""

    def text(self, shared: bool) -> list[str]:
        """The lines with their bounds filled in: a worker's share, or everything."""
        shared = shared and self.rows > 1
        fill = lambda m: _bounds(m[1], m[2], shared)
        return [_BOUNDS.sub(fill, line) for line in self.lines]


def _bounds(n: str, times: str | None, shared: bool) -> str:
    if not shared:
        return f"0, {int(n) * int(times or 1)}"
    return f"first_{n}, last_{n}" if times is None else f"begin_{n}_{times}, end_{n}_{times}"


def shares(lines: Sequence[str]) -> list[str]:
    """The lines that define the bounds which these lines use."""
    text = "\n".join(lines)
    whole = sorted({int(n) for n in re.findall(r"\bfirst_(\d+)\b", text)})
    spans = sorted({(int(n), int(times)) for n, times in re.findall(r"\bbegin_(\d+)_(\d+)\b", text)})
    return [f"first_{n}, last_{n} = share({n}, worker, workers)" for n in whole] + [
        f"begin_{n}_{times}, end_{n}_{times} = span({n}, {times}, worker, workers)" for n, times in spans
    ]


@dataclass
class _Done:
    """A section that some worker may still be at."""

    section: Section
    by: str


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
                done.append(_Done(section, by))
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
        users = [s for s in result if _names(section.writes) & _names(s.reads)]
        if len(users) != 1 or users[0].rows > 1 or users[0].everyone or users[0].by:
            continue
        user = users[0]
        between = result[at + 1 : result.index(user)]
        if any(_names(section.reads) & _names(s.writes) for s in between):
            continue
        reads = section.reads | {(name, rows) for name, rows in user.reads if (name, 0) not in section.writes}
        joined = Section(section.lines + user.lines, reads, user.writes, cost=section.cost + user.cost)
        result[result.index(user)] = joined
        del result[at]
    return result


def _free(waiting: Sequence[Section]) -> Iterator[Section]:
    """The sections that no earlier one has to precede."""
    for n, section in enumerate(waiting):
        if not any(_touch(earlier, section) for earlier in waiting[:n]):
            yield section


def _touch(a: Section, b: Section) -> bool:
    return any(_names(x) & _names(y) for x, y in _conflicts(a, b))


def _conflicts(a: Section, b: Section) -> Iterator[tuple[set[Access], set[Access]]]:
    yield a.writes, b.reads
    yield a.writes, b.writes
    yield a.reads, b.writes


def _names(accesses: Iterable[Access]) -> set[str]:
    return {name for name, _ in accesses}


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
    if by == done.by != EVERYONE:
        return True  # the same worker, in order
    for x, y in _conflicts(done.section, section):
        for name, rows in x:
            for other, other_rows in y:
                if name != other or (done.section.everyone and (name, rows) in done.section.writes):
                    continue  # scalars that each worker has made for itself
                if not (rows and rows == other_rows):
                    return False
    return True
