"""The course of a training: everything that changes on the way, and the steps that change it."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..compiler import CompiledFunction
from ..core.generator import Generator
from ..core.tensor import Tensor, wrap
from ..errors import DataError
from ..nn import Module
from ..optim import Optimizer
from ..primitive import Array
from .epoch import Batches
from .evaluation import are_scores
from .history import EpochRecord, History

#: Positions of a batch's examples (int64) -> (its mean cost, its outputs).
Step: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]

#: Called with the epoch (from 1), the steps done in it, and the steps it has.
StepListener: TypeAlias = Callable[[int, int, int], None]

_BETWEEN_STEP_REPORTS = 0.1  # seconds
_FIRST_PIECE, _PIECE = 10, 2000  # steps between looks at the costs; what a step that diverges is searched in
_PIECE_SECONDS = 0.5
_PIECE_BYTES = 1 << 24  # of the outputs of its steps


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A course at one moment.

    Attributes:
        step: steps done in all epochs.
        epochs: the epochs that were finished.
        stopped: whether the training was stopped before its last epoch.
        costs: of the steps done in the epoch under way: float64 (steps,) of each piece.
        right, counted: how many of their examples were answered rightly, of how many that have a class.
        seconds: that these steps took.
        model, optimiser, generators: their state.
        best: the model's state after its best epoch, None where nobody asks for it.
    """

    step: int
    epochs: tuple[EpochRecord, ...]
    stopped: bool
    costs: tuple[NDArray[np.float64], ...]
    right: int
    counted: int
    seconds: float
    model: dict[str, Array]
    optimiser: dict[str, Any]
    generators: dict[str, Array]
    best: dict[str, Array] | None

    def to_parts(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        history = History(list(self.epochs), stopped=self.stopped)
        return {
            "model": self.model,
            "optimiser": self.optimiser,
            "generators": self.generators,
            "best": self.best,
            "history": history.to_dict(),
            "epoch": {
                "costs": np.concatenate([np.zeros(0), *self.costs]),
                "right": self.right,
                "counted": self.counted,
                "seconds": self.seconds,
            },
        }

    @classmethod
    def from_parts(cls, step: int, parts: Mapping[str, Any]) -> Snapshot:
        """The snapshot that `to_parts` gave; DataError for anything else."""
        try:
            history = History.from_dict(parts["history"])
            epoch = parts["epoch"]
            costs = epoch["costs"]
            if costs.dtype != np.float64 or costs.ndim != 1:
                raise ValueError(f"its costs are {costs.dtype} {costs.shape}")
            return cls(
                step,
                tuple(history.epochs),
                history.stopped,
                (costs,),
                int(epoch["right"]),
                int(epoch["counted"]),
                float(epoch["seconds"]),
                dict(parts["model"]),
                dict(parts["optimiser"]),
                dict(parts["generators"]),
                None if parts["best"] is None else dict(parts["best"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"the state of the training is damaged ({error})") from None


class Course:
    """A training under way.

    Args:
        model, optimiser: what is trained, and by what.
        generators: the random generators that the steps draw from, by name.
        step: what a step does.
        compiled: the same, compiled; None to take each step by itself.
        classes: of all examples, below zero for those that have none; None if none has one.

    Attributes:
        history: the epochs that were finished.
        steps: how many steps were done in all.
        costs, right, counted, seconds, best: as in `Snapshot`.
        before: the course as it was before the steps under way.
    """

    def __init__(
        self,
        model: Module,
        optimiser: Optimizer,
        generators: Mapping[str, Generator],
        step: Step,
        compiled: CompiledFunction | None,
        classes: NDArray[np.int64] | None,
    ) -> None:
        self.model, self.optimiser, self.generators = model, optimiser, generators
        self.step, self.compiled, self.classes = step, compiled, classes
        self.history = History()
        self.steps = 0
        self.best: dict[str, Array] | None = None
        self.begin_epoch()
        self.before: Snapshot | None = None
        self._length = min(_FIRST_PIECE, _PIECE)

    def begin_epoch(self) -> None:
        """No step of an epoch is done."""
        self.costs: list[NDArray[np.float64]] = []
        self.right = self.counted = 0
        self.seconds = 0.0

    @property
    def done(self) -> int:
        """How many steps of the epoch under way are done."""
        return sum(map(len, self.costs))

    def snapshot(self) -> Snapshot:
        """The course as it is now."""
        return Snapshot(
            self.steps,
            tuple(self.history.epochs),
            self.history.stopped,
            tuple(self.costs),
            self.right,
            self.counted,
            self.seconds,
            self.model.state_dict(),
            {**self.optimiser.state_dict(), "steps": int(self.optimiser.steps)},
            {name: np.array(g.state.numpy()) for name, g in self.generators.items()},
            self.best,
        )

    def restore(self, moment: Snapshot) -> None:
        """Go on from a moment; DataError where it does not fit."""
        if moment.generators.keys() != self.generators.keys():
            raise DataError(
                f"the state has random generators {list(moment.generators)}, "
                f"the network has {list(self.generators)}"
            )
        self.model.load_state_dict(moment.model)
        self.optimiser.load_state_dict(moment.optimiser)
        for name, generator in self.generators.items():
            generator.state.assign_(moment.generators[name])
        self.history.epochs[:], self.history.stopped = moment.epochs, moment.stopped
        self.steps, self.seconds, self.best = moment.step, moment.seconds, moment.best
        self.costs, self.right, self.counted = list(moment.costs), moment.right, moment.counted

    def take_piece(self, batches: Batches, most: int) -> int | None:
        """Take the next steps of an epoch, at most so many, if their costs are finite.

        Args:
            batches: all of the epoch.
            most: from 1 up.

        Returns:
            None; or the place among the batches of the first step whose cost is not finite, and then the
            course is as it was before that step.
        """
        done = self.done
        whole = batches.whole
        last = min(done + self._length, done + most, whole) if done < whole else len(batches)
        self.before = before = self.snapshot()
        begin = time.perf_counter()
        costs, outputs = self._taken(batches, done, last)
        if not np.isfinite(costs).all():
            bad = int(np.argmin(np.isfinite(costs)))
            self.restore(before)
            self._one_by_one(batches, done, done + bad)  # the model as it was before the step that failed
            self.failed_cost = float(costs[bad])
            return done + bad
        seconds = time.perf_counter() - begin
        self.costs.append(costs)
        self._count(outputs, batches.positions(done, last))
        self.seconds += seconds
        self.steps += last - done
        pace = _PIECE_SECONDS / max(seconds, 1e-9) * (last - done)
        room = _PIECE_BYTES / max(outputs.nbytes, 1) * (last - done)
        self._length = int(min(max(min(pace, room), 1), _PIECE))
        return None

    def _taken(self, batches: Batches, first: int, last: int) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Costs (steps,) and outputs (steps, batch, ...) of the steps from first to before last.

        One native call if compiled, which a smaller last batch is not.
        """
        if self.compiled is None or last > batches.whole:
            return self._one_by_one(batches, first, last)
        losses, outputs = self.compiled.scan(wrap(batches.rows(first, last)))
        return losses.array.astype(np.float64), outputs.array

    def _one_by_one(
        self, batches: Batches, first: int, last: int
    ) -> tuple[NDArray[np.float64], NDArray[Any]]:
        costs: list[float] = []
        answers: list[NDArray[Any]] = []
        for k in range(first, last):
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found by `take_piece`
                loss, outputs = self.step(wrap(batches[k]))
            costs.append(loss.item())
            answers.append(outputs.array)
            if not math.isfinite(costs[-1]):
                break
        return np.array(costs, np.float64), np.array(answers)

    def _count(self, outputs: NDArray[Any], positions: NDArray[np.int64]) -> None:
        """Count the right answers among the outputs (steps, batch, classes) for these examples."""
        if self.classes is None or not are_scores(outputs[0], self.classes):
            return
        right = self.classes[positions]
        known = right >= 0
        self.right += int((outputs.argmax(2).reshape(-1)[known] == right[known]).sum())
        self.counted += int(known.sum())


class Reports:
    """Calls listeners between steps: after the first ones, and then now and then."""

    def __init__(self, *listeners: StepListener | None) -> None:
        self.listeners = [listener for listener in listeners if listener]
        self.last = -math.inf

    def steps_done(self, epoch: int, done: int, count: int) -> None:
        """So many of an epoch's steps are done."""
        if self.listeners and time.perf_counter() - self.last > _BETWEEN_STEP_REPORTS:
            for listener in self.listeners:
                listener(epoch, done, count)
            self.last = time.perf_counter()
