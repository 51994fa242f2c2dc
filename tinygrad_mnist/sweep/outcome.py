"""What became of one recipe."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..train import DivergenceError, EpochRecord, Recipe, run


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a training run, measured on the images that were kept from it.

    Attributes:
        recipe: what was trained.
        parameters: number of weights and biases.
        seconds: of the training, compilation included.
        accuracy: share of right answers, 0 to 1, after the last epoch; None if it diverged.
        cost: mean over the same images; None if it diverged.
        failure: how it diverged; None if it did not.
    """

    recipe: Recipe
    parameters: int
    seconds: float
    accuracy: float | None = None
    cost: float | None = None
    failure: str | None = None

    def possible(self) -> bool:
        """Whether these can be the numbers of a training: a file may have been edited."""
        measured = self.accuracy is not None and self.cost is not None and self.failure is None
        diverged = self.accuracy is None and self.cost is None and isinstance(self.failure, str)
        numbers = (self.seconds, self.accuracy or 0.0, self.cost or 0.0)
        return (
            (measured or diverged)
            and all(type(x) in (int, float) and 0 <= x <= sys.float_info.max for x in numbers)
            and (self.accuracy or 0.0) <= 1
            and type(self.parameters) is int
            and 0 < self.parameters < 2**63
        )


def outcome_of(
    recipe: Recipe,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    on_progress: Callable[[float], None],
) -> Outcome:
    """Train by a recipe that has a validation share; `on_progress` hears how much is done, 0 to 1."""

    def on_step(epoch: int, step: int, steps: int) -> None:
        on_progress((epoch - 1 + step / steps) / recipe.epochs)

    def on_epoch(record: EpochRecord) -> None:
        on_progress(record.epoch / recipe.epochs)

    parameters = parameter_count(recipe, images, labels)
    start = time.perf_counter()
    try:
        network = run(recipe, images, labels, on_epoch=on_epoch, on_step=on_step)
    except DivergenceError as error:
        return Outcome(recipe, parameters, time.perf_counter() - start, failure=str(error))
    last = network.history.epochs[-1]
    seconds = time.perf_counter() - start
    return Outcome(recipe, parameters, seconds, last.validation_accuracy, last.validation_cost)


def parameter_count(recipe: Recipe, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> int:
    """How many weights and biases a recipe's network for these examples has."""
    return recipe.parameter_count(images[0].size, int(labels.max()) + 1)
