"""Views that follow the tensor they were taken from: after an in-place change of it they are taken anew.

As in PyTorch they show the change then. They do so where they are read, and only if no graph goes through
them: a derivative would have to go to the new value, and what was recorded of the view to the old one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import GraphError
from .inplace import FOR_GOOD, InPlace, Memory
from .interpreter import EAGER, Interpreter, interpreter
from .tape import clock, walking


class Following(InPlace[Any]):
    """The numbers of a view, which is out of date as soon as the tensor it was taken from is changed."""

    is_view = True
    _array: Any = None
    memory: Memory

    wrapped: Any

    @property
    def array(self) -> Any:
        """See `Node`; GraphError if this is out of date, and cannot be taken anew."""
        if self.memory is not None and self.memory.changes != self.seen:
            return self._taken_anew()
        return self._array

    @array.setter
    def array(self, value: Any) -> None:
        self._array = value

    def _taken_anew(self) -> Any:
        memory = self.memory
        if memory.changes == FOR_GOOD or self.requires_grad or walking():
            raise GraphError(
                "this tensor is a view of one that was changed in place since: in PyTorch it would show the "
                "change, here one that a graph goes through does not. Take the view again after the change, "
                "or a copy before it, as in x[0].clone()"
            )
        if isinstance(self._array, np.ndarray):
            if not isinstance(memory.array, np.ndarray):  # of a program: a view from outside keeps nothing
                return _along(self.path, memory.array, interpreter.get())
            array = _along(self.path, memory.array, EAGER)
        else:
            array = _along(self.path, memory.array, interpreter.get())
        self._array, self.seen, self.assigned = array, memory.changes, next(clock)
        return array

    def __getstate__(self) -> dict[str, Any]:
        """See `Node`; of the numbers that this shows now."""
        _ = self.array
        return super().__getstate__()

    def restored(self) -> Any:
        """See `Node`."""
        out = self.wrapped(self._array)
        out.requires_grad = self.requires_grad
        out.primitive, out.args, out.number = self.primitive, self.args, self.number
        return out

    def kept(self) -> Any:
        """See `Node`."""
        return self._array


def _along(path: Any, array: Any, run_by: Interpreter) -> Any:
    """The view, at the end of a path, of a tensor that is this array (or symbol) now."""
    if path is None:
        return array
    before, primitive, params = path
    return run_by.run(primitive, (_along(before, array, run_by), *params))
