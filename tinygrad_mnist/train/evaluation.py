"""Measuring a network on examples it is not trained on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.creation import tensor
from ..core.modes import no_grad
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..nn import Module
from .inputs import as_inputs, input_scale

__all__ = ["Evaluation", "evaluate", "outputs_of"]

#: (outputs (N, classes), targets of N examples) -> their mean cost; also takes `sample_weight=`.
CostFunction: TypeAlias = Callable[..., Tensor]

CHUNK = 320  # examples measured at once: products of small networks stay in cache, and need one kernel


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How well a network does on some examples.

    Attributes:
        cost: mean over the examples.
        confusion: int64 (classes, classes): how many examples of the row's class got the
            column's class as the answer. (0, 0) where the targets are no classes.
    """

    cost: float
    confusion: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of examples that have a class."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """How many of them were answered rightly."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1; NaN where the targets are no classes."""
        return self.correct / self.count if self.count else math.nan


def evaluate(
    model: Module, cost: CostFunction, images: Any, targets: Any, *, scale: float | None = None
) -> Evaluation:
    """Measure cost, accuracy and confusion without training.

    Args:
        model: from (N, inputs) to (N, classes); run as in use (`eval`), its mode is kept.
        cost: as in `fit`.
        images: array or Tensor (N, inputs) of any numeric dtype.
        targets: what `cost` takes: integer classes (N,), rows (N, classes) as of `one_hot`, or other numbers,
            which have no accuracy.
        scale: factor on images that are bytes; by default the one the model was trained with, or 1/255.

    Raises:
        ShapeError: for no examples, unequal numbers of images and targets, or outputs or targets of other
            shapes.
        DTypeError: for a scale of images that are no bytes.
    """
    targets = targets if isinstance(targets, Tensor) else tensor(targets)
    if not 0 < len(images) == len(targets):
        raise ShapeError(f"evaluate: {len(images)} images and {len(targets)} targets; need as many, and any")
    answers = outputs_of(model, images, scale=scale)
    with no_grad():
        chunks = [slice(i, i + CHUNK) for i in range(0, len(answers), CHUNK)]
        costs = [cost(Tensor(answers[chunk]), targets[chunk]).item() for chunk in chunks]
    sizes = [len(answers[chunk]) for chunk in chunks]
    mean, right = float(np.average(costs, weights=sizes)), classes_of(targets)
    if right is None or not are_scores(answers, right):
        return Evaluation(mean, np.zeros((0, 0), np.int64))
    confusion = np.zeros((answers.shape[1],) * 2, np.int64)
    known = right >= 0  # below zero: to be ignored
    np.add.at(confusion, (right[known], answers.argmax(1)[known]), 1)
    return Evaluation(mean, confusion)


def outputs_of(model: Module, images: Any, *, scale: float | None = None) -> NDArray[Any]:
    """The network's outputs (N, classes) for images (N, inputs), computed in chunks, as in use.

    Images, scale, and errors as in `evaluate`.
    """
    images = images if isinstance(images, Tensor) else tensor(images)
    scale = input_scale(model, images, scale, "outputs_of")
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            chunks = range(0, max(len(images), 1), CHUNK)
            parts = [_values(model(as_inputs(model, images[i : i + CHUNK], scale))) for i in chunks]
    finally:
        model.train(was_training)
    outputs = np.concatenate(parts)
    if outputs.ndim not in (1, 2):
        raise ShapeError(f"the network must give outputs of shape (N, classes), not {outputs.shape}")
    return outputs


def _values(outputs: Any) -> NDArray[Any]:
    if not isinstance(outputs, Tensor):
        raise ShapeError(f"the network must give one Tensor of outputs, not a {type(outputs).__name__}")
    return outputs.numpy()


def classes_of(targets: Tensor) -> NDArray[np.int64] | None:
    """The classes (N,) that targets mean, or None where they are the numbers of a regression.

    Classes are integers (N,), the class of each example; or rows (N, classes) of shares that add up to 1, or
    of one high and otherwise low numbers: then it is the place of the largest.
    """
    values = targets.numpy()
    if values.ndim == 1 and values.dtype.kind in "iu":
        return values.astype(np.int64)
    if values.ndim != 2 or values.shape[1] < 2:
        return None
    shares = bool((values >= 0).all() and np.allclose(values.sum(1, dtype=np.float64), 1, atol=1e-3))
    low, high = values.min(), values.max()
    coded = bool(((values == low) | (values == high)).all() and ((values == high).sum(1) == 1).all())
    return values.argmax(1) if shares or coded else None


def are_scores(outputs: NDArray[Any], classes: NDArray[np.int64]) -> bool:
    """Whether outputs of examples are one score for each class."""
    return outputs.ndim == 2 and bool(outputs.shape[1] > classes.max(initial=0))


def right_classes(targets: Tensor) -> NDArray[np.int64]:
    """As `classes_of`; ShapeError where the targets are no classes."""
    classes = classes_of(targets)
    if classes is None:
        raise ShapeError(
            "targets are integer classes (N,) or rows (N, classes), not "
            f"{targets.dtype} of shape {targets.shape}"
        )
    return classes
