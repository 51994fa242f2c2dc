"""Training jobs: networks, data and the right results, from NumPy in float64."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_mnist import data

from ..jobs import Array, Job

BOUND = 1e-3  # of the way a weight goes; float32 against float64, whatever the order of the sums


def training_job(
    name: str,
    sizes: Sequence[int],
    batch: int,
    lr: float,
    *,
    classifier: bool = False,
    adam: bool = False,
    check: int = 50,
    examples: int | None = None,
) -> Job:
    """One epoch over the MNIST images, or the first so many of them, in a seeded order.

    The article's recipe is sigmoid everywhere, quadratic cost and plain gradient descent. A classifier
    has ReLU and the cross-entropy of its softmax instead. Adam has PyTorch's constants. A last, partial
    batch is left out.
    """
    (images, labels), _ = data.mnist()
    pixels = images.reshape(len(images), -1)[:examples]
    labels = labels[:examples]
    steps = len(pixels) // batch
    rng = np.random.default_rng(0)
    order = rng.permutation(len(pixels))[: steps * batch].reshape(steps, batch)
    targets = labels.astype(np.int64) if classifier else np.eye(10, dtype=np.float32)[labels]
    start = first_parameters(sizes, rng)
    check = min(check, steps)
    expected = train(start, pixels, targets, order[:check], lr, classifier, adam)
    scales = {name: float(np.abs(expected[name] - start[name]).max()) for name in start}
    scales["cost"] = float(expected["cost"])
    products = sum(n_in * n_out for n_in, n_out in pairwise(sizes))
    recipe = {"classifier": classifier, "adam": adam}
    return Job(
        kind="epoch",
        name=name,
        options={"sizes": list(sizes), "batch": batch, "lr": lr, **recipe, "dtype": "float32"},
        arrays={"images": pixels, "targets": targets, "order": order, **start},
        expected=expected,
        scales=scales,
        bound=BOUND,
        check=check,
        limit=steps,
        unit="step",
        shown=(steps, "epoch"),
        # forward and weight gradient in every layer, input gradient in all but the first
        flops=2.0 * batch * (3 * products - sizes[0] * sizes[1]),
    )


def first_parameters(sizes: Sequence[int], rng: np.random.Generator) -> dict[str, Array]:
    """Normal weights of standard deviation 1 / sqrt(fan-in), biases zero."""
    parameters: dict[str, Array] = {}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        weight = rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        parameters[f"w{layer}"] = weight.astype(np.float32)
        parameters[f"b{layer}"] = np.zeros(n_out, np.float32)
    return parameters


def train(
    start: dict[str, Array],
    pixels: Array,
    targets: Array,
    order: Array,
    lr: float,
    classifier: bool,
    adam: bool,
) -> dict[str, Array]:
    """The parameters after these steps, and the mean of their costs, in float64."""
    p = {name: x.astype(np.float64) for name, x in start.items()}
    memory: dict[str, Any] = dict.fromkeys(p, (0.0, 0.0))
    costs = []
    for step, index in enumerate(order, 1):
        x = (pixels[index].astype(np.float32) / np.float32(255)).astype(np.float64)
        cost, gradients = value_and_gradients(p, x, targets[index], classifier)
        costs.append(cost)
        for name, g in gradients.items():
            if adam:
                m, v = memory[name]
                m, v = memory[name] = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                p[name] = p[name] - lr * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            else:
                p[name] = p[name] - lr * g
    return {**p, "cost": np.array(np.mean(costs))}


def value_and_gradients(
    p: dict[str, Array], x: Array, target: Array, classifier: bool
) -> tuple[float, dict[str, Array]]:
    """The cost of a batch, and its gradients by the names of the parameters."""
    activations = forward(p, x, classifier)
    y = activations[-1]
    if classifier:
        log_p = y - y.max(1, keepdims=True)
        log_p = log_p - np.log(np.exp(log_p).sum(1, keepdims=True))
        wanted = np.eye(10)[target]
        cost = float(-(wanted * log_p).sum() / len(x))
        delta = (np.exp(log_p) - wanted) / len(x)
    else:
        cost = float(((y - target) ** 2).sum() / len(x))
        delta = 2 * (y - target) / len(x) * y * (1 - y)
    gradients = {}
    for layer in reversed(range(len(activations) - 1)):
        a = activations[layer]
        gradients[f"w{layer}"], gradients[f"b{layer}"] = delta.T @ a, delta.sum(0)
        delta = delta @ p[f"w{layer}"] * ((a > 0) if classifier else a * (1 - a))
    return cost, gradients


def forward(p: dict[str, Array], x: Array, classifier: bool) -> list[Array]:
    """The input, and the activations of every layer."""
    activations, last = [x], len(p) // 2 - 1
    for layer in range(last + 1):
        z = activations[-1] @ p[f"w{layer}"].T + p[f"b{layer}"]
        if not classifier:
            z = 1 / (1 + np.exp(-z))
        elif layer < last:
            z = np.maximum(z, 0)
        activations.append(z)
    return activations
