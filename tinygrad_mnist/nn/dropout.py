"""Dropout as a module."""

from __future__ import annotations

from .. import ops
from ..core.generator import Generator, chosen
from ..primitive import Value
from .module import Module


class Dropout(Module):
    """In training each element is zero with probability p, the others are divided by 1 - p; else x itself.

    Args:
        p: from 0 up to, not including, 1; ValueError otherwise.
        generator: decides which elements; by default the default generator.
    """

    def __init__(self, p: float, *, generator: Generator | None = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p must be at least 0 and below 1, not {p}")
        self.p = p
        self.generator = generator

    def forward(self, x: Value) -> Value:
        """See `ops.dropout`."""
        return ops.dropout(x, self.p, chosen(self.generator)) if self.training else x
