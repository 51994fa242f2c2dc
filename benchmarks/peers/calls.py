"""What the peers share in jobs that are repeated calls of one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..jobs import Array, Task


class Calls:
    """The same call, over and over.

    `to_array` turns its value into an array, after the timing; `call` has to be done on return.
    """

    def __init__(
        self, call: Callable[..., Any], operands: Sequence[Any], to_array: Callable[[Any], Array] = np.asarray
    ) -> None:
        self.call, self.operands, self.to_array = call, operands, to_array

    def reset(self) -> None:
        """Nothing to do."""

    def run(self, first: int, count: int) -> None:
        call, operands = self.call, self.operands
        for _ in range(count):
            value = call(*operands)
        self.value = value

    def result(self) -> dict[str, Array]:
        return {"y": self.to_array(self.value)}


def operands(task: Task, convert: Callable[[Array], Any] = np.asarray) -> list[Any]:
    """The operands of a task as the peer's own arrays, transposed (without a copy) where it says so."""
    converted = [convert(task[name]) for name in sorted(task.arrays)]
    flags = task.options["transposed"]
    return [x.T if flag else x for x, flag in zip(converted, flags, strict=True)]
