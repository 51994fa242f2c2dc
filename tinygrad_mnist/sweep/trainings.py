"""The trainings of a sweep under way: by threads of this process, or elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

from ..kernels.threads import get_num_threads
from ..train import Recipe
from ..train.crew import Crew
from ..train.elsewhere.dealing import WorkerLostError, dealt
from ..train.elsewhere.engines import using
from ..train.elsewhere.source import Examples
from ..train.elsewhere.task import trained
from .outcome import LOST, Outcome, outcome_of, parameter_count
from .shelf import Shelf
from .standing import Standing

#: Outcomes as they come, how much is done of what is under way, and None now and then.
Events: TypeAlias = Generator[Outcome | tuple[Recipe, float] | None]


def here(
    recipes: Sequence[Recipe],
    examples: Examples,
    shelf: Shelf,
    standing: Standing | None,
    workers: int | None,
) -> Events:
    """Train by each recipe in a thread of this process; lasting outcomes are on the shelf when they come."""
    crew = Crew(*examples)
    events: SimpleQueue[Outcome | tuple[Recipe, float]] = SimpleQueue()

    def do(i: int) -> None:
        recipe = recipes[i]
        events.put((recipe, 0.0))
        with contextlib.suppress(KeyboardInterrupt):  # it was stopped before its end
            outcome = outcome_of(
                recipe,
                *examples,
                lambda share: events.put((recipe, share)),
                train=crew.train,
                is_hopeless=standing.is_hopeless if standing else None,
            )
            _keep(outcome, shelf, standing)
            events.put(outcome)

    count = min(workers or get_num_threads(), len(recipes))
    with contextlib.closing(crew.side_by_side(do, len(recipes), count)) as ended:
        for _ in ended:
            while not events.empty():
                yield events.get()


def elsewhere(
    recipes: Sequence[Recipe],
    examples: Examples,
    shelf: Shelf,
    standing: Standing | None,
    workers: int | None,
    backend: str,
    path: str | os.PathLike[str] | None,
    folder: Path,
) -> Events:
    """The same by workers of an engine, see `tg.train_many`."""

    def function() -> Callable[..., Outcome]:
        return partial(_outcome, standing=standing.as_it_is() if standing else None)

    with using(backend, workers, examples, path, folder) as (engine, source):
        for report in dealt(list(enumerate(recipes)), examples, engine, function, source):
            if report is None:
                yield None
                continue
            recipe, outcome = recipes[report.number], report.value
            if isinstance(report.error, WorkerLostError):
                parameters = parameter_count(recipe, *examples)
                outcome = Outcome(recipe, parameters, report.seconds, failure=f"{LOST}: {report.error}")
            elif report.error is not None:
                raise report.error
            _keep(outcome, shelf, standing)
            yield outcome


def _outcome(recipe: Recipe, images: Any, labels: Any, standing: Standing | None) -> Outcome:
    train = partial(trained, images=images, labels=labels)
    hopeless = standing.is_hopeless if standing else None
    return outcome_of(recipe, images, labels, train=train, is_hopeless=hopeless)


def _keep(outcome: Outcome, shelf: Shelf, standing: Standing | None) -> None:
    if outcome.lasting():
        shelf.put(outcome)
    if standing:
        standing.add(outcome)
