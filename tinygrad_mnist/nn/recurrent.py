"""Recurrent cells: one step in time, from an input and a state to the next state."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.generator import Generator
from ..errors import ShapeError
from ..primitive import Value
from . import functional as F, init as inits
from .making import parameter
from .module import Module
from .parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


def rnn_step(x: Value, h: Value, nonlinearity: str) -> Value:
    """The next state from the affine maps of the input and the state (Elman 1990)."""
    return ops.tanh(x + h) if nonlinearity == "tanh" else ops.relu(x + h)


def lstm_step(x: Value, h: Value, c: Value) -> tuple[Value, Value]:
    """The next (h, c) from the affine maps, whose quarters are the gates i, f, g, o (Gers et al. 2000)."""
    i, f, g, o = ops.split(x + h, c.shape[-1], -1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return ops.sigmoid(o) * ops.tanh(c), c


def gru_step(x: Value, h: Value, state: Value) -> Value:
    """The next state from the affine maps, whose thirds are r, z, n (Cho et al. 2014)."""
    size = state.shape[-1]
    rx, zx, nx = ops.split(x, size, -1)
    rh, zh, nh = ops.split(h, size, -1)
    z = ops.sigmoid(zx + zh)
    n = ops.tanh(nx + ops.sigmoid(rx + rh) * nh)
    return (1 - z) * n + z * state


class _Cell(Module):
    """Parameters of `gates` affine maps of the input and as many of the state, under PyTorch's names."""

    _gates: int
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        name, rows = type(self).__name__, self._gates * hidden_size
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self.weight_ih = parameter(name, (rows, input_size), device, dtype)
        self.weight_hh = parameter(name, (rows, hidden_size), device, dtype)
        self.register_parameter("bias_ih", parameter(name, (rows,), device, dtype) if bias else None)
        self.register_parameter("bias_hh", parameter(name, (rows,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new first values: uniform on +-1 / sqrt(hidden_size)."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0.0
        for p in self.parameters():
            inits.uniform_(p, -bound, bound, generator)

    def _checked(self, x: Value, *states: Value) -> None:
        name = type(self).__name__
        if x.ndim not in (1, 2):
            raise ShapeError(f"{name}: Expected input to be 1D or 2D, got {x.ndim}D instead")
        if x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{name}: input has inconsistent input_size: got {x.shape[-1]}, expected {self.input_size}"
            )
        for h in states:
            if tuple(h.shape) != (*x.shape[:-1], self.hidden_size):
                raise ShapeError(
                    f"{name}: a state must have shape {(*x.shape[:-1], self.hidden_size)} beside an input "
                    f"{tuple(x.shape)}, not {tuple(h.shape)}"
                )

    def _start(self, x: Value) -> Value:
        return np.zeros((*x.shape[:-1], self.hidden_size), x.dtype)

    def _maps(self, x: Value, h: Value) -> tuple[Value, Value]:
        """The affine maps of the input and of the state."""
        return F.linear(x, self.weight_ih, self.bias_ih), F.linear(h, self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        """The arguments that are not the default ones."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(_Cell):
    """h' = tanh(W x + b + W' h + b') (Elman 1990), for x (N, input_size), h (N, hidden_size).

    Args:
        input_size, hidden_size: lengths of x and h.
        bias: whether there are biases.
        nonlinearity: "tanh" or "relu".
        device, dtype: "cpu", and float32 or float64.
        generator: where the first values come from; the default generator if None.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: Parameters (hidden_size, input_size),
            (hidden_size, hidden_size), and (hidden_size,) or None.
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype, generator=generator)
        self.nonlinearity = nonlinearity

    def forward(self, input: Value, hx: Value | None = None) -> Value:
        """The next state; the first one is zero."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity: {self.nonlinearity}; there are 'tanh' and 'relu'")
        h = self._start(input) if hx is None else hx
        self._checked(input, h)
        return rnn_step(*self._maps(input, h), self.nonlinearity)

    def extra_repr(self) -> str:
        """The arguments that are not the default ones."""
        more = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + more


class LSTMCell(_Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    With the affine maps i, f, g, o of input and state (rows of the parameters in this order):
    c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'). Arguments and attributes are
    those of `RNNCell`, with four times the rows.
    """

    _gates = 4

    def forward(self, input: Value, hx: tuple[Value, Value] | None = None) -> tuple[Value, Value]:
        """The next (h, c), each (N, hidden_size); the first ones are zero."""
        h, c = (self._start(input), self._start(input)) if hx is None else hx
        self._checked(input, h, c)
        return lstm_step(*self._maps(input, h), c)


class GRUCell(_Cell):
    """The gated recurrent unit (Cho et al. 2014).

    r = sigmoid(W x + W' h), z likewise, n = tanh(W x + r (W' h)), h' = (1 - z) n + z h, with rows
    of the parameters in the order r, z, n. Arguments and attributes are those of `RNNCell`, with
    three times the rows.
    """

    _gates = 3

    def forward(self, input: Value, hx: Value | None = None) -> Value:
        """The next state; the first one is zero."""
        h = self._start(input) if hx is None else hx
        self._checked(input, h)
        return gru_step(*self._maps(input, h), h)
