"""tinygrad_mnist, the same training step compiled, and an epoch of them in one call."""

from __future__ import annotations

import tinygrad_mnist as tg
from tinygrad_mnist.compiler import jit

from ..jobs import Array, Task
from . import ours_eager
from .calls import Calls, operands
from .network import named

PACKAGES = ours_eager.PACKAGES


class Epoch(ours_eager.Epoch):
    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.compiled = jit(self.step)

    def run(self, first: int, count: int) -> None:
        self.all_costs: tg.Tensor = self.compiled.scan(self.order[first : first + count])

    def result(self) -> dict[str, Array]:
        return named(self.parameters, self.all_costs.numpy())


def call(task: Task) -> Calls:
    return Calls(jit(ours_eager.FUNCTIONS[task.options["function"]]), operands(task, tg.Tensor))


def predict(task: Task) -> Calls:
    model = jit(ours_eager.trained(task))
    return Calls(lambda x: model(x).numpy(), [task["x"]])


def loop(task: Task) -> Calls:
    return ours_eager.loop(task, jit)


class Fit(ours_eager.Fit):
    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.step = jit(self.step)

    def run(self, first: int, count: int) -> None:
        if self.task.options["full"]:
            super().run(first, count)
        else:
            self.last = self.step.scan(self.order[first : first + count])[-1]


epoch, fit = Epoch, Fit
