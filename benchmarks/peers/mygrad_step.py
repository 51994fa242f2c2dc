"""MyGrad: tensors over NumPy arrays."""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.losses import softmax_crossentropy

from ..jobs import Array, Skip, Task
from .network import images, named, parameters

PACKAGES = ("mygrad",)


class Epoch:
    def __init__(self, task: Task) -> None:
        if task.options["adam"]:
            raise Skip("has no optimisers")
        mg.turn_memory_guarding_off()  # a safety net that costs time
        self.start, self.lr = parameters(task), np.float32(task.options["lr"])
        self.classifier = task.options["classifier"]
        self.images, self.targets, self.order = images(task), task["targets"], task["order"]

    def reset(self) -> None:
        self.parameters = [mg.tensor(p.copy()) for p in self.start]

    def step(self, index: Array) -> Any:
        p, x, target = self.parameters, self.images[index], self.targets[index]
        for layer in range(0, len(p), 2):
            x = mg.matmul(x, p[layer].T) + p[layer + 1]
            if not self.classifier:
                x = sigmoid(x)
            elif layer < len(p) - 2:
                x = relu(x)
        cost: Any = softmax_crossentropy(x, target) if self.classifier else quadratic_cost(x, target)
        cost.backward()
        for p in self.parameters:
            p.data -= self.lr * p.grad
            p.null_grad()
        return cost.data

    def run(self, first: int, count: int) -> None:
        self.costs = [self.step(index) for index in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named([p.data for p in self.parameters], self.costs)


def quadratic_cost(x: Any, target: Array) -> Any:
    error = x - target
    return mg.sum(error * error) / np.float32(len(target))


epoch = Epoch
