"""Lists of what is not zero in the rows of an array, kept from scan to scan.

A step lists the rows that it needs, unless their lists are kept: then it reads the fifth of a picture that is
not zero, and no more. They are kept once steps have made some of the same rows, and only of arrays that
nobody but a Tensor holds, which are read-only from then on: what can change otherwise, such as an array that
`tg.from_numpy` shares, is listed in each step.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from ..core.tensor import wrap
from ..kernels.keeping import list_rows
from ..kernels.lists import CHAINS, CODES, SPARE, list_room
from ..kinds import Gather
from ..primitive import Array
from .listing import Source, middle
from .memory import Bound, Cell
from .program import Program
from .share import MOST_WORKERS
from .trace import Symbol

#: How many lists of a row steps make, on average, before they are kept. To keep those of 60,000 pictures
#: costs what six to twenty scans save, as fresh memory costs; who scans once or twice does not pay for it.
#: Scans of the article's network at batch 128, where that cost most: 2, 5, 10, 20, 30 took 170, 238, 347,
#: 559, 767 ms; with 8 in place of 2 62, 150, 411, 626, 839; without lists 61, 142, 280, 551, 821.
_TIMES = 2
_AT_ONCE = 512  # rows whose numbers are worked on together
#: Bytes of lists if no number were zero, beyond which none are kept; as it is they take less than half of it.
_MOST = 1 << 31


class KeptLists:
    """The lists of an input's rows.

    Args:
        program: whose input it is.
        x: the input.
        source: where its numbers are.

    Attributes:
        memory: which of the captured arrays they are in.
        arrays: what the program takes: where lists are, places, values, and what the values are positions in,
            or room for a step's numbers as they are found, if these are not the values. Before the places and
            values of lists that are kept there is room for those of one step.
    """

    def __init__(self, program: Program, x: Symbol, source: Source) -> None:
        self._shape, self._source = x.shape, source
        self._dtype = source.rows.dtype if source.coded else x.dtype
        self.memory = next(k for k, y in enumerate(program.captured) if y is source.memory)
        self._positions = _positions(program, x, source)
        self._kept: Array | None = None  # nobody else writes into it while we hold it
        self._closed: list[Array] = []  # what can be written otherwise
        self.arrays: list[Array] = []
        self._used = self._count = 0  # entries, and rows that have lists
        self._made = 0  # lists that steps made

    def may(self, bound: Bound) -> bool:
        """Whether lists of this array may be kept: nothing but a Tensor, and a function, holds it."""
        if bound[self.memory] is self._kept and not _can_be_written(self._kept):
            return True
        self.let_go()
        return self._room(bound) * (2 + self._dtype.itemsize) < _MOST and _is_alone(bound, self.memory)

    def hold(self, bound: Bound, keep: bool) -> None:
        """Make room for lists of this array, which are kept or not."""
        if self.arrays and (not keep or self._kept is not None):
            return
        data, step = bound[self.memory], self._shape[0] * list_room(self._shape[1])
        arrays: list[Array] = [np.full((len(data), 2 * MOST_WORKERS), -1, np.int32)]
        if keep:
            try:  # what is not written takes no memory: how much there will be is not known
                arrays += self._empty(self._room(bound))
            except MemoryError:
                keep = False
        if not keep:
            arrays += self._empty(step)
        if self._source.coded:
            arrays.append(self._through(np.arange(CODES, dtype=np.uint8).view(data.dtype)))
        elif self._source.changed:
            arrays.append(np.empty(step, data.dtype))
        self.arrays = arrays
        if keep:
            self._used, self._count, self._made = step, 0, 0
            self._closed = [array for array in _owners(data) if array.flags.writeable]
            self._kept = data
            for array in self._closed:
                array.setflags(write=False)

    def _empty(self, size: int) -> list[Array]:
        """Room for places and values of so many entries."""
        return [np.empty(size, np.uint16), np.empty(size, self._dtype)]

    def _room(self, bound: Bound) -> int:
        """For so many entries there must be room, if lists are kept."""
        count, depth = self._shape
        return count * list_room(depth) + len(bound[self.memory]) * (depth + MOST_WORKERS * CHAINS) + SPARE

    def let_go(self) -> None:
        """Forget all lists that are kept; their array is what it was."""
        if self._kept is None:
            return
        for array in reversed(self._closed):
            array.setflags(write=True)
        self._kept, self._closed, self.arrays = None, [], []

    def list(self, given: Sequence[Array], steps: int) -> None:
        """List the rows that so many steps on these arguments need, if it is time for them to have lists."""
        kept = self._kept
        if kept is None or self._count == len(kept):
            return
        self._made += steps * self._shape[0]
        if self._made <= _TIMES * len(kept):
            return
        positions = np.arange(len(kept)) if self._positions is None else given[self._positions]
        positions = np.asarray(positions, np.int64).reshape(-1)
        done = 0
        try:
            while done < len(positions):
                done = self._list(kept, positions, done)
        except BaseException:  # Ctrl-C: of what is listed, some may not have its values
            self.let_go()
            raise

    def _list(self, kept: Array, positions: Array, done: int) -> int:
        """List some rows; how many positions have been looked at."""
        depth, (table, places, values, *_) = self._shape[1], self.arrays
        rows, half = kept.reshape(len(kept), depth), middle(depth, self._source.gap)
        raw, used = np.empty(_AT_ONCE * list_room(depth), rows.dtype), self._used
        ends = half, self._source.gap, _AT_ONCE
        done, self._used, new = list_rows(rows, positions, done, table, places, raw, used, *ends)
        found = raw[: self._used - used]
        values[used : self._used] = found if self._source.coded else self._through(found)
        self._count += new
        return done

    def _through(self, found: Array) -> Array:
        """What becomes of the numbers that were found."""
        for i in self._source.chain:
            with np.errstate(all="ignore"):
                found = np.asarray(i.primitive.run(*(found if isinstance(a, Symbol) else a for a in i.args)))
            found = found.astype(i.result.dtype, copy=False)
        return found


def _positions(program: Program, x: Symbol, source: Source) -> int | None:
    """Which argument says what rows the steps look up; None if none does, so that it may be any."""
    producers = {i.result: i for i in program.instructions}
    at = x
    while at in producers:
        i = producers[at]
        if at is source.rows and isinstance(i.primitive.kind, Gather):
            where = i.args[1]
            return next((k for k, y in enumerate(program.arguments) if y is where), None)
        at = next(a for a in i.args if isinstance(a, Symbol))
    return None


def _owners(data: Array) -> list[Array]:
    """An array, and those whose memory it is in, the last of which owns it."""
    found = [data]
    while isinstance(found[-1].base, np.ndarray):
        found.append(found[-1].base)
    return found


def _can_be_written(data: Array) -> bool:
    return any(array.flags.writeable for array in _owners(data))


def _is_alone(bound: Bound, k: int) -> bool:
    """Whether bound[k] is held by its cell and one Tensor, and what it is a view of by nothing else."""
    counts = _counts(bound, k)
    owner = _owners(bound[k])[-1]
    return owner.flags.owndata and counts in (_ALONE[:1], _ALONE)


def _counts(bound: Bound, k: int) -> list[int]:
    """References to an array, and to what it is a view of."""
    base = bound[k].base
    return [sys.getrefcount(bound[k]), *([] if base is None else [sys.getrefcount(base)])]


# How many references that are: Python's versions count differently.
_PROBE = wrap(np.zeros((1, 1)).reshape(1))
_ALONE = _counts(Bound([Cell(_PROBE.array)]), 0)
