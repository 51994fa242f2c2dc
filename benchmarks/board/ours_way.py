"""This package."""

from __future__ import annotations

from typing import Any

import tinygrad_mnist as tg
from tinygrad_mnist.train import TrainedNetwork, run
from tinygrad_mnist.train.workbench import Workbenches

from .recipe import BoardRecipe


class Way:
    def __init__(self, recipe: dict[str, Any], data: dict[str, Any], threads: int) -> None:
        tg.set_num_threads(threads)
        self.recipe = BoardRecipe.from_dict(recipe)
        self.images, self.labels = data["images"], data["labels"]
        self.benches = Workbenches(self.images, self.labels)

    def train(self, seed: int, epochs: int) -> TrainedNetwork:
        recipe = self.recipe.but(seed=seed, epochs=epochs)
        return run(recipe, self.images, self.labels, benches=self.benches)

    def outputs(self, trained: TrainedNetwork, images: Any) -> Any:
        return trained.outputs(images)
