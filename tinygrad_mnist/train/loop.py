"""The training loop."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import data
from ..core.tensor import Tensor, wrap
from ..errors import DataError
from ..nn import Module
from ..optim import Optimizer
from .ahead import made_ahead
from .checkpoints import Checkpoints, Saver
from .course import Course, Reports, Snapshot, StepListener
from .divergence import DivergenceError, first_not_finite
from .epoch import Batches
from .evaluation import CostFunction, evaluate
from .history import EpochRecord, History
from .identity import digest_of, generators_of, of_function, of_model, of_optimiser
from .inputs import as_inputs
from .logs import Log, log_of, numbers_of
from .prepared import Prepared, prepared
from .progress import Progress
from .stopping import EarlyStopping

__all__ = ["fit"]

_WORTH_COMPILING = 500  # steps


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
    shuffle: bool = True,
    sample_weight: Any = None,
    scale: float | None = None,
    validation: tuple[Any, Any] | None = None,
    augment: Callable[[int], NDArray[Any]] | None = None,
    compiled: bool = True,
    start_epoch: int = 0,
    early_stopping: EarlyStopping | None = None,
    checkpoint: Checkpoints | str | os.PathLike[str] | None = None,
    about: Mapping[str, Any] | None = None,
    log: Log | str | os.PathLike[str] | None = None,
    on_epoch: Callable[[EpochRecord], bool | None] | None = None,
    on_step: StepListener | None = None,
    on_end: Callable[[History], None] | None = None,
    progress: bool = False,
    chosen: NDArray[np.int64] | None = None,
    ready: Prepared | None = None,
) -> History:
    """Train a network by mini-batch gradient descent.

    The order of the examples depends on the seed and the epoch alone: same seed, same bits, also for a
    training that ended anywhere and went on from its checkpoint. Ctrl-C ends the training, not the program:
    the history says `interrupted`, and the model is what it had become; before the first step
    KeyboardInterrupt goes on to the caller. Afterwards the model is in `eval` mode, and no parameter has a
    gradient.

    Args:
        model: from (N, inputs) to (N, classes).
        optimiser: of the model's parameters.
        cost: (outputs, targets of the same examples) -> their mean cost, such as
            `nn.quadratic_cost` or `nn.cross_entropy`.
        images: array or Tensor (N, inputs) of any numeric dtype, best uint8 as they are stored.
        targets: what `cost` takes: integer classes (N,), rows (N, classes) as of `one_hot`, or other
            numbers, which have no accuracy.
        epochs: how often all examples are used, those before `start_epoch` included.
        batch_size: examples per step; the last batch of an epoch may be smaller.
        seed: of the order.
        shuffle: whether each epoch has an order of its own; else it is always that of the images.
        sample_weight: what each example counts in the cost, (N,), which then is called with
            `sample_weight=` too; the numbers reported of training are as of the cost.
        scale: factor that turns images which are bytes (uint8) into inputs; by default the model's
            `input_scale`, or 1/255. It is kept with the model as `input_scale`, so that the trained model
            takes bytes, too. Images of other dtypes are never scaled.
        validation: images and targets to measure on after each epoch.
        augment: from the number of an epoch (0 the first) to what to use in it instead of `images`,
            of their shape and dtype. Called by another thread while the epoch before is trained on.
        compiled: take the steps through `tg.jit`, which costs seconds of compilation the first time
            a network of this shape is trained and is several times faster from then on; fewer than
            500 steps are not worth it. The costs and parameters agree with eager steps up to
            rounding (1e-5 relative after an epoch).
        start_epoch: how many epochs the model and the optimiser have behind them: these are left out.
        early_stopping: when to end before the last epoch.
        checkpoint: where to save the state on the way, and whether to go on from there (`Checkpoints`);
            a folder alone stands for a checkpoint every minute. One is also written at the end, and after
            Ctrl-C (of at most half a second before).
        about: what else the training is, plain values by name: checkpoints of another are refused.
        log: called with numbers by name and the steps done, after each epoch; a path gets a line of JSON
            for each.
        on_epoch: called after each epoch; the training ends where it returns True.
        on_step: called now and then between steps, at most ten times a second.
        on_end: called at the end, after Ctrl-C too.
        progress: show how far it is: a bar and the curve in a notebook, a line in a terminal (on
            standard error).
        chosen: numbers of the images to train on, (n,), integers; one that is there twice counts twice in
            each epoch. None for all.
        ready: what `prepared` made of this model, this optimiser and these examples, so that it is recorded
            once for several trainings.

    Returns:
        A record of each finished epoch.

    Raises:
        ShapeError: for unequal numbers of images and targets, and as the model and cost do.
        DTypeError: for a scale of images that are no bytes.
        DataError: for no examples, numbers of images that are not there, or a batch size or seed out of
            range; if the checkpoints in the folder
            are damaged, of another training, or not to be gone on from.
        DivergenceError: naming epoch, step and layer, as soon as the cost is infinite or not a
            number; the model then has the parameters from before that step.
    """
    if not 0 <= start_epoch <= epochs:
        raise ValueError(f"fit: start_epoch must be from 0 to epochs, {epochs}, not {start_epoch}")
    if ready is None:
        ready = prepared(model, optimiser, cost, images, targets, sample_weight=sample_weight, scale=scale)
    images, scale = ready.images, ready.scale
    chosen = None if chosen is None else _positions(chosen, len(images))
    count = len(images) if chosen is None else len(chosen)
    per_epoch = data.batch_count(count, batch_size)
    fast = ready.compiled if compiled and epochs * per_epoch >= _WORTH_COMPILING else None
    course = Course(model, optimiser, generators_of(model, cost), ready.step, fast, ready.classes)
    course.steps, steps_before = start_epoch * per_epoch, int(optimiser.steps)
    saver = None
    if checkpoint is not None:
        identity = {
            **(about or {}),
            "model": of_model(model),
            "optimiser": of_optimiser(optimiser),
            "cost": of_function(cost),
            "data": {"images": digest_of(images), "targets": digest_of(ready.targets)},
            **({} if chosen is None else {"chosen": digest_of(chosen)}),
            "validation": [digest_of(x) for x in validation] if validation else None,
            "sample_weight": None if ready.weights is None else digest_of(ready.weights),
            "order": {"batch_size": batch_size, "seed": seed, "shuffle": shuffle, "start_epoch": start_epoch},
            "scale": scale,
            "augmented": augment is not None,
            "compiled": fast is not None,
            "early_stopping": early_stopping and dataclasses.asdict(early_stopping),
        }
        saver = Saver(
            checkpoint if isinstance(checkpoint, Checkpoints) else Checkpoints(checkpoint), identity
        )
        if saver.found is not None:
            course.restore(Snapshot.from_parts(saver.found.step, saver.found.parts))
    shown = Progress(epochs) if progress else None
    history, reports, log = course.history, Reports(on_step, shown.step if shown else None), log_of(log)
    first = start_epoch + len(history.epochs)
    augmented = made_ahead(augment, first, epochs) if augment and not history.stopped else None
    try:
        for epoch in range(first + 1, epochs + 1):
            if history.stopped:
                break
            model.train()
            order = data.order(count, seed=seed, epoch=epoch - 1, shuffle=shuffle)
            batches = Batches(order if chosen is None else chosen[order], batch_size)
            rate = _rate(optimiser, int(optimiser.steps) - course.done)
            begin = time.perf_counter()
            if augmented:
                images.assign_(wrap(next(augmented)))
            course.seconds += time.perf_counter() - begin
            while course.done < per_epoch:
                failed = course.take_piece(batches, saver.steps_left(course.steps) if saver else per_epoch)
                if failed is not None:
                    inputs = as_inputs(model, images[wrap(batches[failed])], scale)
                    raise _diverged(course, epoch, failed, inputs)
                reports.steps_done(epoch, course.done, per_epoch)
                if saver and saver.is_due(course.steps):
                    saver.save(course.snapshot())
            measured = evaluate(model, cost, *validation) if validation else None
            record = EpochRecord(
                epoch,
                float(np.average(np.concatenate(course.costs), weights=batches.sizes)),
                course.right / course.counted if course.counted else None,
                rate,
                measured.cost if measured else None,
                measured.accuracy if measured and measured.count else None,
                course.seconds,
                count / course.seconds,
            )
            history.epochs.append(record)
            course.begin_epoch()
            if early_stopping:
                if early_stopping.best(history.epochs) == len(history.epochs) - 1:
                    course.best = model.state_dict()
                history.stopped = early_stopping.is_over(history.epochs)
            if shown:
                shown.epoch(record)
            if log:
                log(numbers_of(record), course.steps)
            if on_epoch and on_epoch(record) is True:
                history.stopped = True
        if saver:
            saver.save(course.snapshot(), again=True)
        if early_stopping and early_stopping.restore_best and course.best is not None:
            model.load_state_dict(course.best)
    except KeyboardInterrupt:
        if int(optimiser.steps) == steps_before:
            raise
        history.interrupted = True
        if saver and course.before:
            saver.save(course.before)
    finally:
        model.eval()
        optimiser.zero_grad()  # those of compiled steps exist only inside them
        if shown:
            shown.end()
        if augmented:
            augmented.close()
    if on_end:
        on_end(history)
    return history


def _diverged(course: Course, epoch: int, failed: int, inputs: Tensor) -> DivergenceError:
    culprit = first_not_finite(course.model, inputs)
    return DivergenceError(
        f"the cost became {course.failed_cost} in epoch {epoch}, step {failed + 1}: {culprit}. "
        "A lower learning rate usually helps"
    )


def _positions(chosen: Any, count: int) -> NDArray[np.int64]:
    positions = np.asarray(chosen)
    if positions.ndim != 1 or positions.dtype.kind not in "iu":
        raise DataError(
            f"fit: chosen is the numbers of images, integers (n,), not {positions.dtype} {positions.shape}"
        )
    if not len(positions):
        raise DataError("fit: chosen names no image: the count of examples must be at least 1, got 0")
    if not 0 <= positions.min() <= positions.max() < count:
        raise DataError(f"fit: chosen names image {positions.min()} to {positions.max()} of {count}")
    return positions.astype(np.int64, copy=False)


def _rate(optimiser: Optimizer, step: int) -> float:
    rate = optimiser.param_groups[0]["lr"]
    return float(rate(step) if callable(rate) else rate)
