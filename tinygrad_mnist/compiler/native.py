"""A program that changes nothing, as a function from arrays to arrays."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from ..primitive import Array
from .build import Run, compiled
from .memory import aligned, ready
from .program import Program
from .stages import compiled_form

NOWHERE = np.zeros(1, np.int64)  # where a single worker meets nobody
ALONE = (0, 1, NOWHERE)


class Native:
    """A program in native code, compiled at its first call."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.form = compiled_form(program, "a derivative")
        self._buffers = [aligned(place.shape, place.dtype) for place in self.form.buffers]
        self._run: Run | None = None
        self._lock = threading.Lock()

    def __call__(self, arguments: Sequence[Array], captured: Sequence[Array]) -> list[Array]:
        """The outputs, of one step; the arrays are in the order of the program's symbols."""
        outputs = [np.empty(s.shape, s.dtype) for s in self.program.outputs]
        arrays = [*(ready(x)[None] for x in arguments), *map(ready, captured), *(y[None] for y in outputs)]
        with self._lock:
            everything = [0, 1, *(ALONE if self.form.shared else ()), *arrays, *self._buffers]
            if self._run is None:
                self._run = compiled(self.form.text, everything, self.form.schedule)
            self._run(*everything)
        return outputs
