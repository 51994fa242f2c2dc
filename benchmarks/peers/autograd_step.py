"""HIPS autograd: NumPy code and its gradient."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
from autograd import value_and_grad

from ..jobs import Array, Skip, Task
from .network import images, named, parameters

PACKAGES = ("autograd",)


class Epoch:
    def __init__(self, task: Task) -> None:
        if task.options["adam"]:
            raise Skip("has no Adam for one step at a time")
        self.start, self.lr = parameters(task), np.float32(task.options["lr"])
        self.images, self.targets, self.order = images(task), task["targets"], task["order"]
        self.classifier, self.rows = task.options["classifier"], np.arange(task.options["batch"])
        self.value_and_gradient = value_and_grad(self.cost)

    def reset(self) -> None:
        self.parameters = [p.copy() for p in self.start]

    def cost(self, p: list[Any], x: Array, target: Array) -> Any:
        for layer in range(0, len(p), 2):
            x = np.dot(x, p[layer].T) + p[layer + 1]
            if not self.classifier:
                x = 1 / (1 + np.exp(-x))
            elif layer < len(p) - 2:
                x = np.maximum(x, 0)
        if self.classifier:
            x = x - np.max(x, axis=1, keepdims=True)
            return np.mean(np.log(np.sum(np.exp(x), axis=1)) - x[self.rows, target])
        error = x - target
        return np.sum(error * error) / np.float32(len(x))

    def step(self, index: Array) -> Any:
        x, target = self.images[index], self.targets[index]
        cost, gradients = self.value_and_gradient(self.parameters, x, target)
        for p, g in zip(self.parameters, gradients, strict=True):
            p -= self.lr * g
        return cost

    def run(self, first: int, count: int) -> None:
        self.costs = [self.step(index) for index in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named(self.parameters, self.costs)


epoch = Epoch
