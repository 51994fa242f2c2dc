"""Recurrent layers: cells run along a sequence, in layers, in one direction or both.

Time is a `tg.scan`: in a compiled function one loop, whatever the length of the sequence.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import ops
from ..core.generator import Generator
from ..core.loops import scan
from ..errors import DTypeError, ShapeError
from ..primitive import Value
from . import functional as F, init as inits
from .making import parameter
from .module import Module
from .parameter import Parameter
from .recurrent import gru_step, lstm_step, rnn_step
from .utils.rnn import PackedSequence, lengths_of, packed_steps, padded_steps

__all__ = ["GRU", "LSTM", "RNN"]


class _Recurrent(Module):
    """What RNN, LSTM and GRU share: parameters by layer and direction, and the way through time."""

    _gates: int
    _states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element "
                f"being zeroed, not {dropout!r}"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        for what, value, wanted in (
            ("input_size", input_size, int),
            ("hidden_size", hidden_size, int),
            ("bias", bias, bool),
            ("batch_first", batch_first, bool),
        ):
            if type(value) is not wanted:
                raise TypeError(f"{what} should be of type {wanted.__name__}, got: {type(value).__name__}")
        if input_size <= 0:
            raise ValueError("input_size must be greater than zero")
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if proj_size and self._states == 1:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        self.input_size, self.hidden_size, self.num_layers, self.bias = (
            input_size,
            hidden_size,
            num_layers,
            bias,
        )
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.proj_size, self.generator = proj_size, generator
        name, rows, out = type(self).__name__, self._gates * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                columns = input_size if layer == 0 else out * self._directions
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, columns), "weight_hh": (rows, out)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for kind, shape in shapes.items():
                    self.register_parameter(f"{kind}{suffix}", parameter(name, shape, device, dtype))
        self.reset_parameters(generator)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
        suffixes = [s for layer in range(self.num_layers) for s in self._suffixes(layer)]
        return [[getattr(self, n + s) for n in names if n + s in vars(self)] for s in suffixes]

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new first values: uniform on +-1 / sqrt(hidden_size)."""
        bound = 1 / math.sqrt(self.hidden_size)
        for p in self.parameters():
            inits.uniform_(p, -bound, bound, generator)

    def flatten_parameters(self) -> None:
        """Nothing: a word of PyTorch's for another machine."""

    def _step(self, x: Value, h: Value, states: list[Value]) -> list[Value]:
        """The next states from the affine maps of input and state."""
        raise NotImplementedError

    def _run(self, input: Any, given: list[Value] | None) -> tuple[Any, list[Value]]:
        """(output, states): of (L, N, I), (N, L, I) with batch_first, (L, I), or a PackedSequence."""
        if not isinstance(input, PackedSequence):
            return self._through(input, given, self.batch_first)
        lengths = lengths_of(input)
        if given is not None and input.sorted_indices is not None:
            given = [ops.index_select(s, 1, input.sorted_indices) for s in given]
        y, states = self._through(padded_steps(input.data, lengths, int(lengths[0])), given, False, lengths)
        if input.unsorted_indices is not None:
            states = [ops.index_select(s, 1, input.unsorted_indices) for s in states]
        return PackedSequence(packed_steps(y, lengths), *input[1:]), states

    def _through(
        self, input: Value, given: list[Value] | None, batch_first: bool, lengths: Any = None
    ) -> tuple[Value, list[Value]]:
        """As `_run`; with lengths, states stay as they are where a sequence has ended."""
        name = type(self).__name__
        if input.ndim not in (2, 3):
            raise ShapeError(f"{name}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{name}: input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.shape[-1]}"
            )
        if input.dtype != self.all_weights[0][0].dtype:
            raise DTypeError(
                f"{name} input dtype ({input.dtype}) does not match weight dtype "
                f"({self.all_weights[0][0].dtype}). "
                f"Convert input: input.to({self.all_weights[0][0].dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        alone = input.ndim == 2
        x = ops.unsqueeze(input, 1) if alone else ops.transpose(input, 0, 1) if batch_first else input
        if not x.shape[0]:
            raise ShapeError(f"{name}: Expected sequence length to be larger than 0")
        first = self._first(x, given, alone)
        last: list[list[Value]] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                place = layer * self._directions + direction
                y, states = self._along(
                    x, [s[place] for s in first], suffix, lengths, backward=bool(direction)
                )
                outputs.append(y)
                last.append(states)
            x = ops.concatenate(outputs, -1) if len(outputs) > 1 else outputs[0]
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training, generator=self.generator)
        final = [ops.stack([states[k] for states in last]) for k in range(self._states)]
        if alone:
            return ops.squeeze(x, 1), [ops.squeeze(s, 1) for s in final]
        return (ops.transpose(x, 0, 1) if batch_first else x), final

    def _along(
        self, x: Value, states: list[Value], suffix: str, lengths: Any, *, backward: bool
    ) -> tuple[Value, list[Value]]:
        """One layer in one direction: all outputs (L, N, H), and the last states."""
        weights = vars(self)
        maps = F.linear(x, weights["weight_ih" + suffix], weights.get("bias_ih" + suffix))
        weight_hh, bias_hh = weights["weight_hh" + suffix], weights.get("bias_hh" + suffix)
        projection = weights.get("weight_hr" + suffix)
        ends = lengths is not None and (lengths < x.shape[0]).any()
        within = (np.arange(x.shape[0])[:, None] < lengths)[:, :, None] if ends else None

        def step(states: list[Value], given: tuple[Value, Value]) -> tuple[list[Value], Value]:
            mapped, within = given
            new = self._step(mapped, F.linear(states[0], weight_hh, bias_hh), states)
            if projection is not None:
                new = [F.linear(new[0], projection), *new[1:]]
            if within is not None:
                new = [ops.where(within, a, b) for a, b in zip(new, states, strict=True)]
            return new, new[0]

        states, outputs = scan(step, states, (maps, within), reverse=backward)
        return outputs, states

    def _first(self, x: Value, given: list[Value] | None, alone: bool) -> list[Value]:
        """The first states, each (layers * directions, N, H); zeros if none are given."""
        name, count = type(self).__name__, self.num_layers * self._directions
        sizes = [self.proj_size or self.hidden_size, self.hidden_size][: self._states]
        if given is None:
            return [np.zeros((count, x.shape[1], size), x.dtype) for size in sizes]
        states = []
        for state, size in zip(given, sizes, strict=True):
            expected = (count, size) if alone else (count, x.shape[1], size)
            if tuple(state.shape) != expected:
                raise ShapeError(f"{name}: Expected hidden size {expected}, got {list(state.shape)}")
            states.append(ops.unsqueeze(state, 1) if alone else state)
        return states

    def extra_repr(self) -> str:
        """The arguments that are not the default ones."""
        parts = [f"{self.input_size}", f"{self.hidden_size}"]
        defaults = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        for key, default in {**defaults, "bidirectional": False}.items():
            value = getattr(self, key)
            if value != default:
                parts.append(f"{key}={value}")
        return ", ".join(parts)


