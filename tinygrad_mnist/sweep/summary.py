"""What the seeds of one recipe have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..train import Recipe
from .outcome import Outcome

WORDS = ("activation", "cost", "optimiser", "schedule")
NUMBERS = ("rate", "momentum", "weight_decay", "dropout", "epochs", "batch_size")


@dataclasses.dataclass(frozen=True)
class Summary:
    """The outcomes of recipes that differ by their seeds alone.

    Attributes:
        recipe: the first of them.
        parameters: number of weights and biases.
        accuracies: of the runs that did not fail, 0 to 1; of those ended early, as far as they came.
        diverged: how many failed, as by divergence.
        stopped: how many were ended early.
        seconds: of one run, mean over all.
    """

    recipe: Recipe
    parameters: int
    accuracies: tuple[float, ...]
    diverged: int
    seconds: float
    stopped: int = 0

    @property
    def hidden(self) -> str:
        """The hidden layers, as "16-16"."""
        return "-".join(map(str, self.recipe.hidden)) or "none"

    @property
    def accuracy(self) -> float:
        """Mean of the accuracies; 0 if all runs diverged."""
        return float(np.mean(self.accuracies)) if self.accuracies else 0.0


def summaries(outcomes: Iterable[Outcome]) -> list[Summary]:
    """A summary for each recipe, whatever its seeds; the best accuracy first."""
    groups: dict[Recipe, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.recipe.but(seed=0), []).append(outcome)
    return sorted(map(_summary, groups.values()), key=lambda summary: -summary.accuracy)


def _summary(group: list[Outcome]) -> Summary:
    accuracies = tuple(outcome.accuracy for outcome in group if outcome.accuracy is not None)
    seconds = float(np.mean([outcome.seconds for outcome in group]))
    failed, stopped = len(group) - len(accuracies), sum(outcome.stopped for outcome in group)
    return Summary(group[0].recipe, group[0].parameters, accuracies, failed, seconds, stopped)


def kinds(summaries: Sequence[Summary]) -> list[str]:
    """What sets each apart besides its hidden layers: its words and numbers, where they differ."""
    recipes = [summary.recipe for summary in summaries]
    words, numbers = _differing(recipes, WORDS), varied(recipes)
    return [
        ", ".join([*(getattr(recipe, name) for name in words), *map(partial(number, recipe), numbers)])
        for recipe in recipes
    ]


def varied(recipes: Sequence[Recipe]) -> list[str]:
    """The names of the numbers in which recipes differ that have the same layers and words."""
    groups: dict[Any, list[Recipe]] = {}
    for recipe in recipes:
        groups.setdefault((recipe.hidden, *(getattr(recipe, name) for name in WORDS)), []).append(recipe)
    found = {name for group in groups.values() for name in _differing(group, NUMBERS)}
    return [name for name in NUMBERS if name in found]


def number(recipe: Recipe, name: str) -> str:
    """A number of a recipe, with its name: "rate 0.01"."""
    return f"{name.replace('_', ' ')} {getattr(recipe, name):g}"


def _differing(recipes: Sequence[Recipe], names: Sequence[str]) -> list[str]:
    return [name for name in names if len({getattr(recipe, name) for recipe in recipes}) > 1]
