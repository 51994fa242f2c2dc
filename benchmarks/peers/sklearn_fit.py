"""scikit-learn's MLPClassifier: takes part where it can express the work, ReLU and cross-entropy with SGD."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier

from ..jobs import Array, Skip, Task
from .network import images, named, parameters

PACKAGES = ("scikit-learn", "scipy")


class Epoch:
    def __init__(self, task: Task) -> None:
        if not task.options["classifier"]:
            raise Skip("not the same work: MLPClassifier always ends in a softmax and cross-entropy")
        if task.options["adam"]:
            raise Skip("not the same work: its Adam adds epsilon before the bias correction, not after")
        self.start, self.options = parameters(task), task.options
        self.images, self.labels, self.order = images(task), task["targets"], task["order"]

    def reset(self) -> None:
        self.model = MLPClassifier(
            self.options["sizes"][1:-1],
            activation="relu",
            solver="sgd",
            momentum=0.0,
            alpha=0.0,
            shuffle=False,
            batch_size=self.options["batch"],
            learning_rate_init=self.options["lr"],
        )
        first = self.order[0]
        self.model.partial_fit(self.images[first], self.labels[first], classes=np.arange(10))
        del self.model._optimizer  # it holds the weights of that step; the next call makes a new one
        for layer, (w, b) in enumerate(zip(self.start[::2], self.start[1::2], strict=True)):
            self.model.coefs_[layer], self.model.intercepts_[layer] = w.T.copy(), b.copy()

    def run(self, first: int, count: int) -> None:
        index = self.order[first : first + count].reshape(-1)
        self.model.partial_fit(self.images[index], self.labels[index])

    def result(self) -> dict[str, Array]:
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return named([p for w, b in pairs for p in (w.T, b)], [np.float32(self.model.loss_)])


epoch = Epoch