class RNN(_Recurrent):
    """Elman's network along sequences: h' = tanh(W x + b + W' h + b'), in `num_layers` layers.

    Args:
        input_size, hidden_size: lengths of the inputs and states.
        num_layers: each takes the outputs of the one before.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: whether inputs and outputs are (N, L, ...) instead of (L, N, ...).
        dropout: of the outputs of all layers but the last, in training.
        bidirectional: whether a second set of parameters goes through the sequence backward; the
            outputs are then 2 hidden_size long.
        device, dtype: "cpu", and float32 or float64.
        generator: where first values and dropout come from; the default generator if None.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_ih_l0_reverse, ...: Parameters as of
            `RNNCell`, for each layer and direction.
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        super().__init__(
            *(
                input_size,
                hidden_size,
                num_layers,
                bias,
                batch_first,
                dropout,
                bidirectional,
                0,
                device,
                dtype,
            ),
            generator=generator,
        )

    def _step(self, x: Value, h: Value, states: list[Value]) -> list[Value]:
        return [rnn_step(x, h, self.nonlinearity)]

    def forward(self, input: Value, hx: Value | None = None) -> tuple[Value, Value]:
        """(outputs, last state): (L, N, D H) and (layers D, N, H), with D directions, or without N."""
        output, (h,) = self._run(input, None if hx is None else [hx])
        return output, h


class GRU(_Recurrent):
    """The gated recurrent unit along sequences; see `GRUCell`, and `RNN` for the arguments."""

    _gates = 3

    def _step(self, x: Value, h: Value, states: list[Value]) -> list[Value]:
        return [gru_step(x, h, states[0])]

    def forward(self, input: Value, hx: Value | None = None) -> tuple[Value, Value]:
        """(outputs, last state), as of `RNN`."""
        output, (h,) = self._run(input, None if hx is None else [hx])
        return output, h


class LSTM(_Recurrent):
    """Long short-term memory along sequences; see `LSTMCell`, and `RNN` for the arguments.

    With `proj_size`, states h are projected to that length (Sak et al. 2014).
    """

    _gates = 4
    _states = 2

    def _step(self, x: Value, h: Value, states: list[Value]) -> list[Value]:
        return list(lstm_step(x, h, states[1]))

    def forward(
        self, input: Value, hx: tuple[Value, Value] | None = None
    ) -> tuple[Value, tuple[Value, Value]]:
        """(outputs, (last h, last c)), as of `RNN`."""
        output, (h, c) = self._run(input, None if hx is None else list(hx))
        return output, (h, c)
