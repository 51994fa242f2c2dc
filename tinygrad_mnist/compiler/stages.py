"""The stages of compilation in a row: a recorded program, its loops, who does what, and the text."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from types import MappingProxyType

from .listing import Source
from .loops import Loops, Place
from .lower import lower
from .program import Program
from .share import schedule
from .text import Printer
from .trace import Symbol
from .tuning import WORTH_SHARING
from .verify import verify


class Form:
    """What a recorded program becomes; `listed` and `kept` as for `lower`.

    Attributes:
        loops: its typed loops.
        shared: whether several workers can run it together. Then the function `program` takes, after the
            steps, the number of a worker (from 0), how many there are, and an array where they meet.
        text: the module that is compiled; its `program` runs the steps from `first` up to `last`. The array
            arguments in any case are the program's arguments, each with an axis of steps in front; the
            captured arrays, which it updates in place; the outputs, again with an axis of steps; and the
            buffers: a program that ends by an error could not give back what it had allocated.
        buffers: room to work in.
    """

    def __init__(
        self,
        program: Program,
        title: str,
        listed: Mapping[Symbol, Source] = MappingProxyType({}),
        kept: Collection[Symbol] = frozenset(),
    ) -> None:
        self.loops: Loops = verify(lower(program, listed, kept))
        self.shared = self.loops.work >= WORTH_SHARING
        self.title = title
        self.schedule = schedule(self.loops, self.shared)
        self.printer = Printer(self.schedule, title)
        self.text = self.printer.module()
        self.buffers: tuple[Place, ...] = self.schedule.buffers

    @functools.cached_property
    def source(self) -> str:
        """The text for one worker, for readers."""
        return Printer(schedule(self.loops, False), self.title, short=True).module()
