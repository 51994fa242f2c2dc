"""Training many recipes, each outcome kept as soon as it is there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import TinygradMnistError
from ..train import Recipe, RecipeError
from ..train.elsewhere.engines import kind_and_address
from .outcome import Outcome, parameter_count
from .shelf import Shelf
from .standing import Standing
from .trainings import Events, elsewhere, here

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
    backend: str | None = None,
    path: str | os.PathLike[str] | None = None,
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
        backend: who trains instead of threads of this process, as in `tg.train_many`. A sweep that was begun
            by one goes on by another.
        path: where images and labels were read from, which the workers of a backend see too; None for the
            package.
        on_outcome, on_progress: see their types; called by the thread that calls. A backend's workers tell
            no progress.

    Returns:
        The outcomes, in the order of the recipes.

    Raises:
        RecipeError: for a recipe without a validation share.
        DataError: where the folder cannot be used, and as `train.run`.
        SweepError: for less than one worker.
        EngineError, MissingExtraError: for a backend that is not there, or not any more: call again.
    """
    for recipe in recipes:
        if not recipe.validation:
            raise RecipeError("a sweep measures on images kept from the training: give a validation share")
    if workers is not None and workers < 1:
        raise SweepError(f"a sweep needs at least one worker, not {workers}")
    if backend is not None:
        kind_and_address(backend)
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
    events: Events
    if not waiting:
        return [outcomes[recipe] for recipe in recipes]
    if backend is None:
        events = here(waiting, (images, labels), shelf, standing, workers)
    else:
        spool = Path(folder) / "submitit"
        events = elsewhere(waiting, (images, labels), shelf, standing, workers, backend, path, spool)
    with contextlib.closing(events):
        for event in events:
            if isinstance(event, Outcome):
                outcomes[event.recipe] = event
                if on_outcome:
                    on_outcome(event, False)
            elif event is not None and on_progress:
                on_progress(*event)
    return [outcomes[recipe] for recipe in recipes]
