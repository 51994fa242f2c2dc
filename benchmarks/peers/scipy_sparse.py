"""SciPy's sparse matrices, with the derivatives written out by hand."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from ..jobs import Array, Skip, Task
from . import fits
from .numpy_by_hand import cross_entropy

PACKAGES = ("scipy",)


class Fit:
    def __init__(self, task: Task) -> None:
        if task.options["network"] != "words":
            raise Skip("its input is not sparse")
        self.task, self.order, self.lr = task, task["order"], np.float32(task.options["lr"])
        self.x, self.targets = csr_matrix(task["x"]), task["targets"]
        self.rows = np.arange(self.order.shape[1])

    def reset(self) -> None:
        self.parameters = fits.first_parameters(self.task)
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.parameters]
        self.steps = 0

    def run(self, first: int, count: int) -> None:
        for index in self.order[first : first + count]:
            w, b, out, c = self.parameters
            x = self.x[index]
            z = x @ w.T + b
            h = np.maximum(z, 0)
            self.last, delta = cross_entropy(h @ out.T + c, self.targets[index], self.rows)
            back = (delta @ out) * (z > 0)
            self._adam([(x.T @ back).T, back.sum(0), delta.T @ h, delta.sum(0)])

    def _adam(self, gradients: list[Array]) -> None:
        self.steps += 1
        rate = self.lr / np.float32(1 - 0.9**self.steps)
        scale = np.float32(1 / np.sqrt(1 - 0.999**self.steps))
        for p, (m, v), g in zip(self.parameters, self.moments, gradients, strict=True):
            m += np.float32(0.1) * (g - m)
            v += np.float32(0.001) * (g * g - v)
            p -= rate * m / (np.sqrt(v) * scale + np.float32(1e-8))

    def result(self) -> dict[str, Array]:
        return fits.named(self.parameters, np.float32(self.last))


fit = Fit
