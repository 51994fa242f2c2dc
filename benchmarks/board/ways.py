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
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

LIBRARIES = {"ours": "tinygrad_mnist", "torch": "PyTorch eager", "jax": "JAX, scanned epochs"}


class Way(Protocol):
    """What a library's module has as `Way`: made from (recipe as a dict, data, threads)."""

    def train(self, seed: int, epochs: int) -> Any:
        """Train, all of it done on return."""

    def outputs(self, trained: Any, images: Any) -> Any:
        """The outputs (N, 10) for images (N, 28, 28) of bytes."""


def first(recipe: dict[str, Any], random: np.random.Generator) -> list[Any]:
    """Weights (outputs, inputs) and biases of each layer before the first step, for the other libraries."""
    sizes = [784, *recipe["hidden"], 10]
    gains = [recipe["first_gain"], *[recipe["gain"]] * len(recipe["hidden"])]
    found: list[Any] = []
    for gain, n_in, n_out in zip(gains, sizes, sizes[1:]):
        found.append((random.standard_normal((n_out, n_in)) * gain / n_in**0.5).astype(np.float32))
        found.append(np.zeros(n_out, np.float32))
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
