"""Figures of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..importance import Importance, Nudges
from .canvas import BLUE, COLOURS, GREY, ORANGE, SIGNED, drawn, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawn
def importance(found: Importance, top: Nudges, random: Nudges) -> Figure:
    """The gradient's entries by rank, for each parameter, and what nudges did beside what it predicts."""
    figure, (left, right) = panels(1, 2, 3.1)
    for block, colour in zip(found.surface.blocks, _cycled(len(found.surface.blocks)), strict=True):
        sizes = np.sort(np.abs(found.gradient[block.places]))[::-1]
        left.plot(np.arange(1, len(sizes) + 1), sizes, color=colour, label=block.name, lw=1.2)
    left.set_xscale("log")
    left.set_yscale("log")
    largest = np.abs(found.gradient).max()
    left.set_ylim(largest * 1e-7, largest * 3)
    left.set_xlabel("rank within its parameter")
    left.set_ylabel("|entry of the gradient|")
    left.set_title("How much each weight and bias matters")
    left.legend(fontsize=7)
    for nudges, colour, marker, label in ((random, GREY, "s", "random"), (top, ORANGE, "o", "top-ranked")):
        right.plot(
            np.abs(nudges.predicted),
            np.abs(nudges.measured),
            marker,
            color=colour,
            label=label,
            ms=5,
            alpha=0.8,
        )
    ends = np.abs(np.concatenate([top.predicted, random.predicted]))
    ends = ends[ends > 0]
    if len(ends):
        right.plot(
            [ends.min(), ends.max()], [ends.min(), ends.max()], color=BLUE, lw=1, label="equal", zorder=0
        )
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xlabel("predicted |change of the cost|")
    right.set_ylabel("measured |change of the cost|")
    right.set_title(f"One weight changed by {top.size:g}")
    right.legend(fontsize=8)
    return figure


@drawn
def wishes(values: NDArray[Any], names: Sequence[str], examples: Sequence[str]) -> Figure:
    """What examples want of some weights, (examples, weights), and in the last column their average."""
    figure, (ax,) = panels(1, 1, 1.2 + 0.26 * len(names))
    table = np.concatenate([values, values.mean(0, keepdims=True)]).T
    bound = np.abs(table).max() or 1.0
    shown = ax.imshow(table, cmap=SIGNED, vmin=-bound, vmax=bound, aspect="auto")
    ax.set_xticks(range(len(examples) + 1), [*examples, "mean of\nthese"])
    ax.set_yticks(range(len(names)), names)
    ax.axvline(len(examples) - 0.5, color="black", lw=1.5)
    ax.set_xlabel("example (its class)")
    figure.colorbar(shown, ax=ax, label="wanted change (minus the gradient)")
    return figure


def _cycled(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]
