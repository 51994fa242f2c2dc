"""Measuring a network on examples it is not trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.autodiff import no_grad
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..nn import Module

#: (outputs (N, classes), targets of N examples) -> their mean cost.
CostFunction: TypeAlias = Callable[[Tensor, Tensor], Tensor]

_CHUNK = 2000  # examples measured at once: enough for speed, little memory


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How well a network does on some examples.

    Attributes:
        cost: mean over the examples.
        confusion: int64 (classes, classes): how many examples of the row's class got the
            column's class as the answer.
    """

    cost: float
    confusion: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of examples."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """How many of them were answered rightly."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.correct / self.count


def evaluate(
    model: Module, cost: CostFunction, images: Any, targets: Any, *, scale: float = 1 / 255
) -> Evaluation:
    """Measure cost, accuracy and confusion without training.

    Args:
        model: from (N, inputs) to (N, classes); run as in use (`eval`), its mode is kept.
        cost: as in `fit`.
        images: array or Tensor (N, inputs) of any numeric dtype.
        targets: integer classes (N,) or rows (N, classes), whose largest element is the class.
        scale: factor on the images.

    Raises ShapeError for no examples, unequal numbers of images and targets, or outputs or
    targets of other shapes.
    """
    targets = targets if isinstance(targets, Tensor) else Tensor(targets)
    if not 0 < len(images) == len(targets):
        raise ShapeError(f"evaluate: {len(images)} images and {len(targets)} targets; need as many, and any")
    answers = outputs_of(model, images, scale=scale)
    with no_grad():
        chunks = [slice(i, i + _CHUNK) for i in range(0, len(answers), _CHUNK)]
        costs = [cost(Tensor(answers[chunk]), targets[chunk]).item() for chunk in chunks]
    sizes = [len(answers[chunk]) for chunk in chunks]
    classes = answers.shape[1]
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (right_classes(targets), answers.argmax(1)), 1)
    return Evaluation(float(np.average(costs, weights=sizes)), confusion)


def outputs_of(model: Module, images: Any, *, scale: float = 1 / 255) -> NDArray[Any]:
    """The network's outputs (N, classes) for images (N, inputs), computed in chunks, as in use."""
    images = images if isinstance(images, Tensor) else Tensor(images)
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            chunks = range(0, max(len(images), 1), _CHUNK)
            parts = [model(images[i : i + _CHUNK].float() * scale).numpy() for i in chunks]
    finally:
        model.train(was_training)
    outputs = np.concatenate(parts)
    if outputs.ndim != 2:
        raise ShapeError(f"the network must give outputs of shape (N, classes), not {outputs.shape}")
    return outputs


def right_classes(targets: Tensor) -> NDArray[np.int64]:
    """The classes (N,) that targets mean: themselves, or the place of each row's largest element."""
    if targets.ndim not in (1, 2) or (targets.ndim == 1 and targets.dtype.kind not in "iu"):
        raise ShapeError(
            "targets are integer classes (N,) or rows (N, classes), not "
            f"{targets.dtype} of shape {targets.shape}"
        )
    values = targets.numpy()
    return values.astype(np.int64) if targets.ndim == 1 else values.argmax(1)
