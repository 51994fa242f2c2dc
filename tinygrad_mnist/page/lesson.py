"""One network being trained before one's eyes: a few steps at a time, and a picture after each."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import data
from ..compiler import jit
from ..core.modes import no_grad
from ..core.tensor import Tensor, wrap
from ..data.digits import Examples
from ..errors import DataError
from ..train import RECIPES, History, Recipe, TrainedNetwork, named
from ..train.prepared import training_step
from .described import description, parameters

_MOST = {"batch_size": 4096, "epochs": 200, "seed": 2**53}
_MOST_LAYERS, _MOST_NEURONS = 4, 512
_REMEMBERED = 200  # steps whose mean is shown as the cost: one batch says little


def recipe_of(settings: Any) -> Recipe:
    """The recipe that a client asks for: a name, and what is to differ from it.

    Raises DataError or RecipeError for anything else than {"recipe": name, "hidden": [16, 16],
    "activation": name, "rate": 8, "batch_size": 16, "epochs": 30, "seed": 0}, each but the first optional.
    """
    chosen = settings.get("recipe") if isinstance(settings, Mapping) else None
    if not isinstance(chosen, str) or chosen not in RECIPES:
        raise DataError(f"choose one of the recipes {', '.join(RECIPES)}")
    changes: dict[str, Any] = {}
    for name, value in settings.items():
        if name in _MOST:
            changes[name] = _whole(name, value, _MOST[name])
        elif name == "hidden":
            changes[name] = _hidden(value)
        elif name == "activation" and isinstance(value, str):
            changes[name] = value
        elif name == "rate" and type(value) in (int, float) and 0 <= value < 1e6:
            changes[name] = float(value)
        elif name != "recipe":
            raise DataError(f"{str(name)[:40]} cannot be {str(value)[:40]}")
    return named(chosen).but(**changes)


def _hidden(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_LAYERS:
        raise DataError(f"hidden neurons are one to {_MOST_LAYERS} whole numbers, as in 16 16")
    return tuple(_whole("neurons of a layer", each, _MOST_NEURONS, least=1) for each in value)


def _whole(name: str, value: Any, most: int, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise DataError(f"{name.replace('_', ' ')} must be a whole number from {least} to {most:,}")
    return value


class Lesson:
    """A network, where its training is, and what comes next.

    Its steps are those of `train.run` by the same recipe: same seed, same bits.

    Attributes:
        step, steps: steps taken, and all there are.
    """

    def __init__(self, recipe: Recipe, train: Examples, test: Examples) -> None:
        self._recipe = recipe
        images = wrap(train[0].reshape(len(train[0]), -1))
        model = recipe.build_model(images.shape[1], 10)
        self._per_epoch = data.batch_count(len(images), recipe.batch_size)
        self.step, self.steps = 0, recipe.epochs * self._per_epoch
        optimiser = recipe.build_optimiser(model, self.steps)
        targets = recipe.targets(train[1], 10)
        self._optimiser = optimiser
        self._eager = training_step(model, optimiser, recipe.cost_function, images, targets, recipe.scale)
        self._compiled = jit(self._eager)
        self._batches: list[NDArray[np.int64]] = []
        self._count = len(images)
        self._test_inputs = wrap(test[0].reshape(len(test[0]), -1) * np.float32(recipe.scale))
        self._test_labels = test[1]
        self._costs: deque[float] = deque(maxlen=_REMEMBERED)
        self._speed: float | None = None
        self.network = TrainedNetwork(model, recipe, train[0].shape[1:], 10, History())

    def advance(self, steps: int) -> None:
        """Take so many steps, fewer where the training or an epoch ends; DataError where it diverges."""
        steps = min(steps, self.steps - self.step)
        if steps < 1:
            return
        place = self.step % self._per_epoch
        if place == 0 or not self._batches:
            epoch = self.step // self._per_epoch
            self._batches = list(
                data.batches(self._count, self._recipe.batch_size, seed=self._recipe.seed, epoch=epoch)
            )
        batches = self._batches[place : place + steps]
        short = len(batches[-1]) != len(batches[0])  # the last of an epoch, if it has fewer images
        whole = batches[:-1] if short else batches
        self.network.model.train()
        begin = time.perf_counter()
        costs = [self._compiled.scan(Tensor(np.stack(whole)))[0].numpy()] if whole else []
        costs += [self._eager(Tensor(batches[-1]))[0].numpy()[None]] if short else []
        self._speed = sum(map(len, batches)) / (time.perf_counter() - begin)
        self.step += len(batches)
        self._costs.extend(np.concatenate(costs).tolist())
        if not all(map(math.isfinite, self._costs)):
            raise DataError(f"the cost became infinite by step {self.step}: a lower rate usually helps")

    def picture(self) -> tuple[dict[str, Any], bytes]:
        """What there is to show of it now, and all its parameters."""
        model = self.network.model.eval()
        with no_grad():
            answers = model(self._test_inputs).numpy().argmax(1)
        rate = self._optimiser.param_groups[0]["lr"]
        shown = {
            "network": description(self.network),
            "step": self.step,
            "steps": self.steps,
            "epoch": min(self.step // self._per_epoch + 1, self._recipe.epochs),
            "epochs": self._recipe.epochs,
            "cost": float(np.mean(self._costs)) if self._costs else None,
            "accuracy": float(np.mean(answers == self._test_labels)),
            "of": len(answers),
            "rate": float(rate(self.step) if callable(rate) else rate),
            "images_per_second": self._speed,
        }
        return shown, parameters(self.network)
