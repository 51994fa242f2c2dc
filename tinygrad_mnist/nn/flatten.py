"""Flattening as a module."""

from __future__ import annotations

from .. import ops
from ..primitive import Value
from .module import Module


class Flatten(Module):
    """The axes from `start_axis` on joined into one: images (N, 28, 28) become rows (N, 784)."""

    def __init__(self, start_axis: int = 1) -> None:
        self.start_axis = start_axis

    def forward(self, x: Value) -> Value:
        """See `ops.flatten`."""
        return ops.flatten(x, self.start_axis)
