"""NumPy, with the derivatives written out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..jobs import Array, Task
from .calls import Calls, operands
from .network import images, named, parameters


class Epoch:
    def __init__(self, task: Task) -> None:
        self.task, self.start = task, parameters(task)
        self.images, self.targets, self.order = images(task), task["targets"], task["order"]
        self.classifier, self.adam = task.options["classifier"], task.options["adam"]
        self.lr = np.float32(task.options["lr"])
        self.rows = np.arange(task.options["batch"])

    def reset(self) -> None:
        self.parameters = [p.copy() for p in self.start]
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.start]
        self.steps = 0

    def step(self, index: Array) -> Any:
        weights, biases = self.parameters[::2], self.parameters[1::2]
        last = len(weights) - 1
        activations = [self.images[index]]
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = activations[-1] @ w.T
            z += b
            if not self.classifier:
                sigmoid(z)
            elif layer < last:
                np.maximum(z, 0, out=z)
            activations.append(z)
        cost_of = cross_entropy if self.classifier else quadratic_cost
        cost, delta = cost_of(activations[-1], self.targets[index], self.rows)
        gradients: list[Array] = []
        for layer in reversed(range(last + 1)):
            a = activations[layer + 1]
            if not self.classifier:
                delta *= a
                delta *= 1 - a
            elif layer < last:
                delta *= a > 0
            gradients[:0] = delta.T @ activations[layer], delta.sum(0)
            if layer:
                delta = delta @ weights[layer]
        (self.update_adam if self.adam else self.update_sgd)(gradients)
        return cost

    def update_sgd(self, gradients: list[Array]) -> None:
        for p, g in zip(self.parameters, gradients, strict=True):
            g *= self.lr
            p -= g

    def update_adam(self, gradients: list[Array]) -> None:
        self.steps += 1
        rate = np.float32(self.lr / (1 - 0.9**self.steps))
        scale = np.float32(1 / np.sqrt(1 - 0.999**self.steps))
        for p, g, (m, v) in zip(self.parameters, gradients, self.moments, strict=True):
            m *= np.float32(0.9)
            m += np.float32(0.1) * g
            v *= np.float32(0.999)
            g *= g
            g *= np.float32(0.001)
            v += g
            np.sqrt(v, out=g)
            g *= scale
            g += np.float32(1e-8)
            np.divide(m, g, out=g)
            g *= rate
            p -= g

    def run(self, first: int, count: int) -> None:
        self.costs = [self.step(index) for index in self.order[first : first + count]]

    def result(self) -> dict[str, Array]:
        return named(self.parameters, self.costs)


def sigmoid(z: Array) -> None:
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


def quadratic_cost(y: Array, target: Array, rows: Array) -> tuple[Any, Array]:
    """The cost, and its gradient."""
    delta = y - target
    cost = np.vdot(delta, delta) / np.float32(len(y))
    delta *= np.float32(2 / len(y))
    return cost, delta


def cross_entropy(y: Array, target: Array, rows: Array) -> tuple[Any, Array]:
    """The cost, and its gradient."""
    y = y - y.max(1, keepdims=True)
    p = np.exp(y)
    total = p.sum(1, keepdims=True)
    cost = (np.log(total[:, 0]) - y[rows, target]).mean()
    p /= total
    p[rows, target] -= 1
    p *= np.float32(1 / len(y))
    return cost, p


def logistic(x: Array) -> Array:
    y = np.negative(x)
    np.exp(y, out=y)
    y += 1
    return np.reciprocal(y, out=y)


def softmax(x: Array) -> Array:
    y = x - x.max(-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(-1, keepdims=True)
    return y


FUNCTIONS: dict[str, Any] = {
    "matmul": np.matmul,
    "exp": np.exp,
    "tanh": np.tanh,
    "sigmoid": logistic,
    "softmax": softmax,
}


def call(task: Task) -> Calls:
    return Calls(FUNCTIONS[task.options["function"]], operands(task))


def predict(task: Task) -> Calls:
    p = parameters(task)

    def predict(x: Array) -> Array:
        for w, b in zip(p[::2], p[1::2], strict=True):
            x = x @ w.T
            x += b
            sigmoid(x)
        return x

    return Calls(predict, [task["x"]])


epoch = Epoch
