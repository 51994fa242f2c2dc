"""Random functions of Tensors that are their own source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core.tensor import Tensor

#: Operations as source: `{0}` is the newest value or an older one, `{1}` another that broadcasts with it.
#: All stay finite, whatever they are applied to and how often. Simple ones come first.
SMOOTH = (
    "neg({0})",
    "{0} * 0.5 - 1",
    "{0} + {1}",
    "{0} - {1}",
    "sin({0})",
    "{0} * cos({1})",
    "{0} / ({1} * {1} + 1.5)",
    "tanh({0})",
    "sigmoid({0})",
    "softplus({0})",
    "erf({0})",
    "silu({0})",
    "exp(tanh({0}))",
    "log({0} * {0} + 1.5)",
    "sqrt({0} * {0} + 0.5)",
    "where({1} > 0.1, {0}, sin({0}))",
    "sum({0})",
    "mean({0}, -1)",
    "sum({0}, 0, keepdims=True)",
    "logsumexp({0}, -1)",
    "softmax({0})",
    "flatten({0})",
    "transpose({0})",
    "flip({0})",
    "unsqueeze({0}, 0)",
    "getitem({0}, slice(1, None))",
    "getitem({0}, slice(None, None, 2))",
    "take({0}, [0, 0], 0)",
    "pad({0}, [(1, 0)] * {0}.ndim, value=0.5)",
    "concatenate([{0}, {0}], -1)",
    "matmul(tanh({0}), transpose({0}))",
)

#: Operations with kinks.
KINKED = (
    "relu({0})",
    "abs({0})",
    "maximum({0}, {1})",
    "minimum({0}, {1})",
    "clamp({0}, -0.5, 0.5)",
    "where({0} > {1}, {0}, {1} * 0.5)",
    "amax({0}, -1)",
    "min({0})",
)


class Program:
    """A function of Tensors: call it on `inputs`, or on others of their shapes.

    Args:
        inputs: Tensors, named a, b, c, ...
        steps: expressions in the operations of `ops`, in the inputs and in v0, v1, ..., the values of
            earlier steps. The last is the value; without steps it is the first input.

    Attributes:
        source: the Python that runs, and what `repr` shows.
    """

    def __init__(self, inputs: Sequence[Tensor], steps: Sequence[str]) -> None:
        self.inputs, self.steps = list(inputs), list(steps)
        names = [chr(ord("a") + i) for i in range(len(inputs))]
        lines = [f"v{i} = {step}" for i, step in enumerate(steps)]
        result = f"v{len(steps) - 1}" if steps else "a"
        self.source = "\n    ".join([f"def program({', '.join(names)}):", *lines, f"return {result}"])
        self.values = [*names, *(f"v{i}" for i in range(len(steps)))]
        namespace: dict[str, Any] = dict(vars(ops))
        exec(self.source, namespace)
        self._function = namespace["program"]

    def __call__(self, *xs: Any) -> Any:
        """The value of the last step."""
        return self._function(*xs)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{x.dtype}{list(x.shape)}" for x in self.inputs)
        return f"# of {shapes}\n{self.source}"
