"""Recurrent cells: one step in time, from an input and a state to the next state."""

from __future__ import annotations

import math

import numpy as np

from .. import ops
from ..core.generator import Generator, chosen
from ..errors import ShapeError
from ..primitive import Value
from . import init as inits
from .module import Module
from .parameter import Parameter


class _Cell(Module):
    """Parameters of `gates` affine maps of the input and as many of the state, under PyTorch's names."""

    _gates: int

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        generator: Generator | None = None,
        init: inits.Init | None = None,
    ) -> None:
        name = type(self).__name__
        if min(input_size, hidden_size) < 1:
            raise ShapeError(f"{name}: needs inputs and neurons, not {input_size} and {hidden_size}")
        generator = chosen(generator)
        rows, bound = self._gates * hidden_size, 1 / math.sqrt(hidden_size)
        init = init or (lambda shape, generator: generator.uniform(shape, -bound, bound))
        self.hidden_size = hidden_size
        self.weight_ih = Parameter(init((rows, input_size), generator))
        self.weight_hh = Parameter(init((rows, hidden_size), generator))
        self.bias_ih = Parameter(np.zeros(rows, self.weight_ih.dtype)) if bias else None
        self.bias_hh = Parameter(np.zeros(rows, self.weight_ih.dtype)) if bias else None

    def _start(self, x: Value) -> Value:
        return np.zeros((*x.shape[:-1], self.hidden_size), self.weight_ih.dtype)

    def _maps(self, x: Value, h: Value) -> tuple[list[Value], list[Value]]:
        """The affine maps of the input and those of the state, gate by gate."""
        both = []
        for value, weight, bias in (
            (x, self.weight_ih, self.bias_ih),
            (h, self.weight_hh, self.bias_hh),
        ):
            y = ops.matmul(value, ops.transpose(weight)) if bias is None else ops.linear(value, weight, bias)
            both.append(ops.split(y, self.hidden_size, -1))
        return both[0], both[1]


class RNNCell(_Cell):
    """h' = tanh(W x + b + W' h + b') (Elman 1990), for x (N, input_size) and h (N, hidden_size).

    Args:
        input_size, hidden_size: lengths of x and h.
        bias: whether there are biases, which start at zero.
        nonlinearity: "tanh" or "relu".
        generator: where the first weights come from; by default the default generator.
        init: (shape, generator) -> first weights; by default uniform on +-1 / sqrt(hidden_size).

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
        *,
        generator: Generator | None = None,
        init: inits.Init | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNNCell: nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}")
        super().__init__(input_size, hidden_size, bias, generator=generator, init=init)
        self.nonlinearity = nonlinearity

    def forward(self, x: Value, h: Value | None = None) -> Value:
        """The next state; the first one is zero."""
        (a,), (b,) = self._maps(x, self._start(x) if h is None else h)
        return ops.tanh(a + b) if self.nonlinearity == "tanh" else ops.relu(a + b)


class LSTMCell(_Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    With the affine maps i, f, g, o of input and state (rows of the parameters in this order):
    c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'). Arguments and attributes are
    those of `RNNCell`, with four times the rows.
    """

    _gates = 4

    def forward(self, x: Value, state: tuple[Value, Value] | None = None) -> tuple[Value, Value]:
        """The next (h, c), each (N, hidden_size); the first ones are zero."""
        h, c = (self._start(x), self._start(x)) if state is None else state
        i, f, g, o = (a + b for a, b in zip(*self._maps(x, h), strict=True))
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c), c


class GRUCell(_Cell):
    """The gated recurrent unit (Cho et al. 2014).

    r = sigmoid(W x + W' h), z likewise, n = tanh(W x + r (W' h)), h' = (1 - z) n + z h, with rows
    of the parameters in the order r, z, n. Arguments and attributes are those of `RNNCell`, with
    three times the rows.
    """

    _gates = 3

    def forward(self, x: Value, h: Value | None = None) -> Value:
        """The next state; the first one is zero."""
        h = self._start(x) if h is None else h
        (rx, zx, nx), (rh, zh, nh) = self._maps(x, h)
        z = ops.sigmoid(zx + zh)
        n = ops.tanh(nx + ops.sigmoid(rx + rh) * nh)
        return (1 - z) * n + z * h
