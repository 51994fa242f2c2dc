"""From a recipe and images to a trained network."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import data, nn
from ..core.generator import Generator
from ..errors import DataError
from .checkpoints import Checkpoints
from .course import StepListener
from .evaluation import Evaluation, evaluate, outputs_of
from .history import EpochRecord, History
from .logs import Log
from .loop import fit
from .prepared import StepMaker, prepared
from .reading import Unknown
from .recipes import Recipe
from .workbench import Workbench, Workbenches

__all__ = ["TrainedNetwork", "run"]


@dataclasses.dataclass(frozen=True)
class TrainedNetwork:
    """A network that reads images, and how it came about.

    Attributes:
        model: from pixels (N, height * width), scaled by `recipe.scale` if they are no bytes, to outputs
            (N, classes).
        recipe: the recipe it was trained by, as far as it is known.
        image_size: height and width.
        classes: number of outputs.
        history: of its training.
    """

    model: nn.Module
    recipe: Recipe | Unknown
    image_size: tuple[int, int]
    classes: int
    history: History

    def __post_init__(self) -> None:
        self.model.input_scale = self.recipe.scale

    def outputs(self, images: NDArray[Any]) -> NDArray[Any]:
        """The outputs (N, classes) for images (N, height, width) of 0 to 255; DataError for another size."""
        return outputs_of(self.model, self._rows(images))

    def evaluate(self, images: NDArray[Any], labels: NDArray[np.int64]) -> Evaluation:
        """Cost and accuracy on images (N, height, width) with labels (N,).

        Raises DataError for images of another size or labels that the network has no output for.
        """
        if labels.max() >= self.classes:
            raise DataError(f"the network has {self.classes} outputs, but there is a label {labels.max()}")
        targets = self.recipe.targets(labels, self.classes)
        rows = self._rows(images)
        return evaluate(self.model, self.recipe.cost_function, rows, targets)

    def untrained(self) -> nn.Module:
        """The network before its training; where its recipe is not known, with first weights drawn anew."""
        height, width = self.image_size
        if isinstance(self.recipe, Recipe):
            return self.recipe.build_model(height * width, self.classes)
        model, generator = copy.deepcopy(self.model), Generator(0)
        for module in model.modules():
            draw = getattr(module, "reset_parameters", None)
            if draw is not None:
                draw(generator) if "generator" in inspect.signature(draw).parameters else draw()
        return model

    def _rows(self, images: NDArray[Any]) -> NDArray[Any]:
        if images.shape[1:] != self.image_size:
            expected, got = (" x ".join(map(str, size)) for size in (self.image_size, images.shape[1:]))
            raise DataError(f"the network reads images of {expected} pixels, these have {got}")
        rows = images.reshape(len(images), -1)
        return rows if rows.dtype == np.uint8 else rows.astype(np.float32) * np.float32(self.recipe.scale)


def run(
    recipe: Recipe,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    compiled: bool = True,
    checkpoint: Checkpoints | None = None,
    log: Log | str | os.PathLike[str] | None = None,
    on_epoch: Callable[[EpochRecord], bool | None] | None = None,
    on_step: StepListener | None = None,
    about: Mapping[str, Any] | None = None,
    step_of: StepMaker | None = None,
    part: tuple[int, int] = (0, 1),
    benches: Workbenches | None = None,
) -> TrainedNetwork:
    """Train a new network by a recipe; the result depends on nothing but the recipe and the data.

    Args:
        recipe: what to do.
        images: (N, height, width), uint8.
        labels: (N,), integers; the network gets an output for each class from 0 to the largest label.
        compiled, checkpoint, log, on_epoch, on_step, about: as in `fit`; `about` has the recipe.
        step_of: as `prepared` takes it.
        part: (k, n) to train on each n-th image from the k-th on, as many for any k, after those for
            validation were taken.
        benches: of these images, where a network of the same kind may have left its compiled step.

    Raises:
        DataError: if the validation share leaves no images for one of the two, and as `fit` for checkpoints.
        DivergenceError: as `fit`.
    """
    classes = int(labels.max()) + 1
    _, height, width = images.shape
    model = recipe.build_model(height * width, classes)
    rows = images.reshape(len(images), -1)
    chosen = validation = augment = None
    if recipe.validation:
        chosen, held_out = data.split(len(rows), recipe.validation, recipe.seed)
        validation = rows[held_out], recipe.targets(labels[held_out], classes)
    if part[1] > 1:
        chosen = np.arange(len(rows)) if chosen is None else chosen
        chosen = chosen[part[0] : len(chosen) // part[1] * part[1] : part[1]]
    count = len(rows) if chosen is None else len(chosen)
    optimiser = recipe.build_optimiser(model, recipe.epochs * data.batch_count(count, recipe.batch_size))
    with contextlib.ExitStack() as until_trained:
        plain = not recipe.augment and step_of is None
        if benches is not None and plain and benches.are_for(images, labels):
            bench = until_trained.enter_context(benches.one(recipe, model, optimiser))
        else:
            if chosen is not None and (recipe.augment or step_of is not None):
                rows, labels, chosen = rows[chosen], labels[chosen], None
            targets = recipe.targets(labels, classes)
            ready = prepared(
                model, optimiser, recipe.cost_function, rows, targets, scale=recipe.scale, step_of=step_of
            )
            bench = Workbench(model, optimiser, ready)
        if recipe.augment:
            augment = partial(_distorted, rows.reshape(-1, height, width), recipe)
        history = fit(
            bench.model,
            bench.optimiser,
            recipe.cost_function,
            bench.ready.images,
            bench.ready.targets,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            scale=recipe.scale,
            validation=validation,
            augment=augment,
            compiled=compiled,
            checkpoint=checkpoint,
            about={"recipe": dataclasses.asdict(recipe), **(about or {})},
            log=log,
            on_epoch=on_epoch,
            on_step=on_step,
            chosen=chosen,
            ready=bench.ready,
        )
        if bench.model is not model:
            bench.hand_over(model)
    return TrainedNetwork(model, recipe, (height, width), classes, history)


def _distorted(originals: NDArray[np.uint8], recipe: Recipe, epoch: int) -> NDArray[np.uint8]:
    bent = data.distorted(originals, seed=recipe.seed, epoch=epoch, strength=recipe.augment)
    return bent.reshape(len(bent), -1)
