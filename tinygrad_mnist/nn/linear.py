"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..core.generator import Generator, chosen
from ..errors import ShapeError
from ..primitive import Value
from . import init as inits
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """A layer of neurons: x @ weight.T + bias, for x of shape (..., n_in); the result is (..., n_out).

    The default first weights are `init.xavier_uniform`, the one scheme that does not ask which
    activation follows and keeps both signals and gradients in range; biases start at zero, since
    random weights alone make the neurons different.

    Args:
        n_in: inputs of each neuron.
        n_out: neurons.
        bias: whether the neurons have biases.
        generator: where the first weights come from; by default the default generator.
        init: (shape, generator) -> first weights; see `nn.init`.

    Attributes:
        weight: Parameter (n_out, n_in), one row per neuron.
        bias: Parameter (n_out,), or None.

    Raises:
        ShapeError: for sizes below 1, or an `init` that gives another shape.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        bias: bool = True,
        generator: Generator | None = None,
        init: inits.Init = inits.xavier_uniform,
    ) -> None:
        if min(n_in, n_out) < 1:
            raise ShapeError(f"Linear: needs at least one input and one neuron, not {n_in} and {n_out}")
        self.weight = Parameter(init((n_out, n_in), chosen(generator)))
        if self.weight.shape != (n_out, n_in):
            raise ShapeError(f"Linear: init gave shape {self.weight.shape} where {(n_out, n_in)} was asked")
        self.bias = Parameter(np.zeros(n_out, self.weight.dtype)) if bias else None

    def forward(self, x: Value) -> Value:
        """x @ weight.T + bias; ShapeError if x's last axis is not n_in long."""
        if self.bias is None:
            return ops.matmul(x, ops.transpose(self.weight))
        return ops.linear(x, self.weight, self.bias)
