"""tinygrad_mnist, one operation at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

from ..jobs import Array, Task
from . import fits
from .calls import Calls, operands
from .network import images, named, parameters
from .simulations import SIMULATIONS, State, flat

PACKAGES = ("numba", "llvmlite")


class Epoch:
    def __init__(self, task: Task) -> None:
        self.task, self.order = task, task["order"]
        self.model = network(task)
        self.parameters = list(self.model.parameters())
        kind = optim.Adam if task.options["adam"] else optim.SGD
        self.optimizer = kind(self.parameters, lr=task.options["lr"])
        self.first_state = self.optimizer.state_dict()
        self.step = training_step(task, self.model, self.optimizer)

    def reset(self) -> None:
        for p, start in zip(self.parameters, parameters(self.task), strict=True):
            p.assign_(start)
        self.optimizer.load_state_dict(self.first_state)

    def run(self, first: int, count: int) -> None:
        self.costs = [self.step(index) for index in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named(self.parameters, self.costs)


def network(task: Task) -> nn.MLP:
    """The network; `reset` gives it its first weights."""
    hidden, output = (nn.ReLU, None) if task.options["classifier"] else (nn.Sigmoid, nn.Sigmoid)
    return nn.MLP(*task.options["sizes"], activation=hidden, output=output, generator=tg.Generator(0))


def training_step(task: Task, model: nn.MLP, optimizer: Any) -> Callable[[Any], tg.Tensor]:
    """A step as users write it: from the indices of a batch to its cost."""
    all_images, targets = tg.Tensor(images(task)), tg.Tensor(task["targets"])
    cost_of = nn.cross_entropy if task.options["classifier"] else nn.quadratic_cost

    def step(index: Any) -> tg.Tensor:
        x = all_images[index]
        if x.dtype == np.uint8:
            x = x.float() / 255
        cost = cost_of(model(x), targets[index])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost.detach()

    return step


FUNCTIONS: dict[str, Callable[..., tg.Tensor]] = {
    "matmul": tg.Tensor.matmul,
    "exp": tg.Tensor.exp,
    "tanh": tg.Tensor.tanh,
    "sigmoid": tg.Tensor.sigmoid,
    "softmax": tg.Tensor.softmax,
}


def call(task: Task) -> Calls:
    return Calls(FUNCTIONS[task.options["function"]], operands(task, tg.Tensor))


def predict(task: Task) -> Calls:
    model = trained(task)

    def predict(x: Array) -> Array:
        with tg.no_grad():
            return model(tg.Tensor(x)).numpy()

    return Calls(predict, [task["x"]])


def trained(task: Task) -> nn.MLP:
    """The network with the weights of the task."""
    model = network(task)
    for p, value in zip(model.parameters(), parameters(task), strict=True):
        p.assign_(value)
    return model


def loop(task: Task, compiled: Callable[..., Any] = lambda f: f) -> Calls:
    simulation = SIMULATIONS[task.options["simulation"]](**task.options["settings"])
    p, s = (tuple(tg.tensor(x).float() for x in part) for part in (simulation.parameters, simulation.state))
    xs = None if simulation.elements is None else tg.tensor(simulation.elements).float()

    def cost(p: State, s: State, xs: tg.Tensor | None) -> tg.Tensor:
        def step(s: State, x: Any) -> tuple[State, None]:
            return simulation.step(tg, p, s, x), None

        last, _ = tg.scan(step, s, xs, length=simulation.steps)
        return sum(((x * x).sum() for x in last), start=tg.tensor(0.0))

    gradient = compiled(tg.value_and_grad(cost, (0, 1)))
    return Calls(gradient, [p, s, xs], lambda found: flat(found[0], [*found[1][0], *found[1][1]]))


class Fit:
    def __init__(self, task: Task) -> None:
        self.task, self.order = task, task["order"]
        self.parameters = [tg.Tensor(p, requires_grad=True) for p in fits.first_parameters(task)]
        self.adam = optim.Adam(self.parameters, lr=task.options["lr"])
        self.first_state = self.adam.state_dict()
        x, targets = tg.Tensor(task["x"]), tg.Tensor(task["targets"])

        def step(*index: Any) -> tg.Tensor:
            rows = index or (slice(None),)
            cost = fits.cost(nn.functional, task, self.parameters, x[rows], targets[rows])
            self.adam.zero_grad()
            cost.backward()
            self.adam.step()
            return cost.detach()

        self.step = step

    def reset(self) -> None:
        for p, start in zip(self.parameters, fits.first_parameters(self.task), strict=True):
            p.assign_(start)
        self.adam.load_state_dict(self.first_state)

    def run(self, first: int, count: int) -> None:
        for k in range(first, first + count):
            self.last = self.step() if self.task.options["full"] else self.step(self.order[k])

    def result(self) -> dict[str, Array]:
        return fits.named([p.numpy() for p in self.parameters], self.last.numpy())


epoch, fit = Epoch, Fit
