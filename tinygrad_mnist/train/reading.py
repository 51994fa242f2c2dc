"""How a network reads images and what its outputs are measured by."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..core.creation import one_hot, tensor
from ..core.tensor import Tensor
from .choices import COSTS, CostName, OutputName
from .evaluation import CostFunction


class Reading:
    """What follows from a cost and an input scale, whoever names them."""

    cost: CostName
    input_scale: float

    @property
    def scale(self) -> float:
        """Factor from pixels, 0 to 255, to inputs."""
        return self.input_scale / 255

    @property
    def cost_function(self) -> CostFunction:
        """The cost: (outputs, targets) -> mean over the examples."""
        return COSTS[self.cost]

    def targets(self, labels: Any, classes: int) -> Tensor:
        """What the cost takes as targets for integer labels (N,)."""
        return one_hot(labels, classes) if self.cost == "quadratic" else tensor(labels)


@dataclasses.dataclass(frozen=True)
class Unknown(Reading):
    """What stands for the recipe of a module that was saved without one.

    Attributes:
        cost, output, input_scale: as in `Recipe`, as far as the module shows them.
    """

    cost: CostName
    output: OutputName
    input_scale: float
