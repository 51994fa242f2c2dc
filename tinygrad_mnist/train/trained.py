"""From a recipe and images to a trained network."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import data, nn
from ..core.generator import Generator
from ..core.tensor import Tensor
from ..errors import DataError
from .checkpoints import Checkpoints
from .course import StepListener
from .evaluation import Evaluation, evaluate, outputs_of
from .history import EpochRecord, History
from .logs import Log
from .loop import StepMaker, fit
from .reading import Unknown
from .recipes import Recipe

__all__ = ["TrainedNetwork", "run"]

_Examples: TypeAlias = tuple[NDArray[Any], Tensor]


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
) -> TrainedNetwork:
    """Train a new network by a recipe; the result depends on nothing but the recipe and the data.

    Args:
        recipe: what to do.
        images: (N, height, width), uint8.
        labels: (N,), integers; the network gets an output for each class from 0 to the largest label.
        compiled, checkpoint, log, on_epoch, on_step, about, step_of: as in `fit`; `about` has the recipe.
        part: (k, n) to train on each n-th image from the k-th on, as many for any k, after those for
            validation were taken.

    Raises:
        DataError: if the validation share leaves no images for one of the two, and as `fit` for checkpoints.
        DivergenceError: as `fit`.
    """
    classes = int(labels.max()) + 1
    _, height, width = images.shape
    model = recipe.build_model(height * width, classes)
    examples = images.reshape(len(images), -1), recipe.targets(labels, classes)
    validation = None
    if recipe.validation:
        kept, held_out = data.split(len(images), recipe.validation, recipe.seed)
        examples, validation = _chosen(examples, kept), _chosen(examples, held_out)
    if part[1] > 1:
        count = len(examples[0]) // part[1] * part[1]
        examples = _chosen(examples, np.arange(part[0], count, part[1]))
    originals = examples[0].reshape(-1, height, width)

    def augment(epoch: int) -> NDArray[np.uint8]:
        bent = data.distorted(originals, seed=recipe.seed, epoch=epoch, strength=recipe.augment)
        return bent.reshape(len(bent), -1)

    steps = recipe.epochs * data.batch_count(len(originals), recipe.batch_size)
    history = fit(
        model,
        recipe.build_optimiser(model, steps),
        recipe.cost_function,
        *examples,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        scale=recipe.scale,
        validation=validation,
        augment=augment if recipe.augment else None,
        compiled=compiled,
        checkpoint=checkpoint,
        about={"recipe": dataclasses.asdict(recipe), **(about or {})},
        log=log,
        on_epoch=on_epoch,
        on_step=on_step,
        step_of=step_of,
    )
    return TrainedNetwork(model, recipe, (height, width), classes, history)


def _chosen(examples: _Examples, positions: NDArray[np.int64]) -> _Examples:
    images, targets = examples
    return images[positions], targets[positions]
