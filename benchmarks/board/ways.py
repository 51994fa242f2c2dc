"""A process that trains by one recipe.

    python -m benchmarks.board.ways LIBRARY RECIPE DATA THREADS HOW SEED ...

It prints a line of JSON for each seed. HOW is "warmed", after an epoch that is not measured, or "whole", as
from the shell. The images are those of DATA, an .npz file; every library draws its own first weights and
its own order from the seed.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

SIDE, KERNEL = 28, 5  # pixels of an image, and of what a convolution looks at
LIBRARIES = {"ours": "tinygrad_mnist", "torch": "PyTorch eager", "jax": "JAX, jitted"}


class Way(Protocol):
    """What a library's module has as `Way`: made from (recipe as a dict, data, threads)."""

    def train(self, seed: int, epochs: int) -> Any:
        """Train, all of it done on return."""

    def outputs(self, trained: Any, images: Any) -> Any:
        """The outputs (N, 10) for images (N, 28, 28) of bytes."""


def shapes(filters: Sequence[int], hidden: Sequence[int]) -> list[tuple[int, ...]]:
    """Of the weights: (filters, channels, 5, 5) of convolutions, (outputs, inputs) of the layers after them.

    ReLU follows each but the last, and the maxima of 2 x 2 what a convolution gives.
    """
    side = SIDE
    for _ in filters:
        side = (side - KERNEL + 1) // 2
    channels = [1, *filters]
    sizes = [channels[-1] * side**2, *hidden, 10]
    kernels = [(n, seen, KERNEL, KERNEL) for n, seen in zip(filters, channels)]
    return [*kernels, *zip(sizes[1:], sizes)]


def first(recipe: dict[str, Any], random: np.random.Generator) -> list[Any]:
    """Weights and biases of each layer before the first step, for the other libraries."""
    found: list[Any] = []
    layers = shapes(recipe["filters"], recipe["hidden"])
    for number, shape in enumerate(layers):
        gain = recipe["first_gain" if number == len(recipe["filters"]) else "gain"]
        weight = random.standard_normal(shape) * gain / np.prod(shape[1:]) ** 0.5
        found += [weight.astype(np.float32), np.zeros(shape[0], np.float32)]
    return found


def batches(count: int, size: int, random: np.random.Generator) -> Any:
    """Numbers of the images of each step of an epoch: (steps, size)."""
    return random.permutation(count)[: count // size * size].reshape(-1, size)


def distorted(images: Any, recipe: dict[str, Any], seed: int, epochs: int) -> Iterable[Any]:
    """Images for each epoch, (N, 784) bytes: by this package's kernel, in a thread beside the training."""
    if not recipe["augment"]:
        return (images.reshape(-1, 784) for _ in range(epochs))
    from tinygrad_mnist.data import distorted
    from tinygrad_mnist.train.ahead import made_ahead

    def one(epoch: int) -> Any:
        return distorted(images, seed=seed, epoch=epoch, strength=recipe["augment"]).reshape(-1, 784)

    return made_ahead(one, 0, epochs)


def main(library: str, recipe: str, path: str, threads: str, how: str, *seeds: str) -> None:
    """Be the process."""
    asked = json.loads(recipe)
    with np.load(path) as found:
        data = dict(found)
    way: Way = importlib.import_module(f"{__package__}.{library}_way").Way(asked, data, int(threads))
    if how == "warmed":
        way.train(len(seeds), 1)
    for seed in map(int, seeds):
        begin, cpu = time.perf_counter(), time.process_time()
        trained = way.train(seed, asked["epochs"])
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        right = np.asarray(way.outputs(trained, data["test_images"])).argmax(1) == data["test_labels"]
        print(
            json.dumps(
                {"seed": seed, "accuracy": float(right.mean()), "seconds": seconds, "cpu_seconds": cpu}
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
