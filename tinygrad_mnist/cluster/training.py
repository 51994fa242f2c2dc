"""A recipe trained by ranks: step by step together, or apart with averages now and then."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import data
from ..compiler import jit
from ..core.tensor import Tensor, wrap
from ..errors import DataError
from ..nn import Module
from ..optim import Optimizer
from ..train import Checkpoints, Recipe, TrainedNetwork, run, save_checkpoint, training_step
from ..train.checkpoints import newest
from ..train.course import Step
from ..train.prepared import StepMaker, measuring
from .data_parallel import DataParallel
from .ranks import Ranks
from .tree import total

_NEVER = 10**12  # steps


@dataclasses.dataclass(frozen=True)
class Together:
    """How ranks train one network.

    Attributes:
        ranks: the processes.
        shards: how many parts a batch has, see `DataParallel`.
        average_every: None for synchronous steps. Else each rank trains on an equal part of the examples,
            with an equal part of the batch, and after so many steps, and each epoch, all go on with the mean
            of their parameters; optimisers keep their own state. That is another algorithm (local SGD, Stich
            2019): its numbers depend on the number of ranks.
        asked_to_stop: whether this rank is to end; then all do after the step under way.
    """

    ranks: Ranks
    shards: int = 8
    average_every: int | None = None
    asked_to_stop: Callable[[], bool] = lambda: False

    def run(
        self,
        recipe: Recipe,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        *,
        checkpoint: Checkpoints | None = None,
        compiled: bool = True,
        **listeners: Any,
    ) -> TrainedNetwork:
        """What `train.run` does, on all ranks, each of which gets the network.

        Args:
            recipe, images, labels, compiled: as there, the same on every rank.
            checkpoint: as there; rank 0 writes, and any number of ranks goes on from what it has written.
            listeners: `on_epoch` and the like, of this rank.

        Raises DataError for checkpoints of averaged trainings, whose ranks differ between averages, and as
        `train.run`, RanksError as `DataParallel`.
        """
        if self.average_every is None:
            with self._checkpoints(checkpoint) as own:
                return run(
                    recipe,
                    images,
                    labels,
                    checkpoint=own,
                    about={"shards": self.shards},
                    step_of=self._synchronous(compiled),
                    **listeners,
                )
        if checkpoint is not None:
            raise DataError(
                "a training that averages keeps no checkpoints: its ranks differ between averages"
            )
        size = self.ranks.size
        smaller = recipe.but(batch_size=max(1, recipe.batch_size // size))
        network = run(
            smaller,
            images,
            labels,
            step_of=self._averaging(compiled, smaller.batch_size),
            part=(self.ranks.rank, size),
            **listeners,
        )
        return dataclasses.replace(network, recipe=recipe)

    def _synchronous(self, compiled: bool) -> StepMaker:
        def step_of(model: Module, optimiser: Optimizer, *examples: Any) -> Step:
            parallel = DataParallel(model, optimiser, shards=self.shards, ranks=self.ranks, compiled=compiled)
            measured = measuring(model, *examples)

            def step(positions: Tensor) -> tuple[Tensor, Tensor]:
                if self.asked_to_stop():
                    parallel.stop()
                cost, outputs = parallel.step(measured, positions)
                return cost, outputs

            return step

        return step_of

    def _averaging(self, compiled: bool, batch_size: int) -> StepMaker:
        every, ranks = self.average_every or 1, self.ranks

        def step_of(model: Module, optimiser: Optimizer, cost: Any, images: Tensor, *others: Any) -> Step:
            one = training_step(model, optimiser, cost, images, *others)
            take = jit(one) if compiled else one
            per_epoch = data.batch_count(len(images), batch_size)
            done = 0

            def step(positions: Tensor) -> tuple[Tensor, Tensor]:
                nonlocal done
                found: tuple[Tensor, Tensor] = take(positions)
                done += 1
                if done % every == 0 or done % per_epoch == 0:
                    _average(model, ranks, self.asked_to_stop())
                return found

            return step

        return step_of

    @contextlib.contextmanager
    def _checkpoints(self, checkpoint: Checkpoints | None) -> Iterator[Checkpoints | None]:
        """Those of rank 0, and for the others a folder of their own, with what rank 0 goes on from."""
        if checkpoint is None or self.ranks.size == 1:
            yield checkpoint
            return
        leads, found = self.ranks.rank == 0, None
        if leads and checkpoint.resume:
            found = newest(checkpoint.folder, checkpoint.report)
        found = self.ranks.told(found)
        if leads:
            yield checkpoint
            return
        with tempfile.TemporaryDirectory(prefix="tinygrad_mnist-") as folder:
            if found is not None:
                save_checkpoint(Path(folder), found.step, about=found.about, **found.parts)
            yield dataclasses.replace(checkpoint, folder=folder, steps=_NEVER, resume=True)


def _average(model: Module, ranks: Ranks, stop: bool) -> None:
    parameters = list(model.parameters())
    row = np.concatenate([*(np.ravel(p.array) for p in parameters), [float(stop)]], dtype=np.float32)
    rows = ranks.gathered(row[None], [1] * ranks.size)
    (mean,) = total((0, ranks.size), lambda node: [rows[node[0]]] if node[1] - node[0] == 1 else None)
    mean /= np.float32(ranks.size)
    end = 0
    for p in parameters:
        begin, end = end, end + p.numel()
        p.assign_(wrap(mean[begin:end].reshape(p.shape).astype(p.dtype)))
    if mean[-1] > 0:
        raise KeyboardInterrupt
