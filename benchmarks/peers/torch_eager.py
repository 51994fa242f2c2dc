"""PyTorch, one operation at a time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from ..jobs import Array, Task
from . import fits
from .calls import Calls, operands
from .network import images, named, parameters
from .simulations import SIMULATIONS, State, flat

PACKAGES = ("torch",)


class Epoch:
    def __init__(self, task: Task) -> None:
        torch.set_num_threads(task.settings["threads"])
        self.task = task
        self.classifier = task.options["classifier"]
        self.images = torch.from_numpy(images(task))
        self.targets = torch.from_numpy(task["targets"])
        self.order = torch.from_numpy(task["order"])
        self.model = network(task)
        self.parameters = list(self.model.parameters())
        self.optimizer: torch.optim.Optimizer

    def reset(self) -> None:
        restore(self.model, self.task)
        kind = torch.optim.Adam if self.task.options["adam"] else torch.optim.SGD
        chosen = {"fused": {"fused": True}, "foreach": {"foreach": True}, "plain": {"foreach": False}}
        how = chosen[self.task.settings.get("optimiser", "fused")]
        self.optimizer = kind(self.parameters, lr=self.task.options["lr"], **how)

    def step(self, index: torch.Tensor) -> torch.Tensor:
        output = self.model(self.images.index_select(0, index))
        cost = self.cost(output, self.targets.index_select(0, index))
        self.optimizer.zero_grad()
        cost.backward()
        self.optimizer.step()
        return cost.detach()

    def cost(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.classifier:
            return nn.functional.cross_entropy(output, target)
        return nn.functional.mse_loss(output, target, reduction="sum") / len(target)

    def run(self, first: int, count: int) -> None:
        self.costs = [self.step(index) for index in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named([p.detach().numpy() for p in self.parameters], self.costs)


def network(task: Task) -> nn.Sequential:
    """The network, with the weights of the task."""
    sizes, classifier = task.options["sizes"], task.options["classifier"]
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU() if classifier else nn.Sigmoid()]
    model = nn.Sequential(*(layers[:-1] if classifier else layers))
    restore(model, task)
    return model


def restore(model: nn.Module, task: Task) -> None:
    """Give the network the weights of the task."""
    with torch.no_grad():
        for p, value in zip(model.parameters(), parameters(task), strict=True):
            p.copy_(torch.from_numpy(value))


FUNCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    "matmul": torch.matmul,
    "exp": torch.exp,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": functools.partial(torch.softmax, dim=-1),
}


def call(task: Task) -> Calls:
    torch.set_num_threads(task.settings["threads"])
    return Calls(FUNCTIONS[task.options["function"]], operands(task, torch.from_numpy))


def predict(task: Task) -> Calls:
    torch.set_num_threads(task.settings["threads"])
    model = network(task)

    def predict(x: Array) -> Array:
        with torch.inference_mode():
            y: Array = model(torch.from_numpy(x)).numpy()
        return y

    return Calls(predict, [task["x"]])


def loop(task: Task, compiled: Callable[..., Any] = lambda f: f) -> Calls:
    torch.set_num_threads(task.settings["threads"])
    simulation = SIMULATIONS[task.options["simulation"]](**task.options["settings"])
    p, s = (
        tuple(torch.tensor(x, dtype=torch.float32, requires_grad=True) for x in part)
        for part in (simulation.parameters, simulation.state)
    )
    xs = None if simulation.elements is None else torch.tensor(simulation.elements, dtype=torch.float32)

    step = compiled(lambda p, s, x: simulation.step(torch, p, s, x))

    def gradient(p: State, s: State) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        last = s
        for t in range(simulation.steps):
            last = step(p, last, None if xs is None else xs[t])
        value = torch.stack([(x * x).sum() for x in last]).sum()
        return value.detach(), torch.autograd.grad(value, (*p, *s))

    return Calls(gradient, [p, s], lambda found: flat(*found))


class Fit:
    def __init__(self, task: Task) -> None:
        torch.set_num_threads(task.settings["threads"])
        self.task = task
        self.x, self.targets, self.order = (torch.from_numpy(task[k]) for k in ("x", "targets", "order"))

    def cost(self, p: list[torch.Tensor], x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        cost: torch.Tensor = fits.cost(nn.functional, self.task, p, x, target)
        return cost

    def reset(self) -> None:
        start = fits.first_parameters(self.task)
        self.parameters = [torch.from_numpy(p).requires_grad_() for p in start]
        self.adam = torch.optim.Adam(self.parameters, lr=self.task.options["lr"], fused=True)

    def run(self, first: int, count: int) -> None:
        for k in range(first, first + count):
            batch = self.x, self.targets
            if not self.task.options["full"]:
                batch = tuple(x.index_select(0, self.order[k]) for x in batch)
            self.last = self.cost(self.parameters, *batch)
            self.adam.zero_grad()
            self.last.backward()
            self.adam.step()

    def result(self) -> dict[str, Array]:
        return fits.named([p.detach().numpy() for p in self.parameters], self.last.detach().numpy())


epoch, fit = Epoch, Fit
