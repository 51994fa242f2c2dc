"""Lists of what is not zero in the rows of an array, kept from scan to scan.

A row is listed when it is first needed, with what the program does to its numbers. Then a step reads the
fifth of a picture that is not zero, and no more. Only of arrays that nobody but a Tensor holds, which are
read-only from then on: what can change otherwise, such as an array that `tg.from_numpy` shares, is listed in
each step.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from ..core.tensor import wrap
from ..kernels.keeping import list_rows
from ..kernels.lists import CHAINS, CODES, SPARE
from ..kernels.runtime import share
from ..kinds import Gather
from ..primitive import Array
from .listing import Source
from .memory import Bound, Cell
from .program import Program
from .share import MOST_WORKERS
from .trace import Symbol

_ONCE = 1 << 18  # numbers that are listed before the program's functions are called on them
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
        arrays: what the program takes: where lists are, places, values, and the numbers of codes, if any.
    """

    def __init__(self, program: Program, x: Symbol, source: Source) -> None:
        self.depth, self._source, self._dtype = x.shape[1], source, x.dtype
        self.memory = next(k for k, y in enumerate(program.captured) if y is source.memory)
        self._positions = _positions(program, x, source)
        self._kept: Array | None = None  # nobody else writes into it while we hold it
        self._closed: list[Array] = []  # what can be written otherwise
        self.arrays: list[Array] = []
        self._used = 0
        self._are_all = False  # whether every row is listed

    def may(self, bound: Bound) -> bool:
        """Whether lists of this array may be kept: nothing but a Tensor, and a function, holds it."""
        if self._are_of(bound):
            return True
        number = bound[self.memory].dtype if self._source.coded else self._dtype
        size = self._room(bound) * (2 + number.itemsize)
        return size < _MOST and _is_alone(bound, self.memory)

    def _are_of(self, bound: Bound) -> bool:
        """Whether this is the array that is listed."""
        return bound[self.memory] is self._kept and not _can_be_written(bound[self.memory])

    def _room(self, bound: Bound) -> int:
        """For so many entries there must be room."""
        return len(bound[self.memory]) * (self.depth + MOST_WORKERS * CHAINS) + SPARE

    def hold(self, bound: Bound) -> bool:
        """Keep lists of this array from here on; False if there is no memory."""
        if self._are_of(bound):
            return True
        self.let_go()
        data, room = bound[self.memory], self._room(bound)
        try:  # what is not written takes no memory: how much there will be is not known
            self.arrays = [
                np.full((data.shape[0], 2 * MOST_WORKERS), -1, np.int32),
                np.empty(room, np.uint16),
                np.empty(room, data.dtype if self._source.coded else self._dtype),
            ]
            if self._source.coded:
                self.arrays.append(self._through(np.arange(CODES, dtype=np.uint8).view(data.dtype)))
        except MemoryError:
            return False
        self._closed = [array for array in _owners(data) if array.flags.writeable]
        for array in self._closed:
            array.setflags(write=False)
        self._kept, self._used, self._are_all = data, 0, False
        return True

    def let_go(self) -> None:
        """Forget all lists; their array is what it was."""
        for array in reversed(self._closed):
            array.setflags(write=True)
        self._kept, self._closed, self.arrays = None, [], []

    def list(self, given: Sequence[Array]) -> None:
        """List the rows that steps on these arguments need, if they are not listed yet."""
        kept = self._kept
        assert kept is not None
        if self._are_all:
            return
        rows = kept.reshape(len(kept), self.depth)
        if self._positions is None:
            positions = np.arange(len(kept))
        else:
            positions = np.asarray(given[self._positions], np.int64).reshape(-1)
        try:
            self._list(rows, positions)
        except BaseException:  # Ctrl-C: of what is listed, some may not have its values
            self.let_go()
            raise
        self._are_all = bool((self.arrays[0][:, 0] >= 0).all())

    def _list(self, rows: Array, positions: Array) -> None:
        table, places, values, *_ = self.arrays
        middle = int(share(self.depth, 1, MOST_WORKERS)[0])
        most = max(_ONCE, self.depth + MOST_WORKERS * CHAINS)
        raw, done = np.empty(most + SPARE, rows.dtype), 0
        while done < len(positions):
            done, count = list_rows(rows, positions, done, table, places, raw, self._used, middle)
            new = raw[:count] if self._source.coded else self._through(raw[:count])
            values[self._used : self._used + count] = new
            self._used += count

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
