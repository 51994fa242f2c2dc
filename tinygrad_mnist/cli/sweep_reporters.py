"""Telling how a sweep goes: to a person at a terminal, or to a log."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ..sweep import Outcome
from ..sweep.summary import varied
from ..train import Recipe
from .sweep_text import outcome_line, recipe_name
from .terminal import Screen, say


class Lines:
    """A plain line for each network, for anything that is not a terminal."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._count, self._done = len(recipes), 0
        self.numbers = varied(recipes)

    def progress(self, recipe: Recipe, share: float) -> None:
        """So much of a training is done, 0 to 1."""

    def outcome(self, outcome: Outcome, kept: bool) -> None:
        """A training is over, or was before this sweep began."""
        self._done += 1
        self.say(
            f"{self._done:{len(str(self._count))}}/{self._count}  {outcome_line(outcome, kept, self.numbers)}"
        )

    def stopped(self) -> None:
        """The sweep is over, whether finished or not."""

    def say(self, line: str) -> None:
        """Print, at once even into a pipe."""
        say(line)


class Live(Lines):
    """The same lines on a terminal, above a bar for all and one for each network in training."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        super().__init__(recipes)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%"),
            TimeElapsedColumn(),
            console=Screen(),
            transient=True,
        )
        self._all = self._bars.add_task(f"all {len(recipes)} networks", total=len(recipes))
        self._own: dict[Recipe, TaskID] = {}
        self._shares: dict[Recipe, float] = {}
        self._bars.start()

    def progress(self, recipe: Recipe, share: float) -> None:
        """See `Lines`."""
        if recipe not in self._own:
            self._own[recipe] = self._bars.add_task(recipe_name(recipe, self.numbers), total=1.0)
        self._shares[recipe] = share
        self._bars.update(self._own[recipe], completed=share)
        self._bars.update(self._all, completed=self._done + sum(self._shares.values()))

    def outcome(self, outcome: Outcome, kept: bool) -> None:
        """See `Lines`."""
        super().outcome(outcome, kept)
        self._shares.pop(outcome.recipe, None)
        if outcome.recipe in self._own:
            self._bars.remove_task(self._own.pop(outcome.recipe))
        self._bars.update(self._all, completed=self._done + sum(self._shares.values()))

    def stopped(self) -> None:
        """See `Lines`."""
        self._bars.stop()


def reporter(recipes: Sequence[Recipe]) -> Lines:
    """The reporter for a sweep of these that suits standard output."""
    return Live(recipes) if sys.stdout.isatty() else Lines(recipes)
