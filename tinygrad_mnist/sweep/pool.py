"""Training many recipes, each outcome kept as soon as it is there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from queue import SimpleQueue
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import TinygradMnistError
from ..kernels.threads import get_num_threads
from ..train import Recipe, RecipeError
from ..train.crew import Crew
from .outcome import NO_MEMORY, Outcome, outcome_of, parameter_count
from .shelf import Shelf
from .standing import Standing

#: Called with an outcome, and whether it was in the folder already.
OutcomeListener: TypeAlias = Callable[[Outcome, bool], None]

#: Called with a recipe that is being trained, and how much of that is done, 0 to 1.
ProgressListener: TypeAlias = Callable[[Recipe, float], None]


class SweepError(TinygradMnistError, RuntimeError):
    """There is nobody to train networks."""


def sweep(
    recipes: Sequence[Recipe],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    stop_hopeless: bool = False,
    on_outcome: OutcomeListener | None = None,
    on_progress: ProgressListener | None = None,
) -> list[Outcome]:
    """Train by each recipe, several at a time, and keep each outcome in a folder.

    The trainings are threads of this process, as in `tg.train_many`, and each gives the bits it gives alone.
    An outcome is in the folder as soon as there is one, whole; those that are there already are not computed
    again. So a sweep that is stopped, in whatever way, goes on where it was when it is called again. What
    diverges is an outcome too, and so is what finds too little memory, which is tried again the next time.

    Args:
        recipes: each once, with a validation share to measure on.
        images: (N, height, width), uint8.
        labels: (N,), integer classes.
        folder: for a file per outcome, see `Shelf`; made if it is not there.
        workers: how many at a time; None for as many as `get_num_threads` says.
        stop_hopeless: end a training that is worse than half of those finished before, see `Standing`.
            Outcomes of such that are in the folder count only if this is asked for again.
        on_outcome, on_progress: see their types; called by the thread that calls.

    Returns:
        The outcomes, in the order of the recipes.

    Raises:
        RecipeError: for a recipe without a validation share.
        DataError: where the folder cannot be used, and as `train.run`.
        SweepError: for less than one worker.
    """
    for recipe in recipes:
        if not recipe.validation:
            raise RecipeError("a sweep measures on images kept from the training: give a validation share")
    if workers is not None and workers < 1:
        raise SweepError(f"a sweep needs at least one worker, not {workers}")
    shelf = Shelf(folder, images, labels)
    outcomes: dict[Recipe, Outcome] = {}
    for recipe in recipes:
        kept = shelf.find(recipe)
        if kept and (stop_hopeless or not kept.stopped):
            outcomes[recipe] = kept
            if on_outcome:
                on_outcome(kept, True)
    standing = Standing(outcomes.values()) if stop_hopeless else None
    # The longest first, so that no core has nothing to do at the end; but one seed after another, since
    # the first training of a network compiles it, and those that start meanwhile wait for it.
    waiting = sorted(
        (recipe for recipe in dict.fromkeys(recipes) if recipe not in outcomes),
        key=lambda recipe: (recipe.seed, -parameter_count(recipe, images, labels) * recipe.epochs),
    )
    with contextlib.closing(_trained(waiting, Crew(images, labels), workers, shelf, standing)) as events:
        for event in events:
            if isinstance(event, Outcome):
                outcomes[event.recipe] = event
                if on_outcome:
                    on_outcome(event, False)
            elif on_progress:
                on_progress(*event)
    return [outcomes[recipe] for recipe in recipes]


def _trained(
    recipes: Sequence[Recipe], crew: Crew, workers: int | None, shelf: Shelf, standing: Standing | None
) -> Generator[Outcome | tuple[Recipe, float]]:
    """Outcomes as they come, which are on the shelf then, and how much is done of what is under way."""
    if not recipes:
        return
    events: SimpleQueue[Outcome | tuple[Recipe, float]] = SimpleQueue()

    def do(i: int) -> None:
        recipe = recipes[i]
        events.put((recipe, 0.0))
        with contextlib.suppress(KeyboardInterrupt):  # it was stopped before its end
            outcome = outcome_of(
                recipe,
                crew.images,
                crew.labels,
                lambda share: events.put((recipe, share)),
                train=crew.train,
                is_hopeless=standing.is_hopeless if standing else None,
            )
            if not (outcome.failure or "").startswith(NO_MEMORY):
                shelf.put(outcome)
            if standing:
                standing.add(outcome)
            events.put(outcome)

    count = min(workers or get_num_threads(), len(recipes))
    with contextlib.closing(crew.side_by_side(do, len(recipes), count)) as ended:
        for _ in ended:
            while not events.empty():
                yield events.get()
