"""What the training peers share: the names of a network's parameters, and the arrays of a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..jobs import Array, Task


def parameters(task: Task) -> list[Array]:
    """The first weights and biases in turn: w0 (n_out, n_in), b0 (n_out,), w1, b1, ..."""
    layers = len(task.options["sizes"]) - 1
    return [task[f"{kind}{layer}"].copy() for layer in range(layers) for kind in "wb"]


def images(task: Task) -> Array:
    """All images as rows: uint8 if the settings say so, else scaled to 0..1 beforehand."""
    pixels = task["images"]
    return pixels if task.settings.get("images") == "uint8" else pixels.astype(np.float32) / np.float32(255)


def named(parameters: Sequence[Any], costs: Iterable[Any]) -> dict[str, Array]:
    """The results of a training run as jobs expect them: the parameters, and the mean of the steps' costs."""
    names = [f"{kind}{layer}" for layer in range(len(parameters) // 2) for kind in "wb"]
    result = {name: np.asarray(x) for name, x in zip(names, parameters, strict=True)}
    return {**result, "cost": np.asarray(np.mean([np.asarray(cost) for cost in costs]))}
