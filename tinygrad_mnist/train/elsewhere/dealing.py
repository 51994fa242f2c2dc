"""Which jobs make a task, and what becomes of those whose worker is lost."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Protocol

from ...errors import TinygradMnistError
from ..recipes import Recipe
from .source import Examples, Source
from .task import Report, Task

# What a training takes at least on a core of today: for itself, and for so many weights times examples.
_SECONDS, _A_SECOND = 0.1, 1e10

_LOST = "its worker ended by itself while it had nothing else to do; was there too little memory?"


class EngineError(TinygradMnistError, RuntimeError):
    """What was to share out the work does not answer, or not any more."""


class WorkerLostError(TinygradMnistError, RuntimeError):
    """A job whose worker ended by itself, even when it had nothing else to do."""


class Engine(Protocol):
    """Something that has tasks carried out elsewhere.

    Attributes:
        seconds: how long a task should take at least.
    """

    seconds: float

    def finished(self, tasks: Iterable[Task]) -> Generator[tuple[Task, list[Report] | None] | None]:
        """Each task when it is done, with its reports, or None if its worker was lost; None now and then.

        Tasks are asked for as there are workers for them. Raises EngineError when there is nobody to ask.
        """
        ...


def _cost(job: Any, examples: int, inputs: int, classes: int) -> float:
    """The least seconds that a job may take; of a function nobody knows, and so it is a task by itself."""
    if not isinstance(job, Recipe):
        return float("inf")
    return _SECONDS + job.parameter_count(inputs, classes) * examples * job.epochs / _A_SECOND


def dealt(
    jobs: Sequence[tuple[int, Any]],
    examples: Examples,
    engine: Engine,
    function: Callable[[], Callable[[Any, Any, Any], Any]],
    source: Source,
) -> Generator[Report | None]:
    """Have all jobs done; gives reports as they come, and None now and then.

    What a lost worker had is dealt out again. Where a whole round brings nothing back, each job gets a worker
    while all others rest, and what is lost even so has a WorkerLostError.

    Args:
        jobs: each with its number.
        examples: images and labels, for what the jobs cost.
        engine: which does them.
        function: gives the function of a `Task` when that is dealt out.
        source: as in `Task`.
    """
    images, labels = examples
    costs = [_cost(job, len(images), images[0].size, int(labels.max()) + 1) for _, job in jobs]
    left = list(_chunks(jobs, costs, engine.seconds))
    alone = False
    while left:
        lost: list[tuple[tuple[int, Any], ...]] = []
        rounds = [[chunk] for chunk in left] if alone else [left]
        for chunks in rounds:
            for news in engine.finished(Task(chunk, function(), source) for chunk in chunks):
                if news is None:
                    yield None
                elif news[1] is not None:
                    yield from news[1]
                else:
                    lost += [(job,) for job in news[0].jobs]
        if alone:
            for ((number, _),) in lost:
                yield Report(number, error=WorkerLostError(_LOST))
            return
        alone = len(lost) == sum(map(len, left))
        left = lost


def _chunks(
    jobs: Sequence[tuple[int, Any]], costs: Sequence[float], least: float
) -> Generator[tuple[tuple[int, Any], ...]]:
    chunk: list[tuple[int, Any]] = []
    seconds = 0.0
    for job, cost in zip(jobs, costs, strict=True):
        chunk.append(job)
        seconds += cost
        if seconds >= least:
            yield tuple(chunk)
            chunk, seconds = [], 0.0
    if chunk:
        yield tuple(chunk)
