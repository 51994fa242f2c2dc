"""The gradient as importance: which weight, nudged a little, changes the cost the most, and is it true?"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import Module
from ..train.evaluation import CostFunction
from .surface import CostSurface, Data, Vector

__all__ = ["Importance", "Nudges", "Part", "importance", "wishes"]

_NUDGE = 1e-6  # so small that the curvature of the cost hardly shows
_ABOVE_ROUNDING = 1e4  # times


@dataclasses.dataclass(frozen=True)
class Part:
    """How much of the gradient lies in some of the parameters.

    Attributes:
        name: of a parameter, or of a neuron such as "0[3]", row 3 of a layer's weight with its bias.
        count: how many weights and biases these are.
        norm: length of their part of the gradient.
        share: of the squared length of the whole gradient, 0 to 1.
    """

    name: str
    count: int
    norm: float
    share: float


@dataclasses.dataclass(frozen=True)
class Nudges:
    """What happened to the cost when weights were nudged, one at a time.

    Attributes:
        positions: (k,), int64, which weights.
        size: what was added to each.
        predicted: (k,), size times the gradient there.
        measured: (k,), how much the cost really changed.
    """

    positions: NDArray[np.int64]
    size: float
    predicted: Vector
    measured: Vector

    @property
    def largest_error(self) -> float:
        """The largest difference of measured and predicted, relative to predicted; infinite if that is 0."""
        gaps, sizes = np.abs(self.measured - self.predicted), np.abs(self.predicted)
        return float(np.divide(gaps, sizes, out=np.where(gaps > 0, np.inf, 0.0), where=sizes > 0).max())


@dataclasses.dataclass(frozen=True)
class Importance:
    """The gradient of the average cost, and what it says about each weight and bias.

    Attributes:
        surface: the cost as a function of the parameters.
        cost: at the present parameters.
        gradient: (n,), in the order of `model.parameters()`.
    """

    surface: CostSurface
    cost: float
    gradient: Vector

    def ranking(self) -> NDArray[np.int64]:
        """All positions (n,), those with the largest gradients, of either sign, first."""
        return np.argsort(-np.abs(self.gradient), kind="stable")

    def measurable(self, size: float = _NUDGE) -> NDArray[np.int64]:
        """Those positions of the ranking whose nudge changes the cost by far more than rounding does."""
        ranking = self.ranking()
        least = _ABOVE_ROUNDING * np.finfo(self.gradient.dtype).eps * abs(self.cost)
        return ranking[np.abs(self.gradient[ranking]) * size > least]

    def parameters(self) -> list[Part]:
        """What lies in each parameter, in their order."""
        return [self._part(block.name, self.gradient[block.places]) for block in self.surface.blocks]

    def neurons(self) -> list[Part]:
        """What lies in each neuron, those with the most first."""
        arrays = self.surface.arrays(self.gradient)
        found = []
        for name, weight in arrays.items():
            if weight.ndim != 2:
                continue
            layer = name.rpartition(".")[0]
            bias = arrays.get(f"{layer}.bias" if layer else "bias")
            for i, row in enumerate(weight):
                own = row if bias is None else np.append(row, bias[i])
                found.append(self._part(f"{layer}[{i}]", own))
        return sorted(found, key=lambda part: -part.norm)

    def nudged(self, positions: Any, size: float = _NUDGE) -> Nudges:
        """Add `size` to one weight after another and measure the cost: is it what the gradient says?

        The gradient gives the change to first order: the smaller the nudge, the nearer.
        """
        positions = np.asarray(positions, np.int64)
        measured = []
        for position in positions:
            point = self.surface.point.copy()
            point[position] += size
            measured.append(self.surface(point) - self.cost)
        return Nudges(positions, size, size * self.gradient[positions], np.array(measured))

    def _part(self, name: str, values: Vector) -> Part:
        squared, whole = float(values.ravel() @ values.ravel()), float(self.gradient @ self.gradient)
        return Part(name, values.size, squared**0.5, squared / whole if whole else 0.0)


def importance(model: Module, cost: CostFunction, data: Data) -> Importance:
    """The gradient of the average cost with respect to every weight and bias of a network.

    An entry of it three times as large as another belongs to a weight that matters three times as
    much: nudged by the same small amount, it changes the cost three times as much. Computed in
    float64, so that the change from one nudged weight can be measured beside the prediction.

    Args:
        model: any module with parameters.
        cost: (outputs, targets) -> their mean cost, such as `nn.quadratic_cost`.
        data: inputs and targets of the examples. One example alone (`x[i : i + 1]`,
            `y[i : i + 1]`) shows what that one wants; see also `wishes`.

    Raises ShapeError as `CostSurface` does.
    """
    surface = CostSurface(model, cost, data)
    return Importance(surface, surface(surface.point), surface.gradient(surface.point))


def wishes(model: Module, cost: CostFunction, data: Data) -> NDArray[Any]:
    """What each example by itself wants to change: minus the gradient of its own cost, (N, n).

    The mean of the rows is minus the gradient of the average cost: the step of gradient descent
    is a compromise between the wishes of all examples.
    """
    inputs, targets = (np.asarray(x) for x in data)
    alone = [CostSurface(model, cost, (inputs[i : i + 1], targets[i : i + 1])) for i in range(len(inputs))]
    return np.stack([-surface.gradient(surface.point) for surface in alone])
