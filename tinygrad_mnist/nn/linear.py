"""The fully connected layers."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..core.generator import Generator, chosen
from ..primitive import Value
from . import init as inits
from .functional.layers import bilinear
from .making import parameter
from .module import Module
from .parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


class Linear(Module):
    """A layer of neurons: x @ weight.T + bias, from (..., in_features) to (..., out_features).

    First weights and biases are uniform on +-1 / sqrt(in_features), as in PyTorch.

    Args:
        in_features: inputs of each neuron.
        out_features: neurons.
        bias: whether the neurons have biases.
        device, dtype: "cpu", and float32 or float64.
        generator: where the first values come from; the default generator if None.
        init: what fills the first weights instead, (weight, generator=...); biases then start at zero.

    Attributes:
        weight: Parameter (out_features, in_features), one row per neuron.
        bias: Parameter (out_features,), or None.

    Raises ShapeError for negative sizes.
    """

    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
        init: inits.Init | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = parameter("Linear", (out_features, in_features), device, dtype)
        self.register_parameter("bias", parameter("Linear", (out_features,), device, dtype) if bias else None)
        if init is None:
            self.reset_parameters(generator)
        else:
            init(self.weight, generator=chosen(generator))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new first values."""
        inits.by_fan_in(self.weight, self.bias, generator)

    def forward(self, input: Value) -> Value:
        """See the class; ShapeError if the last axis is not in_features long."""
        return ops.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Bilinear(Module):
    """y_k = x1 @ weight_k @ x2 + bias_k, for x1 (..., in1_features) and x2 (..., in2_features).

    Args:
        in1_features, in2_features: lengths of the last axes.
        out_features: that of the result's.
        bias: whether there are biases.
        device, dtype: "cpu", and float32 or float64.

    Attributes:
        weight: Parameter (out_features, in1_features, in2_features).
        bias: Parameter (out_features,), or None.
    """

    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = parameter("Bilinear", (out_features, in1_features, in2_features), device, dtype)
        self.register_parameter(
            "bias", parameter("Bilinear", (out_features,), device, dtype) if bias else None
        )
        self.reset_parameters(generator)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new first values."""
        bound = 1 / math.sqrt(self.in1_features)
        for p in self.parameters():
            inits.uniform_(p, -bound, bound, generator)

    def forward(self, input1: Value, input2: Value) -> Value:
        """See the class."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """x itself. Arguments are accepted and ignored, so that it can stand for another module."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def forward(self, input: Value) -> Value:
        """The input itself."""
        return input
