"""The networks a report is about, trained side by side on the cores there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...train import Recipe, Result, TrainedNetwork, train_many

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
    """A network by each recipe; raises what the first to fail raised, KeyboardInterrupt after Ctrl-C."""

    def tell(result: Result) -> None:
        if result.error is not None:
            raise result.error
        network: TrainedNetwork = result.value
        last, recipe = network.history.epochs[-1], result.job
        assert isinstance(recipe, Recipe)
        layers = "-".join(str(n) for n in (examples[0][0].size, *recipe.hidden, network.classes))
        say(f"trained {layers}, seed {recipe.seed}: training accuracy {last.accuracy or 0:.2%}")

    results = train_many(recipes, examples, on_result=tell)
    if not all(result.done for result in results):
        raise KeyboardInterrupt
    return [result.value for result in results]
