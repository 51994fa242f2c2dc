"""The cost as a function of all weights and biases: one number for each point of a space of many axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.autodiff import hvp, value_and_grad
from ..core.modes import no_grad
from ..core.tensor import Tensor, wrap
from ..errors import ShapeError
from ..nn import Module, Parameter
from ..primitive import check_dtype
from ..train.evaluation import CostFunction

__all__ = ["Block", "CostSurface"]

#: Numbers in one row, one for each weight and bias.
Vector: TypeAlias = NDArray[Any]

#: Inputs and targets of the same N examples: what a network takes, and what its cost takes.
Data: TypeAlias = tuple[Any, Any]

_CHUNK = 5000  # examples at once: enough for speed, little memory


class Block(NamedTuple):
    """One parameter's place among all of them.

    Attributes:
        name: as in `named_parameters`.
        shape: of the parameter.
        start: position of its first element in the vector.
    """

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def places(self) -> slice:
        """Its elements in the vector."""
        return slice(self.start, self.start + int(np.prod(self.shape)))


class CostSurface:
    """The average cost over fixed examples, seen as a function of the weights and biases alone.

    A point is a vector of n numbers: all parameters, row by row, in the order of
    `model.parameters()`. The model itself is never changed, and behaves as in use (`eval`).

    Args:
        model: any module with parameters.
        cost: (outputs, targets) -> their mean cost.
        data: inputs and targets, arrays or Tensors with an axis of N examples in front.
        dtype: what to compute in. float64 shows the effect of one weight among thousands; float32
            is twice as fast.

    Attributes:
        data: the inputs and targets, as arrays.
        point: (n,), the parameters as they were.
        blocks: where each of them is in a point.

    Raises:
        ShapeError: for a model without parameters, no examples, or unequal numbers of inputs and
            targets.
    """

    def __init__(self, model: Module, cost: CostFunction, data: Data, *, dtype: Any = np.float64) -> None:
        inputs, targets = (np.asarray(x) for x in data)
        if not 0 < len(inputs) == len(targets):
            raise ShapeError(
                f"CostSurface: {len(inputs)} inputs and {len(targets)} targets; need as many, and any"
            )
        self.model, self.cost, self.dtype = model, cost, check_dtype(dtype)
        inputs = inputs.astype(self.dtype, copy=False) if inputs.dtype.kind == "f" else inputs
        chunks = [slice(first, first + _CHUNK) for first in range(0, len(inputs), _CHUNK)]
        self.data = inputs, targets
        self._chunks = [(wrap(inputs[chunk]), wrap(targets[chunk])) for chunk in chunks]
        self.blocks: list[Block] = []
        start = 0
        for name, parameter in model.named_parameters():
            self.blocks.append(Block(name, parameter.shape, start))
            start += parameter.numel()
        if not start:
            raise ShapeError("CostSurface: the model has no parameters for the cost to depend on")
        self.point = self.vector([p.numpy() for p in model.parameters()])

    def __len__(self) -> int:
        """How many examples the cost is the average of."""
        return len(self.data[0])

    # Between vectors and parameters -----------------------------------------------------------

    def vector(self, parameters: Sequence[Any]) -> Vector:
        """Arrays or Tensors shaped like the parameters, in their order, as one vector."""
        return np.concatenate([np.asarray(x, self.dtype).ravel() for x in parameters])

    def arrays(self, vector: Vector) -> dict[str, NDArray[Any]]:
        """A vector as arrays by the parameters' names, in their shapes."""
        return {block.name: vector[block.places].reshape(block.shape) for block in self.blocks}

    def name(self, position: int) -> str:
        """What the number at a position of a vector is, such as "0.weight[3, 417]"."""
        block = next(block for block in self.blocks if position < block.places.stop)
        index = ", ".join(str(i) for i in np.unravel_index(position - block.start, block.shape))
        return f"{block.name}[{index}]" if index else block.name

    # The function and its derivatives ---------------------------------------------------------

    def __call__(self, point: Vector) -> float:
        """The cost at a point."""
        with no_grad():
            return float(sum(share * cost(*self._tensors(point)).item() for share, cost in self._parts()))

    def gradient(self, point: Vector) -> Vector:
        """The gradient of the cost at a point, (n,)."""
        total: Vector = np.zeros_like(self.point)
        tensors = self._tensors(point)
        for share, cost in self._parts():
            _, found = value_and_grad(cost, tuple(range(len(tensors))))(*tensors)
            total += share * self.vector(found)
        return total

    def hessian_product(self, point: Vector, direction: Vector) -> Vector:
        """The matrix of second derivatives at a point times a direction, (n,); the matrix is not formed."""
        total: Vector = np.zeros_like(self.point)
        tensors, directions = self._tensors(point), self._tensors(direction)
        for share, cost in self._parts():
            total += share * self.vector(hvp(cost, tensors, directions))
        return total

    def _tensors(self, vector: Vector) -> list[Tensor]:
        if vector.shape != self.point.shape:
            raise ShapeError(f"CostSurface: a point has the shape {self.point.shape}, not {vector.shape}")
        return [Tensor(np.asarray(x, self.dtype)) for x in self.arrays(vector).values()]

    def _parts(self) -> Iterator[tuple[float, Callable[..., Tensor]]]:
        """The cost of a chunk of the examples as a function of the parameters, and its share of the whole."""
        for inputs, targets in self._chunks:
            yield len(inputs) / len(self), self._cost_of(inputs, targets)

    def _cost_of(self, inputs: Tensor, targets: Tensor) -> Callable[..., Tensor]:
        def cost(*parameters: Tensor) -> Tensor:
            with _replaced(self.model, parameters):
                return self.cost(self.model(inputs), targets)

        return cost


@contextmanager
def _replaced(model: Module, parameters: Sequence[Tensor]) -> Iterator[None]:
    """Within the block the model, in use, computes with other parameters."""
    new = dict(zip(map(id, model.parameters()), parameters, strict=True))

    def of(value: Any) -> Any:
        if isinstance(value, Parameter):
            return new[id(value)]
        if isinstance(value, list | tuple) and any(isinstance(x, Parameter) for x in value):
            return [of(x) for x in value]
        return value

    before = [(vars(module), dict(vars(module))) for _, module in model.named_modules()]
    try:
        for attributes, values in before:
            attributes.update({name: of(value) for name, value in values.items()}, training=False)
        yield
    finally:
        for attributes, values in before:
            attributes.clear()
            attributes.update(values)
