"""Activation functions as modules: PyTorch's names and arguments; the formulas are those of `functional`."""

from __future__ import annotations

import warnings
from typing import Any

from .. import ops
from ..core.generator import Generator
from ..errors import ShapeError
from ..primitive import Value
from . import functional as F
from .making import parameter
from .module import Module

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax",
    "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class _Placed(Module):
    """What can become its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The arguments."""
        return "inplace=True" if self.inplace else ""

    def _with_inplace(self, text: str) -> str:
        return f"{text}, inplace=True" if self.inplace else text


class ReLU(_Placed):
    """max(x, 0)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.relu(input, self.inplace)


class ReLU6(_Placed):
    """min(max(x, 0), 6)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.relu6(input, self.inplace)


class SELU(_Placed):
    """See `ops.selu`."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.selu(input, self.inplace)


class SiLU(_Placed):
    """x sigmoid(x)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.silu(input, self.inplace)


class Mish(_Placed):
    """x tanh(softplus(x))."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.mish(input, self.inplace)


class Hardsigmoid(_Placed):
    """relu6(x + 3) / 6."""

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Hardsigmoid):
    """x hardsigmoid(x)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.hardswish(input, self.inplace)


class ELU(_Placed):
    """x where positive, alpha (exp(x) - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return self._with_inplace(f"alpha={self.alpha}")


class CELU(ELU):
    """x where positive, alpha (exp(x / alpha) - 1) elsewhere."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.celu(input, self.alpha, self.inplace)


class LeakyReLU(_Placed):
    """x where positive, negative_slope x elsewhere."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return self._with_inplace(f"negative_slope={self.negative_slope}")


class RReLU(_Placed):
    """`LeakyReLU` with a slope drawn for each element in training, the mean slope else."""

    def __init__(
        self,
        lower: float = 1.0 / 8,
        upper: float = 1.0 / 3,
        inplace: bool = False,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(inplace)
        self.lower, self.upper, self.generator = lower, upper, generator

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace, generator=self.generator)

    def extra_repr(self) -> str:
        """The arguments."""
        return self._with_inplace(f"lower={self.lower}, upper={self.upper}")


class PReLU(Module):
    """x where positive, weight x elsewhere; the weights, one or one per channel, are learnt.

    Attributes:
        weight: Parameter (num_parameters,), first `init`.
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = parameter("PReLU", (num_parameters,), device, dtype, init)

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"num_parameters={self.num_parameters}"


class GELU(Module):
    """x times the normal distribution function at x; `approximate="tanh"` for the older formula."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"approximate={self.approximate!r}"


class Sigmoid(Module):
    """1 / (1 + exp(-x)): the article's activation, between 0 and 1."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return ops.sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent, between -1 and 1."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return ops.tanh(input)


class LogSigmoid(Module):
    """log(sigmoid(x))."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.logsigmoid(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.tanhshrink(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.softsign(input)


class Hardtanh(_Placed):
    """x cut off at min_val and max_val."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        for old, new in (("min_value", min_value), ("max_value", max_value)):
            if new is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated, use `{old[:7]}`", FutureWarning, stacklevel=2
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if not self.max_val > self.min_val:
            raise ValueError(f"Hardtanh: max_val {self.max_val} must be above min_val {self.min_val}")

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return self._with_inplace(f"min_val={self.min_val}, max_val={self.max_val}")


class Hardshrink(Module):
    """x, and 0 from -lambd to lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The arguments."""
        return str(self.lambd)


class Softshrink(Hardshrink):
    """x moved by lambd towards 0, which it does not pass."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.softshrink(input, self.lambd)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Threshold(_Placed):
    """x where above `threshold`, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return self._with_inplace(f"threshold={self.threshold}, value={self.value}")


class GLU(Module):
    """The first half of an axis times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"dim={self.dim}"


class Softmax(Module):
    """exp(x) divided by its sum along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """log(softmax(x)) along `dim`."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.log_softmax(input, self.dim)


class Softmin(Softmax):
    """softmax(-x) along `dim`."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        return F.softmin(input, self.dim)


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Value) -> Value:
        """See the class."""
        if input.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
