"""The picture of a sweep: accuracy against the number of weights and biases."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import DataError, MissingExtraError
from ..lab import figures
from .summary import Summary, kinds

_LANDMARKS = (96, 98)  # percent: the article's network, and what changed hidden layers reach

# Told apart by shape, and in any kind of colour blindness (M. Okabe and K. Ito, "Color universal
# design", 2008).
_STYLES = [
    ("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"),
    ("#56b4e9", "v"), ("#e69f00", "P"), ("#000000", "X"),
]  # fmt: skip


def check_matplotlib() -> None:
    """MissingExtraError if it is not installed: better known before the training."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            'drawing the plot needs matplotlib: pip install "tinygrad_mnist[plot]"'
        ) from None


def plot(summaries: Sequence[Summary], path: str | os.PathLike[str]) -> None:
    """Draw the accuracy of each recipe, mean and range of its seeds, against its number of parameters.

    Args:
        summaries: those where all runs diverged are left out; DataError if that leaves none.
        path: of the picture, in the format of the name's ending: .png, .svg or .pdf.

    Raises MissingExtraError without matplotlib, and DataError where the file cannot be written.
    """
    check_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    drawn = sorted((s for s in summaries if s.accuracies), key=lambda s: s.parameters)
    if not drawn:
        raise DataError("there is nothing to draw: all runs diverged")
    figure = Figure(figsize=(7.5, 4.8), layout="constrained")
    axes = figure.add_subplot()
    for landmark in _LANDMARKS:
        axes.axhline(landmark, color="#888888", linewidth=1, linestyle="--", zorder=0)
        axes.annotate(
            f"{landmark}%", (1, landmark), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", color="#555555", annotation_clip=False,
        )  # fmt: skip
    names = kinds(drawn)
    for i, name in enumerate(dict.fromkeys(names)):
        color, marker = _STYLES[i % len(_STYLES)]
        group = [summary for summary, own in zip(drawn, names) if own == name]
        means = [100 * summary.accuracy for summary in group]
        below = [mean - 100 * min(summary.accuracies) for mean, summary in zip(means, group)]
        above = [100 * max(summary.accuracies) - mean for mean, summary in zip(means, group)]
        axes.errorbar(
            [summary.parameters for summary in group], means, [below, above],
            color=color, marker=marker, capsize=3, linestyle="none", label=name or None,
        )  # fmt: skip
        for mean, summary in zip(means, group) if i == 0 else ():
            axes.annotate(
                summary.hidden, (summary.parameters, mean), xytext=(6, -11), textcoords="offset points",
                fontsize="small",
            )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.08, y=0.1)
    axes.set_xlabel("weights and biases")
    axes.set_ylabel("accuracy on images kept from the training, %")
    axes.grid(alpha=0.25)
    if len(set(names)) > 1:
        axes.legend(frameon=False)
    runs = max(len(summary.accuracies) for summary in drawn)
    if runs > 1:
        axes.set_title(f"mean and range of {runs} runs each", fontsize="medium")
    figures.save(figure, path)
