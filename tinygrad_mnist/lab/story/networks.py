"""The networks a report is about, trained side by side on the cores there are."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...kernels.threads import get_num_threads
from ...train import Recipe, TrainedNetwork, run

#: uint8 images (N, height, width) and int64 labels (N,).
Examples: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclasses.dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes:
        network: the one looked into.
        seeds: networks of the same recipe from different seeds, `network` the first.
        tweaked: a network of another recipe, to compare with.
        train, test: examples it was trained on, and others.
        source: where they are from, in words.
    """

    network: TrainedNetwork
    seeds: tuple[TrainedNetwork, ...]
    tweaked: TrainedNetwork
    train: Examples
    test: Examples
    source: str

    def first(self, count: int) -> Examples:
        """The first training examples, at most so many."""
        return self.train[0][:count], self.train[1][:count]

    @property
    def has_images(self) -> bool:
        """Whether the inputs are pictures, with an up and down and a left and right."""
        return min(self.network.image_size) > 1


def trained(recipes: list[Recipe], examples: Examples, say: Callable[[str], None]) -> list[TrainedNetwork]:
    """Train a network by each recipe, as many at once as there are cores; each as if it were alone.

    Networks of one shape share a compiled program: the first of each shape is waited for, so that it is
    compiled once. KeyboardInterrupt ends all of them.
    """
    stop = threading.Event()

    def heed(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt  # which `fit` takes for Ctrl-C

    def one(recipe: Recipe) -> TrainedNetwork:
        network = run(recipe, *examples, on_step=heed)
        if not network.history.interrupted:
            last = network.history.epochs[-1]
            layers = "-".join(str(n) for n in (examples[0][0].size, *recipe.hidden, network.classes))
            say(f"trained {layers}, seed {recipe.seed}: training accuracy {last.accuracy or 0:.2%}")
        return network

    with ThreadPoolExecutor(get_num_threads()) as pool:
        try:
            leaders: dict[Recipe, Future[TrainedNetwork]] = {}
            for recipe in recipes:
                if recipe.but(seed=0) not in leaders:
                    leaders[recipe.but(seed=0)] = pool.submit(one, recipe)
            futures = []
            for recipe in recipes:
                leader = leaders[recipe.but(seed=0)]
                own = leader.result().recipe == recipe
                futures.append(leader if own else pool.submit(one, recipe))
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
