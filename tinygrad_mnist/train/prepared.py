"""The steps of a training over examples that it has, recorded once for any number of trainings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiler import CompiledFunction, jit
from ..core.creation import as_tensor
from ..core.tensor import Tensor, wrap
from ..data import batch_count
from ..errors import ShapeError
from ..nn import Module
from ..optim import Optimizer
from .course import Step
from .evaluation import CostFunction, classes_of
from .inputs import as_inputs, input_scale

__all__ = ["training_step"]

#: What `training_step` is.
StepMaker: TypeAlias = Callable[..., Step]


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What trainings of one model by one optimiser take their steps with.

    Attributes:
        images, targets, weights: the examples, see `fit`.
        scale: factor on images that are bytes; None for others.
        step: from the positions of examples.
        compiled: the same through `tg.jit`; None where it is not to be compiled.
        classes: of the examples, as `classes_of` says.
    """

    images: Tensor
    targets: Tensor
    weights: Tensor | None
    scale: float | None
    step: Step
    compiled: CompiledFunction | None
    classes: NDArray[np.int64] | None


def prepared(
    model: Module,
    optimiser: Optimizer,
    cost: CostFunction,
    images: Any,
    targets: Any,
    *,
    sample_weight: Any = None,
    scale: float | None = None,
    step_of: StepMaker | None = None,
) -> Prepared:
    """Make the steps of a training; arguments and errors as of `fit`.

    `step_of` makes the step instead of `training_step`, from the same arguments; it is not compiled.
    """
    images, targets = wrap(as_tensor(images).array), as_tensor(targets)  # `fit` may assign to its images
    if len(images) != len(targets):
        raise ShapeError(f"fit: {len(images)} images, but {len(targets)} targets")
    batch_count(len(images), 1)  # DataError for none
    scale = input_scale(model, images, scale, "fit")
    if scale is not None:
        model.input_scale = scale
    weights = None if sample_weight is None else as_tensor(sample_weight)
    if weights is not None and weights.shape != (len(images),):
        raise ShapeError(
            f"fit: sample_weight is a number for each of {len(images)} images, not {weights.shape}"
        )
    step = (step_of or training_step)(model, optimiser, cost, images, targets, scale, weights)
    compiled = jit(step) if step_of is None else None
    return Prepared(images, targets, weights, scale, step, compiled, classes_of(targets))


def training_step(
    model: Module,
    optimiser: Optimizer,
    cost: CostFunction,
    images: Tensor,
    targets: Tensor,
    scale: float | None = None,
    weights: Tensor | None = None,
) -> Step:
    """One step of training as a function of nothing but the positions of its examples.

    Everything it does is an operation on Tensors, so it can be recorded and compiled.

    Args:
        model, optimiser, cost: as in `fit`.
        images: (N, inputs), any numeric dtype.
        targets: (N, ...), of the dtype that `cost` takes.
        scale: factor on images that are bytes; None: as in `fit`.
        weights: what each example counts in the cost, (N,), floats; None for all alike.

    Returns:
        A function of positions, integers (batch,): it changes the parameters and gives the cost,
        and the outputs (batch, classes), both from before the change.
    """

    measured = measuring(model, cost, images, targets, scale, weights)

    def step(positions: Tensor) -> tuple[Tensor, Tensor]:
        loss, outputs = measured(positions)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss, outputs

    return step


def measuring(
    model: Module,
    cost: CostFunction,
    images: Tensor,
    targets: Tensor,
    scale: float | None = None,
    weights: Tensor | None = None,
) -> Step:
    """The forward half of `training_step`: positions -> the cost of their examples, and their outputs."""
    scale = input_scale(model, images, scale, "training_step")

    def measured(positions: Tensor) -> tuple[Tensor, Tensor]:
        outputs = model(as_inputs(model, images[positions], scale))
        if weights is None:
            return cost(outputs, targets[positions]), outputs
        return cost(outputs, targets[positions], sample_weight=weights[positions]), outputs

    return measured
