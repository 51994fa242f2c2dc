"""What became of one recipe."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..train import DivergenceError, EpochRecord, Recipe, TrainedNetwork, run

#: How failures begin that another try may not have.
NO_MEMORY, LOST = "not enough memory", "its worker was lost"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a training run, measured on the images that were kept from it.

    Attributes:
        recipe: what was trained.
        parameters: number of weights and biases.
        seconds: of the training, compilation included.
        accuracy: share of right answers, 0 to 1, after the last epoch; None if it diverged.
        cost: mean over the same images; None if it diverged.
        failure: how it diverged, or that there was too little memory; None if it came to its end.
        curve: the accuracy after each epoch, as far as it came.
        stopped: whether it was ended early, as hopeless beside others.
    """

    recipe: Recipe
    parameters: int
    seconds: float
    accuracy: float | None = None
    cost: float | None = None
    failure: str | None = None
    curve: tuple[float, ...] = ()
    stopped: bool = False

    def lasting(self) -> bool:
        """Whether it would be the same again: there can be more memory the next time."""
        return not (self.failure or "").startswith((NO_MEMORY, LOST))

    def possible(self) -> bool:
        """Whether these can be the numbers of a training: a file may have been edited."""
        measured = self.accuracy is not None and self.cost is not None and self.failure is None
        diverged = self.accuracy is None and self.cost is None and isinstance(self.failure, str)
        shares = (self.accuracy or 0.0, *self.curve)
        numbers = (self.seconds, self.cost or 0.0, *shares)
        return (
            (measured or diverged)
            and all(type(x) in (int, float) and 0 <= x <= sys.float_info.max for x in numbers)
            and all(x <= 1 for x in shares)
            and len(self.curve) <= self.recipe.epochs
            and type(self.stopped) is bool
            and type(self.parameters) is int
            and 0 < self.parameters < 2**63
        )


def outcome_of(
    recipe: Recipe,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    on_progress: Callable[[float], None] | None = None,
    *,
    train: Callable[..., TrainedNetwork] | None = None,
    is_hopeless: Callable[[Sequence[float], int], bool] | None = None,
) -> Outcome:
    """Train by a recipe that has a validation share.

    Args:
        recipe, images, labels: as `train.run` takes them.
        on_progress: hears how much is done, 0 to 1.
        train: what trains instead of `run` with these images: (recipe, on_epoch=..., on_step=...).
        is_hopeless: whether to end after an epoch, from the curve so far and the number of all epochs.

    Raises as `train.run`, save for what an outcome's `failure` can be.
    """
    curve: list[float] = []
    stopped = False

    def on_step(epoch: int, step: int, steps: int) -> None:
        if on_progress:
            on_progress((epoch - 1 + step / steps) / recipe.epochs)

    def on_epoch(record: EpochRecord) -> bool:
        nonlocal stopped
        curve.append(record.validation_accuracy or 0.0)
        if on_progress:
            on_progress(record.epoch / recipe.epochs)
        early = is_hopeless is not None and record.epoch < recipe.epochs
        stopped = early and is_hopeless is not None and is_hopeless(curve, recipe.epochs)
        return stopped

    parameters = parameter_count(recipe, images, labels)
    train = train or partial(run, images=images, labels=labels)
    start = time.perf_counter()
    failure = None
    try:
        network = train(recipe, on_epoch=on_epoch, on_step=on_step)
    except DivergenceError as error:
        failure = str(error)
    except MemoryError as error:
        failure = f"{NO_MEMORY}: {error}"
    seconds = time.perf_counter() - start
    if failure is not None:
        return Outcome(recipe, parameters, seconds, failure=failure, curve=tuple(curve))
    last = network.history.epochs[-1]
    measured = last.validation_accuracy, last.validation_cost
    return Outcome(recipe, parameters, seconds, *measured, curve=tuple(curve), stopped=stopped)


def parameter_count(recipe: Recipe, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> int:
    """How many weights and biases a recipe's network for these examples has."""
    return recipe.parameter_count(images[0].size, int(labels.max()) + 1)
