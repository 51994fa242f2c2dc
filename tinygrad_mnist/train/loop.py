"""The training loop."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import data
from ..core.tensor import Tensor, wrap
from ..errors import ShapeError
from ..jit import CompiledFunction, jit
from ..nn import Module
from ..optim import Optimizer
from .ahead import made_ahead
from .divergence import DivergenceError, first_not_finite
from .evaluation import CostFunction, are_scores, classes_of, evaluate
from .history import EpochRecord, History
from .inputs import as_inputs, input_scale

#: Positions of a batch's examples (int64) -> (its mean cost, its outputs).
Step: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]

#: Called with the epoch (from 1), the steps done in it, and the steps it has.
StepListener: TypeAlias = Callable[[int, int, int], None]

_BETWEEN_STEP_REPORTS = 0.1  # seconds
_WORTH_COMPILING = 500  # steps
_PIECE = 200  # steps between looks at the costs; what a step that diverges is searched in


def fit(
    model: Module,
    optimiser: Optimizer,
    cost: CostFunction,
    images: Any,
    targets: Any,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    scale: float | None = None,
    validation: tuple[Any, Any] | None = None,
    augment: Callable[[int], NDArray[Any]] | None = None,
    compiled: bool = True,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    on_step: StepListener | None = None,
) -> History:
    """Train a network by mini-batch gradient descent.

    The order of the examples depends on the seed and the epoch alone: same seed, same bits. Ctrl-C
    ends the training, not the program: the history says `interrupted`, and the model is what it
    had become; before the first step KeyboardInterrupt goes on to the caller. Afterwards the model is
    in `eval` mode.

    Args:
        model: from (N, inputs) to (N, classes).
        optimiser: of the model's parameters.
        cost: (outputs, targets of the same examples) -> their mean cost, such as
            `nn.quadratic_cost` or `nn.cross_entropy`.
        images: array or Tensor (N, inputs) of any numeric dtype, best uint8 as they are stored.
        targets: what `cost` takes: integer classes (N,), rows (N, classes) as of `one_hot`, or other
            numbers, which have no accuracy.
        epochs: how often all examples are used.
        batch_size: examples per step; the last batch of an epoch may be smaller.
        seed: of the order.
        scale: factor that turns images which are bytes (uint8) into inputs; by default the model's
            `input_scale`, or 1/255. It is kept with the model as `input_scale`, so that the trained model
            takes bytes, too. Images of other dtypes are never scaled.
        validation: images and targets to measure on after each epoch.
        augment: from the number of an epoch (0 the first) to what to use in it instead of `images`,
            of their shape. Called by another thread while the epoch before is trained on.
        compiled: take the steps through `tg.jit`, which costs seconds of compilation the first time
            a network of this shape is trained and is several times faster from then on; fewer than
            500 steps are not worth it. The costs and parameters agree with eager steps up to
            rounding (1e-5 relative after an epoch).
        on_epoch: called after each epoch.
        on_step: called now and then between steps, at most ten times a second.

    Returns:
        A record of each finished epoch.

    Raises:
        ShapeError: for unequal numbers of images and targets, and as the model and cost do.
        DTypeError: for a scale of images that are no bytes.
        DataError: for no examples, or a batch size or seed out of range.
        DivergenceError: naming epoch, step and layer, as soon as the cost is infinite or not a
            number; the model then has the parameters from before that step.
    """
    images, targets = wrap(_tensor(images).array), _tensor(targets)  # images are assigned below
    if len(images) != len(targets):
        raise ShapeError(f"fit: {len(images)} images, but {len(targets)} targets")
    scale = input_scale(model, images, scale, "fit")
    if scale is not None:
        model.input_scale = scale
    step = training_step(model, optimiser, cost, images, targets, scale)
    worth_it = epochs * data.batch_count(len(images), batch_size) >= _WORTH_COMPILING
    fast = jit(step) if compiled and worth_it else None
    training = _Training(model, optimiser, images, scale, step, fast)
    classes = classes_of(targets)
    history = History()
    steps_before = int(optimiser.steps)
    augmented = made_ahead(augment, epochs) if augment else None
    try:
        for epoch in range(1, epochs + 1):
            model.train()
            rate = _rate(optimiser)
            batches = list(data.batches(len(images), batch_size, seed=seed, epoch=epoch - 1))
            start = time.perf_counter()
            if augmented:
                images.assign_(wrap(next(augmented)))
            costs, answers = training.run(epoch, batches, on_step)
            seconds = time.perf_counter() - start
            measured = evaluate(model, cost, *validation) if validation else None
            record = EpochRecord(
                epoch,
                float(np.average(costs, weights=[len(batch) for batch in batches])),
                _share_right(answers, classes, batches),
                rate,
                measured.cost if measured else None,
                measured.accuracy if measured and measured.count else None,
                seconds,
                len(images) / seconds,
            )
            history.epochs.append(record)
            if on_epoch:
                on_epoch(record)
    except KeyboardInterrupt:
        if int(optimiser.steps) == steps_before:
            raise
        history.interrupted = True
    finally:
        model.eval()
        if augmented:
            augmented.close()
    return history


def training_step(
    model: Module,
    optimiser: Optimizer,
    cost: CostFunction,
    images: Tensor,
    targets: Tensor,
    scale: float | None = None,
) -> Step:
    """One step of training as a function of nothing but the positions of its examples.

    Everything it does is an operation on Tensors, so it can be recorded and compiled.

    Args:
        model, optimiser, cost: as in `fit`.
        images: (N, inputs), any numeric dtype.
        targets: of these N examples, what `cost` takes.
        scale: factor on images that are bytes; None: as in `fit`.

    Returns:
        A function of positions, integers (batch,): it changes the parameters and gives the cost,
        and the outputs (batch, classes), both from before the change.
    """

    scale = input_scale(model, images, scale, "training_step")

    def step(positions: Tensor) -> tuple[Tensor, Tensor]:
        outputs = model(as_inputs(model, images[positions], scale))
        loss = cost(outputs, targets[positions])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss, outputs

    return step


@dataclasses.dataclass(frozen=True)
class _Training:
    model: Module
    optimiser: Optimizer
    images: Tensor
    scale: float | None
    step: Step
    compiled: CompiledFunction | None

    def run(
        self, epoch: int, batches: Sequence[NDArray[np.int64]], on_step: StepListener | None
    ) -> tuple[list[float], list[NDArray[Any]]]:
        """Take a step for each batch: the cost and the outputs of each."""
        costs: list[float] = []
        outputs: list[NDArray[Any]] = []
        last_report = time.perf_counter()
        for piece in _pieces(batches):
            before = self.model.state_dict(), self.optimiser.state_dict()
            piece_costs, piece_outputs = self._take(piece)
            if not np.isfinite(piece_costs).all():
                bad = int(np.argmin(np.isfinite(piece_costs)))
                self.model.load_state_dict(before[0])
                self.optimiser.load_state_dict(before[1])
                self._take_one_by_one(piece[:bad])  # the model as it was before the step that failed
                raise self._diverged(epoch, len(costs) + bad + 1, piece_costs[bad], wrap(piece[bad]))
            costs += piece_costs
            outputs += piece_outputs
            if on_step and time.perf_counter() - last_report > _BETWEEN_STEP_REPORTS:
                on_step(epoch, len(costs), len(batches))
                last_report = time.perf_counter()
        return costs, outputs

    def _take(self, batches: Sequence[NDArray[np.int64]]) -> tuple[list[float], list[NDArray[Any]]]:
        """Steps for batches of one size; one native call if compiled."""
        if self.compiled is None or len(batches) == 1:
            return self._take_one_by_one(batches)
        losses, outputs = self.compiled.scan(wrap(np.stack(batches)))
        return losses.tolist(), list(outputs.array)

    def _take_one_by_one(
        self, batches: Sequence[NDArray[np.int64]]
    ) -> tuple[list[float], list[NDArray[Any]]]:
        costs: list[float] = []
        answers: list[NDArray[Any]] = []
        for batch in batches:
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found by `run`
                loss, outputs = self.step(wrap(batch))
            costs.append(loss.item())
            answers.append(outputs.array)
            if not math.isfinite(costs[-1]):
                break
        return costs, answers

    def _diverged(self, epoch: int, step: int, cost: float, positions: Tensor) -> DivergenceError:
        culprit = first_not_finite(self.model, as_inputs(self.model, self.images[positions], self.scale))
        return DivergenceError(
            f"the cost became {cost} in epoch {epoch}, step {step}: {culprit}. "
            "A lower learning rate usually helps"
        )


def _share_right(
    outputs: Sequence[NDArray[Any]], classes: NDArray[np.int64] | None, batches: Sequence[NDArray[np.int64]]
) -> float | None:
    """The share of an epoch's examples whose largest output was that of their class; None without classes."""
    if classes is None or not are_scores(outputs[0], classes):
        return None
    right = classes[np.concatenate(batches)]
    answers = np.concatenate([part.argmax(1) for part in outputs])
    return float(np.mean(answers[right >= 0] == right[right >= 0])) if (right >= 0).any() else None


def _pieces(batches: Sequence[NDArray[np.int64]]) -> Iterator[Sequence[NDArray[np.int64]]]:
    """Runs of batches of one size: all of an epoch, but for a smaller last one."""
    whole = len(batches) - (len(batches[-1]) != len(batches[0]))
    for first in range(0, whole, _PIECE):
        yield batches[first : min(first + _PIECE, whole)]
    if whole < len(batches):
        yield batches[whole:]


def _rate(optimiser: Optimizer) -> float:
    rate = optimiser.param_groups[0]["lr"]
    return float(rate(int(optimiser.steps)) if callable(rate) else rate)


def _tensor(values: Any) -> Tensor:
    return values if isinstance(values, Tensor) else Tensor(values)
