"""What the seeds of one recipe have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from ..train import Recipe
from .outcome import Outcome


@dataclasses.dataclass(frozen=True)
class Summary:
    """The outcomes of recipes that differ by their seeds alone.

    Attributes:
        recipe: the first of them.
        parameters: number of weights and biases.
        accuracies: of the runs that did not diverge, 0 to 1.
        diverged: how many did.
        seconds: of one run, mean over all.
    """

    recipe: Recipe
    parameters: int
    accuracies: tuple[float, ...]
    diverged: int
    seconds: float

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
    return Summary(group[0].recipe, group[0].parameters, accuracies, len(group) - len(accuracies), seconds)


def kinds(summaries: Sequence[Summary]) -> list[str]:
    """What sets each apart besides its hidden layers: its activation, cost and optimiser, if they differ."""
    each = [
        (summary.recipe.activation, summary.recipe.cost, summary.recipe.optimiser) for summary in summaries
    ]
    differ = [len(set(column)) > 1 for column in zip(*each)]
    return [", ".join(word for word, different in zip(words, differ) if different) for words in each]
