"""tinygrad: a training step under TinyJit, on the CPU."""

from __future__ import annotations

import os

os.environ["DEV"] = "CPU"  # read when tinygrad is imported

from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn import optim
from tinygrad.nn.state import get_state_dict

from ..jobs import Array, Task
from .network import images, named, parameters

PACKAGES = ("tinygrad",)


class Epoch:
    def __init__(self, task: Task) -> None:
        self.order, self.classifier = task["order"].astype("int32"), task.options["classifier"]
        self.images, self.targets = images(task), task["targets"]
        self.own_gather = task.settings.get("gather", "own") == "own"
        if self.own_gather:
            self.all_images, self.all_targets = Tensor(self.images).realize(), Tensor(self.targets).realize()
        self.parameters = [Tensor(p).realize() for p in parameters(task)]
        kind = optim.Adam if task.options["adam"] else optim.SGD
        self.optimizer = kind(self.parameters, lr=task.options["lr"])
        state = get_state_dict(self.optimizer).values()
        self.start = [(x.realize(), x.numpy().copy()) for x in state]
        self.compiled = TinyJit(self.step)

    def reset(self) -> None:
        for x, start in self.start:
            x.assign(Tensor(start)).realize()

    def step(self, *batch: Tensor) -> Tensor:
        x, target = (self.all_images[batch[0]], self.all_targets[batch[0]]) if self.own_gather else batch
        for layer in range(0, len(self.parameters), 2):
            x = x @ self.parameters[layer].T + self.parameters[layer + 1]
            if not self.classifier:
                x = x.sigmoid()
            elif layer < len(self.parameters) - 2:
                x = x.relu()
        if self.classifier:
            cost = x.sparse_categorical_crossentropy(target)
        else:
            cost = ((x - target) ** 2).sum() / len(x)
        self.optimizer.zero_grad()
        cost.backward()
        return cost.realize(*self.optimizer.schedule_step())

    def batch(self, index: Array) -> tuple[Tensor, ...]:
        if self.own_gather:
            return (Tensor(index).realize(),)
        return Tensor(self.images[index]).realize(), Tensor(self.targets[index]).realize()

    def run(self, first: int, count: int) -> None:
        with Context(TRAINING=1):
            self.costs = [
                self.compiled(*self.batch(index)).clone().realize()  # the next call overwrites it
                for index in self.order[first : first + count]
            ]

    def result(self) -> dict[str, Array]:
        return named([p.numpy() for p in self.parameters], [cost.numpy() for cost in self.costs])


epoch = Epoch
