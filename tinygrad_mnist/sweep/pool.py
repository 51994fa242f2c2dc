"""Training many recipes at once, by processes that each take one after another."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..kernels.threads import get_num_threads
from ..train import Recipe, RecipeError
from .outcome import Outcome, parameter_count
from .shelf import Shelf
from .workers import SweepError, Worker, working

#: Called with an outcome, and whether it was in the folder already.
OutcomeListener: TypeAlias = Callable[[Outcome, bool], None]

#: Called with a recipe that is being trained, and how much of that is done, 0 to 1.
ProgressListener: TypeAlias = Callable[[Recipe, float], None]


def sweep(
    recipes: Sequence[Recipe],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    on_outcome: OutcomeListener | None = None,
    on_progress: ProgressListener | None = None,
) -> list[Outcome]:
    """Train by each recipe, several at a time, and keep each outcome in a folder.

    Each run is a process's own and gives the bits it gives alone. An outcome is in the folder as
    soon as there is one, whole; those that are there already are not computed again. So a sweep
    that is stopped, in whatever way, goes on where it was when it is called again. What diverges
    is an outcome too.

    A script that calls this needs the usual `if __name__ == "__main__":`, since the processes are
    new ones that import it.

    Args:
        recipes: each once, with a validation share to measure on.
        images: (N, height, width), uint8.
        labels: (N,), integer classes.
        folder: for a file per outcome, see `Shelf`; made if it is not there.
        workers: how many processes; None for as many as `get_num_threads` says, which they share.
        on_outcome, on_progress: see their types.

    Returns:
        The outcomes, in the order of the recipes.

    Raises:
        RecipeError: for a recipe without a validation share.
        DataError: where the folder cannot be used, and as `train.run`.
        SweepError: for less than one worker, or if one ended by itself, as when there is no memory left.
    """
    for recipe in recipes:
        if not recipe.validation:
            raise RecipeError("a sweep measures on images kept from the training: give a validation share")
    if workers is not None and workers < 1:
        raise SweepError(f"a sweep needs at least one worker, not {workers}")
    shelf = Shelf(folder, images, labels)
    outcomes: dict[Recipe, Outcome] = {}

    def receive(outcome: Outcome, kept: bool) -> None:
        outcomes[outcome.recipe] = outcome
        if on_outcome:
            on_outcome(outcome, kept)

    for recipe in recipes:
        if kept := shelf.find(recipe):
            receive(kept, True)
    # The longest first, so that no core has nothing to do at the end; but one seed after another, since
    # the first training of a network compiles it, and those that start meanwhile compile it too.
    waiting = sorted(
        (recipe for recipe in dict.fromkeys(recipes) if recipe not in outcomes),
        key=lambda recipe: (recipe.seed, -parameter_count(recipe, images, labels) * recipe.epochs),
    )
    count = min(workers or get_num_threads(), len(waiting))
    with working(count, images, labels, shelf) as free:
        busy: dict[Any, Worker] = {}
        while waiting or busy:
            while waiting and free:
                worker = free.pop()
                worker.start(waiting.pop(0))
                busy[worker.connection] = worker
                if on_progress:
                    on_progress(worker.recipe, 0.0)
            for ready in wait(busy):
                worker = busy[ready]
                news = worker.news()
                if isinstance(news, Outcome):
                    free.append(busy.pop(ready))
                    receive(news, False)
                elif on_progress:
                    on_progress(worker.recipe, news)
    return [outcomes[recipe] for recipe in recipes]
