"""PyTensor: a compiled training step that updates shared variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..jobs import Array, Skip, Task
from .calls import Calls
from .network import images, named, parameters

PACKAGES = ("pytensor", "numba")


class Epoch:
    def __init__(self, task: Task) -> None:
        if task.options["adam"]:
            raise Skip("has no optimisers")
        pytensor.config.floatX = "float32"
        self.start, self.order = parameters(task), task["order"]
        self.parameters = [pytensor.shared(p) for p in self.start]
        x, target = pytensor.shared(images(task)), pytensor.shared(task["targets"])
        index = pt.vector("index", dtype="int64", shape=(task.options["batch"],))
        y: Any = x[index]
        for layer in range(0, len(self.parameters), 2):
            y = y @ self.parameters[layer].T + self.parameters[layer + 1]
            if not task.options["classifier"]:
                y = pt.sigmoid(y)
            elif layer < len(self.parameters) - 2:
                y = pt.maximum(y, 0)
        batch = task.options["batch"]
        if task.options["classifier"]:
            cost = -pt.sum(pt.special.log_softmax(y, axis=1)[np.arange(batch), target[index]])
        else:
            cost = pt.sum((y - target[index]) ** 2)
        cost = cost / np.float32(batch)
        gradients = pytensor.grad(cost, self.parameters)
        lr = np.float32(task.options["lr"])
        updates = [(p, p - lr * g) for p, g in zip(self.parameters, gradients, strict=True)]
        self.step = pytensor.function([index], cost, updates=updates, mode="NUMBA")
        self.step.trust_input = True

    def reset(self) -> None:
        for p, start in zip(self.parameters, self.start, strict=True):
            p.set_value(start)

    def run(self, first: int, count: int) -> None:
        self.costs = [self.step(index) for index in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named([p.get_value() for p in self.parameters], self.costs)


def predict(task: Task) -> Calls:
    pytensor.config.floatX = "float32"
    p = [pytensor.shared(x) for x in parameters(task)]
    x = y = pt.matrix("x", dtype="float32", shape=task["x"].shape)
    for w, b in zip(p[::2], p[1::2], strict=True):
        y = pt.sigmoid(y @ w.T + b)
    model = pytensor.function([x], y, mode="NUMBA")
    model.trust_input = True
    return Calls(model, [task["x"]])


epoch = Epoch
