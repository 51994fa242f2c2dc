"""How the trainings of a sweep read as text."""

from __future__ import annotations

from collections.abc import Sequence

from ..sweep import Outcome, Summary, kinds
from ..sweep.summary import number
from ..train import Recipe


def recipe_name(recipe: Recipe, numbers: Sequence[str] = ()) -> str:
    """What sets a recipe apart in a sweep in which these numbers differ."""
    hidden = "-".join(map(str, recipe.hidden)) or "none"
    own = [number(recipe, name) for name in numbers]
    return " ".join([hidden, recipe.activation, recipe.cost, recipe.optimiser, *own, f"seed {recipe.seed}"])


def outcome_line(outcome: Outcome, kept: bool, numbers: Sequence[str] = ()) -> str:
    """One finished training of a sweep."""
    result = "diverged" if outcome.accuracy is None else f"accuracy {outcome.accuracy:.2%}"
    if not outcome.lasting():
        result = (outcome.failure or "").partition(":")[0]
    if outcome.stopped:
        result += f", ended after epoch {len(outcome.curve)} of {outcome.recipe.epochs}"
    when = "done before" if kept else f"{outcome.seconds:.1f} s"
    return f"{recipe_name(outcome.recipe, numbers)}  {result}  {when}"


def _runs(summary: Summary) -> str:
    count = len(summary.accuracies)
    text = f"{count} of {count + summary.diverged}" if summary.diverged else f"{count}"
    return f"{text}, {summary.stopped} ended early" if summary.stopped else text


def sweep_table(summaries: Sequence[Summary]) -> str:
    """A line for each recipe of a sweep, the best first."""
    rows = [("hidden", "", "parameters", "accuracy", "range", "runs", "s per run")]
    for summary, kind in zip(summaries, kinds(summaries)):
        some = summary.accuracies
        rows.append(
            (
                summary.hidden,
                kind,
                f"{summary.parameters:,}",
                f"{summary.accuracy:.2%}" if some else "diverged",
                f"{min(some):.2%} to {max(some):.2%}" if some else "",
                _runs(summary),
                f"{summary.seconds:.1f}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        words = [word.ljust(width) for word, width in zip(row[:2], widths[:2])]
        numbers = [word.rjust(width) for word, width in zip(row[2:], widths[2:])]
        lines.append("  ".join(cell for cell, width in zip(words + numbers, widths) if width).rstrip())
    return "\n".join(lines)
