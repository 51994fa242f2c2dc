"""A form of a program that runs: its machine code, and the memory it works in."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels.threads import team
from ..primitive import Array
from .build import Run
from .keeping import KeptLists
from .listing import DENSE, density, listable, middle
from .memory import Bound, aligned
from .pace import Pace
from .program import Program
from .stages import Form
from .trace import Symbol
from .turning import turned

Compile = Callable[..., Run]
NOWHERE = np.zeros(1, np.int64)  # where a single worker meets nobody
ALONE = (0, 1, NOWHERE)
_BLOCK = 128  # rows of weights by columns that are turned back at once: 0.6 ns a number; all at once 5.7
_SHOWN_SECONDS = 1.0  # compile times beyond this are reported


class Runner:
    """Runs steps of one form of a program; its machine code is made when it is first needed.

    Attributes:
        form: of the program.
        shared: whether several workers can run it together.
        buffers: the memory it works in.
    """

    def __init__(
        self,
        program: Program,
        form: Form,
        compile: Compile,
        turned: Sequence[int] = (),
        kept: Sequence[KeptLists] = (),
    ) -> None:
        self.form, self.shared, self._kept = form, form.shared, kept
        self.buffers = [aligned(s.shape, s.dtype) for s in form.buffers]
        self._program, self._compile = program, compile
        targets = [target for target, _ in program.updates]
        self._turned = [(k, _zeros(x), x in targets) for k, x in enumerate(program.captured) if k in turned]
        self._run: Run | None = None

    def run(self) -> Run:
        """The machine code, compiled or from the disk."""
        if self._run is None:
            program = self._program
            steps = [
                [np.empty((0, *s.shape), s.dtype) for s in x] for x in (program.arguments, program.outputs)
            ]
            captured = [np.empty(s.shape, s.dtype) for s in program.captured]
            captured += [array for kept in self._kept for array in kept.arrays]
            begin = time.perf_counter()
            arguments = self.arguments(0, 0, ALONE, steps[0], captured, steps[1])
            self._run = self._compile(self.form.text, arguments, self.form.schedule)
            seconds = time.perf_counter() - begin
            if seconds > _SHOWN_SECONDS:
                print(f"tinygrad_mnist: compiled a program in {seconds:.1f} s", file=sys.stderr)
        return self._run

    def arguments(
        self,
        first: int,
        last: int,
        place: tuple[int, int, Array],
        arrays: Sequence[Array],
        bound: Sequence[Array],
        outputs: Sequence[Array],
    ) -> list[Any]:
        """What the machine code takes, in order; `place` is for a form that workers share."""
        shared = place if self.shared else ()
        return [first, last, *shared, *arrays, *bound, *outputs, *self.buffers]

    def steps(self, steps: int, given: tuple[Sequence[Array], ...], pace: Pace, most: int) -> None:
        """Run so many steps, some at a time, with up to so many workers.

        `given` holds the arguments, what is captured, and the outputs.
        """
        for kept in self._kept:
            kept.list(given[0], steps)
        first = 0
        while first < steps:
            workers, chunk = pace.next(most)
            last = min(first + chunk, steps)
            begin = time.perf_counter()
            with team(workers) as present:
                present.run(functools.partial(self._work, present, (first, last), given))
                workers = present.count
            pace.measured(workers, last - first, time.perf_counter() - begin)
            first = last

    def _work(
        self, workers: team, steps: tuple[int, int], given: tuple[Sequence[Array], ...], worker: int
    ) -> None:
        place = (worker, workers.count, workers.counter) if workers.count > 1 else ALONE
        self.run()(*self.arguments(*steps, place, *given))

    def take(self, bound: Sequence[Array]) -> list[Array]:
        """What is captured, as this form holds it: some matrices by columns, in memory of its own.

        Behind it are the lists that are kept.
        """
        taken = list(bound)
        for kept in self._kept:
            taken += kept.arrays
        for k, own, _ in self._turned:
            for rows, columns in self._ranges(own, bound[k]):
                own[rows, : len(bound[k])] = bound[k].T[columns]
            taken[k] = own
        return taken

    def give_back(self, bound: Sequence[Array]) -> None:
        """Write into what is captured what it has become, if that is elsewhere."""
        for k, own, changes in self._turned:
            if changes:  # in blocks, since NumPy turns what is larger than a cache at a tenth of the speed
                for rows, columns in self._ranges(own, bound[k]):
                    for first in range(0, columns.stop - columns.start, _BLOCK):
                        block = own[rows][first : first + _BLOCK, : len(bound[k])]
                        bound[k][:, columns][:, first : first + _BLOCK] = block.T

    @staticmethod
    def _ranges(own: Array, given: Array) -> list[tuple[slice, slice]]:
        """Rows of a matrix by columns, and the columns that they are: those of each part."""
        depth = given.shape[1]
        gap = len(own) - depth
        half = middle(depth, gap)
        return [(slice(half), slice(0, half)), (slice(half + gap, None), slice(half, depth))]


def _zeros(x: Symbol) -> Array:
    array = aligned(x.shape, x.dtype)
    array[...] = 0  # behind the numbers of a row, too
    return array


class Skipping:
    """The forms of a program that skip zeros, chosen by how many there are in what it is given."""

    def __init__(self, program: Program, title: str, compile: Compile) -> None:
        self._program, self._title, self._compile = program, title, compile
        self._sources = listable(program)
        self._lists = {
            x: KeptLists(program, x, source)
            for x, source in self._sources.items()
            if source.memory in program.captured
        }
        self._runners: dict[frozenset[Symbol], Runner] = {}

    def runner(self, arrays: Sequence[Array], bound: Bound) -> Runner | None:
        """What runs steps on these arguments and captured arrays, if zeros are to be skipped; else None."""
        if not self._sources:
            return None
        program = self._program
        given = dict(zip((*program.arguments, *program.captured), (*arrays, *bound), strict=True))
        listed = frozenset(
            x for x, source in self._sources.items() if density(given[source.memory], x.shape[1]) < DENSE
        )
        del given  # whether somebody else holds an array is asked now
        if not listed:
            return None
        lists = [self._lists[x] for x in listed if x in self._lists]
        for one, keep in [(one, one.may(bound)) for one in lists]:
            one.hold(bound, keep)
        if listed not in self._runners:
            self._runners[listed] = self._made(listed)
        return self._runners[listed]

    def _made(self, inputs: frozenset[Symbol]) -> Runner:
        listed = {x: source for x, source in self._sources.items() if x in inputs}
        kept = [x for x in listed if x in self._lists]
        program, columns = turned(self._program, listed)
        form = Form(program, self._title, listed, kept)
        return Runner(program, form, self._compile, columns, [self._lists[x] for x in kept])
