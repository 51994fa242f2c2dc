"""Activation functions as modules."""

from __future__ import annotations

from .. import ops
from ..primitive import Value
from .module import Module


class Sigmoid(Module):
    """1 / (1 + exp(-x)): the article's activation, between 0 and 1."""

    def forward(self, x: Value) -> Value:
        """See `ops.sigmoid`."""
        return ops.sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent, between -1 and 1."""

    def forward(self, x: Value) -> Value:
        """See `ops.tanh`."""
        return ops.tanh(x)


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Value) -> Value:
        """See `ops.relu`."""
        return ops.relu(x)


class GELU(Module):
    """x times the normal distribution function at x."""

    def forward(self, x: Value) -> Value:
        """See `ops.gelu`."""
        return ops.gelu(x)


class SiLU(Module):
    """x * sigmoid(x)."""

    def forward(self, x: Value) -> Value:
        """See `ops.silu`."""
        return ops.silu(x)


class ELU(Module):
    """x where positive, exp(x) - 1 elsewhere."""

    def forward(self, x: Value) -> Value:
        """See `ops.elu`."""
        return ops.elu(x)


class Softmax(Module):
    """exp(x) divided by its sum along `axis`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Value) -> Value:
        """See `ops.softmax`."""
        return ops.softmax(x, self.axis)
