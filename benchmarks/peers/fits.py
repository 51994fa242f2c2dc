"""Networks of the jobs that others publish, as functions of their parameters.

`F` is a library's `nn.functional`: PyTorch's and ours have the same names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..jobs import Array, Task


def lenet(F: Any, p: list[Any], x: Any) -> Any:
    """LeNet-5 for images (batch, 1, 28, 28): two convolutions, each halved by its maxima; three layers."""
    x = F.max_pool2d(F.relu(F.conv2d(x, p[0], p[1])), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p[2], p[3])), 2)
    x = F.relu(F.linear(x.reshape(len(x), -1), p[4], p[5]))
    return F.linear(F.relu(F.linear(x, p[6], p[7])), p[8], p[9])


def tanh(F: Any, p: list[Any], x: Any) -> Any:
    """Layers with tanh in between, and none behind the last."""
    for k in range(0, len(p) - 2, 2):
        x = F.tanh(F.linear(x, p[k], p[k + 1]))
    return F.linear(x, p[-2], p[-1])


def words(F: Any, p: list[Any], x: Any) -> Any:
    """One hidden layer with ReLU."""
    return F.linear(F.relu(F.linear(x, p[0], p[1])), p[2], p[3])


NETWORKS = {"lenet": lenet, "tanh": tanh, "words": words}


def cost(F: Any, task: Task, p: list[Any], x: Any, target: Any) -> Any:
    """Of a batch: the cross-entropy of classes, or the mean square of what is off."""
    y = NETWORKS[task.options["network"]](F, p, x)
    return F.cross_entropy(y, target) if task.options["classes"] else F.mse_loss(y, target)


def first_parameters(task: Task) -> list[Array]:
    """Where the parameters start."""
    return [task[f"p{k}"].copy() for k in range(task.options["parameters"])]


def named(parameters: list[Any], last: Any) -> dict[str, Array]:
    """The results as the job expects them."""
    return {**{f"p{k}": np.asarray(x) for k, x in enumerate(parameters)}, "cost": np.asarray(last)}
