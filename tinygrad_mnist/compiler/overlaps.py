"""What a function changes must not be what it reads afterwards under another name.

Eagerly a view shows the change of what it was taken from, and an array that of an array in the same memory; a
program reads the numbers that were there when it was called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import GraphError, TraceError
from .trace import Symbol, Trace


class Overlaps:
    """The tensors that a recorded function changes, and those that it reads after the first change.

    Attributes:
        later: positions of arguments that are read after it.
    """

    def __init__(
        self, trace: Trace, arguments: Sequence[Symbol], outputs: Sequence[Symbol], reassigned: Sequence[int]
    ) -> None:
        """`outputs`: what is read at the end, the new values of `reassigned` arguments last."""
        values = [value for _, value in trace.assigned.values()]
        values += outputs[len(outputs) - len(reassigned) :]
        made = {i.result: at for at, i in enumerate(trace.instructions)}
        first = min((made.get(value, -1) for value in values), default=len(trace.instructions))
        read = {*outputs, *(s for i in trace.instructions[first + 1 :] for s in i.symbols)}
        self._names, self._reassigned = [s.name for s in arguments], reassigned
        self._updated = [(trace.captured[key][1].name, leaf) for key, (leaf, _) in trace.assigned.items()]
        self.later = {k for k, s in enumerate(arguments) if s in read and k not in reassigned and values}
        self._captured = [
            (s.name, x) for key, (x, s) in trace.captured.items() if s in read and key not in trace.assigned
        ]

    def with_updated(self, x: Tensor) -> bool:
        """Whether an argument is a view of a captured tensor that is changed, or one is a view of it."""
        return any(leaf.memory is x.memory for _, leaf in self._updated)

    def refuse(self, given: Sequence[Any]) -> None:
        """GraphError where one of these arguments, or what is captured, would have to show a change."""
        changed = [(self._names[k], given[k]) for k in self._reassigned if k < len(given)]
        read = [(self._names[k], given[k]) for k in self.later]
        _refuse([*changed, *self._updated], read)
        _refuse(changed, self._captured)

    def refuse_steps(self, given: Sequence[Any]) -> None:
        """Of a scan, each of whose steps reads what the one before has changed, also TraceError."""
        if self._reassigned:
            raise TraceError(
                f"scan: the function changes {self._names[self._reassigned[0]]}, its argument, in place: "
                "give the result another name and return it, as in y = x + 1, or call step by step"
            )
        _refuse(self._updated, list(zip(self._names, given)))


def _refuse(changed: Iterable[tuple[str, Any]], read: Sequence[tuple[str, Any]]) -> None:
    for changed_name, x in changed:
        for name, y in read:
            if _shows(y, x):
                copy = "copy" if isinstance(y, np.ndarray) else "clone"
                raise GraphError(
                    f"{name} and {changed_name} of a compiled function are one in memory, as a view is with "
                    f"what it was taken from, and the function changes {changed_name} in place, which {name} "
                    f"would not show: give it a copy, {name}.{copy}()"
                )


def _shows(read: Any, changed: Any) -> bool:
    """Whether a change in place of one tensor or array is seen in another."""
    if isinstance(changed, Tensor):  # which gets new memory
        memory = changed.memory
        return read is changed or (memory is not None and getattr(read, "memory", None) is memory)
    array = read.array if isinstance(read, Tensor) else read
    return bool(np.may_share_memory(array, changed) and np.shares_memory(array, changed))
