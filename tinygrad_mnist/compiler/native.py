"""A program that changes nothing, as a function from arrays to arrays."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from ..primitive import Array
from .build import compiled
from .memory import ready
from .program import Program
from .runner import ALONE, Runner
from .stages import Form


class Native:
    """A program in native code, compiled at its first call."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._runner = Runner(program, Form(program, "a derivative"), compiled)
        self._lock = threading.Lock()

    def __call__(self, arguments: Sequence[Array], captured: Sequence[Array]) -> list[Array]:
        """The outputs, of one step; the arrays are in the order of the program's symbols."""
        outputs = [np.empty(s.shape, s.dtype) for s in self.program.outputs]
        arrays = [ready(x)[None] for x in arguments], [*map(ready, captured)], [y[None] for y in outputs]
        with self._lock:
            self._runner.run()(*self._runner.arguments(0, 1, ALONE, *arrays))
        return outputs
