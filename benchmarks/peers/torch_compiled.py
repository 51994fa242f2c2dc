"""PyTorch's compiler: forward, gradient and update of a step as one graph."""

from __future__ import annotations

from typing import Any

import torch
from torch.func import functional_call, grad_and_value

from ..jobs import Array, Skip, Task
from . import torch_eager
from .calls import Calls
from .network import named, parameters

PACKAGES = torch_eager.PACKAGES


class Epoch(torch_eager.Epoch):
    def __init__(self, task: Task) -> None:
        super().__init__(task)
        if task.options["adam"]:
            raise Skip("only gradient descent is written as a function of its parameters")
        self.names = [name for name, _ in self.model.named_parameters()]
        self.compiled = torch.compile(self.pure_step, fullgraph=True, dynamic=False)

    def reset(self) -> None:
        start = [torch.from_numpy(p) for p in parameters(self.task)]
        self.values = dict(zip(self.names, start, strict=True))

    def pure_step(self, values: dict[str, torch.Tensor], index: torch.Tensor) -> Any:
        x, target = self.images.index_select(0, index), self.targets.index_select(0, index)

        def cost_of(values: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.cost(functional_call(self.model, values, (x,)), target)

        gradients, cost = grad_and_value(cost_of)(values)
        for name, p in values.items():
            p.sub_(gradients[name], alpha=self.task.options["lr"])
        return cost

    def run(self, first: int, count: int) -> None:
        with torch.no_grad():
            self.costs = [self.compiled(self.values, i) for i in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named([p.numpy() for p in self.values.values()], self.costs)


def predict(task: Task) -> Calls:
    torch.set_num_threads(task.settings["threads"])
    model = torch.compile(torch_eager.network(task), fullgraph=True, dynamic=False)

    def predict(x: Array) -> Array:
        with torch.inference_mode():
            y: Array = model(torch.from_numpy(x)).numpy()
        return y

    return Calls(predict, [task["x"]])


def loop(task: Task) -> Calls:
    return torch_eager.loop(task, torch.compile)  # a step: a thousand of them would take hours to compile


class Fit(torch_eager.Fit):
    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.cost = torch.compile(self.cost, fullgraph=True, dynamic=False)  # type: ignore[method-assign]


epoch, fit = Epoch, Fit
